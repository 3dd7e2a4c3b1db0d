"""The two events that an app emits. Each has its id and its time from the moment it is made."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, ClassVar
from uuid import uuid4

from closeloop_client.tracing import traceparent

DEFAULT_SOURCE = "/closeloop-client"
AttributeValue = str | int | float | bool
Amount = tuple[str | int | Decimal, str]
"""An amount and its ISO 4217 currency, e.g. ``("129.90", "EUR")``; no float, which would not hold it exactly."""

_ENVELOPE = frozenset({"id", "source", "time", "traceparent"})


def _new_id() -> str:
    return str(uuid4())


def _now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Touchpoint:
    """Something that happened between a customer and you, e.g. ``order.delivered``.

    ``value`` is an amount and its currency: ``("129.90", "EUR")``. ``source`` is filled in by the client where it is
    empty; ``(source, id)`` identifies the event. ``traceparent`` is W3C's trace context; where it is empty, the span
    that is current when the event is handed over.
    """

    type: ClassVar[str] = "closeloop.touchpoint.v1"

    customer_id: str
    touchpoint: str
    channel: str | None = None
    outcome: str | None = None
    duration_ms: int | None = None
    value: Amount | None = None
    attributes: Mapping[str, AttributeValue] = field(default_factory=dict)
    id: str = field(default_factory=_new_id)
    time: datetime = field(default_factory=_now)
    source: str = ""
    traceparent: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """A customer's answer to one question: ``metric`` is nps, csat, ces or one of your loop.yaml.

    ``revises`` is the id of an earlier answer of the same source that this one replaces. ``traceparent`` is W3C's trace
    context; where it is empty, the span that is current when the event is handed over.
    """

    type: ClassVar[str] = "closeloop.response.v1"

    customer_id: str
    metric: str
    score: int
    scale_min: int | None = None
    scale_max: int | None = None
    higher_is_better: bool | None = None
    touchpoint: str | None = None
    touchpoint_event_id: str | None = None
    channel: str | None = None
    language: str | None = None
    comment: str | None = None
    contact_requested: bool = False
    revises: str | None = None
    attributes: Mapping[str, AttributeValue] = field(default_factory=dict)
    id: str = field(default_factory=_new_id)
    time: datetime = field(default_factory=_now)
    source: str = ""
    traceparent: str = ""


Event = Touchpoint | Response

_DATA_FIELDS: dict[type[Event], tuple[str, ...]] = {
    kind: tuple(item.name for item in fields(kind) if item.name not in _ENVELOPE) for kind in (Touchpoint, Response)
}


def encode(event: Event, default_source: str = DEFAULT_SOURCE) -> bytes:
    """The event as a CloudEvent in JSON.

    Raises ``ValueError`` for a time without a zone, a text that is not Unicode, a number that is none.
    """
    if event.time.tzinfo is None:
        raise ValueError("time: has no zone; give an aware datetime, e.g. datetime.now(UTC)")
    data: dict[str, Any] = {}
    for name in _DATA_FIELDS[type(event)]:
        value = getattr(event, name)
        if value is not None and value is not False and value != {}:
            data[name] = value
    if event.type == Response.type and getattr(event, "higher_is_better", None) is False:
        data["higher_is_better"] = False
    if "value" in data:
        data["value"] = {"amount": _amount(data["value"][0]), "currency": data["value"][1]}
    if "attributes" in data:
        data["attributes"] = dict(data["attributes"])
    whole = {
        "specversion": "1.0",
        "id": event.id,
        "source": event.source or default_source,
        "type": event.type,
        "time": _rfc3339(event.time),
        "datacontenttype": "application/json",
        "data": data,
    }
    context = event.traceparent or traceparent()
    if context:  # CloudEvents' extension "distributed tracing"
        whole["traceparent"] = context
    try:
        return json.dumps(whole, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()
    except UnicodeEncodeError:
        raise ValueError("a text holds half of a surrogate pair, which is no character") from None


def _amount(amount: str | int | Decimal) -> str:
    return amount if isinstance(amount, str) else f"{amount:f}" if isinstance(amount, Decimal) else str(amount)


def _rfc3339(moment: datetime) -> str:
    """RFC 3339 has no seconds in an offset, as zones of the nineteenth century do."""
    offset = moment.utcoffset()
    if offset is not None and offset.total_seconds() % 60:
        moment = moment.astimezone(UTC)
    return moment.isoformat()
