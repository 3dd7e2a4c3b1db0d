"""State kept in a compacted topic: the writer that only one process can hold, and the reader that recovers it.

A flush is one Kafka transaction: after a crash either all rows of a flush are there or none, so all keys of a source
partition always stand at the same offset, which a position row of the same flush states. The transactional id belongs
to the source partition: opening a writer fences every earlier holder of it and ends what that one left open.
Decision 0005.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from types import TracebackType
from typing import Any, NamedTuple, Self

from confluent_kafka import Consumer, KafkaError, KafkaException, Message, Producer, TopicPartition

from schemas.deadletters import LETTER_BYTES
from schemas.kafka_link import KafkaLink
from schemas.topics import RECOVERY_NAME

log = logging.getLogger("closeloop.kafka")

"""Further settings of librdkafka's clients, such as those of TLS and SASL."""

READ_BATCH = 10_000
HOPELESS_CODES = frozenset(
    {
        KafkaError.MSG_SIZE_TOO_LARGE,
        KafkaError.RECORD_LIST_TOO_LARGE,
        KafkaError.INVALID_RECORD,
        KafkaError.TOPIC_AUTHORIZATION_FAILED,
        KafkaError.TRANSACTIONAL_ID_AUTHORIZATION_FAILED,
    }
)
"""Refusals that a second attempt would meet again."""
RETRY_PAUSE_S = 0.1
SLICE_S = 1.0
"""librdkafka's blocking calls cannot be interrupted, so none is longer."""

ANY_PARTITION = -1
"""librdkafka's word for: the partitioner decides."""

LEASE_KEY = b"\x00lease"
"""Key of the tombstones that ask whether a partition is still held; no state row begins with a zero byte."""

FENCED_CODES = frozenset(
    {
        KafkaError._FENCED,  # noqa: SLF001  librdkafka's own error codes are spelled with an underscore
        KafkaError.PRODUCER_FENCED,
        KafkaError.INVALID_PRODUCER_EPOCH,
    }
)


class OutRecord(NamedTuple):
    """One record of a flush. ``partition`` None lets the key decide (murmur2); ``value`` None deletes the key."""

    topic: str
    key: bytes
    value: bytes | None
    partition: int | None = None


class Row(NamedTuple):
    """One row as it was read. A ``value`` of None deletes the key."""

    offset: int
    key: bytes
    value: bytes | None


class ChangelogError(Exception):
    """State could not be read or written."""


class FencedError(ChangelogError):
    """Another process holds this partition's state now. What was not flushed belongs to it: stop, never retry."""


class FlushError(ChangelogError):
    """A flush was undone and kept failing until its time was up. The state in memory is ahead of what is durable."""


@dataclass(frozen=True, slots=True)
class WriterSettings:
    """Time limits in seconds. A delivery has to fail before its transaction runs out, and that before a flush does."""

    flush_timeout: float = 30.0
    transaction_timeout: float = 15.0
    delivery_timeout: float = 10.0
    open_timeout: float = 30.0
    compression: str = "none"
    """Readers in Python decode gzip alone without further packages; rows are small, so the default is not to."""
    fencing: bool = True
    """False writes without transactions, for brokers that have none. For trying out: a crash between the rows of a
    flush, or a second process, can then leave state that never was."""


class ChangelogWriter:
    """Writes the flushes of one source partition. Calls run in a thread of its own, one after the other."""

    def __init__(
        self,
        kafka: KafkaLink,
        transactional_id: str,
        settings: WriterSettings | None = None,
    ) -> None:
        self.transactional_id = transactional_id
        self._settings = settings or WriterSettings()
        config: dict[str, str | int | float | bool] = {
            **kafka.librdkafka(),
            "client.id": transactional_id,
            "acks": "all",
            "enable.idempotence": True,
            "partitioner": "murmur2_random",
            "compression.type": self._settings.compression,
            "linger.ms": 1,
            "message.max.bytes": LETTER_BYTES,
            "message.timeout.ms": int(self._settings.delivery_timeout * 1000),
            "log_level": 3,
        }
        if self._settings.fencing:
            config["transactional.id"] = transactional_id
            config["transaction.timeout.ms"] = int(self._settings.transaction_timeout * 1000)
        self._config = config
        self._producer: Any = None
        self._closing = False
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix=transactional_id)

    async def open(self) -> None:
        """Take the partition: fence earlier holders and end what they left open. Raises ChangelogError."""
        await self._in_thread(self._open)

    async def flush(self, records: Sequence[OutRecord]) -> None:
        """Write all records or none. Returns once they are durable.

        Raises FencedError if another process has taken the partition, FlushError if the broker refused until the time
        was up; in both cases readers of committed records see none of them.
        """
        if records:
            await self._in_thread(self._flush, records)

    async def still_held(self, topic: str, partition: int) -> bool:
        """Whether nobody has taken the partition since :meth:`open`: a tombstone of no key's is written to find out."""
        if not self._settings.fencing:
            return True  # such a broker has one member a group: nobody can have been in between
        try:
            await self.flush([OutRecord(topic, LEASE_KEY, None, partition)])
        except FencedError:
            return False
        return True

    async def close(self) -> None:
        """Let go of the connection, cutting short what is under way. The partition stays taken until it is opened."""
        self._closing = True
        await self._in_thread(self._close)
        self._thread.shutdown(wait=False)

    async def _in_thread(self, call: Callable[..., None], *args: Any) -> None:
        await asyncio.get_running_loop().run_in_executor(self._thread, call, *args)

    def _open(self) -> None:
        self._producer = Producer(self._config, logger=log)
        if self._settings.fencing:
            try:
                self._insist(self._producer.init_transactions, time.monotonic() + self._settings.open_timeout)
            except KafkaException as exc:
                raise _translate(exc, f"cannot take {self.transactional_id}") from exc

    def _close(self) -> None:
        self._producer = None

    def _flush(self, records: Sequence[OutRecord]) -> None:
        if self._producer is None:
            raise ChangelogError(f"{self.transactional_id} is not open")
        deadline = time.monotonic() + self._settings.flush_timeout
        while True:
            try:
                self._attempt(records, deadline)
            except KafkaException as exc:
                error = _translate(exc, f"flush of {self.transactional_id} failed")
                if isinstance(error, FencedError) or exc.args[0].fatal():
                    raise error from exc
                self._abort()
                if self._is_over(deadline) or exc.args[0].code() in HOPELESS_CODES:
                    raise error from exc
                time.sleep(RETRY_PAUSE_S)
            else:
                return

    def _attempt(self, records: Sequence[OutRecord], deadline: float) -> None:
        """One transaction. Raises KafkaException; the caller aborts and decides whether to try again."""
        failures: list[KafkaError] = []

        def delivered(error: KafkaError | None, _message: Message) -> None:
            if error is not None:
                failures.append(error)

        # A transaction's commit reports failed deliveries itself, and a callback a row would cost as much as the row.
        watched: dict[str, Any] = {} if self._settings.fencing else {"on_delivery": delivered}
        if self._settings.fencing:
            self._producer.begin_transaction()
        produce = self._producer.produce
        for topic, key, value, partition in records:
            where = ANY_PARTITION if partition is None else partition
            while True:
                try:
                    produce(topic, value, key, where, **watched)
                except BufferError:
                    self._make_room(deadline)
                else:
                    break
        if self._settings.fencing:
            self._insist(self._producer.commit_transaction, deadline)
        elif self._producer.flush(max(deadline - time.monotonic(), 0.1)) and not failures:
            raise KafkaException(KafkaError(KafkaError._TIMED_OUT))  # noqa: SLF001
        if failures:
            raise KafkaException(failures[0])

    def _make_room(self, deadline: float) -> None:
        if self._is_over(deadline):
            raise KafkaException(KafkaError(KafkaError._QUEUE_FULL))  # noqa: SLF001
        self._producer.poll(0.05)

    def _insist(self, call: Callable[[float], None], deadline: float) -> None:
        """Ask again for as long as the answer is unknown, which these calls allow. In slices, so that closing is heard.

        Raises KafkaException.
        """
        while True:
            try:
                call(SLICE_S)
            except KafkaException as exc:
                error = exc.args[0]
                if not error.retriable() or error.txn_requires_abort() or self._is_over(deadline):
                    raise
                time.sleep(RETRY_PAUSE_S)
            else:
                return

    def _is_over(self, deadline: float) -> bool:
        return self._closing or time.monotonic() >= deadline

    def _abort(self) -> None:
        if not self._settings.fencing or self._closing:
            return  # whoever opens the partition next ends the transaction
        try:
            self._insist(self._producer.abort_transaction, time.monotonic() + self._settings.delivery_timeout)
        except KafkaException as exc:
            raise _translate(exc, f"abort of {self.transactional_id} failed") from exc


def _translate(exc: KafkaException, what: str) -> ChangelogError:
    error: KafkaError = exc.args[0]
    if error.code() in FENCED_CODES:
        return FencedError(f"{what}: another process holds this partition ({error.name()})")
    return FlushError(f"{what}: {error.name()}: {error.str()}")


class ChangelogReader:
    """Reads one partition of a compacted topic from its beginning to where it ended when the reading got there.

    Only committed records; the end is what the broker reports as the end of the partition, never a count of offsets:
    compaction and transaction markers leave holes, also at the end. Open it after the writer, whose opening ends the
    predecessor's transaction: before that, the end that readers see may lie before rows that count.
    """

    def __init__(self, kafka: KafkaLink, topic: str, partition: int) -> None:
        self._where = TopicPartition(topic, partition, 0)
        self._consumer = Consumer(
            {
                **kafka.librdkafka(),
                "group.id": RECOVERY_NAME,  # never joined nor committed; librdkafka wants a name
                "enable.auto.commit": False,
                "enable.partition.eof": True,
                "isolation.level": "read_committed",
                "auto.offset.reset": "earliest",  # where offset 0 is gone, the log's start is the beginning
                "queued.min.messages": 100_000,
                "fetch.message.max.bytes": 8_388_608,
                "fetch.wait.max.ms": 50,
                "log_level": 3,
            },
            logger=log,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, exc: BaseException | None, tb: TracebackType | None) -> None:
        self._consumer.close()

    def batches(self, stall_timeout: float = 30.0) -> Iterator[list[Row]]:
        """Rows in log order, in large lists; of a key the last row counts.

        Blocks: run it in a thread. Raises ChangelogError when nothing arrives for ``stall_timeout`` seconds.
        """
        self._consumer.assign([self._where])
        heard = time.monotonic()
        while True:
            messages = self._consumer.consume(READ_BATCH, 0.1)
            if not messages:
                if time.monotonic() - heard > stall_timeout:
                    raise ChangelogError(f"{self._name}: no answer for {stall_timeout:g} s while reading state")
                continue
            heard = time.monotonic()
            rows: list[Row] = []
            ended = False
            for message in messages:
                error = message.error()
                if error is None:
                    rows.append(Row(message.offset() or 0, message.key() or b"", message.value()))
                elif error.code() == KafkaError._PARTITION_EOF:  # noqa: SLF001
                    ended = True
                elif not error.retriable() or error.fatal():
                    raise ChangelogError(f"{self._name}: {error.name()}: {error.str()}")
            if rows:
                yield rows
            if ended:
                return

    @property
    def _name(self) -> str:
        return f"{self._where.topic}/{self._where.partition}"


def _replay(kafka: KafkaLink, topic: str, partition: int, take: Callable[[Sequence[Row]], None]) -> int:
    read = 0
    with ChangelogReader(kafka, topic, partition) as reader:
        for batch in reader.batches():
            take(batch)
            read += len(batch)
    return read


async def replay_partition(
    kafka: KafkaLink,
    topic: str,
    partition: int,
    take: Callable[[Sequence[Row]], None],
) -> int:
    """Read a partition from beginning to end in a thread; ``take`` is called there with one list of rows after another.

    Returns how many rows there were. Raises ChangelogError, and what ``take`` raises.
    """
    return await asyncio.to_thread(_replay, kafka, topic, partition, take)


async def read_partition(kafka: KafkaLink, topic: str, partition: int) -> dict[bytes, bytes]:
    """The last value of every living key of a compacted partition. Raises ChangelogError."""
    rows: dict[bytes, bytes] = {}

    def take(batch: Sequence[Row]) -> None:
        for row in batch:
            if row.value is None:
                rows.pop(row.key, None)
            else:
                rows[row.key] = row.value

    await replay_partition(kafka, topic, partition, take)
    return rows
