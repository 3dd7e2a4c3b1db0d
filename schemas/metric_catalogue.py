"""Every metric that a loop sends, by name, with its unit: for readers of ``cx.metrics`` and of the API."""

from typing import Literal

from msgspec import Struct

from schemas.config import Loop
from schemas.loop_yaml import metric_specs
from schemas.metrics import CSI, LIFECYCLE_METRICS, OUTCOME, RECOVERED, RESPONSE_RATE

Unit = Literal["points", "percent", "scale", "seconds", "money"]
"""Points of -100..100 (NPS) or 0..100 (an index), percent, points of the asked scale, seconds, or a currency."""

Topic = Literal["scores", "touchpoints", "loop", "customers"]
"""What a metric is about: answers, touchpoints, how the loop itself does, or customers who come and go."""

CASE_STEPS = ("acknowledge", "contact", "resolve")
"""What is timed from the opening of a case."""


class CatalogueEntry(Struct, frozen=True, kw_only=True):
    """One metric: its unit, which way is good, what it is about. ``currency`` (ISO 4217) where the unit is money."""

    unit: Unit
    higher_is_better: bool
    topic: Topic
    title: str
    """What it is, in words for people; empty for the metrics of answers, whose names loop.yaml gives."""
    currency: str | None = None


_SCORE_UNITS: dict[str, Unit] = {"nps": "points", "top_box": "percent", "mean": "scale"}
_TIMES = {"acknowledge": "Time to acknowledge", "contact": "Time to first contact", "resolve": "Time to resolve"}
_IN_SLA = {"acknowledge": "Acknowledged in time", "contact": "Contacted in time", "resolve": "Resolved in time"}


def catalogue(loop: Loop) -> dict[str, CatalogueEntry]:
    """The metrics that this loop.yaml makes, in the order in which people look at them."""
    found: dict[str, CatalogueEntry] = {}
    for name, spec in metric_specs(loop).items():
        # NPS and top box are computed from the good end: they rise with satisfaction whatever the scale.
        rises = spec.kind != "mean" or spec.scale.higher_is_better
        found[name] = CatalogueEntry(unit=_SCORE_UNITS[spec.kind], higher_is_better=rises, topic="scores", title="")
    if loop.csi is not None:
        found[CSI] = CatalogueEntry(unit="points", higher_is_better=True, topic="scores", title="Satisfaction index")
    found[OUTCOME] = _percent("touchpoints", "Failed touchpoints", rises=False)
    if loop.invitations is not None:
        found[RESPONSE_RATE] = _percent("loop", "Response rate")
    for step in CASE_STEPS:
        found[f"time_to_{step}"] = _seconds(_TIMES[step])
        found[f"time_to_{step}_business"] = _seconds(f"{_TIMES[step]}, working hours")
        found[f"in_sla_{step}"] = _percent("loop", _IN_SLA[step])
    found[RECOVERED] = _percent("loop", "Recovered customers")
    if loop.lifecycle is not None:
        retention, churn, clv = LIFECYCLE_METRICS
        found[retention] = _percent("customers", "Retention")
        found[churn] = _percent("customers", "Churn", rises=False)
        found[clv] = CatalogueEntry(
            unit="money",
            higher_is_better=True,
            topic="customers",
            title="Lifetime value",
            currency=loop.lifecycle.currency,
        )
    return found


def _percent(topic: Topic, title: str, *, rises: bool = True) -> CatalogueEntry:
    return CatalogueEntry(unit="percent", higher_is_better=rises, topic=topic, title=title)


def _seconds(title: str) -> CatalogueEntry:
    return CatalogueEntry(unit="seconds", higher_is_better=False, topic="loop", title=title)
