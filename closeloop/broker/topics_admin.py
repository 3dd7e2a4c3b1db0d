"""Brings a cluster's topics in line with a list of specifications, and says where they differ."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Protocol

import msgspec
from kafka.admin import ConfigResource, ConfigResourceType, KafkaAdminClient
from kafka.errors import KafkaError, KafkaTimeoutError, for_code

from closeloop.broker.errors import BrokerError
from closeloop.broker.reach import live_brokers
from schemas.kafka_link import KafkaLink
from schemas.kafka_python import kafka_python

_NONE = 0
_SETTLED_S = 10.0
_TOPIC_ALREADY_EXISTS = 36
_LEADER_DEADLINE_MS = 20_000
_CONNECT_DEADLINE_MS = 10_000


class Topic(Protocol):
    """What this module needs to know of a topic; `schemas.topics.TopicSpec` is one."""

    @property
    def name(self) -> str:
        """The topic's name."""

    @property
    def partitions(self) -> int:
        """How many partitions it has."""

    @property
    def replication(self) -> int:
        """How many copies of each partition."""

    @property
    def config(self) -> Mapping[str, str]:
        """Its settings, by Kafka's names; what is not named here is the cluster's affair."""


class MissingTopic(msgspec.Struct, frozen=True, tag=True):
    """The topic is not on the cluster."""

    topic: str

    def __str__(self) -> str:
        return f"{self.topic}: missing"


class OtherPartitions(msgspec.Struct, frozen=True, tag=True):
    """The topic has fewer or more partitions than specified."""

    topic: str
    expected: int
    actual: int

    def __str__(self) -> str:
        return f"{self.topic}: {self.actual} partitions instead of {self.expected}"


class OtherReplication(msgspec.Struct, frozen=True, tag=True):
    """The topic's partitions have another number of copies; `actual` is the smallest among them."""

    topic: str
    expected: int
    actual: int

    def __str__(self) -> str:
        return f"{self.topic}: replication factor {self.actual} instead of {self.expected}"


class OtherConfig(msgspec.Struct, frozen=True, tag=True):
    """A setting of the topic differs; `actual` is None if the cluster does not know such a setting."""

    topic: str
    setting: str
    expected: str
    actual: str | None

    def __str__(self) -> str:
        actual = "unknown to this cluster" if self.actual is None else self.actual
        return f"{self.topic}: {self.setting} is {actual} instead of {self.expected}"


Difference = MissingTopic | OtherPartitions | OtherReplication | OtherConfig


def remedy(difference: Difference) -> str:
    """The command that mends it, or what to do where none does."""
    match difference:
        case MissingTopic():
            return "closeloop topics create"
        case OtherConfig(actual=None):
            return "use a Kafka that knows this setting"
        case OtherConfig():
            return "closeloop topics mend"
        case OtherPartitions(actual=actual):
            return f"set CLOSELOOP_PARTITIONS={actual} for all rooms: customers stay where their state is"
        case OtherReplication(actual=actual):
            return f"if {actual} is meant give --replication {actual}, else kafka-reassign-partitions.sh moves copies"


def alter_settings(kafka: KafkaLink, differences: Sequence[OtherConfig], answer_within_s: float = 10.0) -> None:
    """Set what differs to what is specified; other settings of the topics stay.

    Raises:
        BrokerError: no cluster answers, or it refuses a setting.
    """
    wanted: dict[str, dict[str, str]] = {}
    for difference in differences:
        wanted.setdefault(difference.topic, {})[difference.setting] = difference.expected
    with _admin(kafka, answer_within_s) as admin:
        answer = admin.alter_configs(
            [ConfigResource(ConfigResourceType.TOPIC, name, new) for name, new in wanted.items()]
        )
        refused = [f"{name} ({said})" for name, said in answer.get("topic", {}).items() if said != "OK"]
        if refused:
            raise BrokerError(f"Kafka at {kafka.servers} refuses settings of {', '.join(refused)}.")
        # The brokers hear of it from the controller a moment later.
        asked = [ConfigResource(ConfigResourceType.TOPIC, name, dict.fromkeys(new)) for name, new in wanted.items()]
        deadline = time.monotonic() + _SETTLED_S
        while True:
            found = admin.describe_configs(asked, config_filter="all").get("topic", {})
            if all(found[name][key]["value"] == value for name, new in wanted.items() for key, value in new.items()):
                return
            if time.monotonic() > deadline:
                raise BrokerError(f"Kafka at {kafka.servers} took the settings, but does not show them.")
            time.sleep(0.05)


def create_topics(kafka: KafkaLink, topics: Sequence[Topic], answer_within_s: float = 10.0) -> list[str]:
    """Create those topics that are missing, wait until all of them have leaders, return the names created.

    Topics that exist are left as they are (see check_topics), also when another process makes them at this moment.

    Args:
        kafka: where the cluster is, and how we get in.
        topics: what to create.
        answer_within_s: how long to wait for the cluster's first answer.

    Raises:
        BrokerError: no cluster answers, it refuses a topic, or a topic has no leader within 20 s.
    """
    if not topics:
        return []
    with _admin(kafka, answer_within_s) as admin:
        existing = set(admin.list_topics())
        wanted = {
            topic.name: {
                "num_partitions": topic.partitions,
                "replication_factor": topic.replication,
                "configs": dict(topic.config),
            }
            for topic in topics
            if topic.name not in existing
        }
        created: list[str] = []
        if wanted:
            for result in admin.create_topics(wanted, raise_errors=False)["topics"]:
                code = int(result["error_code"])
                if code == _NONE:
                    created.append(result["name"])
                elif code != _TOPIC_ALREADY_EXISTS:
                    reason = result.get("error_message") or for_code(code).__name__
                    raise BrokerError(f"Kafka at {kafka.servers} refuses to create topic {result['name']}: {reason}")
        try:
            admin.wait_for_topics([topic.name for topic in topics], timeout_ms=_LEADER_DEADLINE_MS)
        except KafkaTimeoutError as error:
            raise BrokerError(f"Kafka at {kafka.servers}: {error}") from error
        return created


def check_topics(kafka: KafkaLink, topics: Sequence[Topic], answer_within_s: float = 10.0) -> list[Difference]:
    """Return where the cluster differs from the specifications, in their order; an empty list is agreement.

    Args:
        kafka: where the cluster is, and how we get in.
        topics: what should be there. Settings they do not name, and other topics, are not looked at.
        answer_within_s: how long to wait for the cluster's first answer.

    Raises:
        BrokerError: no cluster answers.
    """
    with _admin(kafka, answer_within_s) as admin:
        existing = set(admin.list_topics())
        present = [topic for topic in topics if topic.name in existing]
        described = (
            {t["name"]: t["partitions"] for t in admin.describe_topics([t.name for t in present])} if present else {}
        )
        named = [topic for topic in present if topic.config]
        resources = [ConfigResource(ConfigResourceType.TOPIC, t.name, dict.fromkeys(t.config)) for t in named]
        found = admin.describe_configs(resources, config_filter="all").get("topic", {}) if resources else {}
    differences: list[Difference] = []
    for topic in topics:
        if topic.name not in described:
            differences.append(MissingTopic(topic.name))
            continue
        values = {key: entry["value"] for key, entry in found.get(topic.name, {}).items()}
        copies = [len(partition["replica_nodes"]) for partition in described[topic.name]]
        differences += compare_topic(topic, copies, values)
    return differences


def compare_topic(topic: Topic, copies: Sequence[int], config: Mapping[str, str]) -> list[Difference]:
    """Compare a specification with a topic as found.

    Args:
        topic: what it should be.
        copies: the number of replicas of each partition.
        config: its effective settings.
    """
    differences: list[Difference] = []
    if len(copies) != topic.partitions:
        differences.append(OtherPartitions(topic.name, topic.partitions, len(copies)))
    if copies and min(copies) != topic.replication:
        differences.append(OtherReplication(topic.name, topic.replication, min(copies)))
    differences += [
        OtherConfig(topic.name, key, value, config.get(key))
        for key, value in sorted(topic.config.items())
        if config.get(key) != value
    ]
    return differences


@contextmanager
def _admin(kafka: KafkaLink, answer_within_s: float) -> Iterator[KafkaAdminClient]:
    live_brokers(kafka, answer_within_s)
    try:
        admin = KafkaAdminClient(**kafka_python(kafka), bootstrap_timeout_ms=_CONNECT_DEADLINE_MS)
    except (KafkaError, ValueError) as error:
        raise BrokerError(f"No Kafka answers at {kafka.servers}: {error or type(error).__name__}.") from error
    try:
        yield admin
    except KafkaError as error:
        raise BrokerError(
            f"Kafka at {kafka.servers} did not answer as expected: {error or type(error).__name__}."
        ) from error
    finally:
        admin.close()
