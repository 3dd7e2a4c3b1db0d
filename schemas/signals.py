"""Signals: what other topics tell the partition that keeps a customer's answers. Internal, on ``cx.responses``.

What needs both an answer and something from another topic has to see them in one order that every replay repeats.
So the fact travels to the partition of the customer's answers: a CloudEvent of a type that readers of answers do not
know and skip, marked by a header.
"""

from hashlib import sha256
from typing import Literal

import msgspec
from msgspec import Struct

from schemas.events import MAX_ID_BYTES, Attributes, CloudEvent, Identifier, Name

SIGNAL_TYPE = "closeloop.signal.v1"
SIGNAL = "closeloop-signal"
"""The header of a signal: ``topic/partition/offset`` of the record that it follows from."""

SignalKind = Literal["failed", "invited", "closed"]
"""A touchpoint that failed, an invitation to answer, a case that was resolved."""


class Signal(Struct, frozen=True, omit_defaults=True):
    """What happened to a customer elsewhere. The dimensions are those of what it follows from."""

    kind: SignalKind
    customer_id: Identifier
    programme: str | None = None
    """Of a case that was resolved: its programme. Signals of earlier versions did not say it."""
    touchpoint: Name | None = None
    channel: Name | None = None
    language: str | None = None
    attributes: Attributes = {}


class SignalEvent(CloudEvent, frozen=True, tag=SIGNAL_TYPE, tag_field="type", kw_only=True):
    """A signal on the wire. ``source`` is that of what it follows from, ``id`` its :func:`signal_id`."""

    data: Signal


def signal_id(kind: SignalKind, event_id: str) -> str:
    """The id of a signal: that of what it follows from, led by its kind; its SHA-256 where that would be too long."""
    told = f"{kind}:{event_id}"
    return told if len(told.encode()) <= MAX_ID_BYTES else f"{kind}:{sha256(event_id.encode()).hexdigest()}"


_decoder = msgspec.json.Decoder(SignalEvent)


def read_signal(value: bytes | None) -> SignalEvent:
    """Decode a signal. Raises ``msgspec.MsgspecError`` or ValueError for what is none."""
    if not value:
        raise ValueError("no bytes")
    return _decoder.decode(value)
