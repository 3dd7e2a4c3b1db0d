"""All state of one source partition: what it has counted, which ids it has seen, its books and its position. Pure."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from schemas.alerts import Alert
from schemas.deadletters import DeadLetter
from schemas.metrics import Books
from streams.chunks import Record
from streams.plan import Plan


class Forward(NamedTuple):
    """A record that lies on another partition than its customer's, to be sent to ``partition`` of the same topic."""

    partition: int
    key: bytes
    value: bytes
    headers: list[tuple[str, bytes]]


class Outcome(NamedTuple):
    """What leaves at once after a chunk: all of it under ids that follow from what caused it."""

    alerts: list[Alert]
    dead_letters: list[DeadLetter]
    forwards: list[Forward]


class PartialRow(NamedTuple):
    """A record of ``cx.partials``. ``place`` is the key that chooses its partition, None sends it to every one."""

    key: bytes
    value: bytes | None
    place: bytes | None


class Flush(NamedTuple):
    """The rows that changed since the last flush, to be written in one transaction. A value of None is a tombstone."""

    state_rows: list[tuple[bytes, bytes | None]]
    partial_rows: list[PartialRow]
    books: Books


class SourcePartition:
    """The state of one source partition, e.g. ``cx.responses/0``. One owner, no clock, no I/O."""

    def __init__(self, topic: str, partition: int, partitions: int, plan: Plan) -> None:
        """``partitions`` is the number of partitions of ``topic``."""
        raise NotImplementedError

    @property
    def position(self) -> int:
        """The last source offset applied, -1 before the first."""
        raise NotImplementedError

    @property
    def watermark(self) -> float | None:
        """The latest event time seen, seconds UTC."""
        raise NotImplementedError

    @property
    def overflowed(self) -> int:
        """Events (once for each cut) counted under the ``other`` key because their cut had its most keys."""
        raise NotImplementedError

    @property
    def silenced(self) -> int:
        """Alerts not raised because their event was older than ``alert_max_age``."""
        raise NotImplementedError

    def apply(self, records: Sequence[Record], now: float) -> Outcome:
        """Take the records of a chunk in their order. ``now`` is the wall clock, seconds UTC.

        Records at or below the position are skipped: they were applied before.
        """
        raise NotImplementedError

    def dirty(self, now: float) -> Flush | None:
        """The rows that changed since the last call, or None. The caller writes them, all or none, or dies."""
        raise NotImplementedError

    def restore(self, rows: Iterable[tuple[bytes, bytes | None]]) -> None:
        """Rebuild the state from its rows, in log order; of a key the last row counts. Raises ValueError."""
        raise NotImplementedError
