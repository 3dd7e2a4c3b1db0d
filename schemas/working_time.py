"""Time in the owner's working hours. Pure: instants in, instants and seconds out.

Working hours are spans of local time by weekday. They are turned into instants day by day, so a day on which clocks
change has the hours that it really has: a span over the spring gap is an hour shorter, over the autumn fold longer.
"""

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, time, timedelta
from functools import partial
from zoneinfo import ZoneInfo

from schemas.config import Loop
from schemas.config_base import WEEKDAYS
from schemas.config_owners import Calendar
from schemas.public_holidays import is_public_holiday

HORIZON_DAYS = 3 * 366
"""How far ahead working time is looked for; a calendar without any by then is an error."""

CalendarOf = Callable[[str | None], Calendar | None]
"""Whose working hours: a person's calendar; ``None`` means that every hour is a working hour."""

_DAY = timedelta(days=1)


def calendars(loop: Loop) -> CalendarOf:
    """The calendars of the people of loop.yaml, for those who know no loop.yaml."""
    return partial(calendar_of, loop)


def around_the_clock(_person: str | None) -> Calendar | None:
    """Everybody's every hour is a working hour."""
    return None


def calendar_of(loop: Loop, person: str | None) -> Calendar | None:
    """The person's calendar; ``None`` means that every hour is a working hour."""
    known = loop.people.get(person) if person is not None else None
    return loop.calendars[known.calendar] if known is not None and known.calendar is not None else None


def add_working_time(start: datetime, amount: float, calendar: Calendar | None) -> datetime:
    """The first instant (UTC) at which ``amount`` seconds of working time have passed since ``start``.

    With ``amount`` 0 that is ``start`` itself, working time or not. Raises ``ValueError`` if the calendar has not that
    much working time within three years.
    """
    start = start.astimezone(UTC)
    left = timedelta(seconds=amount)
    if calendar is None or left <= timedelta(0):
        return start + left
    for begin, end in working_spans(calendar, start, HORIZON_DAYS):
        length = end - begin
        if length >= left:
            return begin + left
        left -= length
    raise ValueError(f"the calendar has no {amount:g} seconds of working time within three years of {start:%Y-%m-%d}")


def working_time_between(start: datetime, end: datetime, calendar: Calendar | None) -> float:
    """Working seconds from ``start`` to ``end``; 0 if ``end`` is not after ``start``."""
    start, end = start.astimezone(UTC), end.astimezone(UTC)
    if end <= start:
        return 0.0
    if calendar is None:
        return (end - start).total_seconds()
    total = timedelta(0)
    for begin, stop in working_spans(calendar, start, (end - start).days + 3):
        if begin >= end:
            break
        total += min(stop, end) - begin
    return total.total_seconds()


def working_spans(calendar: Calendar, start: datetime, days: int) -> Iterator[tuple[datetime, datetime]]:
    """Working spans (UTC) that end after ``start``, cut at it, in order and without overlap."""
    zone = ZoneInfo(calendar.zone)
    # A day earlier: a span may run until midnight, and midnight is an instant of the day before in some zones.
    day = start.astimezone(zone).date() - _DAY
    reached = start
    for _ in range(days + 2):
        for begin, end in _day_spans(calendar, day, zone):
            begin = max(begin, reached)  # noqa: PLW2901 - overlapping spans count once
            if end > begin:
                yield begin, end
                reached = end
        day += _DAY


def _day_spans(calendar: Calendar, day: date, zone: ZoneInfo) -> list[tuple[datetime, datetime]]:
    if day in calendar.holidays or is_public_holiday(calendar.holidays_of, day):
        return []
    hours = calendar.hours.get(WEEKDAYS[day.weekday()], [])
    return sorted((instant(day, opening, zone), instant(day, closing, zone)) for opening, closing in hours)


def instant(day: date, clock: str, zone: ZoneInfo) -> datetime:
    """A local time of day as an instant. A time that the spring gap skips counts as the gap's end or later."""
    if clock == "24:00":
        return datetime.combine(day + _DAY, time(0), zone).astimezone(UTC)
    return datetime.combine(day, time.fromisoformat(clock), zone).astimezone(UTC)
