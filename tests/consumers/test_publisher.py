"""The publisher on a real Kafka: every transition, each case's in order, also with two publishers and a crash."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest
from kafka import KafkaConsumer, KafkaProducer, TopicPartition
from kafka.errors import KafkaTimeoutError
from sqlalchemy import Engine, text

from consumers import kafka_clients, publisher
from consumers.desk import take_in
from consumers.measures import Measures
from consumers.parts import Part
from consumers.publisher import Publisher
from schemas import case_ledger
from schemas.case_ledger import Change
from schemas.cases import CaseAction, CaseEvent
from schemas.database import readers, sessions
from schemas.settings import Settings
from tests.consumers.alerts import LOOP, alerts_of
from tests.consumers.waiting import until

pytestmark = pytest.mark.kafka


@pytest.fixture
def topic(kafka_topics: Any, monkeypatch: pytest.MonkeyPatch) -> str:
    name = str(kafka_topics(partitions=2, prefix="cases"))
    monkeypatch.setattr(publisher, "CASES", name)
    return name


@pytest.fixture
def stop() -> Iterator[threading.Event]:
    made = threading.Event()
    yield made
    made.set()


def a_history(engine: Engine, cases: int = 6) -> int:
    """Cases with four transitions each; how many there are."""
    now = datetime.now(UTC)
    steps: list[tuple[CaseAction, Change]] = [
        ("acknowledge", Change(owner="ana")),
        ("contact", Change(channel="phone")),
        ("resolve", Change(root_cause="billing")),
    ]
    with sessions(engine).begin() as session:
        take_in(session, LOOP, alerts_of(cases), now)
    for action, change in steps:
        with sessions(engine).begin() as session:
            for case in range(1, cases + 1):
                case_ledger.act(session, case, action, actor="ana", via="slack", now=now, change=change)
    return cases * 4


def published(kafka: str, topic: str) -> dict[int, list[CaseEvent]]:
    """Everything on the topic, by case, in order."""
    consumer = KafkaConsumer(bootstrap_servers=kafka, enable_auto_commit=False, auto_offset_reset="earliest")
    partitions = [TopicPartition(topic, number) for number in (0, 1)]
    consumer.assign(partitions)
    consumer.seek_to_beginning()
    ends = consumer.end_offsets(partitions)
    found: dict[int, list[CaseEvent]] = {}
    while any(consumer.position(partition) < ends[partition] for partition in partitions):
        for records in consumer.poll(timeout_ms=500).values():
            for record in records:
                event = msgspec.json.decode(record.value, type=CaseEvent)
                assert record.key == str(event.case_id).encode()
                found.setdefault(event.case_id, []).append(event)
    consumer.close()
    return found


def unpublished(engine: Engine) -> int:
    with engine.connect() as connection:
        return int(connection.scalar(text("SELECT count(*) FROM case_events WHERE published_at IS NULL")) or 0)


def a_publisher(engine: Engine, kafka: str, measures: Measures, stop: threading.Event) -> Publisher:
    settings = Settings(kafka=kafka)

    def connect() -> KafkaProducer:
        return kafka_clients.safe_producer(settings, "test-publisher")

    return Publisher(sessions(engine), readers(engine), connect, measures, threading.Event(), stop)


def in_order_without_gaps(events: list[CaseEvent]) -> bool:
    """Whether a reader that skips known ids sees versions 1, 2, 3, 4."""
    seen = list(dict.fromkeys(event.version for event in events))
    return seen == [1, 2, 3, 4]


def test_every_transition_in_order(
    engine: Engine, kafka: str, topic: str, measures: Measures, stop: threading.Event
) -> None:
    total = a_history(engine)
    part = Part("publisher", a_publisher(engine, kafka, measures, stop).run, threading.Event())
    part.start()
    until(lambda: unpublished(engine) == 0, "published")
    stop.set()
    assert part.join(60)
    found = published(kafka, topic)
    assert sum(map(len, found.values())) == total
    assert all(in_order_without_gaps(events) for events in found.values())
    assert found[1][-1].root_cause == "billing"
    assert found[1][-1].seconds_to_resolve is not None


def test_two_publishers_keep_each_cases_order(
    engine: Engine, kafka: str, topic: str, measures: Measures, stop: threading.Event
) -> None:
    a_history(engine, cases=20)
    parts = [Part("publisher", a_publisher(engine, kafka, measures, stop).run, threading.Event()) for _ in range(2)]
    for part in parts:
        part.start()
    until(lambda: unpublished(engine) == 0, "published")
    stop.set()
    assert all(part.join(60) for part in parts)
    assert not any(part.failed for part in parts)
    found = published(kafka, topic)
    assert len(found) == 20
    assert all(in_order_without_gaps(events) for events in found.values())


def test_a_crash_before_the_mark_sends_the_same_ids_again(
    engine: Engine, kafka: str, topic: str, measures: Measures, stop: threading.Event
) -> None:
    a_history(engine, cases=3)
    made = a_publisher(engine, kafka, measures, stop)
    assert made.publish() == 12
    with engine.begin() as connection:
        connection.execute(text("UPDATE case_events SET published_at = NULL"))
    assert a_publisher(engine, kafka, measures, stop).publish() == 12
    found = published(kafka, topic)
    for events in found.values():
        assert len(events) == 8
        assert len({event.id for event in events}) == 4
        assert in_order_without_gaps(events)


def test_kafka_away_is_waited_out(sqlite_engine: Engine, measures: Measures, stop: threading.Event) -> None:
    a_history(sqlite_engine, cases=1)

    def refuse() -> KafkaProducer:
        raise KafkaTimeoutError

    waiting = Publisher(sessions(sqlite_engine), readers(sqlite_engine), refuse, measures, threading.Event(), stop)
    part = Part("publisher", waiting.run, threading.Event())
    part.start()
    until(lambda: measures.retries.labels("publisher", "kafka")._value.get() >= 2, "tried twice")
    stop.set()
    assert part.join(60)
    assert not part.failed
    assert unpublished(sqlite_engine) == 4
