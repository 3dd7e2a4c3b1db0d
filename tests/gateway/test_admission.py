"""The way in for what makes events inside the gateway: hooks of survey tools, survey pages."""

from __future__ import annotations

import asyncio

import pytest

from gateway.parts import now
from gateway.problems import Refusal
from tests.gateway.conftest import Served
from tests.gateway.examples import encoded, response, touchpoint


def test_events_that_the_gateway_made_are_judged_each_and_the_good_ones_sent(gateway: Served) -> None:
    events = [encoded(response(1)), encoded(response(2, score=11)), encoded(touchpoint(3))]
    answer = asyncio.run(gateway.parts.admission.admit(events, now(), route="/hooks/formbricks"))
    assert (answer.accepted, answer.rejected) == (2, 1)
    assert [(result.id, result.status) for result in answer.results] == [
        ("r-1", "accepted"),
        ("r-2", "rejected"),
        ("t-3", "accepted"),
    ]
    assert [(record.topic, record.value) for record in gateway.kafka.records] == [
        ("cx.responses", events[0]),
        ("cx.touchpoints", events[2]),
    ]


def test_all_bad_is_an_answer_and_kafka_away_a_refusal(gateway: Served) -> None:
    bad = [encoded(response(1, score=11))]
    answer = asyncio.run(gateway.parts.admission.admit(bad, now(), route="/hooks/generic"))
    assert (answer.accepted, answer.rejected, answer.results[0].field) == (0, 1, "data.score")
    gateway.kafka.away = True
    with pytest.raises(Refusal) as refused:
        asyncio.run(gateway.parts.admission.admit([encoded(response(1))], now(), route="/hooks/generic"))
    assert (refused.value.status, refused.value.headers["Retry-After"]) == (503, "5")
