"""TLS to Kafka for the clients written in Python. librdkafka reads the same files by itself."""

import ssl
from pathlib import Path

from schemas.kafka_link import Tls
from schemas.setting_values import SettingsError


def tls_context(tls: Tls) -> ssl.SSLContext:
    """A context of the files as they are now. Raises :class:`SettingsError` for a file that cannot be used."""
    context = ssl.create_default_context(cafile=_readable("KAFKA_SSL_CAFILE", tls.cafile))
    context.check_hostname = tls.check_hostname
    if tls.certfile is not None:
        _load_certificate(context, tls)
    return context


def trusted(cafile: Path | None, name: str) -> ssl.SSLContext:
    """A context that trusts the signers in a file, or whom the system trusts; ``name`` is the setting's.

    Raises :class:`SettingsError`.
    """
    return ssl.create_default_context(cafile=_readable(name, cafile))


def _load_certificate(context: ssl.SSLContext, tls: Tls) -> None:
    certfile = _certificates("KAFKA_SSL_CERTFILE", tls.certfile)
    key_name = "KAFKA_SSL_CERTFILE" if tls.keyfile is None else "KAFKA_SSL_KEYFILE"
    keyfile = _present(key_name, tls.keyfile or tls.certfile)
    try:
        # Without a password OpenSSL would ask for one at the terminal.
        context.load_cert_chain(str(certfile), str(keyfile), password=tls.password or "")
    except ssl.SSLError as error:
        if error.reason == "KEY_VALUES_MISMATCH":
            problem = f"{key_name}: {keyfile} is not the key of KAFKA_SSL_CERTFILE; give the one it was made with"
        elif "ENCRYPTED" in keyfile.read_text(encoding="latin-1"):
            lack = "does not open" if tls.password else "is needed for"
            problem = f"KAFKA_SSL_PASSWORD: {lack} {keyfile}; give the key's password, or its file's name with _FILE"
        else:
            problem = f"{key_name}: {keyfile} holds no private key in PEM; give one, PKCS#8 or older"
        raise SettingsError(problem) from None


def _readable(name: str, path: Path | None) -> str | None:
    return None if path is None else str(_certificates(name, path))


def _certificates(name: str, path: Path | None) -> Path:
    """The path, once it is known to hold certificates."""
    there = _present(name, path)
    try:
        ssl.create_default_context().load_verify_locations(cafile=there)
    except ssl.SSLError:
        raise SettingsError(f"{name}: {there} holds no certificates in PEM; give a file that does") from None
    return there


def _present(name: str, path: Path | None) -> Path:
    if path is None:
        raise SettingsError(f"{name}: is missing; give a file in PEM")
    try:
        with path.open("rb"):
            return path
    except OSError as error:
        raise SettingsError(f"{name}: {path} cannot be read ({error.strerror}); give a file in PEM") from None
