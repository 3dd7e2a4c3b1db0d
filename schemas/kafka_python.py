"""The connection to Kafka as kafka-python's clients take it."""

from typing import Any

from kafka.net.sasl.oauth import AbstractTokenProvider

from schemas.kafka_link import KafkaLink, Login, TokenClient
from schemas.kafka_tls import tls_context
from schemas.kafka_tokens import Tokens


class _Provider(AbstractTokenProvider):  # type: ignore[misc]  # kafka-python has no types
    def __init__(self, tokens: Tokens) -> None:
        self._tokens = tokens

    def token(self) -> str:
        return self._tokens.token()


def kafka_python(link: KafkaLink) -> dict[str, Any]:
    """The arguments of a client, ``bootstrap_servers`` among them. Raises ``SettingsError`` for files gone bad."""
    security = link.security
    found: dict[str, Any] = {
        "bootstrap_servers": link.servers.split(","),
        "security_protocol": security.protocol,
    }
    if security.tls is not None:
        found["ssl_context"] = tls_context(security.tls)
    match security.sign_in:
        case Login(mechanism=mechanism, username=username, password=password):
            found |= {"sasl_mechanism": mechanism, "sasl_plain_username": username, "sasl_plain_password": password}
        case TokenClient() as client:
            found |= {"sasl_mechanism": "OAUTHBEARER", "sasl_oauth_token_provider": _Provider(Tokens(client))}
        case None:
            pass
    return found
