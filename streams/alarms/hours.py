"""How often a series came hour by hour, what is usual for an hour of the week, and which hours are like it. Pure.

Hours are numbered since the epoch, UTC. Those like an hour are the same hours of the same weekday of the weeks before,
on the clocks of the zone of loop.yaml: habits follow the clocks, also when these are put forward or back.
"""

from array import array
from collections.abc import Collection
from datetime import UTC, date, datetime, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

HOUR_S = 3600
WEEK_HOURS = 168
WEEKS = 4
"""So many weeks say what is usual."""

KEPT_DAYS = 7 * (WEEKS + 1) + 1
"""A week that is judged, those before it, and a day for clocks that are put back."""

UNKNOWN = -1
_KEPT_HOURS = 24 * KEPT_DAYS
_KNOWN_WEEKS = 2
"""So many weeks have to be known before anything is usual."""


class HourCounts:
    """The counts of one series for the last 36 days. Memory: 3.5 KB.

    What is kept for an hour is its count, :data:`UNKNOWN`, or -2 - count for an hour that nothing is learnt from.
    """

    __slots__ = ("_kept", "newest")

    def __init__(self) -> None:
        self._kept = array("i", [UNKNOWN]) * _KEPT_HOURS
        self.newest: int | None = None
        """The last hour that was set."""

    def raw(self, hour: int) -> int:
        """What is kept for an hour."""
        if self.newest is None or not self.newest - _KEPT_HOURS < hour <= self.newest:
            return UNKNOWN
        return self._kept[hour % _KEPT_HOURS]

    def count(self, hour: int) -> int:
        """The count of an hour, also of one that nothing is learnt from, or :data:`UNKNOWN`."""
        kept = self.raw(hour)
        return kept if kept >= UNKNOWN else -2 - kept

    def set(self, hour: int, kept: int) -> None:
        """Keep an hour. Those between it and the newest one are unknown; one that is too old is passed over."""
        newest = self.newest
        if newest is None:
            newest = self.newest = hour
        elif hour <= newest - _KEPT_HOURS:
            return
        for between in range(max(newest + 1, hour - _KEPT_HOURS + 1), hour):
            self._kept[between % _KEPT_HOURS] = UNKNOWN
        self._kept[hour % _KEPT_HOURS] = kept
        self.newest = max(newest, hour)

    def unlearn(self, hour: int) -> None:
        """Learn nothing from an hour any more."""
        kept = self.raw(hour)
        if kept > UNKNOWN:
            self._kept[hour % _KEPT_HOURS] = -2 - kept

    def day(self, day: int) -> tuple[int, ...]:
        """What is kept for the hours of a day, numbered since the epoch."""
        return tuple(self.raw(hour) for hour in range(24 * day, 24 * day + 24))


class Usual(NamedTuple):
    """What is usual for an hour: the mean of the weeks before, and of how many."""

    mean: float
    weeks: int


class Week:
    """Finds the hours that are like an hour. Memory: some hundred hours' peers, for all series together."""

    def __init__(self, zone: ZoneInfo) -> None:
        self._zone = zone
        self._peers: dict[int, tuple[int, ...]] = {}
        self._dates: dict[int, date] = {}

    def peers(self, hour: int) -> tuple[int, ...]:
        """The same hour of the week in the :data:`WEEKS` weeks before, the latest first."""
        known = self._peers.get(hour)
        if known is None:
            if len(self._peers) > 4 * WEEK_HOURS:
                self._peers.clear()
            local = self._local(hour)
            before = (local - timedelta(weeks=week) for week in range(1, WEEKS + 1))
            known = self._peers[hour] = tuple(int(when.timestamp()) // HOUR_S for when in before)
        return known

    def day(self, hour: int) -> date:
        """The local day that an hour begins on."""
        known = self._dates.get(hour)
        if known is None:
            if len(self._dates) > 2 * _KEPT_HOURS:
                self._dates.clear()
            known = self._dates[hour] = self._local(hour).date()
        return known

    def _local(self, hour: int) -> datetime:
        return datetime.fromtimestamp(hour * HOUR_S, UTC).astimezone(self._zone)


class Habits:
    """What is usual for one series: its counts, seen through the weeks of a zone and without the planned pauses."""

    __slots__ = ("_counts", "_pauses", "_week")

    def __init__(self, counts: HourCounts, week: Week, pauses: Collection[date] = ()) -> None:
        self._counts = counts
        self._week = week
        self._pauses = frozenset(pauses)

    def count(self, hour: int) -> int:
        """The count of an hour, :data:`UNKNOWN` on a planned pause."""
        return UNKNOWN if self.paused(hour) else self._counts.count(hour)

    def learnt(self, hour: int) -> int:
        """The count of an hour if something is learnt from it, else :data:`UNKNOWN`."""
        return UNKNOWN if self.paused(hour) else max(self._counts.raw(hour), UNKNOWN)

    def paused(self, hour: int) -> bool:
        """Whether silence is planned for the hour."""
        return bool(self._pauses) and self._week.day(hour) in self._pauses

    def alike(self, hour: int) -> list[int]:
        """What was learnt from the hours like this one: a number a week, :data:`UNKNOWN` for nothing."""
        return [self.learnt(peer) for peer in self._week.peers(hour)]

    def usual(self, hour: int) -> Usual | None:
        """What is usual for an hour; None as long as too few weeks are known."""
        counts = [count for count in self.alike(hour) if count >= 0]
        if len(counts) < _KNOWN_WEEKS:
            return None
        return Usual(sum(counts) / len(counts), len(counts))
