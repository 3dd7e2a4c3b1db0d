"""From counts to one honest number: a value, its 95 % interval, and whether there are too few answers. Pure."""

from collections.abc import Mapping
from math import sqrt
from typing import Literal, NamedTuple

from schemas.scales import MetricKind, Scale

Z95 = 1.959963984540054
"""The normal quantile of a two-sided 95 % interval."""

FAILED = "failed"
"""The outcome of a touchpoint whose share is the value of the metric ``outcome``."""

SummaryKind = MetricKind | Literal["failed_share"]

_PROMOTERS = frozenset({"9", "10"})
_DETRACTORS = frozenset({"0", "1", "2", "3", "4", "5", "6"})


class Summary(NamedTuple):
    """A value with its 95 % interval: points for NPS, percent for shares, scale points for means. None where n is 0."""

    value: float | None
    low: float | None
    high: float | None
    n: int
    too_few: bool


def summarise(kind: SummaryKind, scale: Scale | None, counts: Mapping[str, int], minimum_n: int) -> Summary:
    """The summary of a histogram. ``counts`` maps a score (or an outcome) in words to how often it came.

    ``scale`` says what the best scores are and where the ends lie; outcomes have none. ``too_few``: n is below
    ``minimum_n``. The value always lies inside its interval, ends included. Raises ValueError for a kind that needs
    a scale without one.
    """
    n = sum(counts.values())
    if n == 0:
        return Summary(None, None, None, 0, True)
    if kind == "nps":
        value, low, high = _nps(counts, n)
    elif kind == "failed_share":
        value, low, high = wilson(counts.get(FAILED, 0), n)
    elif scale is None:
        raise ValueError(f"{kind} needs a scale")
    elif kind == "top_box":
        value, low, high = wilson(sum(counts.get(str(score), 0) for score in top_boxes(scale)), n)
    else:
        value, low, high = _mean(counts, n, scale)
    return Summary(value, min(low, value), max(high, value), n, n < minimum_n)


def share(successes: int, n: int, minimum_n: int) -> Summary:
    """A share in percent as a summary: :func:`wilson`, and None where there is nothing to take a share of.

    More successes than ``n``, or fewer than none, are taken for all, or none, of them.
    """
    if n <= 0:
        return Summary(None, None, None, 0, True)
    return Summary(*wilson(min(max(successes, 0), n), n), n, n < minimum_n)


def top_boxes(scale: Scale) -> tuple[int, ...]:
    """The scores that count as satisfied: the best two, or the best one on a scale of three points or fewer."""
    boxes = 2 if scale.maximum - scale.minimum + 1 > 3 else 1
    if scale.higher_is_better:
        return tuple(range(scale.maximum - boxes + 1, scale.maximum + 1))
    return tuple(range(scale.minimum, scale.minimum + boxes))


def promoters_and_detractors(counts: Mapping[str, int]) -> tuple[int, int]:
    """How many of a histogram on 0..10 are promoters (9 and 10), and how many detractors (0 to 6)."""
    return sum(counts.get(score, 0) for score in _PROMOTERS), sum(counts.get(score, 0) for score in _DETRACTORS)


def wilson(successes: int, n: int) -> tuple[float, float, float]:
    """A share in percent with its Wilson score interval, for n above 0.

    Source: NIST/SEMATECH e-Handbook of Statistical Methods, 7.2.4.1. Unlike Wald's it is never empty and never leaves
    0..100, also where all or none succeeded.
    """
    p = successes / n
    squared = Z95 * Z95
    centre = p + squared / (2 * n)
    reach = Z95 * sqrt(p * (1 - p) / n + squared / (4 * n * n))
    divisor = 1 + squared / n
    # The ends are exact where none or all succeeded; in floating point they would miss by a hair.
    low = 100 * (centre - reach) / divisor if successes else 0.0
    high = 100 * (centre + reach) / divisor if successes < n else 100.0
    return 100 * p, low, high


def _nps(counts: Mapping[str, int], n: int) -> tuple[float, float, float]:
    """NPS = 100 (P - D) / n with its adjusted-Wald interval: three answers more, 3/4 on either side.

    Source: Rocks, "Interval Estimation for the Net Promoter Score", The American Statistician 70 (2016).
    Clamped to -100..100. For a single answer the interval is widened to hold the value itself.
    """
    promoters, detractors = promoters_and_detractors(counts)
    m = n + 3
    p, d = (promoters + 0.75) / m, (detractors + 0.75) / m
    reach = Z95 * sqrt((p + d - (p - d) ** 2) / m)
    return 100 * (promoters - detractors) / n, max(-100.0, 100 * (p - d - reach)), min(100.0, 100 * (p - d + reach))


def mean_and_error(counts: Mapping[str, int], n: int) -> tuple[float, float | None]:
    """The mean of ``n`` scores and its standard error (sample variance, n - 1); None for the error of a single score.

    In whole numbers as long as possible, because squares minus n times the mean squared cancels.
    """
    total = sum(int(score) * count for score, count in counts.items())
    if n == 1:
        return float(total), None
    squares = sum(int(score) ** 2 * count for score, count in counts.items())
    return total / n, sqrt((n * squares - total * total) / (n * (n - 1)) / n)


def _mean(counts: Mapping[str, int], n: int, scale: Scale) -> tuple[float, float, float]:
    """The mean with 1.96 standard errors either side, clamped to the scale.

    A single answer says nothing about the spread: its interval is the whole scale.
    """
    mean, error = mean_and_error(counts, n)
    if error is None:
        return mean, float(scale.minimum), float(scale.maximum)
    return mean, max(float(scale.minimum), mean - Z95 * error), min(float(scale.maximum), mean + Z95 * error)
