"""All state of one source partition: what it has counted, which ids it has seen, its books and its position. Pure.

Everything is a function of the records in their order and of the time given, so that a crash between two flushes leaves
nothing behind: the rows of the last flush are taken back and the records after its position applied again.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime
from hashlib import blake2b

import msgspec

from schemas.alerts import Alert
from schemas.cloudevents import FUTURE_TOLERANCE, arrival
from schemas.deadletters import DeadLetter, InvalidEvent, dead_letter
from schemas.events import Event, Response, ResponseEvent, Touchpoint
from schemas.metrics import LIFECYCLE, Books, Partial, Tick
from schemas.scales import Scale
from schemas.signals import SIGNAL, read_signal
from schemas.topics import RESPONSES
from schemas.usual_events import UsualResponseEvent, UsualTouchpointEvent
from streams.counting import id_memory, panes
from streams.counting.id_memory import DIGEST_BYTES, IdMemory, digest
from streams.counting.outcome import Flush, Outcome
from streams.counting.panes import Group, PaneStore, PartialRow
from streams.counting.position import POSITION_KEY, Layout, Position, read_position
from streams.counting.reckoning import Reckoner, Reckoning
from streams.counting.revisions import revise
from streams.counting.series import Dimensions, Extractor, SeriesIndex, Vocabulary
from streams.counting.usual_cases import Case, UsualCases
from streams.counting.windows import Calendar, Horizon
from streams.customers.observation import PREFIX, Forgotten, Observation, Observer
from streams.customers.observers import observers, recount
from streams.customers.won_back import recovery_alerts
from streams.flagging.detect import Detector, Flag, alerts, signal_alerts
from streams.kafka.chunks import Record
from streams.kafka.forwarding import Origin, forward, origin_of, signal
from streams.kafka.placement import Placement
from streams.metrics.composite import with_composite
from streams.plan import Plan

_partials = msgspec.json.Decoder(Partial)


class SourcePartition:
    """The state of one source partition, e.g. ``cx.responses/0``. One owner, no clock, no I/O.

    Memory: what :class:`~streams.counting.panes.PaneStore` and :class:`~streams.counting.id_memory.IdMemory` state, for
    at most ``max_keys_per_cut`` + 1 keys a cut, each with as many series as the key has metrics (and unusual scales).
    """

    def __init__(self, topic: str, partition: int, partitions: int, plan: Plan) -> None:
        """``partitions`` is the number of partitions of ``topic``."""
        self._topic = topic
        self._partition = partition
        self._plan = plan
        self._reckoner = Reckoner(topic, plan.metrics)
        self._detector = Detector(plan.rules, plan.metrics)
        self._placement = Placement(partitions)
        self._extractor = Extractor(Response if topic == RESPONSES else Touchpoint, plan.cuts)
        calendar = Calendar(plan.zone)
        self._horizon = Horizon(plan.windows, calendar, plan.history_days)
        self._index = SeriesIndex(self._extractor.cuts, plan.max_keys_per_cut)
        self._panes = PaneStore(f"{topic}/{partition}", plan.windows, calendar, self._index)
        self._ids = IdMemory(plan.remember_s[topic])
        self._observers = observers(topic, plan, self._horizon)
        self._weighted = frozenset(plan.csi.weights if plan.csi is not None and topic == RESPONSES else ())
        self._layout = Layout.of(plan)
        # What is to be counted besides one of each new id's group: negative where an answer was replaced.
        self._corrections: Counter[Group] = Counter()
        self._obsolete: list[PartialRow] = []
        self._at = Position(source=f"{topic}/{partition}", layout=self._layout)
        self._words = Vocabulary(self._at.outcomes, self._at.scales)
        self._cases = UsualCases(self._extractor, self._reckoner, self._words, self._detector)
        self._flushed = self._at.offset

    @property
    def position(self) -> int:
        """The last source offset applied, -1 before the first."""
        return self._at.offset

    @property
    def watermark(self) -> float | None:
        """The latest event time counted, seconds UTC."""
        return self._at.watermark

    @property
    def overflowed(self) -> int:
        """Events (once for each cut) counted under the ``other`` key because their cut had its most keys.

        Known after a flush: until then the last chunks are missing.
        """
        return self._at.overflowed

    @property
    def silenced(self) -> int:
        """Alerts not raised because their event was older than ``alert_max_age``."""
        return self._at.silenced

    @property
    def remembered_ids(self) -> int:
        """Ids of events that are remembered now."""
        return len(self._ids)

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
        if records and records[0].offset <= at.offset:
            records = [record for record in records if record.offset > at.offset]
        if self._plan.clock == "wall":
            self._horizon.advance(now)
        if not records:
            return outcome
        now_ms = int(now * 1000)
        clock = arrived = arrival(now_ms)
        stamped: int | None = None
        latest = 0.0
        events = self._reckoner.read_usual(records)
        if self._apply_whole(records, events, now_ms, clock, outcome):
            return outcome
        reckon, words, home, here = self._reckoner.reckon_usual, self._words, self._placement.of, self._partition
        for record, event in zip(records, events, strict=True):
            at.offset = record.offset
            if record.timestamp != stamped:  # one append of a producer bears one arrival time
                stamped = record.timestamp
                arrived = _arrival(stamped, now_ms, clock)
                latest = (arrived + FUTURE_TOLERANCE).timestamp()
                self._ids.advance(arrived.timestamp())
            if event is not None:
                when = event.time.timestamp()
                reckoning = reckon(event.data, words)
                if reckoning is not None and 0 <= when < latest and home(event.data.customer_id) == here:
                    self._enter(event, digest(event.source, event.id), when, reckoning, clock, outcome)
                    continue
            try:
                self._take(record, arrived, clock, outcome)
            except InvalidEvent as error:
                at.received += 1
                at.dead_letters[error.reason] = at.dead_letters.get(error.reason, 0) + 1
                outcome.dead_letters.append(self._dead_letter(record, error, arrived))
        return outcome

    def _apply_whole(
        self,
        records: Sequence[Record],
        events: Sequence[UsualResponseEvent | UsualTouchpointEvent | None],
        now_ms: int,
        clock: datetime,
        outcome: Outcome,
    ) -> bool:
        """Take a chunk column by column, if nothing in it needs a look of its own: the same as one by one, and faster.

        False, and nothing has changed, unless every event is usual, new, in time, at home, and none so old that its
        order among the others could matter.
        """
        at, ids = self._at, self._ids
        usual = [event for event in events if event is not None]
        arrivals = [_arrival(stamp, now_ms, clock).timestamp() for stamp in dict.fromkeys(r.timestamp for r in records)]
        if len(usual) < len(records) or ids.moves_between(arrivals[0], max(arrivals)):
            return False
        whens = [event.time.timestamp() for event in usual]
        if not self._is_indifferent(min(whens), max(whens), min(arrivals)):
            return False
        datas = [event.data for event in usual]
        if not self._placement.all_at(self._partition, [data.customer_id for data in datas]):
            return False
        cases = self._cases.of(datas)
        if cases is None:
            return False
        ids.advance(arrivals[0])
        known = [
            blake2b(f"{event.source}\0{event.id}".encode(), digest_size=DIGEST_BYTES).digest()  # digest(), spelt out
            for event in usual
        ]
        if not ids.are_new(known):
            return False
        at.received += len(usual)
        at.counted += len(usual)
        newest = max(whens)
        if self._plan.clock == "event":
            self._horizon.advance(newest)
        if at.watermark is None or newest > at.watermark:
            at.watermark = newest
        ids.add_all(
            known, [case[0] + int(when) // 60 for case, when in zip(cases, whens, strict=True)], self._cases.group
        )
        self._flag_all(records, usual, whens, cases, clock, outcome)
        at.offset = records[-1].offset
        return True

    def _flag_all(
        self,
        records: Sequence[Record],
        events: Sequence[UsualResponseEvent | UsualTouchpointEvent],
        whens: Sequence[float],
        cases: Sequence[Case],
        now: datetime,
        outcome: Outcome,
    ) -> None:
        """Flag those of a chunk that call for it, and show all to the observers if there are any."""
        watched, reads = bool(self._observers), self._detector.reads_comments
        for number, (event, case) in enumerate(zip(events, cases, strict=True)):
            data = event.data
            flags: Sequence[Flag] = ()
            scale = case.scale
            if (
                scale is not None
                and isinstance(data, Response)
                and (case.flagged or data.contact_requested or (reads and data.comment))
            ):
                flags = self._detector.flags(data, scale)
            if flags or watched:
                self._at.offset = records[number].offset
                self._flag(event, whens[number], scale, case.dimensions, flags, now, outcome)

    def _is_indifferent(self, earliest: float, latest: float, arrival: float) -> bool:
        """Whether events between these times count all the same in whatever order, none of them late or too old.

        ``arrival`` is the earliest of theirs, seconds UTC as all of them.
        """
        if earliest < 0 or latest >= arrival + FUTURE_TOLERANCE.total_seconds():
            return False
        now = self._horizon.now
        if self._plan.clock == "event":
            now = latest if now is None else max(now, latest)
            # Observers ask for the now of each event.
            if self._observers or now - earliest > self._plan.alert_max_age_s:
                return False
        # Two days less than the history: so no zone's midnight has to be asked for.
        return now is not None and now - earliest < (self._plan.history_days - 2) * 86_400

    def dirty(self, now: float) -> Flush | None:
        """The rows that changed since the last call, or None. The caller writes them, all or none, or dies.

        ``now`` is the wall clock, seconds UTC.
        """
        if self._plan.clock == "wall":
            self._horizon.advance(now)
        partial_rows = self._obsolete
        self._obsolete = []
        if self._horizon.now is not None:
            counted = self._ids.counts()
            counted.update(self._corrections)
            groups = with_composite(counted, self._weighted)
            self._at.overflowed += self._panes.fold(groups, self._horizon.oldest)
            self._corrections.clear()
            partial_rows.extend(self._panes.expire(self._horizon.oldest))
            partial_rows.extend(self._panes.changed(self._at.offset))
        state_rows: list[tuple[bytes, bytes | None]] = [(row.key, row.value) for row in partial_rows]
        state_rows.extend(self._ids.flush(self._at.offset))
        for observer in self._observers:
            state_rows.extend(observer.rows(self._horizon.now or now))
        if not state_rows and self._flushed == self._at.offset:
            return None
        self._flushed = self._at.offset
        self._at.outcomes = list(self._words.outcomes)
        self._at.scales = self._words.scales
        state_rows.append((POSITION_KEY, self._at.encode()))
        if self._at.watermark is not None:
            tick = Tick(self._at.source, self._at.watermark, self._at.offset)
            partial_rows.append(PartialRow(tick.key(), msgspec.json.encode(tick), None))
        return Flush(state_rows, partial_rows, self.books())

    def books(self) -> Books:
        """The accounts as they stand at the position."""
        return self._at.books()

    def restore(self, rows: Iterable[tuple[bytes, bytes | None]]) -> None:
        """Rebuild the state from its rows; of a key the last row counts. To be called on a new instance.

        Panes of cuts, windows or scales that loop.yaml has changed since are let go of at the next flush. Raises
        ValueError for rows that another version wrote or that belong to another partition.
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
        self._words = Vocabulary(self._at.outcomes, self._at.scales)
        self._cases = UsualCases(self._extractor, self._reckoner, self._words, self._detector)
        written_under, self._at.layout = self._at.layout, self._layout
        if self._plan.clock == "event" and self._at.watermark is not None:
            self._horizon.advance(self._at.watermark)
        try:
            amended: list[bytes] = []
            for key, value in living.items():
                if id_memory.is_amendment(key):
                    amended.append(key)
                else:
                    self._restore_row(key, value, written_under)
            for key in sorted(amended, key=id_memory.version_of):
                self._ids.restore(key, living[key])
        except (ValueError, msgspec.MsgspecError) as error:
            raise ValueError(f"the state of {self._at.source} cannot be read: {error}") from error
        if written_under.scales.get(LIFECYCLE) != self._layout.scales.get(LIFECYCLE):
            for group, count in recount(self._observers):
                self._corrections[group] += count

    def _restore_row(self, key: bytes, value: bytes, written_under: Layout) -> None:
        if key.startswith(panes.PREFIX):
            partial = _partials.decode(value)
            same = self._layout.means_the_same(partial.series, written_under)
            if not same or not self._panes.restore(partial):
                self._obsolete.append(PartialRow(key, None, partial.series.key()))
        elif key.startswith(id_memory.PREFIX):
            self._ids.restore(key, value)
        else:
            self._observer_of(key).restore(key, value)

    def _observer_of(self, key: bytes) -> Observer:
        for observer in self._observers:
            if key.startswith(observer.prefix):
                return observer
        if not key.startswith(PREFIX):
            raise ValueError("a key of no known kind")
        forgotten = Forgotten()  # loop.yaml no longer asks for whoever wrote it
        self._observers = (*self._observers, forgotten)
        return forgotten

    def _take(self, record: Record, arrived: datetime, now: datetime, outcome: Outcome) -> None:
        """Apply one record to the books and the panes. Raises InvalidEvent before anything has changed."""
        headers = record.headers
        if headers and self._topic == RESPONSES and origin_of(headers, SIGNAL) is not None:
            self._take_signal(record.value, now, outcome)
            return
        event = self._reckoner.read(record, arrived)
        data = event.data
        known = digest(event.source, event.id)
        origin = origin_of(headers) if headers else None
        if origin is not None:
            if self._came_before(origin, known):
                return
        elif self._placement.of(data.customer_id) != self._partition:
            self._forward(record, data.customer_id, outcome)
            return
        reckoning = self._reckoner.reckon(data, self._words)
        self._enter(event, known, event.time.timestamp(), reckoning, now, outcome)

    def _enter(
        self, event: Event, known: bytes, when: float, reckoning: Reckoning, now: datetime, outcome: Outcome
    ) -> None:
        """Enter a received event into the books and, if it is new and not late, into its groups and the rules."""
        at, data, ids = self._at, event.data, self._ids
        at.received += 1
        if self._plan.clock == "event" and known not in ids:
            self._horizon.advance(when)
        metric, scale, label, word = reckoning
        late = when < self._horizon.kept_from and self._horizon.is_late(when)
        dimensions = self._extractor.read(data, word)
        group: Group | None = None if late else (metric, label, dimensions, int(when) // 60, word)
        if not ids.add(known, group):
            at.duplicates += 1
            return
        if group is None:
            at.late += 1
            return
        at.counted += 1
        if at.watermark is None or when > at.watermark:
            at.watermark = when
        revises = data.revises if isinstance(data, Response) else None
        if revises is not None or ids.is_replaced(known):
            at.revised += revise(ids, self._corrections, event.source, revises, known, group)
        flags = self._detector.flags(data, scale) if scale is not None and isinstance(data, Response) else ()
        if flags or self._observers:
            self._flag(event, when, scale, dimensions, flags, now, outcome)

    def _flag(
        self,
        event: Event,
        when: float,
        scale: Scale | None,
        dimensions: Dimensions,
        flags: Sequence[Flag],
        now: datetime,
        outcome: Outcome,
    ) -> None:
        """Show an event that counts to the observers, and raise what they and the rules say of it."""
        for observer in self._observers:
            seen = observer.observe(event, when, scale, dimensions)
            if seen is not None:
                flags = [*flags, *seen.flags]
                self._note(seen, outcome)
                if seen.recoveries:
                    outcome.alerts.extend(recovery_alerts(event, seen.recoveries, scale, now))
        if flags and scale is not None and isinstance(event, ResponseEvent) and self._wakes(len(flags), when):
            self._raise(alerts(event, flags, scale, now), outcome)

    def _note(self, seen: Observation, outcome: Outcome) -> None:
        here = Origin(self._topic, self._partition, self._at.offset)
        for group, count in seen.counts:
            self._corrections[group] += count
        outcome.forwards.extend(signal(here, event) for event in seen.signals)

    def _take_signal(self, value: bytes | None, now: datetime, outcome: Outcome) -> None:
        """Show a signal to the observers. It is no event: it is in no book. Raises InvalidEvent for what is none."""
        try:
            event = read_signal(value)
        except (ValueError, msgspec.MsgspecError):
            raise InvalidEvent("type", "", "the header says that this is a signal, and it is none") from None
        known = digest(event.source, event.id)
        if not self._ids.add(known, None):  # its sender died before it could say that it had sent it
            return
        when = event.time.timestamp()
        # It does not move the loop's now: under the event clock touchpoints may be read days ahead of the answers, and
        # these would be history then, and page nobody.
        if self._horizon.now is not None and self._horizon.is_late(when):
            return
        dimensions = self._extractor.read(event.data)
        flags: list[Flag] = []
        for observer in self._observers:
            seen = observer.signal(event, when, dimensions)
            if seen is not None:
                flags.extend(seen.flags)
                self._note(seen, outcome)
                if seen.recoveries:
                    outcome.alerts.extend(recovery_alerts(event, seen.recoveries, None, now))
        if flags and self._wakes(len(flags), when):
            self._raise(signal_alerts(event, flags, now), outcome)

    def _forward(self, record: Record, customer_id: str, outcome: Outcome) -> None:
        assert record.value is not None  # it was read
        here = Origin(self._topic, self._partition, record.offset)
        home = self._placement.of(customer_id)
        outcome.forwards.append(forward(here, home, customer_id, record.value, record.headers))
        self._at.forwarded += 1

    def _came_before(self, origin: Origin, known: bytes) -> bool:
        """Whether this is the repeat of a forward whose sender died before it could say that it had sent it.

        Forwards of one partition come in the order of its offsets. One that lies behind the last but whose id is not
        known was overtaken (its first sending failed): it counts, because losing it would be worse than a wrong guess.
        """
        if not 0 <= origin.partition < self._placement.partitions:
            return False
        last = self._at.forwards.get(origin.partition, -1)
        if origin.offset <= last and known in self._ids:
            return True
        self._at.forwards[origin.partition] = max(last, origin.offset)
        return False

    def _wakes(self, flags: int, when: float) -> bool:
        """Whether somebody is to be told of an event of this time. History pages nobody: what is silenced is counted.

        Its age is counted from the loop's own now.
        """
        loop_now = self._horizon.now
        if loop_now is not None and loop_now - when > self._plan.alert_max_age_s:
            self._at.silenced += flags
            return False
        return True

    def _raise(self, raised: Sequence[Alert], outcome: Outcome) -> None:
        for alert in raised:
            self._at.alerts[alert.rule] = self._at.alerts.get(alert.rule, 0) + 1
        outcome.alerts.extend(raised)

    def _dead_letter(self, record: Record, error: InvalidEvent, arrived: datetime) -> DeadLetter:
        headers: list[tuple[str, bytes | None]] = list(record.headers)
        return dead_letter(
            self._topic, self._partition, record.offset, record.key, record.value, headers, error, arrived
        )


def _arrival(stamp: int, now_ms: int, clock: datetime) -> datetime:
    """When a record arrived; ``stamp`` is its timestamp, ``clock`` the wall clock.

    A broker without arrival times says -1, and a sender's clock may be ahead: neither may age the memory of ids.
    """
    return arrival(stamp) if 0 <= stamp <= now_ms else clock
