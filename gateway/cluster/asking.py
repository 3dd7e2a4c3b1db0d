"""One look at the cluster through the admin API. A fact that cannot be had is named in the look, and never fails it.

Groups, offsets and disks are asked for through kafka-python: librdkafka's admin client (2.16) ends the process by a
segmentation fault when a group's coordinator is not there, and cannot ask for log directories. Whether Kafka answers at
all is librdkafka's to find out: each kafka-python client that cannot connect leaves a thread behind.
"""

import math
import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar

import msgspec
from confluent_kafka import KafkaError as LibrdkafkaError
from confluent_kafka import KafkaException
from kafka import TopicPartition
from kafka.admin import KafkaAdminClient, OffsetSpec
from kafka.errors import KafkaError

from gateway.cluster.answers import brokers_of, disks_of, groups_of, partitions_of
from gateway.cluster.looks import DiskSeen, GroupSeen, Look, PartitionSeen, Place, Reading, Unread, readings
from gateway.cluster.unread import RecordReader
from schemas.kafka_link import KafkaLink
from schemas.kafka_python import kafka_python
from schemas.topics import PIPELINE_NAME, READERS, catalogue

DISKS_EVERY_SECONDS = 30.0
_DEADLINE_MS = 4_000
_INTERNAL = ("__consumer_offsets", "__transaction_state")
_EMBEDDED_API = (2, 3)
_EMBEDDED = "not known: the embedded broker does not tell"
_CATALOGUE = tuple(spec.name for spec in catalogue())

T = TypeVar("T")


class ClusterReader:
    """Looks at the cluster. For one thread; its clients connect when they are first needed."""

    def __init__(
        self,
        kafka: KafkaLink,
        *,
        embedded: bool = False,
        topics: Iterable[str] = _CATALOGUE,
        readers: Mapping[str, tuple[str, ...]] = READERS,
        patience: float = 4.0,
    ) -> None:
        """``topics`` are those to look at, ``readers`` the groups with the topics that each reads.

        ``patience`` is how many seconds a broker may take to answer at all.
        """
        self._kafka = kafka
        self._embedded = embedded
        self._readers = dict(readers)
        self._topics = frozenset(topics)
        self._admin: Any = None
        self._records = RecordReader(kafka, embedded=embedded, patience=patience)
        self._disks_at = -math.inf
        self._disks: tuple[DiskSeen, ...] | None = None

    def look(self, at: float) -> Look:
        """Ask for everything; ``at`` is now, seconds since the epoch. Takes milliseconds, or its deadlines."""
        unknown: dict[str, str] = {}
        try:
            look = self._metadata(at)
        except KafkaException as error:
            self._forget()
            return Look(at=at, unknown={"kafka": f"not known: Kafka does not answer ({_why(error)})"})
        # Commits before ends: what arrives between the two is then lag of a millisecond, never a negative one.
        groups = self._read_groups(look, unknown)
        partitions = self._read_offsets(look, unknown)
        look = msgspec.structs.replace(look, groups=groups, partitions=partitions)
        look = msgspec.structs.replace(
            look, unread=self._read_unread(look, unknown), disks=self._read_disks(look, unknown), unknown=unknown
        )
        if any(why != _EMBEDDED for why in unknown.values()):
            self._forget()  # an answer may rest on a leader or a coordinator that is it no more
        return look

    def close(self) -> None:
        """End all clients."""
        self._records.close()
        self._forget()

    def _forget(self) -> None:
        if self._admin is not None:
            self._admin.close()
            self._admin = None

    def _metadata(self, at: float) -> Look:
        told = self._records.metadata()
        return Look(
            at=at,
            brokers=brokers_of(told),
            partitions=partitions_of(told, self._topics),
            internal=tuple(partitions_of(told, _INTERNAL).values()),
        )

    def _asking(self) -> Any:
        """The admin client. Raises ``KafkaError``."""
        if self._admin is None:
            version = {"api_version": _EMBEDDED_API} if self._embedded else {}
            self._admin = KafkaAdminClient(
                **kafka_python(self._kafka),
                client_id=PIPELINE_NAME,
                request_timeout_ms=_DEADLINE_MS,
                bootstrap_timeout_ms=_DEADLINE_MS,
                **version,
            )
        return self._admin

    def _read_groups(self, look: Look, unknown: dict[str, str]) -> dict[str, GroupSeen]:
        places = [TopicPartition(place.topic, place.partition) for place in sorted(look.partitions)]
        if not places:
            return {}
        committed = _result(
            lambda: self._asking().list_group_offsets(dict.fromkeys(self._readers, places)),
            "committed offsets",
            unknown,
        )
        described = None
        if self._embedded:
            unknown["members"] = _EMBEDDED
        else:
            described = _result(
                lambda: groups_of(self._asking().describe_groups(list(self._readers))), "members", unknown
            )
        found: dict[str, GroupSeen] = {}
        for group in self._readers:
            state, members = None, None
            told = (described or {}).get(group)
            if isinstance(told, str):
                unknown[f"members of {group}"] = f"not known: {told}"
            elif told is not None:
                state, members = told
            found[group] = GroupSeen(state, members, None if committed is None else _positions(committed[group]))
        return found

    def _read_offsets(self, look: Look, unknown: dict[str, str]) -> dict[Place, PartitionSeen]:
        led = [place for place, one in look.partitions.items() if one.leader is not None]

        def ask(spec: Any, level: str) -> dict[Place, int]:
            wanted = {TopicPartition(place.topic, place.partition): spec for place in led}
            told = self._asking().list_partition_offsets(wanted, isolation_level=level) if wanted else {}
            return {Place(place.topic, place.partition): int(one.offset) for place, one in told.items()}

        def all_three() -> tuple[dict[Place, int], dict[Place, int], dict[Place, int]]:
            committed = "read_uncommitted" if self._embedded else "read_committed"
            return (
                ask(OffsetSpec.EARLIEST, "read_uncommitted"),
                ask(OffsetSpec.LATEST, committed),
                ask(OffsetSpec.LATEST, "read_uncommitted"),
            )

        begins, stable, ends = _result(all_three, "offsets", unknown) or ({}, {}, {})
        return {
            place: msgspec.structs.replace(
                one, begin=begins.get(place), stable_end=stable.get(place), end=ends.get(place)
            )
            for place, one in look.partitions.items()
        }

    def _read_unread(self, look: Look, unknown: dict[str, str]) -> dict[Reading, Unread | None]:
        wanted: dict[Reading, tuple[int, int]] = {}
        for reading, position in readings(look, self._readers).items():
            end = look.partitions[reading.place].stable_end
            if position is not None and end is not None:
                wanted[reading] = (position, end)
        return _result(lambda: self._records.read(wanted), "age of lag", unknown) or {}

    def _read_disks(self, look: Look, unknown: dict[str, str]) -> tuple[DiskSeen, ...] | None:
        if self._embedded:
            unknown["disks"] = _EMBEDDED
            return None
        now = time.monotonic()
        if now - self._disks_at >= DISKS_EVERY_SECONDS:
            self._disks_at = now
            numbers: dict[str, list[int]] = {}
            for place in look.partitions:
                numbers.setdefault(place.topic, []).append(place.partition)
            self._disks = _result(lambda: disks_of(self._asking().describe_log_dirs(numbers)), "disks", unknown)
        elif self._disks is None:
            unknown["disks"] = "not known: the brokers did not tell, and are asked again within half a minute"
        return self._disks


def _positions(committed: Mapping[Any, Any]) -> dict[Place, int]:
    return {Place(place.topic, place.partition): one.offset for place, one in committed.items() if one.offset >= 0}


def _result(ask: Callable[[], T], fact: str, unknown: dict[str, str]) -> T | None:
    """The answer, or ``None`` with the reason kept."""
    try:
        return ask()
    except (KafkaError, KafkaException, msgspec.ValidationError) as error:
        unknown[fact] = f"not known: {_why(error)}"
        return None


def _why(error: Exception) -> str:
    """The name of what went wrong; texts may hold addresses."""
    told = error.args[0] if error.args else None
    return str(told.name()) if isinstance(told, LibrdkafkaError) else type(error).__name__
