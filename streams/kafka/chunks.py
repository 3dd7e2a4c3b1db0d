"""A fetched run of records of one partition, and the ledger that says how far it may be committed. Pure."""

from collections import deque
from collections.abc import Iterator, Sequence
from typing import Protocol


class Record(Protocol):
    """One Kafka record as the fetch delivers it (aiokafka's ``ConsumerRecord`` has these attributes)."""

    @property
    def offset(self) -> int:
        """Position in the partition."""

    @property
    def timestamp(self) -> int:
        """Milliseconds since the epoch: the broker's arrival time or the sender's, as the topic is configured."""

    @property
    def key(self) -> bytes | None:
        """The key, None if the sender gave none."""

    @property
    def value(self) -> bytes | None:
        """The payload, None for a tombstone."""

    @property
    def headers(self) -> Sequence[tuple[str, bytes]]:
        """Header names and their bytes, in the sender's order."""


class Chunk:
    """Records of one partition in offset order. ``first`` and ``last`` are the offsets of its ends.

    Offsets between the two may be missing: compaction and transaction markers leave holes. Compared by identity,
    because a redelivered chunk is another delivery even when it holds the same records.
    """

    __slots__ = ("first", "last", "partition", "records", "topic")

    def __init__(self, topic: str, partition: int, records: Sequence[Record]) -> None:
        self.topic = topic
        self.partition = partition
        self.records = records
        self.first = records[0].offset
        self.last = records[-1].offset

    def __len__(self) -> int:
        return len(self.records)

    def __repr__(self) -> str:
        return f"<Chunk {self.topic}/{self.partition} {self.first}..{self.last} ({len(self.records)})>"


def split(topic: str, partition: int, records: Sequence[Record], limit: int) -> Iterator[Chunk]:
    """Cut one partition's fetched records into chunks of at most ``limit``."""
    for start in range(0, len(records), limit):
        yield Chunk(topic, partition, records[start : start + limit])


class OffsetLedger:
    """The chunks of one partition that were delivered, in order, and which of them are done.

    Only an unbroken run of done chunks from the front may be committed, whatever order they finish in.
    """

    __slots__ = ("_done", "_open", "_position")

    def __init__(self) -> None:
        self._open: deque[Chunk] = deque()
        self._done: set[Chunk] = set()
        self._position: int | None = None

    def deliver(self, chunk: Chunk) -> None:
        """Enter a chunk on its way to the agent.

        Raises ValueError if it does not lie behind everything delivered before: a seek without a fresh ledger.
        """
        behind = self._open[-1].last + 1 if self._open else self._position
        if behind is not None and chunk.first < behind:
            raise ValueError(f"{chunk!r} was delivered after offset {behind - 1}: the ledger was not reset by a seek")
        self._open.append(chunk)

    def release(self, chunk: Chunk) -> bool:
        """Mark a chunk done: all that follows from it is durable. False if it is not open here (a past delivery)."""
        if chunk in self._done or not any(chunk is known for known in self._open):
            return False
        self._done.add(chunk)
        while self._open and self._open[0] in self._done:
            head = self._open.popleft()
            self._done.remove(head)
            self._position = head.last + 1
        return True

    @property
    def committable(self) -> int | None:
        """The offset to commit (the next one to read), or None while nothing is done."""
        return self._position

    @property
    def open_records(self) -> int:
        """Delivered records that are not done yet."""
        return sum(len(chunk) for chunk in self._open)
