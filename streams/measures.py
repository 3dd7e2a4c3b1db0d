"""What counted words mean: the one place where the name of a metric becomes a value with its interval. Pure.

A source partition counts words (a score, an outcome, ``answered``) under the name of a series; the merge adds them up
and asks here what they say. One series can say several things: retention, churn and lifetime value follow from one.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from schemas.metrics import OUTCOME, RECOVERED, RESPONSE_RATE, Part
from schemas.scales import MetricKind, Scale
from streams.durations import summarise_durations
from streams.plan import Plan
from streams.statistics import FAILED, share, summarise

CASE_STEPS = ("acknowledge", "contact", "resolve")
"""What is timed from the opening of a case: ``time_to_STEP`` by the wall clock, ``time_to_STEP_business`` in working
hours, ``in_sla_STEP`` the share that was in time."""

_NONE: Mapping[str, int] = {}


class Counted(NamedTuple):
    """What has been counted for a series, and what else its value needs."""

    counts: Mapping[str, int]
    """Word to how often it came, in the window or on the day."""
    scale: Scale | None = None
    """The scale of the scores, where the words are some."""
    minimum_n: int = 1
    """Below this many the value says "too few"."""
    length_s: int = 86_400
    """The length of the window, seconds."""
    ever: Mapping[str, int] = _NONE
    """What was counted of all time, for series that keep it."""


class Reading(NamedTuple):
    """What counted words say. Units, and None for what there is none of, as in :class:`schemas.metrics.Metric`."""

    value: float | None
    low: float | None
    high: float | None
    n: int
    too_few: bool
    counts: Mapping[str, int]
    quantiles: Mapping[str, float] = {}
    parts: Mapping[str, Part] = {}


class Measure(Protocol):
    """How the words of a series become the value of one metric."""

    def __call__(self, counted: Counted) -> Reading:
        """The value with its interval."""


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
        n = sum(counts.get(word, 0) for word in self.of) if self.of else sum(counts.values())
        return Reading(*share(counts.get(self.word, 0), n, counted.minimum_n), counts)


class Durations:
    """Durations counted by :mod:`streams.durations`: their mean in seconds, its interval, and their quantiles."""

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
    return found


def meanings(plan: Plan) -> dict[str, str]:
    """What the words of each series mean: where it changes with loop.yaml, what was counted before says nothing now.

    For scores it is the label of their scale.
    """
    found = {name: spec.scale.label() if (spec := plan.metrics.get(name)) else "" for name in measured(plan)}
    if plan.invitations is not None:
        found[RESPONSE_RATE] = f"{plan.invitations.touchpoint} {plan.invitations.answer_within}"
    return found
