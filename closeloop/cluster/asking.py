"""Questions to a cluster through its admin protocol. They change nothing and join no group.

Through librdkafka: its descriptions say what the asker may do with a topic, a group or the cluster.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import Future
from datetime import UTC, datetime
from typing import Any, TypeVar

from confluent_kafka import (
    IsolationLevel,
    KafkaError,
    KafkaException,
    TopicCollection,
    TopicPartition,
)
from confluent_kafka.admin import AdminClient
from confluent_kafka.admin._listoffsets import OffsetSpec
from msgspec import Struct

from closeloop.broker.errors import BrokerError
from closeloop.broker.reach import live_brokers
from schemas.kafka_link import KafkaLink

ANSWER_S = 10.0

T = TypeVar("T")


class Partition(Struct, frozen=True, order=True):
    """A partition of a topic."""

    topic: str
    number: int

    def __str__(self) -> str:
        return f"{self.topic}/{self.number}"


class PartitionSeen(Struct, frozen=True):
    """One partition as the cluster describes it. ``leader`` is ``None`` where it has none."""

    number: int
    leader: int | None
    copies: int
    in_sync: int


class TopicSeen(Struct, frozen=True):
    """One topic. ``allowed`` are Kafka's names of what the asker may do with it, such as ``READ``."""

    name: str
    partitions: tuple[PartitionSeen, ...]
    allowed: frozenset[str]


class GroupSeen(Struct, frozen=True):
    """One group. ``state`` is Kafka's name in lower case: ``stable``, ``empty``, or ``dead`` where it never was."""

    name: str
    state: str
    members: int
    allowed: frozenset[str]


class Asker:
    """One cluster, asked. Raises :class:`BrokerError` at once where nobody answers."""

    def __init__(self, kafka: KafkaLink, within_s: float = ANSWER_S) -> None:
        self.kafka = kafka
        self._within_s = within_s
        self.brokers = live_brokers(kafka, within_s)
        # What librdkafka would write on standard error is in the answers, too.
        quiet = logging.getLogger("closeloop.cluster")
        quiet.addHandler(logging.NullHandler())
        quiet.propagate = False
        self._admin = AdminClient({**kafka.librdkafka(), "log_level": 0}, logger=quiet)

    def topics(self, names: Sequence[str] | None = None) -> dict[str, TopicSeen]:
        """The topics of these names, or all but Kafka's own, that are there.

        One that the asker may not see has no partitions and nothing ``allowed``.
        """
        try:
            listed = self._admin.list_topics(timeout=self._within_s).topics
        except KafkaException as error:
            raise self._silent(error) from None
        there = [name for name in listed if not name.startswith("__")] if names is None else list(names)
        if not there:
            return {}
        futures = self._admin.describe_topics(
            TopicCollection(there), include_authorized_operations=True, request_timeout=self._within_s
        )
        found: dict[str, TopicSeen] = {}
        for name, future in futures.items():
            try:
                described = future.result(self._within_s)
            except TimeoutError as error:
                raise self._silent(error) from None
            except KafkaException as error:
                code = error.args[0].code()
                if code == KafkaError.TOPIC_AUTHORIZATION_FAILED:
                    found[name] = TopicSeen(name, (), frozenset())
                elif code != KafkaError.UNKNOWN_TOPIC_OR_PART:
                    raise self._silent(error) from None
                continue
            found[name] = TopicSeen(
                name,
                tuple(
                    PartitionSeen(one.id, one.leader.id if one.leader else None, len(one.replicas), len(one.isr))
                    for one in described.partitions
                ),
                _names(described.authorized_operations),
            )
        return found

    def groups(self, names: Sequence[str]) -> dict[str, GroupSeen]:
        """The groups of these names; one that the asker may not see is left out, one that never was is ``dead``."""
        futures = self._admin.describe_consumer_groups(
            list(names), include_authorized_operations=True, request_timeout=self._within_s
        )
        found: dict[str, GroupSeen] = {}
        for name, future in futures.items():
            try:
                described = future.result(self._within_s)
            except TimeoutError as error:
                raise self._silent(error) from None
            except KafkaException as error:
                code = error.args[0].code()
                if code == KafkaError.GROUP_AUTHORIZATION_FAILED:
                    continue
                if code == KafkaError.GROUP_ID_NOT_FOUND:
                    found[name] = GroupSeen(name, "dead", 0, frozenset())
                    continue
                raise self._silent(error) from None
            found[name] = GroupSeen(
                name,
                described.state.name.lower(),
                len(described.members),
                _names(described.authorized_operations),
            )
        return found

    def cluster_allowed(self) -> frozenset[str]:
        """What the asker may do with the cluster as a whole."""
        asked = self._admin.describe_cluster(include_authorized_operations=True, request_timeout=self._within_s)
        return _names(self._answer(asked).authorized_operations)

    def newest_times(self, partitions: Iterable[Partition]) -> dict[Partition, tuple[int, datetime]]:
        """The end of each partition and the newest time of any of its records, of those that have one."""
        wanted = list(partitions)
        newest = OffsetSpec.max_timestamp()  # type: ignore[no-untyped-call] # confluent-kafka's
        asked = {TopicPartition(one.topic, one.number): newest for one in wanted}
        if not asked:
            return {}
        futures = self._admin.list_offsets(asked, request_timeout=self._within_s)
        found = {Partition(at.topic, at.partition): self._answer(future) for at, future in futures.items()}
        return {
            place: (told.offset, datetime.fromtimestamp(told.timestamp / 1000, UTC))
            for place, told in found.items()
            if told.timestamp > 0
        }

    def ends(self, partitions: Iterable[Partition]) -> dict[Partition, int]:
        """Where a reader of committed records is at the end of each partition."""
        return self._offsets(partitions, OffsetSpec.latest())  # type: ignore[no-untyped-call] # confluent-kafka's

    def beginnings(self, partitions: Iterable[Partition]) -> dict[Partition, int]:
        """The first offset that is still there."""
        return self._offsets(partitions, OffsetSpec.earliest())  # type: ignore[no-untyped-call] # confluent-kafka's

    def _offsets(self, partitions: Iterable[Partition], spec: Any) -> dict[Partition, int]:
        asked = {TopicPartition(one.topic, one.number): spec for one in partitions}
        if not asked:
            return {}
        futures: Mapping[TopicPartition, Future[Any]] = self._admin.list_offsets(
            asked, isolation_level=IsolationLevel.READ_COMMITTED, request_timeout=self._within_s
        )
        return {Partition(at.topic, at.partition): self._answer(future).offset for at, future in futures.items()}

    def _answer(self, future: Future[T]) -> T:
        try:
            return future.result(self._within_s)
        except (KafkaException, TimeoutError) as error:
            raise self._silent(error) from None

    def _silent(self, error: Exception) -> BrokerError:
        reason, unknown = "no answer in time", True
        if isinstance(error, KafkaException):
            reason = error.args[0].name().strip("_").lower().replace("_", " ")
            unknown = error.args[0].code() == KafkaError._UNSUPPORTED_FEATURE  # noqa: SLF001 - librdkafka's public name
        if unknown:
            reason += "; the embedded broker of `closeloop up` and `demo` does not know this question"
        return BrokerError(f"Kafka at {self.kafka.servers}: {reason}.")


def _names(operations: Iterable[Any] | None) -> frozenset[str]:
    return frozenset(operation.name for operation in operations or ())
