"""Silence beyond chance: nights, weekends, few answers, pauses, variation; and the return."""

import math
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.alarm_rows import StopAlarm
from schemas.metrics import Series
from streams.alarms.hours import Habits, HourCounts, Week
from streams.alarms.stopped import GIVEN_UP_HOURS, Rhythm, at_most, judge, rhythm, silence

CHANCE = 1e-6
SERIES = Series("nps", "all", ())
MONDAY = int(datetime(2026, 10, 5, tzinfo=UTC).timestamp()) // 3600
WEEKS = 5 * 168
UTC_WEEK = Week(ZoneInfo("UTC"))


def habits(pattern: list[int], hours: int, pauses: tuple[date, ...] = ()) -> tuple[HourCounts, Habits]:
    """A series that has come by this pattern (an hour of the week each) for so many hours from a Monday on."""
    counts = HourCounts()
    for hour in range(hours):
        counts.set(MONDAY + hour, pattern[hour % 168])
    return counts, Habits(counts, UTC_WEEK, pauses)


def found(
    pattern: list[int], silent_hours: int, pauses: tuple[date, ...] = (), begin: int = WEEKS
) -> tuple[int, int] | None:
    """After so many silent hours: how long the silence is that is found, and what is expected in it."""
    counts, usual = habits(pattern, begin, pauses)
    known = rhythm(usual, MONDAY + begin)
    for hour in range(begin, begin + silent_hours):
        counts.set(MONDAY + hour, 0)
    last = MONDAY + begin + silent_hours - 1
    told = silence(usual, known, last, CHANCE)
    return None if told is None else (last - told.since + 1, round(told.expected))


def test_where_many_come_an_hour_is_enough() -> None:
    assert found([40] * 168, 1) == (1, 40)


def test_where_few_come_hours_are_put_together() -> None:
    """Two an hour: by Poisson alone 1e-6 takes 7 hours; with the variation of days and of what was learnt, 11."""
    first = next(hours for hours in range(1, 50) if found([2] * 168, hours))
    expected = 2.0 * first
    r = 1 / (0.05 * (1 + 1 / 4) + 1 / (4 * expected))
    before = expected - 2
    r_before = 1 / (0.05 * (1 + 1 / 4) + 1 / (4 * before))
    assert (1 + expected / r) ** -r < CHANCE <= (1 + before / r_before) ** -r_before
    assert 9 <= first <= 13


def test_where_hardly_any_come_silence_says_nothing() -> None:
    one_a_day = [1 if hour % 24 == 12 else 0 for hour in range(168)]
    assert found(one_a_day, 300) is None


def test_nights_and_weekends_are_silent_without_an_alarm() -> None:
    office = [30 if hour // 24 < 5 and 9 <= hour % 24 < 17 else 0 for hour in range(168)]
    friday_evening = WEEKS + 4 * 24 + 17
    for hours in range(1, 64):  # until Monday, nine o'clock
        assert found(office, hours, begin=friday_evening) is None
    assert found(office, 65, begin=friday_evening) == (1, 30)


def test_near_silence_counts_and_a_lull_does_not() -> None:
    for seen, stopped in ((0, True), (20, True), (21, False), (100, False)):
        counts, usual = habits([200] * 168, WEEKS)
        known = rhythm(usual, MONDAY + WEEKS)
        counts.set(MONDAY + WEEKS, seen)
        assert (silence(usual, known, MONDAY + WEEKS, CHANCE) is not None) is stopped


def test_a_silence_is_told_from_its_beginning() -> None:
    """Seen after 30 hours of which the last alone would do; the night before its first hour is not part of it."""
    office = [40 if 9 <= hour % 24 < 17 else 0 for hour in range(168)]
    assert found(office, 33, begin=WEEKS + 9) == (33, 16 * 40)


def test_a_planned_pause_is_neither_judged_nor_learnt_from() -> None:
    christmas = date(2026, 11, 9)  # the Monday after five weeks
    assert found([40] * 168, 24, (christmas,)) is None
    assert found([40] * 168, 25, (christmas,)) == (1, 40)
    counts, usual = habits([40] * 168, WEEKS, (date(2026, 11, 2),))
    for hour in range(MONDAY + WEEKS - 168, MONDAY + WEEKS - 144):
        counts.set(hour, 0)
    assert usual.usual(MONDAY + WEEKS) == (40, 3)


def test_a_new_series_is_not_judged_before_two_weeks_are_known() -> None:
    assert found([40] * 168, 5, begin=168) is None
    assert found([40] * 168, 1, begin=2 * 168 - 1) is None
    assert found([40] * 168, 1, begin=2 * 168) == (1, 40)


def test_a_series_that_came_back_an_hour_ago_is_not_silent() -> None:
    counts, usual = habits([40] * 168, WEEKS)
    known = rhythm(usual, MONDAY + WEEKS)
    for hour in range(20):
        counts.set(MONDAY + WEEKS + hour, 0)
    counts.set(MONDAY + WEEKS + 20, 30)
    assert silence(usual, known, MONDAY + WEEKS + 20, CHANCE) is None


def test_days_that_vary_ask_for_more() -> None:
    counts = HourCounts()
    for hour in range(WEEKS):
        counts.set(MONDAY + hour, (10, 2, 10, 18, 10)[hour // 168])
    usual = Habits(counts, UTC_WEEK)
    known = rhythm(usual, MONDAY + WEEKS)
    # Days of 48, 240, 432 and 240: their variance less their mean, over the square of the mean less a quarter of it.
    assert known.days == pytest.approx((24576 - 240) / (240**2 - 24576 / 4))
    assert known.hours == 0
    assert known.weekly == 1680
    for hour in range(24):
        counts.set(MONDAY + WEEKS + hour, 0)
    assert silence(usual, known, MONDAY + WEEKS + 5, CHANCE) is None
    assert silence(usual, Rhythm(1680, 0.05, 0), MONDAY + WEEKS + 5, CHANCE) is not None


def test_it_is_over_when_half_of_the_usual_comes() -> None:
    counts, usual = habits([5] * 168, WEEKS)
    known = rhythm(usual, MONDAY + WEEKS)
    held: StopAlarm | None = None
    told = []
    for hour in range(60):
        # silent for 30 hours, then a trickle of a tenth, then as before
        came = 0 if hour < 30 else (1 if hour % 2 else 0) if hour < 45 else 5
        counts.set(MONDAY + WEEKS + hour, -2 - came if held else came)
        held, said, at = judge("r", SERIES, held, usual, known, MONDAY + WEEKS + hour, CHANCE)
        if said:
            told.append((hour, said))
        if at:
            for each in range(at.since, MONDAY + WEEKS + hour + 1):
                counts.unlearn(each)
    assert [said for _, said in told] == ["stopped", "returned"]
    assert 3 <= told[0][0] <= 7
    assert 45 <= told[1][0] <= 46
    assert usual.usual(MONDAY + WEEKS + 168) == (5, 3)  # the silence taught nothing


def test_after_two_weeks_nothing_is_expected_any_more() -> None:
    counts, usual = habits([5] * 168, WEEKS)
    held = StopAlarm(rule="r", series=SERIES, since=MONDAY + WEEKS)
    for hour in range(GIVEN_UP_HOURS + 1):
        counts.set(MONDAY + WEEKS + hour, -2)
        verdict = judge("r", SERIES, held, usual, Rhythm(840, 0.05, 0), MONDAY + WEEKS + hour, CHANCE)
        assert verdict == ((held, None, None) if hour < GIVEN_UP_HOURS else (None, "given_up", None))


@given(st.integers(0, 40), st.floats(0.5, 500), st.floats(0.001, 2))
@settings(max_examples=60)
def test_at_most_is_the_sum_of_the_negative_binomial(seen: int, expected: float, spread: float) -> None:
    r = 1 / spread
    p = r / (r + expected)
    terms, term = [], p**r  # P(0), then P(k + 1) = P(k) (k + r) / (k + 1) (1 - p)
    for k in range(seen + 1):
        terms.append(term)
        term *= (k + r) / (k + 1) * (1 - p)
    assert at_most(seen, expected, spread) == pytest.approx(min(math.fsum(terms), 1), rel=1e-6, abs=1e-300)


@settings(max_examples=10, deadline=None)
@given(st.lists(st.integers(0, 30), min_size=168, max_size=168), st.integers(1, 100))
def test_what_comes_as_usual_is_never_silent(pattern: list[int], hours: int) -> None:
    counts, usual = habits(pattern, WEEKS + hours)
    known = rhythm(usual, MONDAY + WEEKS)
    assert silence(usual, known, MONDAY + WEEKS + hours - 1, CHANCE) is None
    assert counts.newest == MONDAY + WEEKS + hours - 1


def test_clocks_that_are_put_back_move_no_alarm() -> None:
    """A shop in Berlin that opens at nine: on the Monday after the change nine o'clock is an hour later in UTC."""
    berlin = ZoneInfo("Europe/Berlin")
    counts = HourCounts()
    usual = Habits(counts, Week(berlin))
    start = datetime(2026, 9, 21, tzinfo=berlin)
    first = int(start.timestamp()) // 3600
    hour, known = first, None
    while (local := datetime.fromtimestamp(hour * 3600, berlin)) < datetime(2026, 10, 26, 9, tzinfo=berlin):
        counts.set(hour, 60 if 9 <= local.hour < 18 else 0)
        hour += 1
        if hour > first + 4 * 168:
            if local.hour == 8 or known is None:
                known = rhythm(usual, hour)
            assert silence(usual, known, hour - 1, CHANCE) is None, local
    counts.set(hour, 0)
    assert silence(usual, rhythm(usual, hour), hour, CHANCE) is not None
