"""The cases that alerts would open, and whose they would be: the desk's decisions without its database. Pure."""

import heapq
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from typing import Literal, NamedTuple
from zoneinfo import ZoneInfo

from consumers.routing import Standing, assign
from schemas.alerts import SEVERITIES, Alert
from schemas.config import Loop

NOBODY = "(nobody)"
"""Stands for the owner where a channel alone has the case."""

What = Literal["opens a case", "joins a case", "is over"]


class Placed(NamedTuple):
    """What became of an alert: its case's receiver and owner, a key of ``people``."""

    what: What
    receiver: str
    owner: str


class Peak(NamedTuple):
    """The most cases that a person had open at once, and the first day on which it was so."""

    cases: int
    day: date


class _Open:
    """A case that is open: whose it is, and how grave."""

    __slots__ = ("page", "placed", "severity")

    def __init__(self, placed: Placed, alert: Alert) -> None:
        self.placed = placed
        self.severity = alert.severity
        self.page = alert.page


class CaseBook:
    """One open case a customer and programme; further alerts join it.

    When people close cases no recording tells: every case is taken to be closed ``close_after`` seconds after it was
    opened. Days are those of the history's zone. An alert is taken at the latest event time known then.
    """

    def __init__(self, loop: Loop, close_after: int) -> None:
        self._loop = loop
        self._close_after = timedelta(seconds=close_after)
        self._zone = ZoneInfo(loop.history.zone)
        self._open: dict[tuple[str, str], _Open] = {}
        self._closing: list[tuple[float, tuple[str, str]]] = []
        self._now = float("-inf")
        self._loads: Counter[str] = Counter()
        self._turns: dict[str, str] = {}
        self.alerts: Counter[str] = Counter()
        """By rule."""
        self.opened: Counter[str] = Counter()
        """By programme. The next four are of opened cases too, by what their names say."""
        self.severities: Counter[str] = Counter()
        """The gravest that a case came to: an alert that joins can raise it."""
        self.receivers: Counter[str] = Counter()
        self.owners: Counter[str] = Counter()
        self.days: Counter[date] = Counter()
        self.joined = 0
        self.quiet = 0
        """Cases opened that disturb nobody."""
        self.peaks: dict[str, Peak] = {}

    def take(self, alert: Alert) -> Placed:
        """What the desk would do with the next alert."""
        self._now = max(self._now, alert.event_time.timestamp())
        self._close()
        self.alerts[alert.rule] += 1
        key = (alert.customer_id, alert.programme)
        case = self._open.get(key)
        if case is not None:
            self._join(case, alert)
            return case.placed._replace(what="joins a case")
        now = datetime.fromtimestamp(self._now, UTC)
        assignment = assign(self._loop, alert, Standing(open_cases=self._loads, turns=self._turns), now)
        placed = Placed("opens a case", assignment.receiver, assignment.owner or NOBODY)
        if alert.recovered:
            return placed._replace(what="is over")
        self._open[key] = _Open(placed, alert)
        heapq.heappush(self._closing, (self._now + self._close_after.total_seconds(), key))
        self._enter(alert, placed)
        if assignment.choice.turn_of is not None:
            self._turns[assignment.choice.turn_of] = placed.owner
        return placed

    def busiest(self) -> Peak | None:
        """The day on which most cases open, the first of equal ones."""
        if not self.days:
            return None
        day = min(self.days, key=lambda day: (-self.days[day], day))
        return Peak(self.days[day], day)

    def _enter(self, alert: Alert, placed: Placed) -> None:
        day = alert.event_time.astimezone(self._zone).date()
        self.opened[alert.programme] += 1
        self.severities[alert.severity] += 1
        self.receivers[placed.receiver] += 1
        self.owners[placed.owner] += 1
        self.days[day] += 1
        self.quiet += not alert.page
        self._loads[placed.owner] += 1
        if self._loads[placed.owner] > self.peaks.get(placed.owner, Peak(0, day)).cases:
            self.peaks[placed.owner] = Peak(self._loads[placed.owner], day)

    def _join(self, case: _Open, alert: Alert) -> None:
        self.joined += 1
        if SEVERITIES.index(alert.severity) > SEVERITIES.index(case.severity):
            self.severities[case.severity] -= 1
            self.severities[alert.severity] += 1
            case.severity = alert.severity
        if alert.page and not case.page:
            self.quiet -= 1
            case.page = True

    def _close(self) -> None:
        while self._closing and self._closing[0][0] <= self._now:
            _, key = heapq.heappop(self._closing)
            self._loads[self._open.pop(key).placed.owner] -= 1
