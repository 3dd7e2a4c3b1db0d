"""The state of one partition of ``cx.partials``: sets what sources say, and says which metrics changed. Pure."""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from heapq import heappop, heappush
from typing import NamedTuple

import msgspec

from schemas.metrics import DAY, EVER, Metric, Partial, PartialRecord, Series
from streams.alarms.judge import Alarms, is_alarm_row
from streams.alarms.watch import Judgement, Watched
from streams.counting.series import scale_of_label
from streams.counting.windows import Calendar, Horizon, Ring
from streams.metrics.measures import Measured, measured
from streams.metrics.readings import Counted
from streams.plan import Plan

_partials = msgspec.json.Decoder(PartialRecord)
_tick_key = msgspec.json.Decoder(tuple[str, str])
_pane_key = msgspec.json.Decoder(tuple[Series, str, str, int])
_TICK_PREFIX = b'["tick",'


class _Gone(NamedTuple):
    """A tombstone: a source has let go of a pane."""

    series: Series
    source: str
    window: str
    pane: int


class _Merged:
    """One series: its rings by window, and how its metric is computed. Compared by identity."""

    __slots__ = ("key", "measured", "rings", "scale", "series")

    def __init__(self, series: Series, dimensions: tuple[str, ...], measured: Measured) -> None:
        self.series = series
        self.key = dict(zip(dimensions, series.values, strict=True))
        self.measured = measured
        self.scale = scale_of_label(series.scale) if series.scale else measured.scale
        self.rings: dict[str, Ring] = {}


class Merge:
    """Merges the totals of every source partition for the series of one partition of ``cx.partials``.

    What a source sends is held back until its tick, the last record of each of its flushes: metrics follow from whole
    flushes alone, and two with the same version and ``as_of`` say the same.

    Memory: for each series what its :class:`~streams.counting.windows.Ring` states, a ring for each window and one for
    the days.
    """

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._horizon = Horizon(plan.windows, Calendar(plan.zone), plan.history_days)
        self._series: dict[Series, _Merged] = {}
        self._held_back: dict[str, list[Partial | _Gone]] = {}
        self._versions: dict[str, int] = {}
        self._watermark: float | None = None
        self._measured = measured(plan)
        self._windows = {window.name: window.length_s for window in plan.windows}
        # Which series have a pane at a number, so that a window that moves on costs what leaves it and no more.
        self._due: dict[str, dict[int, set[_Merged]]] = {name: {} for name in (DAY, *self._windows)}
        self._order: dict[str, list[int]] = {name: [] for name in self._due}
        self._names = {name: name for name in (EVER, *self._due)}
        self._changed: dict[tuple[_Merged, str], None] = {}
        self._changed_days: dict[tuple[_Merged, int], None] = {}
        self._alarms = Alarms(plan)
        self._restoring = True

    @property
    def series(self) -> int:
        """How many series have panes."""
        return len(self._series)

    def apply(self, key: bytes, value: bytes | None, *, sent: bool = False) -> None:
        """Take one record, in log order; a value of None is a tombstone. Raises ValueError for what is no partial.

        ``sent`` says that the metrics that followed from this record were acknowledged before (it lies below the
        committed offset): after a restart days that have not changed are then not sent again. Until the first
        :meth:`emit` the merge restores: every window is then sent, as time may have moved it on meanwhile. Series,
        cuts and windows that loop.yaml no longer knows are passed over. Rows of alarms are taken back before the first
        :meth:`emit`; later they are what this merge itself has written, and are passed over by the caller.
        """
        if is_alarm_row(key):
            self._alarms.restore(key, value)
            return
        try:
            if value is None:
                if not key.startswith(_TICK_PREFIX):
                    gone = _Gone(*_pane_key.decode(key))
                    self._held_back.setdefault(gone.source, []).append(gone)
                return
            record = _partials.decode(value)
        except msgspec.MsgspecError as error:
            raise ValueError(f"not a partial: {error}") from error
        if isinstance(record, Partial):
            self._held_back.setdefault(record.source, []).append(record)
            return
        if self._watermark is None or record.watermark > self._watermark:
            self._watermark = record.watermark
        self._alarms.told(record.source, record.watermark)
        self._versions[record.source] = max(record.version, self._versions.get(record.source, -1))
        for row in self._held_back.pop(record.source, ()):
            if isinstance(row, Partial):
                self._set(row, sent=sent)
            else:
                self._forget(row)

    @property
    def unsaid(self) -> int:
        """Windows that changed and were not said by the last :meth:`emit`."""
        return len(self._changed)

    def emit(self, now: float, windows: int | None = None) -> list[Metric]:
        """The metrics that changed since the last call. ``now`` is the wall clock, seconds UTC.

        With ``windows`` at most so many windows of series are said, the latest changes first, and the rest by the
        next calls; days are always said.

        Windows are judged by it or, under ``--clock event``, by the latest watermark of any source; before the first
        there is nothing to send. A window that has become empty is sent once with n = 0 and then let go of. Days that
        leave the history are let go of without a word: what was said of them stays true.
        """
        moment = now if self._plan.clock == "wall" else self._watermark
        if moment is None:
            return []
        self._restoring = False
        self._horizon.advance(moment)
        self._expire()
        assert self._horizon.now is not None
        as_of = datetime.fromtimestamp(self._horizon.now, UTC)
        version = sum(self._versions.values())
        metrics = list(self._changes(as_of, version, len(self._changed) if windows is None else windows))
        self._changed_days.clear()
        return metrics

    def judge(self, now: float) -> Judgement:
        """What the rules over metrics have to say after an :meth:`emit`. ``now`` is the wall clock, seconds UTC.

        Alerts and rows belong into the transaction of the metrics.
        """
        if self._horizon.now is None:
            return Judgement([], [])
        return self._alarms.judge(self._horizon.now, now)

    def _changes(self, as_of: datetime, version: int, windows: int) -> Iterator[Metric]:
        for _ in range(min(windows, len(self._changed))):
            (merged, window), _said = self._changed.popitem()
            ring = merged.rings[window]
            yield from self._metrics(merged, window, ring.total(), as_of, version)
            if not len(ring):
                del merged.rings[window]
                self._release(merged)
        for merged, day in self._changed_days:
            ring_of_days = merged.rings.get(DAY)
            if ring_of_days is not None and day in ring_of_days:  # else it has left the history since
                counts = ring_of_days.pane_total(day)
                yield from self._metrics(merged, DAY, counts, as_of, version, date.fromordinal(day))

    def _metrics(
        self,
        merged: _Merged,
        window: str,
        counts: dict[str, int],
        as_of: datetime,
        version: int,
        day: date | None = None,
    ) -> Iterator[Metric]:
        ever = merged.rings[EVER].total() if EVER in merged.rings else {}
        length_s = self._windows.get(window, 86_400)
        counted = Counted(counts, merged.scale, self._plan.minimum_n, length_s, ever)
        for name, measure in merged.measured.metrics:
            reading = measure(counted)
            yield Metric(
                metric=name,
                window=window,
                cut=merged.series.cut,
                key=merged.key,
                value=reading.value,
                low=reading.low,
                high=reading.high,
                n=reading.n,
                counts=dict(reading.counts),
                too_few=reading.too_few,
                as_of=as_of,
                version=version,
                day=day,
                scale=merged.series.scale,
                quantiles=dict(reading.quantiles),
                parts=dict(reading.parts),
            )

    def _set(self, partial: Partial, *, sent: bool) -> None:
        window, pane = partial.window, partial.pane
        if window == EVER:
            self._set_ever(partial)
            return
        if window not in self._due:
            return
        merged = self._merged(partial.series, window)
        if merged is None:
            return
        fresh = window not in merged.rings
        # One string for each name: every record brings its own copy.
        window, source = self._names[window], self._names.setdefault(partial.source, partial.source)
        ring = merged.rings.get(window)
        if ring is None:
            ring = merged.rings[window] = Ring()
        changed = ring.set(pane, source, partial.counts, partial.version)
        due = self._due[window].get(pane)
        if due is None:
            due = self._due[window][pane] = set()
            heappush(self._order[window], pane)
        due.add(merged)
        if window != DAY:
            if changed or fresh:
                self._changed[merged, window] = None
        elif changed and not sent:
            self._changed_days[merged, pane] = None

    def _set_ever(self, partial: Partial) -> None:
        merged = self._merged(partial.series, EVER)
        if merged is None:
            return
        ring = merged.rings.get(EVER)
        if ring is None:
            ring = merged.rings[EVER] = Ring()
        source = self._names.setdefault(partial.source, partial.source)
        if ring.set(partial.pane, source, partial.counts, partial.version):
            self._change_all(merged)

    def _change_all(self, merged: _Merged) -> None:
        """What is counted of all time is part of the value of every window, also of one without a pane."""
        for window in self._windows:
            merged.rings.setdefault(window, Ring())
            self._changed[merged, window] = None

    def _forget(self, gone: _Gone) -> None:
        """A source has let go of a pane: it has left the window, or loop.yaml no longer asks for it."""
        series, source, window, pane = gone
        merged = self._series.get(series)
        if merged is None or window not in merged.rings:
            # Found after a restart: perhaps nobody has said yet that the window is empty.
            if self._restoring and window in self._windows and (merged := self._merged(series, window)) is not None:
                merged.rings[window] = Ring()
                self._changed[merged, window] = None
            return
        ring = merged.rings[window]
        if ring.remove(pane, source) or not len(ring):
            if window == EVER:
                self._change_all(merged)
            elif window != DAY:
                self._changed[merged, window] = None
        if window in {DAY, EVER} and not len(ring):
            del merged.rings[window]
            self._release(merged)

    def _merged(self, series: Series, window: str) -> _Merged | None:
        """The series, or None if loop.yaml does not know it, or its metrics have no such window."""
        merged = self._series.get(series)
        if merged is None:
            dimensions = self._plan.cuts.get(series.cut)
            found = self._measured.get(series.metric)
            if dimensions is None or len(dimensions) != len(series.values) or found is None:
                return None
            merged = _Merged(series, dimensions, found)
        if window == (DAY if merged.measured.all_time else EVER):
            return None
        if series not in self._series:
            self._series[series] = merged
            name, measure = merged.measured.metrics[0]
            if name == series.metric:  # else its counts say several things, which no rule watches
                self._alarms.joined(Watched(series, tuple(merged.key), merged.scale, measure, merged.rings))
        return merged

    def _expire(self) -> None:
        for window, order in self._order.items():
            oldest = self._horizon.oldest[window]
            while order and order[0] < oldest:
                pane = heappop(order)
                for merged in self._due[window].pop(pane):
                    ring = merged.rings.get(window)
                    if ring is None:
                        continue
                    if (ring.drop(pane) or not len(ring)) and window != DAY:
                        self._changed[merged, window] = None
                    if window == DAY and not len(ring):
                        del merged.rings[DAY]
                        self._release(merged)

    def _release(self, merged: _Merged) -> None:
        if not merged.rings and self._series.pop(merged.series, None) is not None:
            self._alarms.left(merged.series)
