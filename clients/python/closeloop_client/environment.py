"""An emitter's settings from the environment, so that the same app runs against a gateway, Kafka, or neither."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from closeloop_client.destinations import Destination
from closeloop_client.http_destination import Http
from closeloop_client.kafka_destination import Kafka

_KAFKA = {
    "KAFKA_SECURITY_PROTOCOL": "security_protocol",
    "KAFKA_SSL_CAFILE": "ssl_cafile",
    "KAFKA_SSL_CERTFILE": "ssl_certfile",
    "KAFKA_SSL_KEYFILE": "ssl_keyfile",
    "KAFKA_SSL_PASSWORD": "ssl_password",
    "KAFKA_SASL_MECHANISM": "sasl_mechanism",
    "KAFKA_SASL_USERNAME": "sasl_plain_username",
    "KAFKA_SASL_PASSWORD": "sasl_plain_password",
}
_OAUTH = "KAFKA_SASL_OAUTHBEARER_"
_PROTOCOLS = ("PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL")
_MECHANISMS = ("PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512", "OAUTHBEARER")
_SECRETS = ("CLOSELOOP_API_KEY", "KAFKA_SASL_PASSWORD", "KAFKA_SSL_PASSWORD", f"{_OAUTH}CLIENT_SECRET")
_NUMBERS = {
    "CLOSELOOP_BUFFER_EVENTS": "buffer_events",
    "CLOSELOOP_SPOOL_BYTES": "spool_bytes",
}
_TEXTS = {
    "CLOSELOOP_SOURCE": "source",
    "CLOSELOOP_SPOOL": "spool",
    "CLOSELOOP_WHEN_FULL": "when_full",
    "CLOSELOOP_ON_INVALID": "on_invalid",
}


@dataclass(frozen=True, slots=True)
class Environment:
    """Where events go, and what :class:`closeloop_client.Emitter` is called with besides."""

    destination: Destination
    options: Mapping[str, Any]


def read_environment(environ: Mapping[str, str]) -> Environment:
    """Read the variables; an empty one is as none. Raises ``ValueError``, which names the variable and no secret."""
    said = {name: text for name, text in environ.items() if text}
    for name in _SECRETS:
        path = said.get(f"{name}_FILE")
        if path is not None and name not in said:
            try:
                said[name] = Path(path).read_text(encoding="utf-8").strip()
            except OSError as error:
                raise ValueError(f"{name}_FILE: cannot be read ({error.strerror})") from None
    options: dict[str, Any] = {option: said[name] for name, option in _TEXTS.items() if name in said}
    for name, option in _NUMBERS.items():
        if name in said:
            if not said[name].isdecimal():
                raise ValueError(f"{name}: not a whole number")
            options[option] = int(said[name])
    return Environment(_destination(said), options)


def _destination(said: Mapping[str, str]) -> Destination:
    url = said.get("CLOSELOOP_URL")
    if url is not None:
        try:
            return Http(url, said.get("CLOSELOOP_API_KEY"))
        except ValueError as error:
            variable = "CLOSELOOP_API_KEY" if str(error).startswith("key") else "CLOSELOOP_URL"
            raise ValueError(f"{variable}: {str(error).partition(': ')[2]}") from None
    servers = said.get("KAFKA_BOOTSTRAP_SERVERS")
    if servers is None:
        raise ValueError("CLOSELOOP_URL: not set; give a gateway's address, or Kafka's in KAFKA_BOOTSTRAP_SERVERS")
    return Kafka(servers, **_kafka_options(said))


def _kafka_options(said: Mapping[str, str]) -> dict[str, Any]:
    """How the connection is secured, by the same variables as closeloop's own rooms have."""
    options: dict[str, Any] = {option: said[name] for name, option in _KAFKA.items() if name in said}
    protocol = _one_of(said, "KAFKA_SECURITY_PROTOCOL", _PROTOCOLS) or "PLAINTEXT"
    mechanism = _one_of(said, "KAFKA_SASL_MECHANISM", _MECHANISMS)
    if (mechanism is not None) is not protocol.startswith("SASL_"):
        raise ValueError(
            f"KAFKA_SASL_MECHANISM: is {mechanism or 'not given'}, but KAFKA_SECURITY_PROTOCOL is {protocol}; "
            "give both, SASL_SSL or SASL_PLAINTEXT as the protocol, or neither"
        )
    for name in ("KAFKA_SSL_CAFILE", "KAFKA_SSL_CERTFILE", "KAFKA_SSL_KEYFILE"):
        if name in said and not os.access(said[name], os.R_OK):
            raise ValueError(f"{name}: {said[name]} cannot be read")
    if _one_of(said, "KAFKA_SSL_ENDPOINT_IDENTIFICATION_ALGORITHM", ("https", "none")) == "none":
        options["ssl_check_hostname"] = False
    if mechanism == "OAUTHBEARER":
        options["sasl_oauth_token_provider"] = _token_provider(said)
    elif mechanism is not None:
        for name in ("KAFKA_SASL_USERNAME", "KAFKA_SASL_PASSWORD"):
            _needed(said, name, mechanism)
    return options


def _token_provider(said: Mapping[str, str]) -> object:
    from closeloop_client.kafka_tokens import ClientCredentials  # loads kafka-python

    endpoint, client_id, secret = (
        _needed(said, f"{_OAUTH}{name}", "OAUTHBEARER") for name in ("TOKEN_ENDPOINT_URL", "CLIENT_ID", "CLIENT_SECRET")
    )
    try:
        return ClientCredentials(
            endpoint, client_id, secret, scope=said.get(f"{_OAUTH}SCOPE", ""), cafile=said.get(f"{_OAUTH}CAFILE")
        )
    except ValueError as error:
        name, _, problem = str(error).partition(": ")
        raise ValueError(f"{_OAUTH}{'CAFILE' if name == 'cafile' else 'TOKEN_ENDPOINT_URL'}: {problem}") from None


def _needed(said: Mapping[str, str], name: str, mechanism: str) -> str:
    if name not in said:
        raise ValueError(f"{name}: not set; {mechanism} needs it")
    return said[name]


def _one_of(said: Mapping[str, str], name: str, known: tuple[str, ...]) -> str | None:
    given = said.get(name)
    if given is not None and given not in known:
        raise ValueError(f"{name}: give one of {', '.join(known)}")
    return given
