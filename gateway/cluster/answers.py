"""What Kafka answers, decoded at the border: kafka-python gives dictionaries, librdkafka objects without types."""

from collections.abc import Collection
from typing import Any

from kafka.errors import for_code
from msgspec import Struct, convert

from gateway.cluster.looks import BrokerSeen, DiskSeen, MemberSeen, PartitionSeen, Place


class _Assigned(Struct, frozen=True):
    topic: str
    partitions: list[int]


class _Assignment(Struct, frozen=True):
    assigned_partitions: list[_Assigned]


class _Member(Struct, frozen=True):
    member_id: str
    client_id: str
    client_host: str
    member_assignment: Any
    """An assignment, or what kafka-python could not read as one: a member that has nothing yet."""


class _Group(Struct, frozen=True):
    group_state: str
    members: list[_Member]
    error: str | None = None


class _DirPartition(Struct, frozen=True):
    partition_size: int


class _DirTopic(Struct, frozen=True):
    partitions: list[_DirPartition]


class _LogDir(Struct, frozen=True):
    error_code: int
    log_dir: str
    topics: list[_DirTopic]
    total_bytes: int = -1
    usable_bytes: int = -1


class _BrokerDirs(Struct, frozen=True):
    broker: int
    log_dirs: list[_LogDir]


_GONE = "dead"
"""The state of a group that was never there, or is forgotten."""


def brokers_of(told: Any) -> tuple[BrokerSeen, ...]:
    """The brokers in librdkafka's metadata."""
    return tuple(BrokerSeen(broker.id, broker.host, broker.port) for broker in told.brokers.values())


def partitions_of(told: Any, topics: Collection[str]) -> dict[Place, PartitionSeen]:
    """The partitions of these topics in librdkafka's metadata, with their copies and without offsets."""
    return {
        Place(topic.topic, number): PartitionSeen(
            leader=found.leader if found.leader >= 0 else None, replicas=len(found.replicas), in_sync=len(found.isrs)
        )
        for topic in told.topics.values()
        if topic.topic in topics
        for number, found in topic.partitions.items()
    }


def groups_of(told: object) -> dict[str, tuple[str, tuple[MemberSeen, ...]] | str]:
    """For each group its state and members, or the error that stood in their place."""
    found: dict[str, tuple[str, tuple[MemberSeen, ...]] | str] = {}
    for name, group in convert(told, dict[str, _Group]).items():
        state = group.group_state.lower()
        if group.error is not None and state != _GONE:
            found[name] = group.error
        else:
            found[name] = (state, tuple(_member(one) for one in group.members))
    return found


def _member(told: _Member) -> MemberSeen:
    assigned = told.member_assignment
    read = convert(assigned, _Assignment).assigned_partitions if isinstance(assigned, dict) else []
    places = tuple(Place(one.topic, number) for one in read for number in one.partitions)
    return MemberSeen(told.member_id, told.client_id, told.client_host.lstrip("/"), places)


def disks_of(told: object) -> tuple[DiskSeen, ...]:
    """The log directories of all brokers. Raises ``KafkaError`` for a directory that a broker has lost."""
    found: list[DiskSeen] = []
    for broker in convert(told, list[_BrokerDirs]):
        for log_dir in broker.log_dirs:
            if log_dir.error_code:
                raise for_code(log_dir.error_code)(f"broker {broker.broker} has lost a log directory")
            found.append(
                DiskSeen(
                    broker=broker.broker,
                    log_dir=log_dir.log_dir,
                    size_bytes=log_dir.total_bytes if log_dir.total_bytes >= 0 else None,
                    free_bytes=log_dir.usable_bytes if log_dir.usable_bytes >= 0 else None,
                    loop_bytes=sum(one.partition_size for topic in log_dir.topics for one in topic.partitions),
                )
            )
    return tuple(sorted(found, key=lambda disk: (disk.broker, disk.log_dir)))
