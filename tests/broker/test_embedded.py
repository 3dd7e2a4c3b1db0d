"""What the embedded broker can and cannot do: the rest of the project leans on knowing its limits."""

import socket
import time
from contextlib import closing

import pytest
from confluent_kafka import Consumer, Producer, TopicPartition
from kafka import KafkaConsumer, KafkaProducer
from kafka import TopicPartition as KafkaPythonPartition

from closeloop.broker.embedded import (
    KAFKA_PYTHON_API_VERSION,
    PARTITIONS,
    EmbeddedBroker,
    create_embedded_topics,
)
from tests.broker.records import produce, read


@pytest.fixture(scope="module")
def embedded():
    with EmbeddedBroker() as broker:
        yield broker.bootstrap


def topics_of(bootstrap):
    found = Producer({"bootstrap.servers": bootstrap, "log_level": 0}).list_topics(timeout=10).topics
    return {name: len(topic.partitions) for name, topic in found.items()}


def transactional(bootstrap, name):
    producer = Producer({"bootstrap.servers": bootstrap, "transactional.id": name, "log_level": 0})
    producer.init_transactions(10)
    return producer


def test_it_ends_with_its_owner():
    with EmbeddedBroker() as broker:
        host, port = broker.bootstrap.split(":")
        assert host == "127.0.0.1"
        socket.create_connection((host, int(port)), timeout=5).close()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((host, int(port)), timeout=5)


def test_topics_are_created_with_four_partitions(embedded):
    create_embedded_topics(embedded, ["made", "made.too"])
    create_embedded_topics(embedded, ["made"])
    assert {name: n for name, n in topics_of(embedded).items() if name.startswith("made")} == {
        "made": PARTITIONS,
        "made.too": PARTITIONS,
    }
    assert read(embedded, "made") == []


def test_a_partition_keeps_about_five_megabytes(embedded):
    create_embedded_topics(embedded, ["big"])
    for _ in range(8):
        assert len(produce(embedded, "big", [b"x" * 1000] * 1000, **{"linger.ms": 5})) == 1000
    with closing(Consumer({"bootstrap.servers": embedded, "group.id": "w", "log_level": 0})) as consumer:
        low, high = consumer.get_watermark_offsets(TopicPartition("big", 0), timeout=10)
    assert high == 8000
    assert 4000 <= high - low <= 6000  # of 1,000 bytes each


def test_kafka_python_joins_a_group_commits_and_produces(embedded):
    create_embedded_topics(embedded, ["desk"])
    with KafkaProducer(bootstrap_servers=embedded, api_version=KAFKA_PYTHON_API_VERSION) as producer:
        assert producer.send("desk", b"one", partition=2).get(10).offset == 0
    partition = KafkaPythonPartition("desk", 2)
    with KafkaConsumer(
        "desk",
        bootstrap_servers=embedded,
        api_version=KAFKA_PYTHON_API_VERSION,
        group_id="desk",
        auto_offset_reset="earliest",
        enable_auto_commit=False,
        # A member that joins before it knows the topic's partitions is assigned none and joins again, and this broker
        # keeps everybody out for a whole session after a member has left: by default that is 45 s.
        session_timeout_ms=6_000,
        heartbeat_interval_ms=2_000,
    ) as consumer:
        deadline = time.monotonic() + 60
        while not (found := consumer.poll(200)):
            assert time.monotonic() < deadline
        assert [record.value for record in found[partition]] == [b"one"]
        consumer.commit()
        assert consumer.committed(partition) == 1


def test_transactions_isolate_nothing(embedded):
    create_embedded_topics(embedded, ["tx"])
    producer = transactional(embedded, "writer")
    producer.begin_transaction()
    producer.produce("tx", b"open", partition=0)
    producer.flush(10)
    assert read(embedded, "tx") == [b"open"]
    producer.abort_transaction(10)
    assert read(embedded, "tx") == [b"open"]


def test_a_zombie_is_not_fenced(embedded):
    create_embedded_topics(embedded, ["fence"])
    zombie = transactional(embedded, "same")
    zombie.begin_transaction()
    transactional(embedded, "same")
    zombie.produce("fence", b"zombie", partition=0)
    zombie.commit_transaction(10)
    assert read(embedded, "fence") == [b"zombie"]
