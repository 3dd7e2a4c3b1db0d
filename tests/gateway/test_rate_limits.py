"""How much one sender may send: the bucket, and what a route says of it."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from litestar.testing import TestClient

from gateway.app import build_app
from gateway.keys import create_key
from gateway.parts import Parts
from gateway.rate_limits import MOST_SENDERS, Limit, Throttle
from schemas.config_gateway import Gateway, RateLimit
from tests.gateway.conftest import KeptRecords
from tests.gateway.examples import response

TEN = Limit(10.0, 20.0)


def test_a_burst_then_the_rate() -> None:
    throttle = Throttle()
    assert (throttle.standing("a", TEN, 0.0).left, throttle.standing("a", TEN, 0.0).wait) == (20, 0)
    assert throttle.charge("a", TEN, 20, 0.0).wait == 1
    assert throttle.standing("a", TEN, 0.05).wait == 1
    assert (throttle.standing("a", TEN, 0.1).left, throttle.standing("a", TEN, 0.1).wait) == (1, 0)
    assert throttle.standing("a", TEN, 1000.0).left == 20  # never more than the burst
    assert throttle.standing("b", TEN, 0.0).left == 20  # nobody pays for another


def test_a_batch_larger_than_the_bucket_is_taken_and_paid_for_afterwards() -> None:
    throttle = Throttle()
    assert throttle.charge("a", TEN, 5_000, 0.0).wait == 499  # 4,980 overdrawn and one more, at ten a second
    assert throttle.standing("a", TEN, 498.0).wait == 1
    assert throttle.standing("a", TEN, 498.2).wait == 0


def test_the_memory_of_senders_has_a_bound() -> None:
    throttle = Throttle()
    for number in range(MOST_SENDERS + 10):
        throttle.charge(str(number), TEN, 100, 0.0)
    assert throttle.standing("9", TEN, 0.0).left == 20
    assert throttle.standing("10", TEN, 0.0).wait > 0


@settings(max_examples=40)
@given(st.lists(st.tuples(st.floats(0, 3), st.integers(1, 60)), max_size=60))
def test_nobody_sends_more_than_the_burst_a_batch_and_the_rate(requests: list[tuple[float, int]]) -> None:
    throttle, at, sent, largest = Throttle(), 0.0, 0, 0
    for pause, events in requests:
        at += pause
        if not throttle.standing("a", TEN, at).wait:
            throttle.charge("a", TEN, events, at)
            sent += events
            largest = max(largest, events)
            assert sent <= TEN.burst + TEN.rate * at + largest + 1e-6


@pytest.fixture
def limited(make: Callable[..., Parts], sqlite_database: str) -> Parts:
    parts = dataclasses.replace(make(sqlite_database), producer=KeptRecords())
    gateway = Gateway(rate_limit=RateLimit(events_per_second=0.01, burst="500s"))  # five, then one in 100 seconds
    return dataclasses.replace(parts, loop=msgspec.structs.replace(parts.loop, gateway=gateway))


def test_a_sender_above_its_limit_is_told_when_to_send_again(limited: Parts) -> None:
    with TestClient(build_app(limited), base_url="http://127.0.0.1") as client:
        answer = client.post("/v1/events", json=[response(1), response(2), response(3, score=11)])
        assert answer.status_code == 202
        assert answer.headers["ratelimit-policy"] == '"events";q=5;w=500'
        assert answer.headers["ratelimit"] == '"events";r=2;t=0'
        assert client.post("/v1/events", content=b"no JSON").status_code == 415
        refused = client.post("/v1/events", json=response(score=12))
        assert (refused.status_code, refused.headers["ratelimit"]) == (400, '"events";r=1;t=0')
        assert client.post("/v1/events", json=response(4)).status_code == 202
        told = client.post("/v1/events", json=response(5))
        assert (told.status_code, told.json()["error"]["reason"]) == (429, "rate_limit")
        assert 90 <= int(told.headers["retry-after"]) <= 100
        assert told.headers["ratelimit"].startswith('"events";r=0;t=')
        assert client.get("/v1/config").status_code == 200  # the limit is the events' alone


def test_what_is_refused_unread_is_paid_for_too(limited: Parts) -> None:
    with TestClient(build_app(limited), base_url="http://127.0.0.1") as client:
        broken = {"content-type": "application/json", "content-encoding": "gzip"}
        told = [client.post("/v1/events", content=b"no gzip", headers=broken) for _ in range(6)]
        assert [one.status_code for one in told] == [400] * 5 + [429]
        assert told[0].headers["ratelimit"] == '"events";r=4;t=0'


def test_each_key_has_a_bucket_of_its_own(limited: Parts) -> None:
    keys = [create_key(limited.writers, name, "emit") for name in ("shop", "survey")]
    with TestClient(build_app(limited), base_url="http://127.0.0.1") as client:

        def status(key: str) -> int:
            return client.post("/v1/events", json=[response(n) for n in range(5)], headers=auth(key)).status_code

        assert [status(keys[0]), status(keys[0]), status(keys[1])] == [202, 429, 202]


def auth(key: str) -> dict[str, str]:
    return {"authorization": f"Bearer {key}"}


def test_a_key_that_is_bound_to_sources_sends_no_others(limited: Parts) -> None:
    key = create_key(limited.writers, "orders", "emit", sources=["/shop/orders"])
    with TestClient(build_app(limited), base_url="http://127.0.0.1") as client:
        events = [response(1), {**response(2), "source": "/shop/orders"}]
        told = client.post("/v1/events", json=events, headers=auth(key)).json()
    assert [(one["status"], one.get("field")) for one in told["results"]] == [
        ("rejected", "source"),
        ("accepted", None),
    ]
