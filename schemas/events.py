"""The two events that apps emit, as CloudEvents 1.0 (https://github.com/cloudevents/spec)."""

from datetime import datetime
from typing import Annotated, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

TOUCHPOINT_TYPE = "closeloop.touchpoint.v1"
RESPONSE_TYPE = "closeloop.response.v1"

MAX_EVENT_BYTES = 64 * 1024
MAX_ID_BYTES = 256
MAX_COMMENT_CHARACTERS = 10_000
MAX_ATTRIBUTES = 32

Identifier = Annotated[str, Meta(min_length=1, max_length=MAX_ID_BYTES, description="At most 256 bytes of UTF-8.")]
Name = Annotated[str, Meta(min_length=1, max_length=128)]
Instant = Annotated[datetime, Meta(tz=True, description="RFC 3339 with a zone, e.g. 2026-11-21T10:15:02Z.")]
AttributeName = Annotated[str, Meta(min_length=1, max_length=64)]
AttributeText = Annotated[str, Meta(max_length=1024)]
AttributeValue = AttributeText | int | float | bool
Attributes = Annotated[
    dict[AttributeName, AttributeValue],
    Meta(max_length=MAX_ATTRIBUTES, description="Dimensions of metrics and facts of routing."),
]


class Money(Struct, frozen=True, forbid_unknown_fields=False):
    """An amount as a decimal string with its ISO 4217 currency: no float ever holds money."""

    amount: Annotated[str, Meta(pattern=r"^-?\d{1,18}(\.\d{1,6})?$")]
    currency: Annotated[str, Meta(pattern=r"^[A-Z]{3}$")]


class Touchpoint(Struct, frozen=True, omit_defaults=True):
    """Something that happened between a customer and the company, e.g. ``order.delivered``."""

    customer_id: Identifier
    touchpoint: Name
    channel: Name | None = None
    outcome: Name | None = None
    """``ok``, ``failed``, or any other word of the app; ``failed`` is what failure rates count."""
    duration_ms: Annotated[int, Meta(ge=0)] | None = None
    value: Money | None = None
    attributes: Attributes = {}


class Response(Struct, frozen=True, omit_defaults=True):
    """A customer's answer to one survey question: a score on the scale of its metric, and perhaps words."""

    customer_id: Identifier
    metric: Name
    score: int
    scale_min: int | None = None
    scale_max: int | None = None
    higher_is_better: bool | None = None
    touchpoint: Name | None = None
    touchpoint_event_id: Identifier | None = None
    channel: Name | None = None
    language: Annotated[str, Meta(max_length=35, description="BCP 47, e.g. pt or zh-Hans.")] | None = None
    comment: Annotated[str, Meta(max_length=MAX_COMMENT_CHARACTERS)] | None = None
    contact_requested: bool = False
    revises: Identifier | None = None
    attributes: Attributes = {}


class CloudEvent(Struct, frozen=True, tag_field="type", kw_only=True):
    """The context attributes that every event carries."""

    specversion: Literal["1.0"]
    id: Identifier
    source: Identifier
    time: Instant
    datacontenttype: str = "application/json"
    data_base64: str | UnsetType = UNSET


class TouchpointEvent(CloudEvent, frozen=True, tag=TOUCHPOINT_TYPE, tag_field="type", kw_only=True):
    """A touchpoint on the wire. ``(source, id)`` identifies it: the same pair again is the same event."""

    data: Touchpoint


class ResponseEvent(CloudEvent, frozen=True, tag=RESPONSE_TYPE, tag_field="type", kw_only=True):
    """A survey response on the wire. ``(source, id)`` identifies it: the same pair again is the same event."""

    data: Response


Event = TouchpointEvent | ResponseEvent
