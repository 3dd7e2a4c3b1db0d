"""Alerts: a flagged customer, and why."""

from datetime import datetime
from hashlib import sha1
from typing import Literal
from uuid import UUID

from msgspec import Struct

from schemas.events import AttributeValue

Severity = Literal["critical", "high", "normal"]
SEVERITIES: tuple[Severity, ...] = ("normal", "high", "critical")
"""From the mildest to the gravest."""

Subject = Literal["customer", "metric"]

_NAMESPACE = UUID("f1a1d7b2-1f0c-5f55-8a6a-6e2b7d5f4c11").bytes
_VARIANT = dict(zip("0123456789abcdef", "89ab" * 4, strict=True))
"""A hex digit with its upper two bits set to 10, as RFC 9562 marks its variant."""


class Alert(Struct, frozen=True, kw_only=True, tag_field="type", tag="alert"):
    """One record of ``cx.alerts``: what a rule flagged. Keyed by customer_id.

    ``reason`` says in a sentence why, without the customer's words. ``programme`` groups alerts into one open case a
    customer. An alert about an answer has ``metric``, ``score`` and the scale; one about touchpoints has no score.
    Where ``subject`` is ``metric`` no customer is meant: ``customer_id`` then names the series, e.g.
    ``nps 7d region=SP``, and ``metric`` what is measured. ``page`` is false where somebody should look when there is
    time and nobody is to be disturbed. ``recovered`` says that what an earlier alert of this subject and rule told is
    over.
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
    subject: Subject = "customer"
    page: bool = True
    recovered: bool = False
    metric: str | None = None
    score: int | None = None
    scale_min: int | None = None
    scale_max: int | None = None
    higher_is_better: bool = True
    touchpoint: str | None = None
    touchpoint_event_id: str | None = None
    channel: str | None = None
    language: str | None = None
    comment: str | None = None
    contact_requested: bool = False
    attributes: dict[str, AttributeValue] = {}


def alert_id(event_source: str, event_id: str, rule: str) -> str:
    """The id follows from the event and the rule, so the same answer seen again is the same alert.

    It is a UUIDv5 (RFC 9562, section 5.5), put together from the digest's text: ``uuid.uuid5`` takes far longer.
    """
    name = f"{event_source}\n{event_id}\n{rule}".encode()
    text = sha1(_NAMESPACE + name, usedforsecurity=False).hexdigest()
    return f"{text[:8]}-{text[8:12]}-5{text[13:16]}-{_VARIANT[text[16]]}{text[17:20]}-{text[20:32]}"
