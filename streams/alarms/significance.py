"""Whether a metric differs from what it was by more than chance: a two-sample z on adjusted standard errors. Pure.

The plain (Wald) standard error is too small for few answers, and zero where all of them agree, which would turn any
next answer into an alarm. The adjusted one adds a few made-up answers to each sample before it is computed:

* NPS: three answers, 3/4 promoters and 3/4 detractors. Rocks, "Interval Estimation for the Net Promoter Score", The
  American Statistician 70 (2016).
* Shares: one success and one failure in each of the two samples. Agresti and Caffo, "Simple and Effective Confidence
  Intervals for Proportions and Differences of Proportions", The American Statistician 54 (2000).
* Means: one answer at either end of the scale. On a scale of two points that is Agresti and Caffo's rule.

Each of them draws the estimate towards the middle of its scale, the smaller sample more than the larger.
"""

from collections.abc import Mapping
from math import sqrt

from schemas.alarm_rows import Standing
from schemas.scales import Scale
from schemas.statistics import FAILED, promoters_and_detractors, top_boxes
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
    n = sum(counts.values())
    if n <= 0:
        return None
    if measure.kind == "nps":
        return nps_standing(n, *promoters_and_detractors(counts))
    if measure.kind == "top_box":
        return share_standing(n, sum(counts.get(str(score), 0) for score in top_boxes(scale)))
    return _mean_standing(n, scale, counts)


def rises_when_good(measure: Measure, scale: Scale | None) -> bool:
    """Whether a higher value is better. NPS and top box are counted from the good end of any scale."""
    if isinstance(measure, Share):
        return measure.word != FAILED
    if isinstance(measure, Scored) and measure.kind == "mean" and scale is not None:
        return scale.higher_is_better
    return True


def nps_standing(n: int, promoters: int, detractors: int) -> Standing:
    """NPS in points."""
    m = n + 3
    p, d = (promoters + 0.75) / m, (detractors + 0.75) / m
    return Standing(n, 100 * (promoters - detractors) / n, 100 * (p - d), 1e4 * (p + d - (p - d) ** 2) / m)


def share_standing(n: int, successes: int) -> Standing:
    """A share in percent."""
    p = (successes + 1) / (n + 2)
    return Standing(n, 100 * successes / n, 100 * p, 1e4 * p * (1 - p) / (n + 2))


def _mean_standing(n: int, scale: Scale, counts: Mapping[str, int]) -> Standing:
    answers = [(int(score), count) for score, count in counts.items()]
    total = sum(score * count for score, count in answers)
    squares = sum(score * score * count for score, count in answers)
    m = n + 2
    mean = (total + scale.minimum + scale.maximum) / m
    spread = (squares + scale.minimum**2 + scale.maximum**2) / m - mean * mean
    return Standing(n, total / n, mean, spread / m)


def worse_by(before: Standing, after: Standing, *, higher_is_better: bool) -> float:
    """By how many standard errors of the difference a metric has become worse; negative where it is better."""
    change = before.estimate - after.estimate
    return (change if higher_is_better else -change) / sqrt(before.variance + after.variance)
