"""Recorded events from the topics: in order of arrival, whole, without a group and without signals."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable

import pytest
from confluent_kafka import Producer

from closeloop.rules import recorded
from closeloop.rules.recorded import Recorded, from_topics, in_order_of_arrival
from schemas.settings import Settings
from schemas.signals import SIGNAL
from tests.rules.recording import answer, touchpoint


def _at(timestamp: int) -> Recorded:
    return Recorded("t", timestamp, None, b"", (), None)


def test_records_of_several_partitions_come_by_arrival() -> None:
    waiting = [deque([_at(1), _at(4), _at(9)]), deque([_at(2), _at(3)])]
    unread = {0, 1}
    assert [one.timestamp for one in in_order_of_arrival(waiting, unread)] == [1, 2, 3]  # partition 1 may have a 5 yet
    assert not list(in_order_of_arrival(waiting, unread))
    waiting[1].append(_at(5))
    assert [one.timestamp for one in in_order_of_arrival(waiting, unread)] == [4, 5]
    assert [one.timestamp for one in in_order_of_arrival(waiting, {0})] == [9]
    waiting[0].extend([_at(10), _at(12)])
    waiting[1].append(_at(11))
    assert [one.timestamp for one in in_order_of_arrival(waiting, set())] == [10, 11, 12]


@pytest.mark.kafka
def test_what_arrived_since_a_time_is_read(
    kafka: str, kafka_topics: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    topics = {"cx.touchpoints": kafka_topics(partitions=2), "cx.responses": kafka_topics(partitions=2)}
    monkeypatch.setattr(recorded, "TOUCHPOINTS", topics["cx.touchpoints"])
    monkeypatch.setattr(recorded, "RESPONSES", topics["cx.responses"])
    now = int(time.time() * 1000)
    producer = Producer({"bootstrap.servers": kafka})
    sent: list[tuple[int, str]] = []
    for number in range(40):
        one = (answer if number % 3 else touchpoint)(number, f"c{number}", *((1, 0.0) if number % 3 else (0.0,)))
        timestamp = now - 100_000 + number * 1_000
        producer.produce(topics[one.topic], one.value, partition=number % 2, timestamp=timestamp)
        if number >= 10:
            sent.append((timestamp, topics[one.topic]))
    producer.produce(topics["cx.responses"], b"{}", partition=0, timestamp=now, headers=[(SIGNAL, b"t/0/1")])
    assert producer.flush(30) == 0
    told: list[tuple[int, int | None]] = []
    read = list(from_topics(Settings(kafka=kafka), now - 90_000, lambda done, total: told.append((done, total))))
    assert [(one.timestamp, one.topic) for one in read] == sent
    assert all(one.event_time is not None for one in read)
    assert told[-1] == (30, 31)  # the signal is among what lay there
