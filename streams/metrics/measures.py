"""What counted words mean: the one place where the name of a metric becomes a value with its interval. Pure.

A source partition counts words (a score, an outcome, ``answered``) under the name of a series; the merge adds them up
and asks here what they say. One series can say several things: retention, churn and lifetime value follow from one.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from schemas.config_base import seconds
from schemas.durations import summarise_durations
from schemas.metrics import CSI, LIFECYCLE, LIFECYCLE_METRICS, OUTCOME, RECOVERED, RESPONSE_RATE, Part
from schemas.scales import MetricKind, Scale
from schemas.statistics import FAILED, share, summarise
from streams.metrics.composite import Composite, Weighted
from streams.metrics.money import minor_digits
from streams.metrics.readings import Counted, Measure, Reading
from streams.metrics.retention import Churn, LifetimeValue, Retention
from streams.plan import Plan

__all__ = [
    "CASE_STEPS",
    "Counted",
    "Durations",
    "Measure",
    "Measured",
    "Reading",
    "Scored",
    "Share",
    "meanings",
    "measured",
]

CASE_STEPS = ("acknowledge", "contact", "resolve")
"""What is timed from the opening of a case: ``time_to_STEP`` by the wall clock, ``time_to_STEP_business`` in working
hours, ``in_sla_STEP`` the share that was in time."""


class Measured(NamedTuple):
    """What follows from a series: its metrics by name, and the declared scale of its scores."""

    metrics: tuple[tuple[str, Measure], ...]
    scale: Scale | None = None
    all_time: bool = False
    """Whether the values need what was counted of all time; such a series has no calendar days."""


@dataclass(frozen=True, slots=True)
class Scored:
    """Scores on a scale: NPS, the share of the best two, or the mean with that share as its part ``top_box``."""

    kind: MetricKind

    def __call__(self, counted: Counted) -> Reading:
        """Raises ValueError without a scale."""
        counts, scale = counted.counts, counted.scale
        summary = summarise(self.kind, scale, counts, counted.minimum_n)
        parts: dict[str, Part] = {}
        # The best one of two scores is the mean over again.
        if self.kind == "mean" and scale is not None and scale.maximum - scale.minimum > 1:
            top = summarise("top_box", scale, counts, counted.minimum_n)
            parts["top_box"] = Part(top.value, top.low, top.high, top.n)
        return Reading(*summary, counts, parts=parts)


@dataclass(frozen=True, slots=True)
class Share:
    """How many in a hundred: ``word`` of all that is counted under the words of ``of``, or under any word without."""

    word: str
    of: tuple[str, ...] = ()

    def __call__(self, counted: Counted) -> Reading:
        """The share in percent with its Wilson interval; n is what it is a share of."""
        counts = counted.counts
        return Reading(*share(counts.get(self.word, 0), self.total(counts), counted.minimum_n), counts)

    def total(self, counts: Mapping[str, int]) -> int:
        """What it is a share of."""
        return sum(counts.get(word, 0) for word in self.of) if self.of else sum(counts.values())


class Durations:
    """Durations counted by :mod:`schemas.durations`: their mean in seconds, its interval, their quantiles."""

    def __call__(self, counted: Counted) -> Reading:
        """n is the number of durations."""
        n, mean, low, high, p50, p90 = summarise_durations(counted.counts)
        quantiles = {name: value for name, value in (("p50", p50), ("p90", p90)) if value is not None}
        return Reading(mean, low, high, n, n < counted.minimum_n, counted.counts, quantiles)


def measured(plan: Plan) -> Mapping[str, Measured]:
    """What loop.yaml asks for, by the name of the counted series. Names that are missing here are not shown."""
    found = {name: Measured(((name, Scored(spec.kind)),), spec.scale) for name, spec in plan.metrics.items()}
    found[OUTCOME] = Measured(((OUTCOME, Share(FAILED)),))
    found[RECOVERED] = Measured(((RECOVERED, Share("recovered")),))
    for step in CASE_STEPS:
        for name in (f"time_to_{step}", f"time_to_{step}_business"):
            found[name] = Measured(((name, Durations()),))
        found[f"in_sla_{step}"] = Measured(((f"in_sla_{step}", Share("in_sla")),))
    if plan.invitations is not None:
        found[RESPONSE_RATE] = Measured(((RESPONSE_RATE, Share("answered", ("invited",))),))
    if plan.csi is not None:
        weighted = (Weighted(name, weight, plan.metrics[name].scale) for name, weight in plan.csi.weights.items())
        found[CSI] = Measured(((CSI, Composite(tuple(weighted))),))
    if plan.lifecycle is not None:
        asked = plan.lifecycle
        value = LifetimeValue(asked.gross_margin, seconds(asked.max_lifetime), minor_digits(asked.currency))
        measures: tuple[Measure, ...] = (Retention(), Churn(), value)
        found[LIFECYCLE] = Measured(tuple(zip(LIFECYCLE_METRICS, measures, strict=True)), all_time=True)
    return found


def meanings(plan: Plan) -> dict[str, str]:
    """What the words of each series mean: where it changes with loop.yaml, what was counted before says nothing now.

    For scores it is the label of their scale.
    """
    found = {name: spec.scale.label() if (spec := plan.metrics.get(name)) else "" for name in measured(plan)}
    if plan.invitations is not None:
        found[RESPONSE_RATE] = f"{plan.invitations.touchpoint} {plan.invitations.answer_within}"
    if plan.csi is not None:
        found[CSI] = " ".join(f"{name} {plan.metrics[name].scale.label()}" for name in sorted(plan.csi.weights))
    if plan.lifecycle is not None:
        asked = plan.lifecycle
        # Its panes of all time cannot be begun anew for one cut alone: with any cut that changes, all are.
        cuts = " ".join(f"{name}={','.join(fields)}" for name, fields in sorted(plan.cuts.items()))
        found[LIFECYCLE] = f"{asked.joined} {asked.purchase} {asked.left} {asked.currency} {cuts}"
    return found
