"""Working time: worked examples by hand, the days on which clocks change, and the laws that hold for every calendar."""

from __future__ import annotations

import os
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from schemas.config_base import WEEKDAYS
from schemas.config_owners import Calendar
from schemas.working_time import add_working_time, working_time_between

HOUR = 3600
examples = settings(deadline=None, max_examples=int(os.environ.get("CLOSELOOP_EXAMPLES", "40")))
OFFICE = Calendar(
    zone="Europe/Berlin",
    hours={day: [("09:00", "12:00"), ("13:00", "17:00")] for day in WEEKDAYS[:5]},
    holidays=[date(2026, 12, 25)],
)


def berlin(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo("Europe/Berlin"))


@pytest.mark.parametrize(
    ("start", "hours", "due"),
    [
        ("2026-11-20T10:00", 1, "2026-11-20T11:00"),  # within the morning
        ("2026-11-20T11:30", 1, "2026-11-20T13:30"),  # over the lunch break
        ("2026-11-20T16:00", 2, "2026-11-23T10:00"),  # Friday to Monday
        ("2026-11-21T10:00", 1, "2026-11-23T10:00"),  # a Saturday begins on Monday
        ("2026-11-20T06:00", 1, "2026-11-20T10:00"),  # before the office opens
        ("2026-11-20T16:00", 1, "2026-11-20T17:00"),  # ends exactly with the day
        ("2026-12-24T16:00", 2, "2026-12-28T10:00"),  # a holiday on a Friday, then the weekend
        ("2026-11-20T10:00", 70, "2026-12-04T10:00"),  # ten working days of seven hours
    ],
)
def test_by_hand(start: str, hours: int, due: str) -> None:
    found = add_working_time(berlin(start), hours * HOUR, OFFICE)
    assert found == berlin(due)
    assert found.tzinfo is UTC
    assert working_time_between(berlin(start), found, OFFICE) == hours * HOUR


def test_nights_on_which_the_clock_changes() -> None:
    night = Calendar(zone="Europe/Berlin", hours={"sun": [("00:00", "06:00")]})
    # 2026-03-29: 02:00 becomes 03:00, so the span has five hours; 2026-10-25: 03:00 becomes 02:00, seven hours.
    spring, autumn = datetime(2026, 3, 28, 23, tzinfo=UTC), datetime(2026, 10, 24, 22, tzinfo=UTC)
    assert working_time_between(spring, spring + timedelta(hours=12), night) == 5 * HOUR
    assert working_time_between(autumn, autumn + timedelta(hours=12), night) == 7 * HOUR
    assert add_working_time(spring, 4 * HOUR, night) == spring + timedelta(hours=4)
    assert add_working_time(autumn, 7 * HOUR, night) == autumn + timedelta(hours=7)


def test_no_calendar_counts_every_hour() -> None:
    start = datetime(2026, 11, 21, 3, tzinfo=UTC)
    assert add_working_time(start, 30 * HOUR, None) == start + timedelta(hours=30)
    assert working_time_between(start, start + timedelta(hours=30), None) == 30 * HOUR


def test_a_calendar_without_hours_is_an_error() -> None:
    with pytest.raises(ValueError, match="no 60 seconds of working time"):
        add_working_time(datetime(2026, 11, 21, tzinfo=UTC), 60, Calendar(zone="UTC", hours={}))


_clock = st.integers(0, 24 * 4).map(lambda quarter: f"{quarter // 4:02}:{quarter % 4 * 15:02}")
_span = st.tuples(_clock, _clock).filter(lambda pair: pair[0] < pair[1])
_calendars = st.builds(
    Calendar,
    zone=st.sampled_from(["Europe/Berlin", "America/Sao_Paulo", "Asia/Kathmandu", "Australia/Lord_Howe", "UTC"]),
    hours=st.dictionaries(st.sampled_from(WEEKDAYS), st.lists(_span, min_size=1, max_size=3), min_size=1),
    holidays=st.lists(st.dates(date(2026, 1, 1), date(2026, 12, 31)), max_size=5),
)
# Hypothesis wants the bounds naive.
_instants = st.datetimes(datetime(2026, 1, 1), datetime(2026, 12, 31), timezones=st.just(UTC))  # noqa: DTZ001
_amounts = st.integers(1, 40 * HOUR)


def _works(calendar: Calendar) -> bool:
    return working_time_between(datetime(2027, 1, 1, tzinfo=UTC), datetime(2027, 2, 1, tzinfo=UTC), calendar) > 0


@examples
@given(_calendars, _instants, _amounts)
def test_adding_is_the_inverse_of_counting(calendar: Calendar, start: datetime, amount: int) -> None:
    assume(_works(calendar))
    due = add_working_time(start, amount, calendar)
    assert due >= start + timedelta(seconds=amount)
    assert working_time_between(start, due, calendar) == amount
    # It is the first such instant: a second earlier there is less.
    assert working_time_between(start, due - timedelta(seconds=1), calendar) < amount


@examples
@given(_calendars, _instants, _instants, _amounts)
def test_later_starts_are_due_later(calendar: Calendar, one: datetime, other: datetime, amount: int) -> None:
    assume(_works(calendar))
    early, late = sorted((one, other))
    assert add_working_time(early, amount, calendar) <= add_working_time(late, amount, calendar)


@examples
@given(_calendars, _instants, _amounts, _amounts)
def test_working_time_adds_up(calendar: Calendar, start: datetime, first: int, second: int) -> None:
    assume(_works(calendar))
    halfway = add_working_time(start, first, calendar)
    assert add_working_time(halfway, second, calendar) == add_working_time(start, first + second, calendar)


@examples
@given(_calendars, st.lists(_instants, min_size=3, max_size=3))
def test_working_time_of_two_parts_is_that_of_the_whole(calendar: Calendar, moments: list[datetime]) -> None:
    a, b, c = sorted(moments)
    parts = working_time_between(a, b, calendar) + working_time_between(b, c, calendar)
    assert parts == pytest.approx(working_time_between(a, c, calendar), abs=1e-3)
    assert 0 <= parts <= (c - a).total_seconds() + 1e-3
