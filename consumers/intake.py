"""The intake loop of the desk and the recorder: poll, handle a batch in one SQL transaction, then commit the offsets.

The order is the guarantee: a crash between the two leaves records that are delivered again, and every handler knows
what it has already taken.
"""

import threading
import time
from collections.abc import Callable, Sequence

import structlog
from kafka import ConsumerRebalanceListener, KafkaConsumer, OffsetAndMetadata, TopicPartition
from kafka.errors import CommitFailedError, KafkaError
from msgspec import Struct

from consumers import kafka_clients
from consumers.database_errors import is_passing
from consumers.measures import Measures
from consumers.parts import Backoff
from schemas.settings import Settings

POLL_MS = 500
STALL_LIMIT_S = 120.0
"""A partition whose end moves while its position does not for this long means a client that hangs."""
JOIN_LIMIT_S = 20.0
"""A member that its group has not settled with for this long is made anew: its client may wait for an answer that never
comes, as kafka-python does for five minutes after a coordinator that had just begun."""
_WATCH_EVERY_S = 10.0
_OURS = "closeloop-"


class Record(Struct, frozen=True):
    """One Kafka record as a handler sees it."""

    topic: str
    partition: int
    offset: int
    timestamp_ms: int
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes | None], ...] = ()


Handle = Callable[[Sequence[Record]], None]
"""Takes a batch in one SQL transaction. Called again with the same batch when the database went away."""


class Stalled(Exception):  # noqa: N818 - a state of the client; the process ends by it and is started again
    """A partition has records that the client does not deliver."""


class Intake:
    """Reads topics as a consumer group and gives each polled batch to a handler."""

    def __init__(
        self,
        settings: Settings,
        group: str,
        topics: Sequence[str],
        handle: Handle,
        measures: Measures,
        stop: threading.Event,
        max_poll_records: int = 500,
    ) -> None:
        self._settings = settings
        self._group = group
        self._topics = tuple(topics)
        self._handle = handle
        self._measures = measures
        self._stop = stop
        self._max_poll_records = max_poll_records
        self._assigned = threading.Event()
        self._measured: set[TopicPartition] = set()
        self._log = structlog.get_logger().bind(group=group)

    def ready(self) -> bool:
        """Whether the group has given this member its partitions."""
        return self._assigned.is_set()

    def run(self) -> None:
        """Read until told to stop. Passing Kafka and database errors are waited out; any other exception leaves."""
        backoff = Backoff()
        while not self._stop.is_set():
            consumer: KafkaConsumer | None = None
            try:
                consumer = kafka_clients.group_consumer(self._settings, self._group, self._max_poll_records)
                consumer.subscribe(list(self._topics), listener=_Flags(self._assigned))
                self._read(consumer, backoff)
            except KafkaError as error:
                if not kafka_clients.is_passing(error):
                    raise
                self._retry("kafka", error)
                backoff.wait(self._stop)
            finally:
                self._assigned.clear()
                if consumer is not None:
                    consumer.close(autocommit=False, timeout_ms=3_000)

    def _read(self, consumer: KafkaConsumer, backoff: Backoff) -> None:
        watch, joining = _StallWatch(time.monotonic()), _JoinWatch(time.monotonic())
        while not self._stop.is_set():
            if joining.too_long(joined=self._assigned.is_set(), now=time.monotonic()):
                self._measures.retries.labels(self._group, "join").inc()
                self._log.warning("not settled with the group; the member is made anew", seconds=JOIN_LIMIT_S)
                return
            polled = consumer.poll(timeout_ms=POLL_MS)
            records = [_record(raw) for batch in polled.values() for raw in batch]
            if records:
                self._until_handled(records)
                if self._stop.is_set() and not self._handled:
                    return
                self._commit(consumer, records)
                backoff.reset()
            if self._assigned.is_set():
                self._measures.process.succeeded(self._group.removeprefix(_OURS))
            if watch.due(time.monotonic()):
                self._observe(consumer, watch)

    def _until_handled(self, records: Sequence[Record]) -> None:
        """Give the batch to the handler until the database takes it: never skipped, never committed before."""
        self._handled = False
        backoff = Backoff()
        while not self._stop.is_set():
            try:
                self._handle(records)
            except Exception as error:
                if not is_passing(error):
                    raise
                self._retry("database", error)
                backoff.wait(self._stop)
            else:
                self._handled = True
                return

    _handled = False

    def _commit(self, consumer: KafkaConsumer, records: Sequence[Record]) -> None:
        ends = {TopicPartition(record.topic, record.partition): record.offset + 1 for record in records}
        try:
            consumer.commit({partition: OffsetAndMetadata(end, "", -1) for partition, end in ends.items()})
        except CommitFailedError:
            # Another member has the partitions now; it gets these records again, and its handler knows them.
            self._log.warning("offsets not committed: the group has rebalanced")
            return
        self._measures.last_commit.labels(self._group).set_to_current_time()
        for record in records:
            self._measures.records.labels(self._group, record.topic).inc()

    def _observe(self, consumer: KafkaConsumer, watch: "_StallWatch") -> None:
        now = time.monotonic()
        partitions = sorted(consumer.assignment())
        ends = consumer.end_offsets(partitions) if partitions else {}
        for gone in self._measured.difference(partitions):
            self._measures.forget_partition(self._group, gone.topic, gone.partition)
        self._measured = set(partitions)
        for partition in partitions:
            position = consumer.position(partition, timeout_ms=1_000)
            if position is None:
                continue
            lag = max(0, ends[partition] - position)
            self._measures.lag.labels(self._group, partition.topic, str(partition.partition)).set(lag)
            if watch.stalled(partition, position, lag, now):
                raise Stalled(f"{partition.topic}/{partition.partition}: {lag} records are not delivered")

    def _retry(self, cause: str, error: Exception) -> None:
        self._measures.retries.labels(self._group, cause).inc()
        self._log.warning("waiting, then trying again", cause=cause, error=type(error).__name__)


class _Flags(ConsumerRebalanceListener):  # type: ignore[misc] # kafka-python carries no types
    """Runs on the client's I/O thread, so it only sets a flag."""

    def __init__(self, assigned: threading.Event) -> None:
        self._assigned = assigned

    def on_partitions_revoked(self, revoked: object) -> None:
        """The partitions are being handed over."""
        del revoked
        self._assigned.clear()

    def on_partitions_assigned(self, assigned: object) -> None:
        """The group is settled; a member may also get nothing to read."""
        del assigned
        self._assigned.set()


class _JoinWatch:
    """Remembers since when a member has been without its group (monotonic seconds)."""

    def __init__(self, now: float) -> None:
        self._since = now

    def too_long(self, *, joined: bool, now: float) -> bool:
        """Whether it has waited for longer than :data:`JOIN_LIMIT_S`."""
        if joined:
            self._since = now
        return now - self._since > JOIN_LIMIT_S


class _StallWatch:
    """Remembers when each partition's position last moved while there was something to read (monotonic seconds)."""

    def __init__(self, now: float) -> None:
        self._next = now + _WATCH_EVERY_S
        self._moved: dict[TopicPartition, tuple[int, float]] = {}

    def due(self, now: float) -> bool:
        """Whether it is time to look, at most once in ten seconds."""
        if now < self._next:
            return False
        self._next = now + _WATCH_EVERY_S
        return True

    def stalled(self, partition: TopicPartition, position: int, lag: int, now: float) -> bool:
        """Whether the position has stood still for too long in front of waiting records."""
        before, since = self._moved.get(partition, (-1, now))
        if position != before or lag == 0:
            self._moved[partition] = (position, now)
            return False
        return now - since > STALL_LIMIT_S


def _record(raw: object) -> Record:
    headers = tuple(raw.headers or ())  # type: ignore[attr-defined] # kafka-python carries no types
    return Record(
        topic=raw.topic,  # type: ignore[attr-defined]
        partition=raw.partition,  # type: ignore[attr-defined]
        offset=raw.offset,  # type: ignore[attr-defined]
        timestamp_ms=raw.timestamp,  # type: ignore[attr-defined]
        key=raw.key,  # type: ignore[attr-defined]
        value=raw.value,  # type: ignore[attr-defined]
        headers=headers,
    )
