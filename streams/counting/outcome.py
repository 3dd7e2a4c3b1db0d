"""What a source partition has to say: at once after a chunk, and at a flush."""

from typing import NamedTuple

from schemas.alerts import Alert
from schemas.deadletters import DeadLetter
from schemas.metrics import Books
from streams.counting.panes import PartialRow
from streams.kafka.forwarding import Forward


class Outcome(NamedTuple):
    """What leaves at once after a chunk: all of it under ids that follow from what caused it."""

    alerts: list[Alert]
    dead_letters: list[DeadLetter]
    forwards: list[Forward]


class Flush(NamedTuple):
    """The rows that changed since the last flush, to be written in one transaction. A value of None is a tombstone.

    The order of ``partial_rows`` is to be kept: the tick comes last and tells each merge partition that all is there.
    """

    state_rows: list[tuple[bytes, bytes | None]]
    partial_rows: list[PartialRow]
    books: Books
