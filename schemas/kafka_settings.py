"""The security of the connection to Kafka as the environment gives it. What makes no sense together is refused."""

import ipaddress
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

from schemas.kafka_link import PLAINTEXT, KafkaSecurity, Login, PasswordMechanism, Tls, TokenClient
from schemas.kafka_tls import tls_context, trusted
from schemas.setting_values import SettingsError, secret

_PROTOCOLS = ("PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL")
_PASSWORDS: dict[str, PasswordMechanism] = {
    "PLAIN": "PLAIN",
    "SCRAM-SHA-256": "SCRAM-SHA-256",
    "SCRAM-SHA-512": "SCRAM-SHA-512",
}
_MECHANISMS = (*_PASSWORDS, "OAUTHBEARER")
_OAUTH = "KAFKA_SASL_OAUTHBEARER_"
_OF_TLS = (
    "KAFKA_SSL_CAFILE",
    "KAFKA_SSL_CERTFILE",
    "KAFKA_SSL_KEYFILE",
    "KAFKA_SSL_PASSWORD",
    "KAFKA_SSL_PASSWORD_FILE",
    "KAFKA_SSL_ENDPOINT_IDENTIFICATION_ALGORITHM",
)
_OF_LOGIN = ("KAFKA_SASL_USERNAME", "KAFKA_SASL_PASSWORD", "KAFKA_SASL_PASSWORD_FILE")
_OF_TOKENS = tuple(
    _OAUTH + name
    for name in ("TOKEN_ENDPOINT_URL", "CLIENT_ID", "CLIENT_SECRET", "CLIENT_SECRET_FILE", "SCOPE", "CAFILE")
)
SECURITY_VARIABLES = ("KAFKA_SECURITY_PROTOCOL", "KAFKA_SASL_MECHANISM", *_OF_LOGIN, *_OF_TOKENS, *_OF_TLS)
"""Every variable that is read here."""


def read_security(env: Mapping[str, str]) -> KafkaSecurity:
    """Read and check it, the files that it names, too. An empty variable is one that is not given.

    Raises :class:`SettingsError`, which names the variable and what would be right, and never shows a secret.
    """
    protocol = _one_of(env, "KAFKA_SECURITY_PROTOCOL", _PROTOCOLS) or "PLAINTEXT"
    encrypted, signed_in = protocol in ("SSL", "SASL_SSL"), protocol.startswith("SASL_")
    if not encrypted:
        other = "SASL_SSL" if signed_in else "SSL or SASL_SSL"
        _none_of(env, _OF_TLS, f"KAFKA_SECURITY_PROTOCOL is {protocol}", f"set that to {other}")
    if not signed_in:
        remedy = f"set that to {'SASL_SSL' if encrypted else 'SASL_SSL or SASL_PLAINTEXT'}"
        unfit = ("KAFKA_SASL_MECHANISM", *_OF_LOGIN, *_OF_TOKENS)
        _none_of(env, unfit, f"KAFKA_SECURITY_PROTOCOL is {protocol}", remedy)
    if protocol == "PLAINTEXT":
        return PLAINTEXT
    return KafkaSecurity(
        tls=_tls(env) if encrypted else None,
        sign_in=_sign_in(env, protocol) if signed_in else None,
    )


def _tls(env: Mapping[str, str]) -> Tls:
    if not env.get("KAFKA_SSL_CERTFILE"):
        for name in ("KAFKA_SSL_KEYFILE", "KAFKA_SSL_PASSWORD", "KAFKA_SSL_PASSWORD_FILE"):
            if env.get(name):
                raise SettingsError(f"KAFKA_SSL_CERTFILE: is missing, but {name} is given; give the key's certificate")
    named = _one_of(env, "KAFKA_SSL_ENDPOINT_IDENTIFICATION_ALGORITHM", ("https", "none"))
    tls = Tls(
        cafile=_path(env, "KAFKA_SSL_CAFILE"),
        certfile=_path(env, "KAFKA_SSL_CERTFILE"),
        keyfile=_path(env, "KAFKA_SSL_KEYFILE"),
        password=secret(env, "KAFKA_SSL_PASSWORD"),
        check_hostname=named != "none",
    )
    tls_context(tls)
    return tls


def _sign_in(env: Mapping[str, str], protocol: str) -> Login | TokenClient:
    given = _one_of(env, "KAFKA_SASL_MECHANISM", _MECHANISMS)
    if given is None:
        raise SettingsError(f"KAFKA_SASL_MECHANISM: is missing; {protocol} wants {_listed(_MECHANISMS)}")
    mechanism = _PASSWORDS.get(given)
    if mechanism is not None:
        _none_of(env, _OF_TOKENS, f"KAFKA_SASL_MECHANISM is {given}", "set that to OAUTHBEARER")
        return Login(
            mechanism=mechanism,
            username=_needed(env, "KAFKA_SASL_USERNAME", given),
            password=_needed_secret(env, "KAFKA_SASL_PASSWORD", given),
        )
    _none_of(env, _OF_LOGIN, "KAFKA_SASL_MECHANISM is OAUTHBEARER", "set that to PLAIN or SCRAM")
    endpoint = _needed(env, f"{_OAUTH}TOKEN_ENDPOINT_URL", given)
    _check_endpoint(f"{_OAUTH}TOKEN_ENDPOINT_URL", endpoint)
    cafile = _path(env, f"{_OAUTH}CAFILE")
    trusted(cafile, f"{_OAUTH}CAFILE")
    return TokenClient(
        endpoint=endpoint,
        client_id=_needed(env, f"{_OAUTH}CLIENT_ID", given),
        client_secret=_needed_secret(env, f"{_OAUTH}CLIENT_SECRET", given),
        scope=env.get(f"{_OAUTH}SCOPE") or "",
        cafile=cafile,
    )


def _check_endpoint(name: str, url: str) -> None:
    """Refuse what would send the client's secret in the clear, but on this machine, and secrets in the URL."""
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.username is not None:
        raise SettingsError(f"{name}: give the token end point's URL, https://HOST/PATH")
    if parts.scheme == "http" and not _is_this_machine(parts.hostname):
        raise SettingsError(f"{name}: the client's secret would go unencrypted; give an https:// URL")


def _is_this_machine(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _none_of(env: Mapping[str, str], names: tuple[str, ...], because: str, remedy: str) -> None:
    for name in names:
        if env.get(name):
            raise SettingsError(f"{name}: is given, but {because}; {remedy}, or leave it out")


def _one_of(env: Mapping[str, str], name: str, known: tuple[str, ...]) -> str | None:
    raw = env.get(name)
    if not raw:
        return None
    for value in known:
        if raw.casefold() == value.casefold():
            return value
    raise SettingsError(f"{name}: give {_listed(known)}")


def _needed(env: Mapping[str, str], name: str, mechanism: str) -> str:
    value = env.get(name)
    if not value:
        raise SettingsError(f"{name}: is missing; {mechanism} wants it")
    return value


def _needed_secret(env: Mapping[str, str], name: str, mechanism: str) -> str:
    value = secret(env, name)
    if value is None:
        raise SettingsError(f"{name}: is missing; {mechanism} wants it, or {name}_FILE with the file that holds it")
    return value


def _path(env: Mapping[str, str], name: str) -> Path | None:
    value = env.get(name)
    return Path(value) if value else None


def _listed(names: tuple[str, ...]) -> str:
    return f"{', '.join(names[:-1])} or {names[-1]}"
