"""Writes and reads whole partitions, and waits for conditions, on any broker."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from contextlib import closing

from confluent_kafka import OFFSET_BEGINNING, Consumer, Producer, TopicPartition


def until(condition: Callable[[], object], what: str, deadline_s: float = 40) -> None:
    """Wait until the condition is true; fail naming `what` when the deadline passes."""
    deadline = time.monotonic() + deadline_s
    while not condition():
        assert time.monotonic() < deadline, f"not within {deadline_s} s: {what}"
        time.sleep(0.05)


def produce(bootstrap: str, topic: str, values: Iterable[bytes], partition: int = 0, **config: object) -> list[bytes]:
    """Write the values with acks=all and return those that were acknowledged."""
    acknowledged: list[bytes] = []
    producer = Producer({"bootstrap.servers": bootstrap, "acks": "all", "linger.ms": 0, "log_level": 0, **config})
    for value in values:
        producer.produce(
            topic,
            value,
            partition=partition,
            on_delivery=lambda error, message: error or acknowledged.append(message.value()),
        )
        producer.poll(0)
    assert producer.flush(60) == 0
    return acknowledged


def read(bootstrap: str, topic: str, partition: int = 0, isolation: str = "read_committed") -> list[bytes | None]:
    """Return the values between a partition's watermarks."""
    config = {
        "bootstrap.servers": bootstrap,
        "group.id": "reader",
        "isolation.level": isolation,
        "enable.auto.commit": False,
        "enable.partition.eof": True,
        "log_level": 0,
    }
    values: list[bytes | None] = []
    with closing(Consumer(config)) as consumer:
        consumer.assign([TopicPartition(topic, partition, OFFSET_BEGINNING)])
        while (message := consumer.poll(20)) is not None:
            if message.error() is not None:
                assert message.error().name() == "_PARTITION_EOF", message.error()
                return values
            values.append(message.value())
    raise AssertionError(f"{topic}[{partition}] has no end within 20 s")
