"""Whether two values of a metric differ by more than chance, and how to say it honestly. Pure.

The test is a two-sample z on the adjusted standard errors of :mod:`schemas.standings`, which names the sources; the
interval is the adjusted difference with 1.96 of its standard errors either side, widened to hold the difference that is
shown. For NPS and means this is the large-sample rule; the adjustment keeps it honest down to about ten answers a side,
below which nothing is told.

Somebody who looks through many segments finds two that differ. Where a pair was one of many to choose from, what chance
alone would do to the most extreme of them is told with it: 1 - (1 - p)^pairs, Sidak's rule ("Rectangular Confidence
Regions for the Means of Multivariate Normal Distributions", Journal of the American Statistical Association 62, 1967).
"""

from math import erfc, expm1, floor, log1p, log10, sqrt
from typing import Literal

from msgspec import Struct

from schemas.alarm_rows import Standing
from schemas.statistics import Z95

SIGNIFICANT = 0.05
MOST_ONCE_IN = 1_000_000

Verdict = Literal["above", "below", "picked", "not_told", "too_few"]


class Difference(Struct, frozen=True, kw_only=True):
    """One value less the other, in the metric's unit (points, percent, scale points, seconds).

    ``low`` and ``high``: the 95 % interval. ``p``: how often chance alone would show a difference as large; ``once_in``
    is the same in a round number, a million at the most.

    ``verdict``: ``above`` or ``below`` where it is beyond chance; ``picked`` where it would be, had the pair not been
    one of ``pairs`` to choose from, among which chance alone shows one as large with probability ``p_any``;
    ``not_told`` where it is not; ``too_few`` where a side has too few answers to tell.
    """

    value: float
    low: float
    high: float
    p: float
    once_in: int
    pairs: int
    p_any: float
    verdict: Verdict
    better: bool | None
    """Whether the first is the better one; null where no difference can be told."""


def difference(
    one: Standing | None, other: Standing | None, *, too_few: bool, pairs: int, higher_is_better: bool
) -> Difference | None:
    """The first less the second; None where a side has nothing to compare."""
    if one is None or other is None:
        return None
    value, adjusted = one.value - other.value, one.estimate - other.estimate
    error = sqrt(one.variance + other.variance)
    low, high = min(value, adjusted - Z95 * error), max(value, adjusted + Z95 * error)
    p = erfc(abs(adjusted) / error / sqrt(2)) if error > 0 else float(adjusted == 0)
    p_any = any_of(p, pairs)
    beyond = p < SIGNIFICANT and not low <= 0 <= high
    verdict: Verdict = "not_told"
    if too_few:
        verdict = "too_few"
    elif beyond:
        verdict = "picked" if p_any >= SIGNIFICANT else "above" if value > 0 else "below"
    told = verdict in ("above", "below")
    return Difference(
        value=value,
        low=low,
        high=high,
        p=p,
        once_in=once_in(p),
        pairs=pairs,
        p_any=p_any,
        verdict=verdict,
        better=(value > 0) == higher_is_better if told else None,
    )


def any_of(p: float, tests: int) -> float:
    """How likely chance alone shows at least one such result among so many independent tests."""
    return 1.0 if p >= 1 else -expm1(tests * log1p(-p))


def once_in(p: float) -> int:
    """One in how many, rounded to two digits (to one below ten); a million at the most."""
    if p * MOST_ONCE_IN <= 1:
        return MOST_ONCE_IN
    many = 1 / p
    digits = max(0, floor(log10(many)) - 1)
    step: int = 10**digits
    return round(many / step) * step
