"""How much more often a term comes here than there, and whether that can be chance. Pure.

* The lift is the ratio of the two shares, with half an answer added to every count so that none is zero; its 95 %
  interval is the log interval of a ratio. Agresti, "Categorical Data Analysis", section 3.1.
* The p-value is that of Fisher's exact test, two-sided, where a cell of the table is expected to hold fewer than five
  answers, and of the score test (the pooled two-sample z) where none is. Cochran, "Some Methods for Strengthening the
  Common Chi-Squared Tests", Biometrics 10 (1954), has that limit.
* Many terms are looked at at once. Those that are told to differ are chosen by Benjamini and Hochberg's rule
  ("Controlling the False Discovery Rate", Journal of the Royal Statistical Society B 57, 1995): of what is told, one in
  twenty is chance on average.
"""

from collections.abc import Mapping
from math import erfc, exp, lgamma, log, sqrt
from typing import NamedTuple, TypeVar

from schemas.statistics import Z95

FALSE_DISCOVERIES = 0.05
_SMALLEST_EXPECTED = 5
_TIES = 1 + 1e-9

K = TypeVar("K")


class Lift(NamedTuple):
    """A ratio of shares with its 95 % interval, and the two-sided p-value of no difference."""

    value: float
    low: float
    high: float
    p: float


def lift(answers: int, of: int, there: int, of_there: int) -> Lift | None:
    """``answers`` of ``of`` here against ``there`` of ``of_there``; None where there are no answers on a side."""
    if not of or not of_there:
        return None
    a, n, b, m = answers + 0.5, of + 0.5, there + 0.5, of_there + 0.5
    middle = log(a / n) - log(b / m)
    reach = Z95 * sqrt(max(0.0, 1 / a - 1 / n + 1 / b - 1 / m))
    return Lift(exp(middle), exp(middle - reach), exp(middle + reach), p_value(answers, of, there, of_there))


def p_value(a: int, n: int, b: int, m: int) -> float:
    """The two-sided p-value of ``a`` of ``n`` and ``b`` of ``m`` being shares of one and the same population."""
    met, total = a + b, n + m
    if min(met, total - met) * min(n, m) >= _SMALLEST_EXPECTED * total:
        pooled = met / total
        return erfc(abs(a / n - b / m) / sqrt(2 * pooled * (1 - pooled) * (1 / n + 1 / m)))
    # Fisher's: all tables with these margins that are no likelier than this one.
    low, high = max(0, met - m), min(met, n)
    if low == high:
        return 1.0
    logs = [_log_ways(k, n, met - k, m) for k in range(low, high + 1)]
    likeliest = max(logs)
    weights = [exp(one - likeliest) for one in logs]
    here = weights[a - low] * _TIES
    return min(1.0, sum(weight for weight in weights if weight <= here) / sum(weights))


def told(p_values: Mapping[K, float], tested: int) -> frozenset[K]:
    """Which of them can be told to differ, by Benjamini and Hochberg's rule among ``tested`` tests.

    ``p_values`` may be a part of the tests: those that are not there count as not telling.
    """
    ordered = sorted(p_values.items(), key=lambda item: item[1])
    last = 0
    for rank, (_, p) in enumerate(ordered, start=1):
        if p <= FALSE_DISCOVERIES * rank / tested:
            last = rank
    return frozenset(key for key, _ in ordered[:last])


def _log_ways(k: int, n: int, rest: int, m: int) -> float:
    """The logarithm of how many ways there are to choose ``k`` of ``n`` and ``rest`` of ``m``."""
    return lgamma(n + 1) - lgamma(k + 1) - lgamma(n - k + 1) + lgamma(m + 1) - lgamma(rest + 1) - lgamma(m - rest + 1)
