"""All state of one partition of ``cx.cases``: how fast the loop closes, counted as the answers are. Pure.

As with :class:`~streams.counting.source_state.SourcePartition` everything is a function of the records in their order
and of the time given. What makes it smaller: cases are few, we key the topic ourselves, and each event says all that
its case has come to, so that a case remembers its newest version in the place of ids.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime

import msgspec
from msgspec import Struct

from schemas.cases import CaseEvent
from schemas.cloudevents import arrival
from schemas.deadletters import DeadLetter, InvalidEvent, dead_letter
from schemas.metrics import DAY, Books, Partial, Tick
from schemas.signals import Signal, SignalEvent
from schemas.topics import CASES
from streams.counting import panes
from streams.counting.case_times import Steps, counts_of, read_case, steps_of
from streams.counting.outcome import Flush, Outcome
from streams.counting.panes import Group, PaneStore, PartialRow
from streams.counting.position import POSITION_KEY, Layout, Position, read_position
from streams.counting.series import Extractor, SeriesIndex
from streams.counting.windows import Calendar, Horizon
from streams.kafka.chunks import Record
from streams.kafka.forwarding import Origin, signal
from streams.plan import Plan

PREFIX = b'["case",'
"""How the keys of cases begin."""

_NO_TIME = 0.0
"""The watermark of a source that moves nobody's clock."""

_LONGER_S = 2 * 86_400
"""Seconds that a case is remembered longer than the history: until the last of its panes is gone."""

_partials = msgspec.json.Decoder(Partial)


class CaseMemory(Struct, frozen=True, array_like=True):
    """What is remembered of a case: its newest version, when that was (seconds UTC), and the steps that it counts."""

    version: int
    at: int
    steps: Steps


_memories = msgspec.msgpack.Decoder(CaseMemory)
_encode = msgspec.msgpack.Encoder().encode


class CasePartition:
    """The state of one partition of ``cx.cases``. One owner, no clock, no I/O.

    Each case counts once a step, in the pane of the step's own time: its first acknowledgement, its first contact, and
    its resolution, which leaves its pane again when the case is opened anew.

    Under ``--clock event`` people still act today, whatever time the replayed events are of: their times move no
    window of the events, and nobody is said to have been helped before an answer of then.

    Memory: about 200 bytes for each case with an event within the history, besides what
    :class:`~streams.counting.panes.PaneStore` states. When a case is forgotten all its steps have left the history.
    """

    def __init__(self, partition: int, plan: Plan) -> None:
        self._partition = partition
        self._plan = plan
        self._extractor = Extractor(CaseEvent, plan.cuts)
        calendar = Calendar(plan.zone)
        self._horizon = Horizon(plan.windows, calendar, plan.history_days)
        self._index = SeriesIndex(self._extractor.cuts, plan.max_keys_per_cut)
        source = f"{CASES}/{partition}"
        self._panes = PaneStore(source, plan.windows, calendar, self._index)
        self._cases: dict[bytes, bytes] = {}
        self._changed: set[bytes] = set()
        self._swept: int | None = None
        self._layout = Layout.of(plan)
        self._groups: dict[Group, int] = {}
        self._obsolete: list[PartialRow] = []
        self._at = Position(source=source, layout=self._layout)
        self._flushed = self._at.offset

    @property
    def position(self) -> int:
        """The last source offset applied, -1 before the first."""
        return self._at.offset

    @property
    def overflowed(self) -> int:
        """Words (once for each cut) counted under the ``other`` key because their cut had its most keys."""
        return self._at.overflowed

    @property
    def silenced(self) -> int:
        """None: cases raise no alerts."""
        return 0

    @property
    def cases(self) -> int:
        """Cases that are remembered now."""
        return len(self._cases)

    @property
    def series(self) -> int:
        """Series that have panes now; those of the last chunks are known after a flush."""
        return len(self._index)

    def apply(self, records: Sequence[Record], now: float) -> Outcome:
        """Take the records of a chunk in their order. ``now`` is the wall clock, seconds UTC.

        Records at or below the position are skipped: they were applied before.
        """
        outcome = Outcome([], [], [])
        at = self._at
        if self._plan.clock == "wall":
            self._horizon.advance(now)
        for record in records:
            if record.offset <= at.offset:
                continue
            at.offset = record.offset
            at.received += 1
            try:
                event = read_case(record.value)
            except InvalidEvent as error:
                at.dead_letters[error.reason] = at.dead_letters.get(error.reason, 0) + 1
                outcome.dead_letters.append(self._dead_letter(record, error, now))
            else:
                self._take(event, outcome)
        return outcome

    def dirty(self, now: float) -> Flush | None:
        """The rows that changed since the last call, or None. The caller writes them, all or none, or dies.

        ``now`` is the wall clock, seconds UTC.
        """
        if self._plan.clock == "wall":
            self._horizon.advance(now)
        partial_rows, self._obsolete = self._obsolete, []
        if self._horizon.now is not None:
            self._at.overflowed += self._panes.fold(self._groups, self._horizon.oldest)
            self._groups.clear()
            partial_rows.extend(self._panes.expire(self._horizon.oldest))
            partial_rows.extend(self._panes.changed(self._at.offset))
            self._forget_old_cases(self._horizon.oldest[DAY])
        state_rows: list[tuple[bytes, bytes | None]] = [(row.key, row.value) for row in partial_rows]
        state_rows.extend((key, self._cases.get(key)) for key in self._changed)
        self._changed.clear()
        if not state_rows and self._flushed == self._at.offset:
            return None
        self._flushed = self._at.offset
        state_rows.append((POSITION_KEY, self._at.encode()))
        if self._at.watermark is not None:
            watermark = self._at.watermark if self._plan.clock == "wall" else _NO_TIME
            tick = Tick(self._at.source, watermark, self._at.offset)
            partial_rows.append(PartialRow(tick.key(), msgspec.json.encode(tick), None))
        return Flush(state_rows, partial_rows, self.books())

    def books(self) -> Books:
        """The accounts as they stand at the position. An older version of a case than is known is a duplicate."""
        return self._at.books()

    def restore(self, rows: Iterable[tuple[bytes, bytes | None]]) -> None:
        """Rebuild the state from its rows; of a key the last row counts. To be called on a new instance.

        Panes of cuts or windows that loop.yaml has changed since are let go of at the next flush. Raises ValueError
        for rows that another version wrote or that belong to another partition.
        """
        living: dict[bytes, bytes] = {}
        for key, value in rows:
            if value is None:
                living.pop(key, None)
            else:
                living[key] = value
        if not living:
            return
        self._at = read_position(living.pop(POSITION_KEY, None), self._at.source)
        self._flushed = self._at.offset
        written_under, self._at.layout = self._at.layout, self._layout
        if self._plan.clock == "event" and self._at.watermark is not None:
            self._horizon.advance(self._at.watermark)
        try:
            for key, value in living.items():
                self._restore_row(key, value, written_under)
        except (ValueError, msgspec.MsgspecError) as error:
            raise ValueError(f"the state of {self._at.source} cannot be read: {error}") from error

    def _restore_row(self, key: bytes, value: bytes, written_under: Layout) -> None:
        if key.startswith(PREFIX):
            _memories.decode(value)
            self._cases[key] = value
        elif key.startswith(panes.PREFIX):
            partial = _partials.decode(value)
            same = self._layout.means_the_same(partial.series, written_under)
            if not same or not self._panes.restore(partial):
                self._obsolete.append(PartialRow(key, None, partial.series.key()))
        else:
            raise ValueError("a key of no known kind")

    def _take(self, event: CaseEvent, outcome: Outcome) -> None:
        """Let what the event says of its case take the place of what the case has counted as so far."""
        at = self._at
        key = _key(event)
        held = self._cases.get(key)
        known = None if held is None else _memories.decode(held)
        if known is not None and event.version <= known.version:
            at.duplicates += 1
            return
        when = event.at.timestamp()
        if self._plan.clock == "event":
            self._horizon.advance(when)
        if self._horizon.is_late(when):
            at.late += 1
            return
        at.counted += 1
        if at.watermark is None or when > at.watermark:
            at.watermark = when
        steps = steps_of(event)
        # What a case is about does not change, so its dimensions are the same as when it was counted.
        dimensions = self._extractor.read(event)
        if known is not None:
            for group, count in counts_of(known.steps, dimensions):
                self._groups[group] = self._groups.get(group, 0) - count
        for group, count in counts_of(steps, dimensions):
            self._groups[group] = self._groups.get(group, 0) + count
        self._cases[key] = _encode(CaseMemory(event.version, int(when), steps))
        self._changed.add(key)
        if event.action == "resolve" and event.subject == "customer" and self._plan.clock == "wall":
            here = Origin(CASES, self._partition, at.offset)
            outcome.forwards.append(signal(here, _closed(event)))

    def _forget_old_cases(self, oldest_day: int) -> None:
        """Let go of cases whose last event has left the history. Once a day, because all are looked at."""
        if oldest_day == self._swept:
            return
        self._swept = oldest_day
        late = self._horizon.is_late
        old = [key for key, value in self._cases.items() if late(_memories.decode(value).at + _LONGER_S)]
        for key in old:
            del self._cases[key]
            self._changed.add(key)

    def _dead_letter(self, record: Record, error: InvalidEvent, now: float) -> DeadLetter:
        headers: list[tuple[str, bytes | None]] = list(record.headers)
        stamp = record.timestamp if 0 <= record.timestamp <= now * 1000 else int(now * 1000)
        at: datetime = arrival(stamp)
        return dead_letter(CASES, self._partition, record.offset, record.key, record.value, headers, error, at)


def _key(event: CaseEvent) -> bytes:
    """The key of a case's row. A database that begins anew gives the same numbers to other cases, opened later."""
    return msgspec.json.encode(["case", event.case_id, int(event.opened_at.timestamp() * 1000)])


def _closed(event: CaseEvent) -> SignalEvent:
    """What the partition of the customer's answers has to know of a resolved case."""
    return SignalEvent(
        specversion="1.0",
        id=f"closed:{event.id}",
        source=CASES,
        time=event.at,
        data=Signal(
            kind="closed",
            customer_id=event.customer_id,
            programme=event.programme,
            touchpoint=event.touchpoint,
            channel=event.channel,
            language=event.language,
            attributes=event.attributes,
        ),
    )
