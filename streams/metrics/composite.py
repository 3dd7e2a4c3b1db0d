"""The composite satisfaction index: several metrics brought to 0..100, by weight. Pure.

Formula: Fornell, Johnson, Anderson, Cha, Bryant, "The American Customer Satisfaction Index: Nature, Purpose, and
Findings", Journal of Marketing 60 (1996), whose index is a weighted mean of scores less the worst possible one, as a
share of the distance to the best possible one. Their weights are estimated from a model; ours stand in loop.yaml.

The interval is that of a weighted sum of independent means: the weighted standard errors, squared, add up (Cochran,
"Sampling Techniques", 3rd edition, 1977, 5.3, on stratified means).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from math import sqrt

from schemas.metrics import CSI, Part
from schemas.scales import Scale
from schemas.statistics import Z95, mean_and_error
from streams.counting.panes import Group
from streams.metrics.readings import Counted, Reading


def with_composite(groups: Mapping[Group, int], weighted: frozenset[str]) -> Mapping[Group, int]:
    """The groups, and for each of a weighted metric one of the index, under a word such as ``nps:7``.

    Answers on another scale than the metric's own are left out: the index would mix what it cannot compare. What is
    taken back of a metric (a negative count) is taken back here as well. With nothing weighted it costs nothing.
    """
    if not weighted:
        return groups
    added: dict[Group, int] = dict(groups)
    for (metric, scale, dimensions, minute, word), count in groups.items():
        if metric in weighted and not scale:
            added[CSI, "", dimensions, minute, f"{metric}:{word}"] = count
    return added


@dataclass(frozen=True, slots=True)
class Weighted:
    """One metric of the index."""

    metric: str
    weight: float
    scale: Scale


@dataclass(frozen=True, slots=True)
class Composite:
    """Words such as ``nps:7`` as one index of 0..100, 100 being the best score of every metric.

    Each metric's mean is brought to 0..100 from the bad end of its scale; the index is their mean by weight. A metric
    without answers has no say: its weight is left out, and its part says n = 0. A metric with one answer alone says
    nothing about its spread: it may be anywhere on its scale, and widens the interval by its whole share of it.
    ``too_few`` counts for every metric that has a say, because a heavy one with two answers makes the whole shaky.
    """

    metrics: tuple[Weighted, ...]

    def __call__(self, counted: Counted) -> Reading:
        """n is the number of answers; ``parts`` has every metric's mean on 0..100."""
        parts: dict[str, Part] = {}
        index = squares = down = up = total = 0.0
        for one in self.metrics:
            counts = _scores(one.metric, counted.counts)
            n = sum(counts.values())
            if n == 0:
                parts[one.metric] = Part(None, None, None, 0)
                continue
            mean, error = mean_and_error(counts, n)
            length = one.scale.maximum - one.scale.minimum
            share = 100 * (mean - one.scale.minimum) / length
            value = share if one.scale.higher_is_better else 100 - share
            total += one.weight
            index += one.weight * value
            if error is None:
                parts[one.metric] = Part(value, 0.0, 100.0, n)
                down += one.weight * value
                up += one.weight * (100 - value)
            else:
                reach = Z95 * 100 * error / length
                parts[one.metric] = Part(value, max(0.0, value - reach), min(100.0, value + reach), n)
                squares += (one.weight * reach) ** 2
        if not total:
            return Reading(None, None, None, 0, True, counted.counts, parts=parts)
        value, reach = min(max(index / total, 0.0), 100.0), sqrt(squares)
        low, high = max(0.0, value - (reach + down) / total), min(100.0, value + (reach + up) / total)
        answers = sum(part.n for part in parts.values())
        too_few = any(0 < part.n < counted.minimum_n for part in parts.values())
        return Reading(value, low, high, answers, too_few, counted.counts, parts=parts)


def _scores(metric: str, counts: Mapping[str, int]) -> dict[str, int]:
    lead = metric + ":"
    return {word.removeprefix(lead): count for word, count in counts.items() if word.startswith(lead)}
