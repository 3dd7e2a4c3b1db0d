"""Tokens of an identity provider for kafka-python and aiokafka."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
import trustme

from schemas.kafka_link import TokenClient
from schemas.kafka_tokens import TokenError, Tokens
from tests.links.guarded import IdentityProvider


@pytest.fixture(scope="module")
def provider(tmp_path_factory: pytest.TempPathFactory) -> Iterator[IdentityProvider]:
    folder = tmp_path_factory.mktemp("identities")
    ca = trustme.CA()
    ca.cert_pem.write_to_path(str(folder / "ca.pem"))
    provider = IdentityProvider(folder, ca)
    yield provider
    provider.close()


@pytest.fixture
def client(provider: IdentityProvider) -> TokenClient:
    provider.requests.clear()
    provider.lifetime_s = 300
    return TokenClient(
        endpoint=provider.url,
        client_id="loop",
        client_secret=provider.secret,
        scope="events more",
        cafile=provider.jwks.with_name("ca.pem"),
    )


def test_a_token_is_asked_for_once_while_it_lives(provider: IdentityProvider, client: TokenClient) -> None:
    tokens = Tokens(client)
    first = tokens.token()
    assert first.count(".") == 2
    assert tokens.token() == first
    assert provider.requests == [{"grant_type": ["client_credentials"], "scope": ["events more"]}]


def test_a_token_that_is_used_up_is_asked_for_again(provider: IdentityProvider, client: TokenClient) -> None:
    provider.lifetime_s = 0
    tokens = Tokens(client)
    tokens.token()
    tokens.token()
    assert len(provider.requests) == 2


def test_a_secret_that_is_not_taken_is_said_without_it(client: TokenClient) -> None:
    with pytest.raises(TokenError, match=r"/token gives no token: HTTP 401 \(invalid_client\)") as refused:
        Tokens(msgspec.structs.replace(client, client_secret="hunter2")).token()
    assert "hunter2" not in str(refused.value)


def test_an_end_point_with_a_strangers_certificate_gets_no_secret(
    provider: IdentityProvider, client: TokenClient, tmp_path: Path
) -> None:
    stranger = tmp_path / "stranger.pem"
    trustme.CA().cert_pem.write_to_path(str(stranger))
    with pytest.raises(TokenError, match="certificate verify failed"):
        Tokens(msgspec.structs.replace(client, cafile=stranger)).token()
    assert provider.requests == []


def test_one_that_is_away_is_said(client: TokenClient, free_port: int) -> None:
    with pytest.raises(TokenError, match="refused"):
        Tokens(msgspec.structs.replace(client, endpoint=f"https://127.0.0.1:{free_port}/token")).token()
