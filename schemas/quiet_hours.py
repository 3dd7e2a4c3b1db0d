"""Quiet hours: when a direct message waits, and when the list of what waited comes. Pure.

Somebody's day runs from the first opening to the last closing of their calendar: in a lunch break a message still
comes. Whoever has no calendar has no quiet hours.
"""

from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from schemas.alerts import Severity
from schemas.config_base import Clock
from schemas.config_owners import Calendar
from schemas.working_time import HORIZON_DAYS, CalendarOf, add_working_time, working_time_between

_DAY = timedelta(days=1)
_PERSON = "person:"
_INSTANT_S = 1e-6
"""The shortest working time there is: a microsecond."""


def is_quiet(calendar: Calendar | None, now: datetime) -> bool:
    """Whether ``now`` is outside this person's working day."""
    if calendar is None:
        return False
    zone = ZoneInfo(calendar.zone)
    day = now.astimezone(zone).date()
    begun = working_time_between(_midnight(day, zone), now + timedelta(microseconds=1), calendar) > 0
    return not (begun and working_time_between(now, _midnight(day + _DAY, zone), calendar) > 0)


def waits(severity: Severity, destination: str, calendar_of: CalendarOf, now: datetime) -> bool:
    """Whether a message about a case waits for its reader's morning: a direct one, out of hours, not critical."""
    if severity == "critical" or not destination.startswith(_PERSON):
        return False
    return is_quiet(calendar_of(destination.removeprefix(_PERSON)), now)


def morning_after(calendar: Calendar | None, at: Clock, since: datetime) -> tuple[date, datetime]:
    """The first working day whose list comes later than ``since``, and when: at ``at``, or when that day begins.

    Without a calendar nothing waits: that is ``since`` itself. Raises ``ValueError`` if there is no working day within
    three years.
    """
    if calendar is None:
        return since.date(), since
    zone = ZoneInfo(calendar.zone)
    day = since.astimezone(zone).date()
    for _ in range(HORIZON_DAYS):
        begin, end = _midnight(day, zone), _midnight(day + _DAY, zone)
        if working_time_between(begin, end, calendar) > 0:
            opening = add_working_time(begin, _INSTANT_S, calendar) - timedelta(microseconds=1)
            moment = max(opening, datetime.combine(day, time.fromisoformat(at), zone).astimezone(opening.tzinfo))
            if moment > since:
                return day, moment
        day += _DAY
    raise ValueError(f"the calendar has no working day within three years of {since:%Y-%m-%d}")


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, time(0), zone)
