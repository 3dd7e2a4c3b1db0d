"""Durations as counted words: a mergeable quantile sketch beside an exact sum, and what they say together. Pure.

The sketch is DDSketch's (Masson, Rim, Lee: "DDSketch: a fast and fully-mergeable quantile sketch with relative-error
guarantees", VLDB 2019): buckets whose bounds grow by a constant factor. A bucket is a word like any score, so panes of
durations add up, merge and take back as all others do, and nothing that is counted depends on the order.
"""

from collections.abc import Mapping
from functools import lru_cache
from math import sqrt
from statistics import NormalDist
from typing import NamedTuple

from ddsketch import LogarithmicMapping

RELATIVE_ERROR = 0.01
"""How far a quantile may be from the duration of whole seconds that has its rank, as a share of that duration."""

MOST_S = 10 * 366 * 86_400
"""The longest duration that is counted, seconds. It bounds the buckets of a series: 981 at the most."""

SUM = "sum"
"""The word that counts seconds instead of durations."""

_ZERO = "zero"
_BUCKET = "b"
_Z95 = NormalDist().inv_cdf(0.975)
_mapping = LogarithmicMapping(RELATIVE_ERROR)


class DurationSummary(NamedTuple):
    """What a set of durations says, in seconds. ``low`` and ``high`` are the 95 % interval of the mean."""

    n: int
    mean: float | None
    low: float | None
    high: float | None
    p50: float | None
    p90: float | None


def words_of(seconds: float) -> tuple[tuple[str, int], ...]:
    """The words under which a duration is counted, and how often: its bucket once, and each of its whole seconds.

    It is rounded to whole seconds first. Raises ValueError below 0 and above :data:`MOST_S`.
    """
    if not 0 <= seconds <= MOST_S:
        raise ValueError(f"a duration lies between 0 and {MOST_S} seconds")
    whole = round(seconds)
    if not whole:
        return ((_ZERO, 1),)
    return (f"{_BUCKET}{_mapping.key(whole)}", 1), (SUM, whole)


def durations_in(counts: Mapping[str, int]) -> int:
    """How many durations the words hold."""
    return sum(count for word, count in counts.items() if word != SUM)


def summarise_durations(counts: Mapping[str, int]) -> DurationSummary:
    """Mean, its interval, median and 90th percentile of counted words; None for what they cannot say.

    The mean is exact for whole seconds. Its interval is 1.96 standard errors either side (sample variance, n - 1), not
    below 0; the deviations are those of the buckets, which moves the standard error by at most 1 % of the root mean
    square over the root of n. One duration alone says nothing about the spread and has no interval.
    """
    n = durations_in(counts)
    if not n:
        return DurationSummary(0, None, None, None, None, None)
    mean = counts.get(SUM, 0) / n
    ordered = _ordered(counts)
    p50, p90 = _at_rank(ordered, rank_of(50, n)), _at_rank(ordered, rank_of(90, n))
    if n == 1:
        return DurationSummary(1, mean, None, None, p50, p90)
    middle = sum(value * count for value, count in ordered) / n
    variance = sum(count * (value - middle) ** 2 for value, count in ordered) / (n - 1)
    reach = _Z95 * sqrt(variance / n)
    return DurationSummary(n, mean, max(0.0, mean - reach), mean + reach, p50, p90)


def rank_of(percent: int, n: int) -> int:
    """Where among ``n`` sorted values, from 0, the quantile stands: the lower one where it falls between two."""
    return percent * (n - 1) // 100


def _ordered(counts: Mapping[str, int]) -> list[tuple[float, int]]:
    """The buckets as durations in seconds and how many lie in each, from the shortest."""
    return sorted((_seconds(word), count) for word, count in counts.items() if word != SUM and count)


def _at_rank(ordered: list[tuple[float, int]], rank: int) -> float:
    passed = 0
    for value, count in ordered:
        passed += count
        if passed > rank:
            return value
    raise ValueError("a rank above the number of durations")


@lru_cache(maxsize=2048)
def _seconds(word: str) -> float:
    """The duration that stands for a bucket."""
    return 0.0 if word == _ZERO else float(_mapping.value(int(word.removeprefix(_BUCKET))))
