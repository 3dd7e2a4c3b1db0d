"""The emitter against the real thing, a gateway and Kafka: what it says was delivered lies on its topic, in order."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime
from typing import Any

import pytest

from closeloop_client import Emitter
from closeloop_client.kafka_destination import Kafka
from gateway.parts import Parts
from schemas.cloudevents import EventReader, context_attributes
from schemas.events import ResponseEvent
from schemas.scales import DEFAULT_METRICS
from schemas.topics import RESPONSES, TOUCHPOINTS
from tests.gateway.conftest import make
from tests.gateway.serving import serving
from tests.gateway.test_kafka import event_topics, everything, over_kafka

__all__ = ["event_topics", "make", "over_kafka"]  # fixtures

pytestmark = pytest.mark.kafka

EVENTS = 400
CUSTOMERS = 7


def emit(emitter: Emitter, run: str) -> None:
    """Half touchpoints, half answers, of a few customers; the number is in the id."""
    for number in range(EVENTS):
        customer = f"{run}-{number % CUSTOMERS}"
        if number % 2:
            emitter.response(customer, "nps", number % 11, comment="é 😡", id=f"{run}-{number}")
        else:
            emitter.touchpoint(customer, "order.delivered", outcome="failed", id=f"{run}-{number}")
    assert emitter.flush(60)


def landed(kafka: str, run: str) -> dict[str, list[tuple[int, Any]]]:
    """The events of a run by customer: number and event, in the order of their partition."""
    reader = EventReader(DEFAULT_METRICS)
    found: dict[str, list[tuple[int, Any]]] = {}
    for topic in (TOUCHPOINTS, RESPONSES):
        for message in everything(kafka, topic):
            if message.key() is None or not message.key().startswith(run.encode()):
                continue
            attributes = context_attributes(list(message.headers() or ()))
            event = reader.read(message.value(), datetime.now(UTC), attributes)
            assert isinstance(event, ResponseEvent) == (topic == RESPONSES)
            assert message.key() == event.data.customer_id.encode()
            found.setdefault(event.data.customer_id, []).append((int(event.id.rsplit("-", 1)[1]), event))
    return found


def check(kafka: str, run: str, emitter: Emitter) -> None:
    found = landed(kafka, run)
    assert sorted(number for events in found.values() for number, _ in events) == list(range(EVENTS))
    for events in found.values():
        for kind in (True, False):
            numbers = [number for number, event in events if isinstance(event, ResponseEvent) is kind]
            assert numbers == sorted(numbers), "a customer's events are in their order"
    assert emitter.stats.delivered == EVENTS
    assert emitter.stats.dropped == 0


def test_straight_into_kafka(event_topics: None, kafka: str) -> None:
    run = uuid.uuid4().hex[:8]
    with Emitter(Kafka(kafka), source="/shop") as emitter:
        emit(emitter, run)
    check(kafka, run, emitter)


def test_through_a_gateway(over_kafka: tuple[Parts, str, str], event_topics: None, kafka: str) -> None:
    parts, _, _ = over_kafka
    run = uuid.uuid4().hex[:8]
    with serving(parts) as url, Emitter(url, source="/shop", batch_events=64) as emitter:
        emit(emitter, run)
        assert emitter.flush(10)
    check(kafka, run, emitter)
