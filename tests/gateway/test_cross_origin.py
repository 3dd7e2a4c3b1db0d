"""Web pages of other origins: those of loop.yaml may send events, and nothing else; all others nothing at all."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator

import msgspec
import pytest
from litestar.testing import TestClient

from gateway.app import build_app
from gateway.parts import Parts
from schemas.config_gateway import Cors, Gateway
from tests.gateway.conftest import KeptRecords
from tests.gateway.examples import response

SHOP, OTHER = "https://shop.example", "https://other.example"
ASKS = {"access-control-request-method": "POST", "access-control-request-headers": "Authorization, content-type, x-own"}


@pytest.fixture
def open_to(make: Callable[..., Parts], sqlite_database: str) -> Iterator[Callable[..., TestClient[object]]]:
    clients: list[TestClient[object]] = []

    def build(*origins: str) -> TestClient[object]:
        parts = dataclasses.replace(make(sqlite_database), producer=KeptRecords())
        gateway = Gateway(cors=Cors(origins=list(origins), max_age="10m"))
        parts = dataclasses.replace(parts, loop=msgspec.structs.replace(parts.loop, gateway=gateway))
        client = TestClient(build_app(parts), base_url="http://127.0.0.1")
        client.__enter__()
        clients.append(client)
        return client

    yield build
    for client in clients:
        client.__exit__(None, None, None)


def from_page(origin: str) -> dict[str, str]:
    return {"origin": origin, "sec-fetch-site": "cross-site"}


def test_a_listed_page_asks_sends_and_reads_the_answer(open_to: Callable[..., TestClient[object]]) -> None:
    client = open_to(SHOP)
    asked = client.options("/v1/events", headers={**from_page(SHOP), **ASKS})
    assert asked.status_code == 204
    assert asked.headers["access-control-allow-origin"] == SHOP
    assert asked.headers["access-control-allow-methods"] == "POST"
    assert asked.headers["access-control-allow-headers"] == "authorization, content-type"
    assert asked.headers["access-control-max-age"] == "600"
    assert "access-control-allow-credentials" not in asked.headers
    assert asked.headers["vary"] == "Origin"
    for event, status in ((response(1), 202), (response(score=11), 400)):  # a refusal can be read, too
        sent = client.post("/v1/events", json=event, headers=from_page(SHOP))
        assert (sent.status_code, sent.headers["access-control-allow-origin"]) == (status, SHOP)
        assert "Retry-After" in sent.headers["access-control-expose-headers"]
        assert "access-control-allow-credentials" not in sent.headers


def test_another_page_may_not(open_to: Callable[..., TestClient[object]]) -> None:
    client = open_to(SHOP)
    for origin in (OTHER, "null", f"{SHOP}.evil.example", "http://shop.example", f"{SHOP}/"):
        asked = client.options("/v1/events", headers={**from_page(origin), **ASKS})
        assert (asked.status_code, "access-control-allow-origin" in asked.headers) == (403, False), origin
        sent = client.post("/v1/events", json=response(1), headers=from_page(origin))
        assert (sent.status_code, "access-control-allow-origin" in sent.headers) == (403, False), origin


def test_a_listed_page_may_send_events_alone_and_json_alone(open_to: Callable[..., TestClient[object]]) -> None:
    client = open_to(SHOP)
    for path in ("/v1/cases", "/v1/metrics"):
        asked = client.options(path, headers={**from_page(SHOP), "access-control-request-method": "GET"})
        assert "access-control-allow-origin" not in asked.headers
        assert "access-control-allow-origin" not in client.get(path, headers=from_page(SHOP)).headers
    form = client.post("/v1/events", data={"a": "b"}, headers=from_page(SHOP))
    assert form.status_code == 415


def test_without_configuration_nothing_changes(open_to: Callable[..., TestClient[object]]) -> None:
    client = open_to()
    assert client.post("/v1/events", json=response(1), headers=from_page(SHOP)).status_code == 403
    assert "vary" not in client.post("/v1/events", json=response(1)).headers


def test_a_star_is_every_page(open_to: Callable[..., TestClient[object]]) -> None:
    client = open_to("*")
    sent = client.post("/v1/events", json=response(1), headers=from_page(OTHER))
    assert (sent.status_code, sent.headers["access-control-allow-origin"]) == (202, OTHER)
