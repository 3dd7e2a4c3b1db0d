"""Where a set of answers stands, and how sure that is: estimates with adjusted standard errors. Pure.

The plain (Wald) standard error is too small for few answers, and zero where all of them agree, which would turn any
next answer into a discovery. The adjusted one adds a few made-up answers to each sample before it is computed:

* NPS: three answers, 3/4 promoters and 3/4 detractors. Rocks, "Interval Estimation for the Net Promoter Score", The
  American Statistician 70 (2016).
* Shares: one success and one failure in each of the two samples. Agresti and Caffo, "Simple and Effective Confidence
  Intervals for Proportions and Differences of Proportions", The American Statistician 54 (2000).
* Means: one answer at either end of the scale. On a scale of two points that is Agresti and Caffo's rule.
* Durations have no upper end: their plain standard error, for two of them and more.

Each adjustment draws the estimate towards the middle of its scale, the smaller sample more than the larger.
"""

from collections.abc import Mapping

from schemas.alarm_rows import Standing
from schemas.durations import summarise_durations
from schemas.scales import MetricKind, Scale
from schemas.statistics import Z95, promoters_and_detractors, top_boxes


def score_standing(kind: MetricKind, scale: Scale, counts: Mapping[str, int]) -> Standing | None:
    """Where scores stand, None where there are none. ``counts`` maps a score to how often it came."""
    n = sum(counts.values())
    if n <= 0:
        return None
    if kind == "nps":
        return nps_standing(n, *promoters_and_detractors(counts))
    if kind == "top_box":
        return share_standing(n, sum(counts.get(str(score), 0) for score in top_boxes(scale)))
    return mean_standing(n, scale, counts)


def nps_standing(n: int, promoters: int, detractors: int) -> Standing:
    """NPS in points."""
    m = n + 3
    p, d = (promoters + 0.75) / m, (detractors + 0.75) / m
    return Standing(n, 100 * (promoters - detractors) / n, 100 * (p - d), 1e4 * (p + d - (p - d) ** 2) / m)


def share_standing(n: int, successes: int) -> Standing:
    """A share in percent."""
    p = (successes + 1) / (n + 2)
    return Standing(n, 100 * successes / n, 100 * p, 1e4 * p * (1 - p) / (n + 2))


def mean_standing(n: int, scale: Scale, counts: Mapping[str, int]) -> Standing:
    """A mean in points of its scale."""
    answers = [(int(score), count) for score, count in counts.items()]
    total = sum(score * count for score, count in answers)
    squares = sum(score * score * count for score, count in answers)
    m = n + 2
    mean = (total + scale.minimum + scale.maximum) / m
    spread = (squares + scale.minimum**2 + scale.maximum**2) / m - mean * mean
    return Standing(n, total / n, mean, spread / m)


def duration_standing(counts: Mapping[str, int]) -> Standing | None:
    """A mean duration in seconds, of words of :mod:`schemas.durations`; None for fewer than two durations."""
    found = summarise_durations(counts)
    if found.mean is None or found.high is None:
        return None
    return Standing(found.n, found.mean, found.mean, ((found.high - found.mean) / Z95) ** 2)
