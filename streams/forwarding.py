"""Records that lie on another partition than their customer's, and the header that says where they came from. Pure."""

import re
from collections.abc import Sequence
from typing import NamedTuple

FORWARDED = "closeloop-forwarded"
"""The header of a forwarded record: ``topic/partition/offset`` of where it lay. It is not forwarded again."""

_PLACE = re.compile(rb".+/(\d{1,9})/(\d{1,18})")


class Forward(NamedTuple):
    """A record to be sent to ``partition`` of the topic that it came from."""

    partition: int
    key: bytes
    value: bytes
    headers: list[tuple[str, bytes]]


class Origin(NamedTuple):
    """Where a forwarded record lay first; offset -1 where its header does not say."""

    partition: int
    offset: int


def origin_of(headers: Sequence[tuple[str, bytes | None]]) -> Origin | None:
    """Where a record was forwarded from; None for a record that was not."""
    for name, value in headers:
        if name == FORWARDED:
            place = _PLACE.fullmatch(value or b"")
            return Origin(int(place[1]), int(place[2])) if place else Origin(-1, -1)
    return None


def forward(
    topic: str, origin: Origin, home: int, customer_id: str, value: bytes, headers: Sequence[tuple[str, bytes]]
) -> Forward:
    """The record as it goes to its customer's partition: the same bytes and headers, keyed by the customer."""
    place = f"{topic}/{origin.partition}/{origin.offset}".encode()
    return Forward(home, customer_id.encode(), value, [*headers, (FORWARDED, place)])
