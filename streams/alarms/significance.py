"""Whether a metric differs from what it was by more than chance: a two-sample z on adjusted standard errors. Pure.

:mod:`schemas.standings` names the adjustments and their sources.
"""

from collections.abc import Mapping
from math import sqrt

from schemas.alarm_rows import Standing
from schemas.scales import Scale
from schemas.standings import score_standing, share_standing
from schemas.statistics import FAILED
from streams.metrics.measures import Scored, Share
from streams.metrics.readings import Measure


def standing(measure: Measure, scale: Scale | None, counts: Mapping[str, int]) -> Standing | None:
    """Where a histogram stands, None where nothing was counted. ``counts`` maps a word to how often it came.

    Raises ValueError for a measure that cannot be compared so.
    """
    if isinstance(measure, Share):
        n = measure.total(counts)
        return share_standing(n, counts.get(measure.word, 0)) if n > 0 else None
    if not isinstance(measure, Scored) or scale is None:
        raise ValueError("only scores on a scale and shares are compared with their past")
    return score_standing(measure.kind, scale, counts)


def rises_when_good(measure: Measure, scale: Scale | None) -> bool:
    """Whether a higher value is better. NPS and top box are counted from the good end of any scale."""
    if isinstance(measure, Share):
        return measure.word != FAILED
    if isinstance(measure, Scored) and measure.kind == "mean" and scale is not None:
        return scale.higher_is_better
    return True


def worse_by(before: Standing, after: Standing, *, higher_is_better: bool) -> float:
    """By how many standard errors of the difference a metric has become worse; negative where it is better."""
    change = before.estimate - after.estimate
    return (change if higher_is_better else -change) / sqrt(before.variance + after.variance)
