"""The connection to Kafka as Faust and aiokafka take it."""

import asyncio

import faust
from aiokafka.abc import AbstractTokenProvider
from faust.types.auth import CredentialsT

from schemas.kafka_link import KafkaSecurity, Login, TokenClient
from schemas.kafka_tls import tls_context
from schemas.kafka_tokens import Tokens


class _Provider(AbstractTokenProvider):  # type: ignore[misc]  # aiokafka has no types
    def __init__(self, tokens: Tokens) -> None:
        self._tokens = tokens

    async def token(self) -> str:
        return await asyncio.to_thread(self._tokens.token)


def credentials(security: KafkaSecurity) -> CredentialsT | None:
    """Faust's credentials, ``None`` for a plain connection. Raises ``SettingsError`` for files gone bad."""
    context = None if security.tls is None else tls_context(security.tls)
    match security.sign_in:
        case Login(mechanism=mechanism, username=username, password=password):
            return faust.SASLCredentials(mechanism=mechanism, username=username, password=password, ssl_context=context)
        case TokenClient() as client:
            return faust.OAuthCredentials(oauth_cb=_Provider(Tokens(client)), ssl_context=context)
        case None:
            return None if context is None else faust.SSLCredentials(context)
