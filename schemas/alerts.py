"""Alerts: a flagged customer, and why."""

from datetime import datetime
from typing import Literal
from uuid import UUID, uuid5

from msgspec import Struct

from schemas.events import AttributeValue

Severity = Literal["critical", "high", "normal"]
SEVERITIES: tuple[Severity, ...] = ("normal", "high", "critical")
"""From the mildest to the gravest."""

_NAMESPACE = UUID("f1a1d7b2-1f0c-5f55-8a6a-6e2b7d5f4c11")


class Alert(Struct, frozen=True, kw_only=True, tag_field="type", tag="alert"):
    """One record of ``cx.alerts``: the answer that a rule flagged. Keyed by customer_id.

    ``reason`` says in a sentence why, without the customer's words. ``programme`` groups alerts into one open case a
    customer.
    """

    id: str
    rule: str
    reason: str
    severity: Severity
    programme: str
    customer_id: str
    event_source: str
    event_id: str
    event_time: datetime
    detected_at: datetime
    metric: str
    score: int
    scale_min: int
    scale_max: int
    higher_is_better: bool
    touchpoint: str | None = None
    touchpoint_event_id: str | None = None
    channel: str | None = None
    language: str | None = None
    comment: str | None = None
    contact_requested: bool = False
    attributes: dict[str, AttributeValue] = {}


def alert_id(event_source: str, event_id: str, rule: str) -> str:
    """The id follows from the event and the rule, so the same answer seen again is the same alert."""
    return str(uuid5(_NAMESPACE, f"{event_source}\n{event_id}\n{rule}"))
