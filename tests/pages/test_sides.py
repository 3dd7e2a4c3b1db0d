"""What Explore compares at a chosen point: two windows of as many days, with no day in common."""

from __future__ import annotations

from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from gateway.console.sides import at_point
from gateway.explore.questions import ComparisonAsked, Segment, SideAsked
from gateway.periods import Period

FIRST = date(2026, 3, 1)
SP, RJ = (Segment("region", {"region": name}) for name in ("SP", "RJ"))


def days(period: Period | None) -> set[date]:
    assert period is not None
    return {period.first + timedelta(days=number) for number in range(period.days)}


def asked(mine: Period, theirs: Period, other: Segment = SP, *, rest: bool = False) -> ComparisonAsked:
    return ComparisonAsked(
        metric="nps",
        one=SideAsked(segment=SP, period=mine),
        other=SideAsked(segment=other, period=theirs, rest=rest),
    )


@given(st.integers(1, 60), st.integers(0, 59), st.integers(1, 90), st.integers(0, 200))
def test_two_periods_are_compared_at_the_same_place_unless_their_windows_meet(
    length: int, place: int, window: int, apart: int
) -> None:
    mine = Period(FIRST, FIRST + timedelta(days=length - 1))
    theirs = Period(mine.first - timedelta(days=length + apart), mine.last - timedelta(days=length + apart))
    point = mine.first + timedelta(days=place % length)
    found = at_point(asked(mine, theirs), point, window)
    if apart and length + apart < window:
        assert found is None
        return
    assert found is not None
    one, other = found.one.period, found.other.period
    assert one is not None
    assert other is not None
    assert (one.last, len(days(one)), len(days(other))) == (point, window, window)
    assert not days(one) & days(other)
    # Against the time just before: the window just before. Else the same place of the other period.
    assert point - other.last == timedelta(days=length + apart if apart else window)


@given(st.integers(0, 29), st.integers(1, 90), st.booleans())
def test_two_segments_are_compared_in_the_same_window(place: int, window: int, rest: bool) -> None:
    mine = Period(FIRST, FIRST + timedelta(days=29))
    point = FIRST + timedelta(days=place)
    found = at_point(asked(mine, mine, SP if rest else RJ, rest=rest), point, window)
    assert found is not None
    assert found.one.period == found.other.period == Period(point - timedelta(days=window - 1), point)
    assert (found.other.rest, found.other.segment) == (rest, SP if rest else RJ)
