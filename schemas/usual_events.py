"""Decode whole runs of events in one call, where nothing about them is unusual.

What is accepted here is a part of what :class:`~schemas.cloudevents.EventReader` accepts, and read the same: the types
below leave no room for what needs a second look (an explicit scale, a revision, binary data, ids so long that their
bytes have to be counted). All else is left to that reader, which says what is wrong.
"""

from collections.abc import Sequence
from typing import Annotated, Generic, Literal, TypeGuard, TypeVar

import msgspec
from msgspec import UNSET, Meta, UnsetType

from schemas.events import (
    MAX_EVENT_BYTES,
    MAX_ID_BYTES,
    RESPONSE_TYPE,
    TOUCHPOINT_TYPE,
    Response,
    ResponseEvent,
    Touchpoint,
    TouchpointEvent,
)

_ShortId = Annotated[str, Meta(min_length=1, max_length=MAX_ID_BYTES // 4)]
"""Of so few characters that UTF-8 cannot make too many bytes of them."""
_Absent = Literal["\x00"]
"""A text that is refused elsewhere: a field of this type is only ever left out."""


class UsualResponse(Response, frozen=True, gc=False):
    """An answer on its metric's own scale that revises nothing."""

    customer_id: _ShortId
    scale_min: None = None
    scale_max: None = None
    higher_is_better: None = None
    revises: None = None


class UsualResponseEvent(ResponseEvent, frozen=True, tag=RESPONSE_TYPE, tag_field="type", kw_only=True, gc=False):
    """Such an answer on the wire."""

    id: _ShortId
    source: _ShortId
    data: UsualResponse
    datacontenttype: Literal["application/json"] = "application/json"
    data_base64: _Absent | UnsetType = UNSET


class UsualTouchpoint(Touchpoint, frozen=True, gc=False):
    """A touchpoint."""

    customer_id: _ShortId


class UsualTouchpointEvent(TouchpointEvent, frozen=True, tag=TOUCHPOINT_TYPE, tag_field="type", kw_only=True, gc=False):
    """A touchpoint on the wire."""

    id: _ShortId
    source: _ShortId
    data: UsualTouchpoint
    datacontenttype: Literal["application/json"] = "application/json"
    data_base64: _Absent | UnsetType = UNSET


# Of both kinds, because the type of an event that may only be one is not asked for.
_decoder: msgspec.json.Decoder[UsualResponseEvent | UsualTouchpointEvent] = msgspec.json.Decoder(
    UsualResponseEvent | UsualTouchpointEvent
)

_T = TypeVar("_T", UsualResponseEvent, UsualTouchpointEvent)


class UsualReader(Generic[_T]):
    """Reads runs of one kind of event. The clock is not asked: what ``time`` may be is for the caller to say."""

    def __init__(self, kind: type[_T]) -> None:
        self._kind: type[_T] = kind

    @staticmethod
    def _is_any(events: Sequence[object], kind: type[_T]) -> TypeGuard[list[_T]]:
        return all(found is kind for found in set(map(type, events)))

    def read(self, values: Sequence[bytes]) -> Sequence[_T | None]:
        """The events in their order; None for one that is unusual, or wrong."""
        whole = self._read_run(values)
        return whole if whole is not None else [self._read_one(value) for value in values]

    def _read_run(self, values: Sequence[bytes]) -> list[_T] | None:
        """All of them by one call, None if that cannot be done.

        Newlines stand between the values and nowhere else, and on either side of each a brace: so no value can run on
        into the next, and as many objects as values means one in each.
        """
        joined = b"\n".join(values)
        joints = len(values) - 1
        if joined[:1] != b"{" or joined[-1:] != b"}":
            return None
        if joined.count(b"\n") != joints or joined.count(b"}\n{") != joints:
            return None
        if len(joined) > MAX_EVENT_BYTES and max(map(len, values)) > MAX_EVENT_BYTES:
            return None
        if not _is_plain_text(joined):
            return None
        try:
            events = _decoder.decode_lines(joined)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            return None
        return events if len(events) == len(values) and self._is_any(events, self._kind) else None

    def _read_one(self, value: bytes) -> _T | None:
        if len(value) > MAX_EVENT_BYTES or not _is_plain_text(value):
            return None
        try:
            event = _decoder.decode(value)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            return None
        return event if isinstance(event, self._kind) else None


def _is_plain_text(raw: bytes) -> bool:
    """UTF-8 to the last byte, which msgspec checks only in what it needs, and no escaped U+0000."""
    if b"\\u0000" in raw:
        return False
    if not raw.isascii():
        try:
            raw.decode()
        except UnicodeDecodeError:
            return False
    return True
