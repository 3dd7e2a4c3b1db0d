"""What became of a metric: the window against the week before it, and whether that is more than chance.

The week before are the seven calendar days (in the zone of loop.yaml) that end before the day in which the window
begins, so that no answer is on both sides.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta

from gateway.explore.differences import Difference, difference
from gateway.explore.measures import measure
from gateway.periods import Period, day_of
from gateway.vocabulary import Vocabulary
from schemas.config_base import seconds
from schemas.metrics import Metric, Series

Week = Mapping[str, int]


def week_before(window: str, at: datetime, zone: str) -> Period:
    """The seven days before a window that ends now."""
    begins = day_of(at - timedelta(seconds=seconds(window)), zone)
    return Period(begins - timedelta(days=7), begins - timedelta(days=1))


def series_of(row: Metric) -> Series:
    """The series that a row is of."""
    return Series(row.metric, row.cut, tuple(row.key.values()), row.scale)


def trend(row: Metric, week: Week, words: Vocabulary, minimum_n: int, pairs: int) -> Difference | None:
    """The window less the week before; ``pairs`` are how many such differences are shown side by side.

    None where a side has nothing, or the metric follows from others and cannot be added up.
    """
    how = measure(words, row.metric, minimum_n)
    if how is None or row.scale:
        return None
    few = how.summary(row.counts).too_few or how.summary(week).too_few
    rises = words.catalogue[row.metric].higher_is_better
    return difference(
        how.standing(row.counts), how.standing(week), too_few=few, pairs=max(1, pairs), higher_is_better=rises
    )
