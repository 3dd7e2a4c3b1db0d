"""What the counts of days say when they are added up, by metric. Pure.

Scores, outcomes and durations are counted words, so the counts of several days, or those of everybody less those of
some, are again counts. Metrics that follow from other metrics (an index, a lifetime value) cannot be added up so: their
days are shown as they are, and two of them are not compared.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple

from gateway.vocabulary import Vocabulary
from schemas.alarm_rows import Standing
from schemas.durations import summarise_durations
from schemas.metrics import OUTCOME, RECOVERED, RESPONSE_RATE
from schemas.standings import duration_standing, score_standing, share_standing
from schemas.statistics import FAILED, Summary, share, summarise

_SHARES: Mapping[str, tuple[str, str | None]] = {
    OUTCOME: (FAILED, None),
    RECOVERED: ("recovered", None),
    RESPONSE_RATE: ("answered", "invited"),
}
"""Metric to the word that is counted, and the word it is a share of; of all words without."""


class Measure(NamedTuple):
    """How counts become a value with its interval, and a standing to compare."""

    summary: Callable[[Mapping[str, int]], Summary]
    standing: Callable[[Mapping[str, int]], Standing | None]


def measure(words: Vocabulary, metric: str, minimum_n: int) -> Measure | None:
    """The measure of a metric; None for one that follows from other metrics."""
    spec = words.metrics.get(metric)
    if spec is not None:
        return Measure(
            lambda counts: summarise(spec.kind, spec.scale, counts, minimum_n),
            lambda counts: score_standing(spec.kind, spec.scale, counts),
        )
    if metric.startswith("time_to_"):
        return Measure(lambda counts: _durations(counts, minimum_n), duration_standing)
    counted, of = ("in_sla", None) if metric.startswith("in_sla_") else _SHARES.get(metric, (None, None))
    if counted is None:
        return None

    def part(counts: Mapping[str, int]) -> tuple[int, int]:
        n = sum(counts.values()) if of is None else counts.get(of, 0)
        return min(max(counts.get(counted, 0), 0), max(n, 0)), n

    def share_of(counts: Mapping[str, int]) -> Summary:
        return share(*part(counts), minimum_n)

    def standing(counts: Mapping[str, int]) -> Standing | None:
        met, n = part(counts)
        return share_standing(n, met) if n > 0 else None

    return Measure(share_of, standing)


def added(days: Iterable[Mapping[str, int]]) -> dict[str, int]:
    """The counts of several days together."""
    total: Counter[str] = Counter()
    for counts in days:
        total.update(counts)
    return dict(total)


def without(everybody: Mapping[str, int], some: Mapping[str, int]) -> dict[str, int]:
    """The counts of everybody but some. A day that is still being counted can be short of a few: none is below zero."""
    return {word: left for word, count in everybody.items() if (left := count - some.get(word, 0)) > 0}


def _durations(counts: Mapping[str, int], minimum_n: int) -> Summary:
    found = summarise_durations(counts)
    return Summary(found.mean, found.low, found.high, found.n, found.n < minimum_n)
