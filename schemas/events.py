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
CustomerId = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=MAX_ID_BYTES,
        description="Your own number of the customer, no name or address; at most 256 bytes of UTF-8.",
    ),
]
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

    customer_id: CustomerId
    touchpoint: Annotated[Name, Meta(description="What happened, a word of yours, e.g. order.delivered.")]
    channel: Annotated[Name | None, Meta(description="Where or by what, e.g. parcel, phone, app.")] = None
    outcome: Annotated[
        Name | None, Meta(description="ok, failed, or another word of yours; failed is what failure rates count.")
    ] = None
    duration_ms: Annotated[Annotated[int, Meta(ge=0)] | None, Meta(description="How long it took, milliseconds.")] = (
        None
    )
    value: Annotated[Money | None, Meta(description="What it was worth; the purchase of a lifetime value.")] = None
    attributes: Attributes = {}


class Response(Struct, frozen=True, omit_defaults=True):
    """A customer's answer to one survey question: a score on the scale of its metric, and perhaps words."""

    customer_id: CustomerId
    metric: Annotated[Name, Meta(description="nps, csat, ces, or one that loop.yaml declares.")]
    score: Annotated[int, Meta(description="On the metric's scale: nps 0 to 10, csat 1 to 5, ces 1 to 7.")]
    scale_min: Annotated[int | None, Meta(description="The lowest score of this question, if not the metric's.")] = None
    scale_max: Annotated[int | None, Meta(description="The highest score of this question, if not the metric's.")] = (
        None
    )
    higher_is_better: Annotated[bool | None, Meta(description="false where 1 is the best score of this question.")] = (
        None
    )
    touchpoint: Annotated[Name | None, Meta(description="What the answer is about.")] = None
    touchpoint_event_id: Annotated[
        Identifier | None, Meta(description="The id of the touchpoint that the answer is about.")
    ] = None
    channel: Annotated[Name | None, Meta(description="Where the customer was asked, e.g. email, app.")] = None
    language: Annotated[str, Meta(max_length=35, description="BCP 47, e.g. pt or zh-Hans.")] | None = None
    comment: Annotated[
        Annotated[str, Meta(max_length=MAX_COMMENT_CHARACTERS)] | None, Meta(description="What the customer wrote.")
    ] = None
    contact_requested: Annotated[bool, Meta(description="The customer asks to be contacted: alerts by itself.")] = False
    revises: Annotated[
        Identifier | None, Meta(description="The id of an earlier answer of the same source that this one replaces.")
    ] = None
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
