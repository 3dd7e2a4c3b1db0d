"""The intake loop on a real Kafka: handled before committed, the same batch until the database takes it."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from confluent_kafka import Producer
from kafka import KafkaConsumer, TopicPartition
from sqlalchemy.exc import OperationalError

from consumers import intake, kafka_clients
from consumers.intake import Intake, Record
from consumers.measures import Measures
from consumers.parts import Part
from schemas.settings import Settings
from tests.consumers.waiting import until

pytestmark = pytest.mark.kafka


class Bench:
    def __init__(self, kafka: str, topic: str, measures: Measures) -> None:
        self.settings = Settings(kafka=kafka)
        self.topic = topic
        self.group = f"test-{uuid.uuid4().hex[:8]}"
        self.measures = measures

    def produce(self, count: int, first: int = 0) -> None:
        producer = Producer({"bootstrap.servers": self.settings.kafka})
        for number in range(first, first + count):
            producer.produce(self.topic, key=str(number), value=str(number).encode(), headers=[("n", b"1")])
        assert producer.flush(20) == 0

    def start(self, handle: Callable[[Sequence[Record]], None]) -> tuple[Part, threading.Event, Intake]:
        stop = threading.Event()
        intake = Intake(self.settings, self.group, [self.topic], handle, self.measures, stop, max_poll_records=10)
        part = Part("intake", intake.run, threading.Event())
        part.start()
        return part, stop, intake

    def committed(self) -> int:
        consumer = KafkaConsumer(bootstrap_servers=self.settings.kafka, group_id=self.group, enable_auto_commit=False)
        total = sum(consumer.committed(TopicPartition(self.topic, number)) or 0 for number in range(3))
        consumer.close()
        return total


@pytest.fixture
def bench(kafka: str, kafka_topics: Any, measures: Measures) -> Bench:
    return Bench(kafka, kafka_topics(partitions=3), measures)


def test_records_are_handled_then_committed_and_read_on_from_there(bench: Bench) -> None:
    seen: list[bytes] = []
    bench.produce(50)
    part, stop, intake = bench.start(lambda records: seen.extend(record.value or b"" for record in records))
    until(lambda: len(seen) == 50, "read")
    assert intake.ready()
    stop.set()
    assert part.join(60)
    assert not part.failed
    assert bench.committed() == 50
    bench.produce(5, first=50)
    part, stop, _ = bench.start(lambda records: seen.extend(record.value or b"" for record in records))
    until(lambda: len(seen) == 55, "read on")
    stop.set()
    assert part.join(60)
    assert sorted(seen) == sorted(str(number).encode() for number in range(55))


def test_a_database_that_is_away_gets_the_same_batch_again(bench: Bench) -> None:
    attempts: list[list[int]] = []
    seen: list[int] = []

    def handle(records: Sequence[Record]) -> None:
        numbers = [int(record.value or b"") for record in records]
        attempts.append(numbers)
        if len(attempts) < 4:
            raise OperationalError("SELECT", {}, ConnectionResetError())
        seen.extend(numbers)

    bench.produce(5)
    part, stop, _ = bench.start(handle)
    until(lambda: len(seen) == 5, "taken at last")
    stop.set()
    assert part.join(60)
    assert not part.failed
    assert attempts[0] == attempts[1] == attempts[2] == attempts[3]
    assert bench.committed() == 5


def test_a_stop_while_the_database_is_away_commits_nothing(bench: Bench) -> None:
    tried = threading.Event()

    def handle(records: Sequence[Record]) -> None:
        tried.set()
        raise OperationalError("SELECT", {}, ConnectionResetError())

    bench.produce(5)
    part, stop, _ = bench.start(handle)
    assert tried.wait(60)
    stop.set()
    assert part.join(60)
    assert not part.failed
    assert bench.committed() == 0


def test_any_other_error_is_fatal_and_commits_nothing(bench: Bench) -> None:
    def handle(records: Sequence[Record]) -> None:
        raise ValueError("a fault of ours")

    bench.produce(5)
    part, _, _ = bench.start(handle)
    until(lambda: part.failed, "failed")
    assert part.join(60)
    assert bench.committed() == 0


def test_two_members_share_the_partitions(bench: Bench) -> None:
    seen: list[bytes | None] = []
    lock = threading.Lock()

    def handle(records: Sequence[Record]) -> None:
        with lock:
            seen.extend(record.value for record in records)

    first, second = bench.start(handle), bench.start(handle)
    until(lambda: first[2].ready() and second[2].ready(), "both assigned", 60)
    bench.produce(60)
    until(lambda: len(set(seen)) == 60, "all read", 60)
    first[1].set()
    assert first[0].join(60)
    bench.produce(20, first=60)
    until(lambda: len(set(seen)) == 80, "the other one took over", 60)
    second[1].set()
    assert second[0].join(60)
    assert not first[0].failed
    assert not second[0].failed


def test_a_member_that_never_joins_is_made_anew(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(intake, "JOIN_LIMIT_S", 1.0)
    make, made = kafka_clients.group_consumer, []

    def first_one_hangs(settings: Settings, group: str, most: int) -> KafkaConsumer:
        consumer = make(settings, group, most)
        made.append(consumer)
        if len(made) == 1:
            consumer.subscribe = lambda *_args, **_more: None
            consumer.poll = lambda **_more: {}
        return consumer

    monkeypatch.setattr(kafka_clients, "group_consumer", first_one_hangs)
    seen: list[bytes] = []
    bench.produce(5)
    part, stop, _ = bench.start(lambda records: seen.extend(record.value or b"" for record in records))
    until(lambda: len(seen) == 5, "read by a member that was made anew")
    stop.set()
    part.join(20)
    assert len(made) >= 2
