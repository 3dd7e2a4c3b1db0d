"""The rules over metrics for the series of one partition of ``cx.partials``: who is looked at when, and what follows.

Each series that a rule names is looked at once an hour of the loop's own now, ten minutes after the hour; nothing is
done for an event. The looks of an hour are spread over the flushes that follow, so that none of them takes long.

Alarms and profiles are rows of the partition itself. They go out in one transaction with the alerts that follow from
them, under the partition's fenced writer: after a crash either both are there or none, so one fall is one alert.
"""

from itertools import islice

import msgspec

from schemas.alarm_rows import PREFIXES, AlarmRow
from schemas.metrics import OUTCOME, Series
from schemas.topics import RESPONSES, TOUCHPOINTS
from streams.alarms.fall_watch import FallWatch
from streams.alarms.hours import HOUR_S
from streams.alarms.stop_watch import GRACE_S, StopWatch
from streams.alarms.watch import Judgement, Moment, Watch, Watched
from streams.plan import Plan

LOOKS = 100
"""Series looked at in one call, by each kind of rule. At one flush a second that is 360,000 an hour."""

QUIET_S = 600
"""A source partition that has told nothing new for so long, seconds, has nothing more to tell."""

_rows = msgspec.json.Decoder(AlarmRow)


class _Source:
    """How far a source partition has come in event time, and since when by the wall clock, seconds UTC."""

    __slots__ = ("since", "watermark")

    def __init__(self, watermark: float) -> None:
        self.watermark = watermark
        self.since: float | None = None


class Alarms:
    """Judges the series of one partition by the rules over metrics. One owner, no clock, no I/O.

    Memory: what :class:`~streams.alarms.fall_watch.FallWatch` and :class:`~streams.alarms.stop_watch.StopWatch` state,
    for the series that their rules name.
    """

    def __init__(self, plan: Plan) -> None:
        """Raises ValueError for rules that the windows of the plan cannot serve."""
        self._falls = FallWatch(plan)
        self._stops = StopWatch(plan)
        self._watched: dict[Series, Watched] = {}
        self._falling: dict[Series, None] = {}
        self._stopping: dict[str, dict[Series, None]] = {RESPONSES: {}, TOUCHPOINTS: {}}
        self._fall_queue: dict[Series, None] = {}
        self._stop_queues: dict[str, dict[Series, None]] = {RESPONSES: {}, TOUCHPOINTS: {}}
        self._sources: dict[str, _Source] = {}
        self._hour: int | None = None
        self._restored: dict[bytes, AlarmRow] | None = {}
        self._parting = Judgement([], [])

    def restore(self, key: bytes, value: bytes | None) -> None:
        """Take back a row, in log order; None is a tombstone. Only before the first :meth:`judge`.

        Raises ValueError for what is no row of alarms.
        """
        assert self._restored is not None
        if value is None:
            self._restored.pop(key, None)
            return
        try:
            self._restored[key] = _rows.decode(value)
        except msgspec.MsgspecError as error:
            raise ValueError(f"not a row of alarms: {error}") from error

    def told(self, source: str, watermark: float) -> None:
        """A source partition (``topic/partition``) has counted up to this event time, seconds UTC."""
        known = self._sources.get(source)
        if known is None:
            self._sources[source] = _Source(watermark)
        elif watermark > known.watermark:
            known.watermark, known.since = watermark, None

    def joined(self, watched: Watched) -> None:
        """A series has panes now."""
        series = watched.series
        falls, stops = self._falls.wants(series), self._stops.wants(series)
        if falls or stops:
            self._watched[series] = watched
        if falls:
            self._falling[series] = None
        if stops:
            self._stopping[_topic(series)][series] = None

    def left(self, series: Series) -> None:
        """A series has no panes any more: all that is remembered of it goes with the next :meth:`judge`."""
        if self._watched.pop(series, None) is not None:
            self._falling.pop(series, None)
            self._stopping[_topic(series)].pop(series, None)
            if self._restored is None:
                self._falls.leave(series, self._parting)
                self._stops.leave(series, self._parting)

    def judge(self, now: float, wall: float) -> Judgement:
        """Look at the series whose turn it is. ``now`` is the loop's own and ``wall`` the clock's, seconds UTC.

        What follows has to be written in one transaction, or the owner dies: it is not said again.
        """
        out, self._parting = self._parting, Judgement([], [])
        self._take_back(out)
        for source in self._sources.values():
            if source.since is None:
                source.since = wall
        hour = int(now - GRACE_S) // HOUR_S
        if self._hour is None or hour > self._hour:
            self._hour = hour
            self._fall_queue |= self._falling
            for topic, stopping in self._stopping.items():
                self._stop_queues[topic] |= stopping
        at = Moment(now, wall)
        self._look(self._fall_queue, self._falls, at, out)
        for topic, queue in self._stop_queues.items():
            if queue and self._is_settled(topic, hour * HOUR_S, wall):
                self._look(queue, self._stops, at, out)
        return out

    def _look(self, queue: dict[Series, None], watch: Watch, at: Moment, out: Judgement) -> None:
        for series in list(islice(queue, LOOKS)):
            del queue[series]
            watched = self._watched.get(series)
            if watched is not None:
                watch.check(watched, at, out)

    def _is_settled(self, topic: str, end: int, wall: float) -> bool:
        """Whether all of a topic that came before ``end``, seconds UTC, has been counted, as far as can be told.

        While a source partition catches up after an outage, the hours that it has not come to yet look silent.
        """
        return all(
            known.watermark >= end or (known.since is not None and wall - known.since >= QUIET_S)
            for source, known in self._sources.items()
            if source.startswith(f"{topic}/")
        )

    def _take_back(self, out: Judgement) -> None:
        """After the last restored row: let go of rows whose rule or series is no more."""
        if self._restored is None:
            return
        rows, self._restored = self._restored, None
        for row in rows.values():
            self._falls.restore(row)
            self._stops.restore(row)
        self._falls.sweep(self._watched.__contains__, out)
        self._stops.sweep(self._watched.__contains__, out)


def is_alarm_row(key: bytes) -> bool:
    """Whether the key of a record of ``cx.partials`` is that of a row of alarms."""
    return key.startswith(PREFIXES)


def _topic(series: Series) -> str:
    return TOUCHPOINTS if series.metric == OUTCOME else RESPONSES
