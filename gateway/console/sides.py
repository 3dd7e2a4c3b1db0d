"""What Explore's page compares: two periods or segments, and of those the windows that end at a chosen point. Pure."""

from datetime import date, timedelta

import msgspec

from gateway.explore.questions import ComparisonAsked, SideAsked, share_answers
from gateway.periods import Period


def window_ending(last: date, days: int) -> Period:
    """The window of so many days that ends with a day."""
    return Period(last - timedelta(days=days - 1), last)


def same_segment(asked: ComparisonAsked) -> bool:
    """Whether two periods of one segment are compared, and not two segments."""
    return not asked.other.rest and asked.one.segment == asked.other.segment


def at_point(asked: ComparisonAsked, day: date, days: int) -> ComparisonAsked | None:
    """The same comparison of the windows of a point, of so many days each; None where they would share answers.

    Against another period it is the window that ends at the same place of that period; against the period just before
    it is the window just before.
    """
    mine, theirs = asked.one.period, asked.other.period
    if mine is None or theirs is None:
        return None
    window = window_ending(day, days)
    beside = window
    if same_segment(asked):
        before = theirs == mine.before()
        beside = window.before() if before else window_ending(theirs.first + (day - mine.first), days)
    one: SideAsked = msgspec.structs.replace(asked.one, period=window)
    other: SideAsked = msgspec.structs.replace(asked.other, period=beside)
    return None if share_answers(one, other) else ComparisonAsked(metric=asked.metric, one=one, other=other)
