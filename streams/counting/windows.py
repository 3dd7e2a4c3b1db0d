"""Rolling windows cut into panes, calendar days, and the merged panes of one series. Pure: now is an argument.

A pane has a number: its start divided by its length, seconds since the epoch. A window at ``now`` holds the pane that
``now`` lies in and the ``count - 1`` panes before it, so it is between ``length - pane`` and ``length`` long. It is
open towards the future: an event up to five minutes ahead of the clock counts at once, as n must not jump later.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from math import inf
from typing import Self
from zoneinfo import ZoneInfo

from schemas.config_base import seconds
from schemas.metrics import DAY
from schemas.panes import pane_seconds

_EPOCH_ORDINAL = datetime(1970, 1, 1, tzinfo=UTC).toordinal()
_SLOT_S = 900
_DAY_CACHE_LIMIT = 200_000
"""Quarters of an hour whose day is remembered: more than five years of them."""


@dataclass(frozen=True, slots=True)
class WindowSpec:
    """A rolling window: its name in loop.yaml, its length and that of its panes, in seconds."""

    name: str
    length_s: int
    pane_s: int

    @classmethod
    def of(cls, name: str) -> Self:
        """The window of a duration such as ``24h``. Raises ValueError for a length that cannot be cut into panes."""
        length = seconds(name)
        pane = pane_seconds(length)
        if pane is None:
            raise ValueError(f"window {name}: no pane of whole minutes divides it into 60 to 96; give e.g. 1h, 24h, 7d")
        return cls(name, length, pane)

    @property
    def panes(self) -> int:
        """How many panes the window holds."""
        return self.length_s // self.pane_s

    def pane(self, when: float) -> int:
        """The number of the pane that an instant lies in; ``when`` in seconds UTC."""
        return int(when // self.pane_s)

    def oldest(self, now: float) -> int:
        """The number of the oldest pane that the window holds at ``now``, seconds UTC."""
        return self.pane(now) - self.panes + 1


class Calendar:
    """The days of one time zone, as proleptic Gregorian ordinals."""

    def __init__(self, zone: ZoneInfo) -> None:
        self._zone = zone
        self._slots: dict[int, int] = {}

    def day(self, when: float) -> int:
        """The ordinal of the local day of an instant; ``when`` in seconds UTC, not before 1970.

        Quarters of an hour that lie within one day are remembered, which is nearly all of them in every zone.
        """
        slot = int(when // _SLOT_S)
        known = self._slots.get(slot)
        if known is not None:
            return known
        first = self._compute(slot * _SLOT_S)
        if first != self._compute((slot + 1) * _SLOT_S - 1):
            return self._compute(when)
        if len(self._slots) >= _DAY_CACHE_LIMIT:
            self._slots.clear()
        self._slots[slot] = first
        return first

    def _compute(self, when: float) -> int:
        return datetime.fromtimestamp(when, UTC).astimezone(self._zone).toordinal()


class Horizon:
    """The oldest panes that count at a moment that only moves forward, for every window and for the days."""

    def __init__(self, windows: tuple[WindowSpec, ...], calendar: Calendar, history_days: int) -> None:
        self._windows = windows
        self._calendar = calendar
        self._history_days = history_days
        self._next_minute = -inf
        self.kept_from = -inf
        """No instant from here on is late, seconds UTC: asking this first spares asking :meth:`is_late`."""
        self.now: float | None = None
        self.oldest: dict[str, int] = {}
        """Window name (and ``day``) to the oldest pane that it holds; empty before the first :meth:`advance`."""

    def advance(self, now: float) -> bool:
        """Move to ``now``, seconds UTC; a step back is ignored. True if a window has let go of a pane."""
        if self.now is not None and now <= self.now:
            return False
        self.now = now
        if now < self._next_minute:  # panes and days begin on whole minutes
            return False
        self._next_minute = (now // 60 + 1) * 60
        oldest = {window.name: window.oldest(now) for window in self._windows}
        oldest[DAY] = self._calendar.day(now) - self._history_days + 1
        moved = oldest != self.oldest
        self.oldest = oldest
        # Two days after the oldest day began in UTC it is over in every zone: only before is the calendar asked.
        self.kept_from = (oldest[DAY] + 2 - _EPOCH_ORDINAL) * 86_400
        return moved

    def is_late(self, when: float) -> bool:
        """Whether an instant lies on a day that the history has let go of."""
        return when < self.kept_from and self._calendar.day(when) < self.oldest[DAY]


@dataclass(slots=True)
class _Part:
    """What one source partition says about a pane."""

    source: str
    version: int
    counts: Mapping[str, int]


class Ring:
    """The merged panes of one series and window, with their running total.

    Setting a pane and letting one go cost what that pane holds, however many panes there are. Which panes are due is
    known to the owner, who keeps one order for all rings. Memory: about 1.5 KB with one pane, 0.4 KB for each further
    pane and source, at most the window's panes (and those that lie ahead of the clock).
    """

    __slots__ = ("_panes", "_total")

    def __init__(self) -> None:
        self._panes: dict[int, list[_Part]] = {}
        self._total: dict[str, int] = {}

    def __len__(self) -> int:
        return len(self._panes)

    def __contains__(self, pane: int) -> bool:
        return pane in self._panes

    def set(self, pane: int, source: str, counts: Mapping[str, int], version: int) -> bool:
        """Take what a source says about a pane, if it is newer than what is held. True if the total may differ."""
        parts = self._panes.setdefault(pane, [])
        for held in parts:
            if held.source == source:
                break
        else:
            parts.append(_Part(source, version, counts))
            self._add(counts, 1)
            return True  # also for an empty one: what was said of the pane before may have held what was taken back
        if version <= held.version:
            return False
        old, held.version, held.counts = held.counts, version, counts
        if old == counts:
            return False
        self._add(old, -1)
        self._add(counts, 1)
        return True

    def remove(self, pane: int, source: str) -> bool:
        """Forget what a source said about a pane. True if the total changed."""
        parts = self._panes.get(pane, [])
        for part in parts:
            if part.source == source:
                break
        else:
            return False
        parts.remove(part)
        if not parts:
            del self._panes[pane]
        self._add(part.counts, -1)
        return bool(part.counts)

    def drop(self, pane: int) -> bool:
        """Let go of a pane that has left the window. True if the total changed."""
        changed = False
        for part in self._panes.pop(pane, ()):
            self._add(part.counts, -1)
            changed = changed or bool(part.counts)
        return changed

    def total(self) -> dict[str, int]:
        """The histogram of the whole window, without zeros."""
        return dict(self._total)

    def pane_total(self, pane: int) -> dict[str, int]:
        """The histogram of one pane over all sources."""
        return self.between(pane, pane)

    def between(self, first: int, last: int) -> dict[str, int]:
        """The histogram of some panes over all sources, both ends included. Costs what these panes hold."""
        merged: dict[str, int] = {}
        for pane in range(first, last + 1):
            for part in self._panes.get(pane, ()):
                for word, count in part.counts.items():
                    merged[word] = merged.get(word, 0) + count
        return merged

    def _add(self, counts: Mapping[str, int], sign: int) -> None:
        total = self._total
        for word, count in counts.items():
            now = total.get(word, 0) + sign * count
            if now:
                total[word] = now
            else:
                total.pop(word, None)
