"""Topics are made once, and every difference from their specification is found."""

import socket
import uuid

import pytest

from closeloop.broker.errors import BrokerError
from closeloop.broker.topics_admin import (
    MissingTopic,
    OtherConfig,
    OtherPartitions,
    OtherReplication,
    check_topics,
    compare_topic,
    create_topics,
)
from schemas.kafka_link import KafkaLink
from schemas.topics import catalogue
from tests.fixtures.kafka import TopicForTest


@pytest.mark.kafka
def test_creating_is_idempotent_and_checked(kafka):
    unique = uuid.uuid4().hex[:8]
    first = TopicForTest(f"{unique}.a", 3, {"cleanup.policy": "compact", "min.cleanable.dirty.ratio": "0.2"})
    second = TopicForTest(f"{unique}.b", 1, {"retention.ms": "86400000"})
    assert check_topics(KafkaLink(kafka), [first, second]) == [MissingTopic(first.name), MissingTopic(second.name)]
    assert create_topics(KafkaLink(kafka), [first]) == [first.name]
    assert create_topics(KafkaLink(kafka), [first, second]) == [second.name]
    assert create_topics(KafkaLink(kafka), [first, second]) == []
    assert check_topics(KafkaLink(kafka), [first, second]) == []


@pytest.mark.kafka
def test_differences_are_found_on_the_cluster(kafka):
    name = f"{uuid.uuid4().hex[:8]}.c"
    create_topics(KafkaLink(kafka), [TopicForTest(name, 2, {"retention.ms": "86400000"})])
    wanted = TopicForTest(name, 3, {"retention.ms": "1000", "cleanup.policy": "compact", "no.such": "1"}, replication=3)
    assert check_topics(KafkaLink(kafka), [wanted]) == [
        OtherPartitions(name, 3, 2),
        OtherReplication(name, 3, 1),
        OtherConfig(name, "cleanup.policy", "compact", "delete"),
        OtherConfig(name, "no.such", "1", None),
        OtherConfig(name, "retention.ms", "1000", "86400000"),
    ]
    assert create_topics(KafkaLink(kafka), [wanted]) == []  # what exists is left as it is
    assert len(check_topics(KafkaLink(kafka), [wanted])) == 5


@pytest.mark.kafka
def test_the_catalogue_is_accepted_by_a_real_cluster(kafka):
    topics = catalogue()
    create_topics(KafkaLink(kafka), topics)
    assert check_topics(KafkaLink(kafka), topics) == []


@pytest.mark.kafka
def test_a_refused_topic_is_named_with_the_reason(kafka):
    with pytest.raises(BrokerError, match=r"refuses to create topic too\.safe: .*replication"):
        create_topics(KafkaLink(kafka), [TopicForTest("too.safe", 1, {}, replication=9)])


def test_no_answer_is_said_plainly():
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{closed.getsockname()[1]}"
        with pytest.raises(BrokerError, match=f"No Kafka answers at {address} within 0.5 s"):
            check_topics(KafkaLink(address), [TopicForTest("any", 1, {})], answer_within_s=0.5)


def test_an_equal_topic_has_no_differences():
    topic = TopicForTest("t", 2, {"cleanup.policy": "compact"}, replication=3)
    assert compare_topic(topic, [3, 3], {"cleanup.policy": "compact", "retention.ms": "1"}) == []


def test_a_partition_short_of_copies_is_found():
    assert compare_topic(TopicForTest("t", 2, {}, replication=3), [3, 2], {}) == [OtherReplication("t", 3, 2)]


def test_differences_read_as_sentences():
    assert [str(d) for d in (MissingTopic("t"), OtherPartitions("t", 3, 2), OtherConfig("t", "a.b", "x", None))] == [
        "t: missing",
        "t: 2 partitions instead of 3",
        "t: a.b is unknown to this cluster instead of x",
    ]
