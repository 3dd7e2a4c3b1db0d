"""How much may come by one hook: what is above is to be sent again, and only proven deliveries count."""

from __future__ import annotations

import base64
import json

import msgspec
import pytest

from gateway.hooks.desk import HookDesk
from gateway.instruments import Instruments
from gateway.parts import now
from schemas.config_gateway import RateLimit
from tests.gateway.hooks import shop
from tests.gateway.hooks.conftest import Shop

THREE = RateLimit(events_per_second=0.01, burst="300s")  # then one in 100 seconds


@pytest.fixture
def limited(hooked: Shop) -> Shop:
    """Three events for each of two hooks, none but the usual limit for the others."""
    loop = hooked.parts.loop
    hooks = {
        name: msgspec.structs.replace(hook, rate_limit=THREE) if name in ("form", "calls") else hook
        for name, hook in loop.hooks.items()
    }
    hooked.instruments = Instruments()
    fresh = HookDesk(
        msgspec.structs.replace(loop, hooks=hooks),
        hooked.parts.words.metrics,
        hooked.parts.reader,
        shop.secrets(),
        hooked.instruments,
    )
    hooked.parts.hooks.__dict__.update(fresh.__dict__)
    return hooked


def example(name: str) -> bytes:
    return shop.payload(shop.EXAMPLES[name][0])


def test_what_is_above_is_to_be_sent_again_and_forgeries_use_up_nothing(limited: Shop) -> None:
    events = len(shop.EXPECTED["form"])
    guess = base64.b64encode(b"guessed").decode()
    body, headers = shop.signed("form", example("form"), now(), guess)
    for _ in range(5):
        assert limited.client.post("/hooks/form", content=body, headers=headers).status_code == 401
    taken = 0
    while (answer := limited.send("form", example("form"))).status_code == 200:
        taken += events
        assert taken <= 3 + events
    assert taken >= 3
    assert (answer.status_code, answer.json()["error"]["reason"]) == (429, "rate_limit")
    assert 1 <= int(answer.headers["retry-after"]) <= 300
    assert answer.headers["ratelimit-policy"] == '"events";q=3;w=300'
    assert len(limited.events()) == taken, "what was refused is nowhere"
    assert limited.letters() == []
    assert limited.count("form", "unavailable") == 1
    assert limited.client.post("/hooks/form", content=body, headers=headers).status_code == 401
    assert limited.send("bricks", example("bricks")).status_code == 200, "another hook is another sender"


def test_a_delivery_counts_as_its_events_and_as_one_at_least(limited: Shop) -> None:
    call = json.loads(example("calls"))
    calls = [{**call, "messageId": f"m-{number}"} for number in range(4)]
    assert limited.send("calls", json.dumps(calls).encode()).status_code == 200
    assert limited.send("calls", example("calls")).status_code == 429
    assert len(limited.events()) == 4, "a batch is taken whole and paid for afterwards"
    passed_over = shop.changed("typeform-partial.json")
    assert [limited.send("form", passed_over).status_code for _ in range(4)] == [200, 200, 200, 429]
