"""Hours that are alike, in a zone whose clocks change; counts in a bounded memory."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streams.alarms.hours import HOUR_S, KEPT_DAYS, UNKNOWN, Habits, HourCounts, Week

BERLIN = ZoneInfo("Europe/Berlin")


def hour_of(*when: int, zone: ZoneInfo = BERLIN) -> int:
    return int(datetime(*when, tzinfo=zone).timestamp()) // HOUR_S  # type: ignore[misc,arg-type] # year, month, day, hour


def test_peers_are_the_same_hour_on_the_clock() -> None:
    """Clocks were put back on 25 October 2026: nine o'clock stays nine o'clock."""
    peers = Week(BERLIN).peers(hour_of(2026, 11, 2, 9))
    assert peers == tuple(hour_of(2026, *day, 9) for day in ((10, 26), (10, 19), (10, 12), (10, 5)))
    assert hour_of(2026, 11, 2, 9) - peers[0] == 168
    assert peers[0] - peers[1] == 169


def test_days_are_local() -> None:
    week = Week(ZoneInfo("Asia/Shanghai"))
    assert week.day(int(datetime(2026, 12, 24, 15, 30, tzinfo=UTC).timestamp()) // HOUR_S) == date(2026, 12, 24)
    assert week.day(int(datetime(2026, 12, 24, 16, tzinfo=UTC).timestamp()) // HOUR_S) == date(2026, 12, 25)


@settings(max_examples=50)
@given(st.lists(st.tuples(st.integers(1, 60), st.integers(0, 9), st.booleans()), max_size=60), st.randoms())
def test_counts_are_those_that_were_set_last_and_36_days_of_them(
    steps: list[tuple[int, int, bool]], rnd: object
) -> None:
    counts, model = HourCounts(), dict[int, int]()
    hour = 490_000
    for jump, count, unlearnt in steps:
        hour += jump
        counts.set(hour, count)
        model[hour] = count
        if unlearnt:
            counts.unlearn(hour)
            counts.unlearn(hour)
            model[hour] = -2 - count
    if not model:
        assert counts.newest is None
        assert counts.raw(hour) == UNKNOWN
        return
    assert counts.newest == hour
    for at in range(hour - 24 * KEPT_DAYS - 30, hour + 5):
        kept = model.get(at, UNKNOWN) if hour - 24 * KEPT_DAYS < at else UNKNOWN
        assert counts.raw(at) == kept
        assert counts.count(at) == (kept if kept >= UNKNOWN else -2 - kept)
    back = HourCounts()
    days = list(range(hour // 24 - KEPT_DAYS + 1, hour // 24 + 1))
    rnd.shuffle(days)  # type: ignore[attr-defined] # hypothesis's randoms are untyped
    for day in days:
        for number, kept in enumerate(counts.day(day)):
            if kept != UNKNOWN:
                back.set(24 * day + number, kept)
    assert [back.day(day) for day in days] == [counts.day(day) for day in days]


def test_usual_is_the_mean_of_the_weeks_that_are_known() -> None:
    counts, hour = HourCounts(), hour_of(2026, 9, 9, 10, zone=ZoneInfo("UTC"))
    habits = Habits(counts, Week(ZoneInfo("UTC")), [date(2026, 9, 2)])
    counts.set(hour - 4 * 168, 9)
    assert habits.usual(hour) is None
    counts.set(hour - 3 * 168, 4)
    counts.set(hour - 2 * 168, 8)
    assert habits.usual(hour) == (7, 3)
    counts.unlearn(hour - 3 * 168)
    assert habits.usual(hour) == (8.5, 2)
    counts.set(hour - 168, 1000)  # on a planned pause
    assert habits.usual(hour) == (8.5, 2)
    counts.set(hour, 5)
    assert (habits.count(hour), habits.count(hour - 168), habits.count(hour - 3 * 168)) == (5, UNKNOWN, 4)


def test_an_hour_that_is_too_old_is_passed_over() -> None:
    counts = HourCounts()
    counts.set(5000, 1)
    counts.set(5000 - 24 * KEPT_DAYS, 7)
    assert (counts.raw(5000), counts.raw(5000 - 24 * KEPT_DAYS), counts.newest) == (1, UNKNOWN, 5000)


@pytest.mark.parametrize("jump", [1, 30, 24 * 36, 24 * 100])
def test_hours_that_nobody_saw_are_unknown(jump: int) -> None:
    counts = HourCounts()
    for hour in range(1000, 1100):
        counts.set(hour, 3)
    counts.set(1099 + jump, 4)
    assert all(counts.raw(hour) == UNKNOWN for hour in range(1100, 1099 + jump))
    assert counts.raw(1099 + jump) == 4
