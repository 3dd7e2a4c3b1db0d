"""The broker that is measured with: one real Apache Kafka on this machine, its topics, events laid ready on them."""

import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from confluent_kafka import Consumer, Producer, TopicPartition

from benchmarks.job import Answer
from benchmarks.spec import PARTITIONS, RESPONSES
from closeloop.broker.local import LocalKafka
from closeloop.broker.topics_admin import create_topics
from schemas.kafka_link import KafkaLink
from schemas.topics import TopicSpec, catalogue

HEAP_MB = 1024
"""The broker's Java heap: enough that its garbage collection is no part of what is measured."""

WARM_UP = "bench.warm-up"
WARM_UP_BATCH = 30


@contextmanager
def fresh_kafka(more_topics: Iterable[str] = (), partitions: int = PARTITIONS) -> Iterator[tuple[LocalKafka, Path]]:
    """An empty broker with closeloop's topics and further ones, and a folder for workers; both go at the end."""
    with TemporaryDirectory(prefix="closeloop-bench-") as name:
        folder = Path(name)
        with LocalKafka(folder / "kafka", 1, heap_mb=HEAP_MB) as kafka:
            topics = list(catalogue(partitions))
            known = {topic.name for topic in topics}
            topics.extend(
                TopicSpec(name, "", "", (), (), partitions, 1, {"cleanup.policy": "delete"})
                for name in more_topics
                if name not in known
            )
            create_topics(KafkaLink(kafka.bootstrap), topics)
            yield kafka, folder


def preload(bootstrap: str, events: Iterable[Answer], topic: str = RESPONSES) -> int:
    """Write events keyed by customer, uncompressed; returns how many once the broker has them all."""
    producer = new_producer(bootstrap, linger_ms=20)
    count = 0
    for count, event in enumerate(events, 1):
        while True:
            try:
                producer.produce(topic, event.encode(), event.customer_id)
            except BufferError:
                producer.poll(0.1)
            else:
                break
        if not count % 1000:
            producer.poll(0)
    if producer.flush(60):
        raise RuntimeError("the broker did not take all events within 60 s")
    return count


def warm(bootstrap: str, seconds: float, topic: str = WARM_UP) -> None:
    """Write small batches to a topic of nobody's and read them back, until the broker's hot paths are compiled."""
    producer, consumer = new_producer(bootstrap, linger_ms=1), reader(bootstrap, topic)
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        for number in range(WARM_UP_BATCH):
            producer.produce(topic, b"x" * 300, str(number))
        producer.flush(10)
        consumer.consume(WARM_UP_BATCH, 0)
    consumer.close()


def new_producer(bootstrap: str, linger_ms: float) -> Producer:
    """A producer of events: keys placed as Java's clients do, acknowledged by the broker."""
    return Producer(
        {
            "bootstrap.servers": bootstrap,
            "partitioner": "murmur2_random",
            "acks": "all",
            "linger.ms": linger_ms,
            "queue.buffering.max.messages": 500_000,
        }
    )


def reader(bootstrap: str, topic: str, *, from_end: bool = False, partitions: int = PARTITIONS) -> Consumer:
    """A consumer of a whole topic outside any group, committed records alone."""
    consumer = Consumer(
        {
            "bootstrap.servers": bootstrap,
            "group.id": "bench-reader",
            "enable.auto.commit": False,
            "isolation.level": "read_committed",
            "fetch.wait.max.ms": 100,
        }
    )
    start = -1 if from_end else 0
    if from_end:
        places = []
        for partition in range(partitions):
            _, high = consumer.get_watermark_offsets(TopicPartition(topic, partition), timeout=10)
            places.append(TopicPartition(topic, partition, high))
    else:
        places = [TopicPartition(topic, partition, start) for partition in range(partitions)]
    consumer.assign(places)
    return consumer
