"""Certificates and private keys in PEM files, for either end of a TLS connection."""

import ssl
from pathlib import Path

from msgspec import Struct

from schemas.setting_values import SettingsError


class KeyPair(Struct, frozen=True, kw_only=True):
    """A certificate and its private key. Its ``repr`` has no password."""

    certfile: Path
    """The certificate with its chain."""
    keyfile: Path | None = None
    """Its private key; ``None``: it stands in ``certfile``."""
    password: str | None = None
    """Opens the private key."""

    def __repr__(self) -> str:
        return f"KeyPair(certfile={str(self.certfile)!r}, keyfile={str(self.keyfile)!r})"


class PairNames(Struct, frozen=True):
    """The settings that name a pair's certificate, key and password."""

    certificate: str
    key: str
    password: str


def load_pair(context: ssl.SSLContext, pair: KeyPair, names: PairNames) -> None:
    """Load the pair into a context. Raises :class:`SettingsError`: which setting, and what would be right."""
    certfile = certificates(names.certificate, pair.certfile)
    key_name = names.certificate if pair.keyfile is None else names.key
    keyfile = _present(key_name, pair.keyfile or pair.certfile)
    try:
        # Without a password OpenSSL would ask for one at the terminal.
        context.load_cert_chain(str(certfile), str(keyfile), password=pair.password or "")
    except ssl.SSLError as error:
        if error.reason == "KEY_VALUES_MISMATCH":
            problem = f"{key_name}: {keyfile} is not the key of {names.certificate}; give the one it was made with"
        elif "ENCRYPTED" in keyfile.read_text(encoding="latin-1"):
            lack = "does not open" if pair.password else "is needed for"
            problem = f"{names.password}: {lack} {keyfile}; give the key's password, or its file's name with _FILE"
        else:
            problem = f"{key_name}: {keyfile} holds no private key in PEM; give one, PKCS#8 or older"
        raise SettingsError(problem) from None


def certificates(name: str, path: Path) -> Path:
    """The path, once it is known to hold certificates; ``name`` is the setting's. Raises :class:`SettingsError`."""
    there = _present(name, path)
    try:
        ssl.create_default_context().load_verify_locations(cafile=there)
    except ssl.SSLError:
        raise SettingsError(f"{name}: {there} holds no certificates in PEM; give a file that does") from None
    return there


def _present(name: str, path: Path) -> Path:
    try:
        with path.open("rb"):
            return path
    except OSError as error:
        raise SettingsError(f"{name}: {path} cannot be read ({error.strerror}); give a file in PEM") from None
