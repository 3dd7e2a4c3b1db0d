"""The rules of loop.yaml: which answers, customers and metrics call for somebody."""

from datetime import date
from typing import Annotated, Literal

from msgspec import Meta

from schemas.alerts import Severity
from schemas.config_base import Duration, Section


class ThresholdRule(Section, frozen=True, kw_only=True, tag_field="kind", tag="threshold"):
    """Flags a score at or below its metric's threshold (at or above, where low is good)."""

    name: str
    at_or_below: dict[str, int]
    """Metric to score, e.g. ``nps: 6``. On a scale where low is good the threshold counts from the bad end."""
    critical_at_or_below: dict[str, int] = {}
    severity: Severity = "normal"
    programme: str = "feedback"


class ContactRule(Section, frozen=True, kw_only=True, tag_field="kind", tag="contact_requested"):
    """Flags every answer whose customer asks to be contacted."""

    name: str
    severity: Severity = "high"
    programme: str = "feedback"


class WordsRule(Section, frozen=True, kw_only=True, tag_field="kind", tag="words"):
    """Flags an answer whose comment holds one of these words or phrases, in any of their inflected forms.

    ``words`` maps a language (BCP 47, e.g. ``de``) to its words; those of the answer's language are looked for, or
    those of every language where the answer does not say its own.
    """

    name: str
    words: dict[str, list[str]]
    severity: Severity = "high"
    programme: str = "feedback"


class RepeatedRule(Section, frozen=True, kw_only=True, tag_field="kind", tag="repeated"):
    """Flags the n-th bad answer of a customer within a time, by the time of the answers."""

    name: str
    at_or_below: dict[str, int]
    """Metric to score, as for a threshold."""
    count: Annotated[int, Meta(ge=2, le=100)]
    within: Duration
    severity: Severity = "high"
    programme: str = "feedback"


class SilentRule(Section, frozen=True, kw_only=True, tag_field="kind", tag="silent"):
    """Flags a customer whose n-th touchpoint within a time has failed and who has said nothing in that time."""

    name: str
    touchpoints: list[str] = []
    """Only these; empty for all."""
    count: Annotated[int, Meta(ge=1, le=100)] = 3
    within: Duration = "72h"
    severity: Severity = "normal"
    programme: str = "feedback"


class ContradictionRule(Section, frozen=True, kw_only=True, tag_field="kind", tag="contradiction"):
    """Flags an answer whose words contradict its score: praise with the worst scores, anger with the best.

    Such an answer is to be verified, it pages nobody: the customer may have read the scale the wrong way round.
    """

    name: str
    praise: dict[str, list[str]]
    """Language to words, as ``words`` of a words rule."""
    anger: dict[str, list[str]]
    severity: Severity = "normal"
    programme: str = "verify"


class FallRule(Section, frozen=True, kw_only=True, tag_field="kind", tag="fall"):
    """Flags a metric that fell beyond chance: its last ``window`` against the rest of the longer ``baseline``.

    ``metric`` is one that answers are given for, or a share: ``outcome``, whose failures are bad when they rise,
    ``recovered``, ``in_sla_acknowledge`` and its like. ``z`` is how many standard errors of the difference it has to
    fall; without one it follows from the window (docs/alarms.md). Both sides need ``minimum_n`` answers. The fall is
    over when the metric has been within ``recovered_z`` of its level from before for ``recovered_after``.
    """

    name: str
    metric: str
    cuts: list[str]
    window: Duration = "7d"
    baseline: Duration = "30d"
    z: Annotated[float, Meta(ge=1, le=10)] | None = None
    minimum_n: Annotated[int, Meta(ge=10)] = 30
    recovered_z: Annotated[float, Meta(ge=0, le=10)] = 1.0
    recovered_after: Duration = "24h"
    severity: Severity = "high"
    programme: str = "metrics"


class StoppedRule(Section, frozen=True, kw_only=True, tag_field="kind", tag="stopped"):
    """Flags answers or touchpoints that stopped coming: a dead-man's switch that knows the hours of the week.

    ``chance`` is how improbable so few have to be. ``pauses`` are days, in the zone of the history, on which silence
    is planned: they are neither judged nor learnt from.
    """

    name: str
    of: Literal["responses", "touchpoints"]
    cuts: list[str]
    chance: Annotated[float, Meta(gt=0, le=0.01)] = 1e-6
    pauses: list[date] = []
    severity: Severity = "high"
    programme: str = "metrics"


AnswerRule = ThresholdRule | ContactRule | WordsRule | ContradictionRule
"""Rules that one answer meets by itself."""

CustomerRule = RepeatedRule | SilentRule
"""Rules over what one customer has met with lately."""

MetricRule = FallRule | StoppedRule
"""Rules over metrics: they flag a series, and no customer."""

Rule = AnswerRule | CustomerRule | MetricRule
