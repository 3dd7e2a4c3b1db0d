"""Records that one source partition sends to another, and the headers that say where they came from. Pure."""

import re
from collections.abc import Sequence
from typing import NamedTuple

import msgspec

from schemas.signals import SIGNAL, SignalEvent
from schemas.topics import RESPONSES

FORWARDED = "closeloop-forwarded"
"""The header of a forwarded record: ``topic/partition/offset`` of where it lay. It is not forwarded again."""

_PLACE = re.compile(rb"(.+)/(\d{1,9})/(\d{1,18})")


class Forward(NamedTuple):
    """A record to be sent to ``partition`` of ``topic``; None is where its key belongs."""

    topic: str
    partition: int | None
    key: bytes
    value: bytes
    headers: list[tuple[str, bytes]]


class Origin(NamedTuple):
    """Where a record came from; offset -1 where its header does not say."""

    topic: str
    partition: int
    offset: int


def origin_of(headers: Sequence[tuple[str, bytes | None]], header: str = FORWARDED) -> Origin | None:
    """Where a record came from by this header; None for a record without it."""
    for name, value in headers:
        if name == header:
            place = _PLACE.fullmatch(value or b"")
            if place is None:
                return Origin("", -1, -1)
            return Origin(place[1].decode(errors="replace"), int(place[2]), int(place[3]))
    return None


def forward(origin: Origin, home: int, customer_id: str, value: bytes, headers: Sequence[tuple[str, bytes]]) -> Forward:
    """The record as it goes to its customer's partition: the same bytes and headers, keyed by the customer."""
    return Forward(origin.topic, home, customer_id.encode(), value, [*headers, (FORWARDED, _place(origin))])


def signal(origin: Origin, event: SignalEvent) -> Forward:
    """A signal as it goes to the partition of the customer's answers."""
    key, value = event.data.customer_id.encode(), msgspec.json.encode(event)
    return Forward(RESPONSES, None, key, value, [(SIGNAL, _place(origin))])


def _place(origin: Origin) -> bytes:
    return f"{origin.topic}/{origin.partition}/{origin.offset}".encode()
