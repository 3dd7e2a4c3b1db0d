"""A group's consumer finds a topic that was not there, or had no leader yet, when it joined."""

from __future__ import annotations

import time
import uuid

import pytest
from confluent_kafka import Producer

from closeloop.broker.topics_admin import create_topics
from consumers.kafka_clients import group_consumer
from schemas.kafka_link import KafkaLink
from schemas.settings import Settings
from schemas.topics import TopicSpec

pytestmark = pytest.mark.kafka


def test_a_topic_that_comes_after_the_group_has_joined_is_read(kafka: str) -> None:
    topic = f"late.{uuid.uuid4().hex[:8]}"
    consumer = group_consumer(Settings(kafka=kafka), f"group.{topic}", 10)
    try:
        consumer.subscribe([topic])
        deadline = time.monotonic() + 60
        while not consumer._coordinator.generation_if_stable():
            consumer.poll(timeout_ms=200)
            assert time.monotonic() < deadline, "it did not join"
        assert consumer.assignment() == set()
        create_topics(KafkaLink(kafka), [TopicSpec(topic, "", "", (), (), 2, 1, {})])
        producer = Producer({"bootstrap.servers": kafka})
        producer.produce(topic, b"here")
        assert producer.flush(20) == 0
        found: list[bytes] = []
        while not found:
            assert time.monotonic() < deadline, "it stands still"
            found = [record.value for some in consumer.poll(timeout_ms=200).values() for record in some]
        assert found == [b"here"]
    finally:
        consumer.close()
