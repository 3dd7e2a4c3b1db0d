"""From a request's bytes to records for Kafka: each event validated, its bytes untouched. Pure: the time is given."""

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, Literal
from urllib.parse import unquote_to_bytes

import msgspec
from msgspec import UNSET, Struct, UnsetType

from gateway.problems import Problem
from gateway.splitting import split_array, split_lines
from schemas.cloudevents import EventReader, context_attributes
from schemas.deadletters import InvalidEvent
from schemas.events import Event, ResponseEvent
from schemas.topics import RESPONSES, TOUCHPOINTS

MAX_BATCH_BYTES = 5 * 1024 * 1024
MAX_BATCH_EVENTS = 5_000
MAX_ECHOED_ID = 256
BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)"', re.DOTALL)
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)

_OTHER_SOURCE = "this API key may not send events of this source; `closeloop keys list` says of which it may"

Shape = Literal["single", "array", "lines", "binary"]
_SHAPES: dict[str, Shape] = {
    "application/cloudevents+json": "single",
    "application/cloudevents-batch+json": "array",
    "application/x-ndjson": "lines",
    "application/ndjson": "lines",
    "application/jsonl": "lines",
}


class Record(Struct, frozen=True):
    """One record to produce: the bytes as they came."""

    topic: str
    key: bytes | None
    value: bytes
    headers: tuple[tuple[str, bytes | None], ...] = ()


class EventResult(Struct, frozen=True, kw_only=True):
    """What became of one event of a request. A rejected one says where in the batch it stood and what is wrong.

    ``spooled``: accepted, but Kafka is away; the event waits on the gateway's disk.
    """

    id: str | None
    status: Literal["accepted", "rejected"]
    spooled: bool | UnsetType = UNSET
    index: int | UnsetType = UNSET
    reason: str | UnsetType = UNSET
    field: str | UnsetType = UNSET
    problem: str | UnsetType = UNSET


class EventsAnswer(Struct, frozen=True, kw_only=True):
    """How many events of the request are safe, and a result for each, in their order.

    Kafka has acknowledged every accepted event but the ``spooled`` ones, which wait on the gateway's disk.
    """

    accepted: int
    results: list[EventResult]
    rejected: int = 0
    spooled: int | UnsetType = UNSET


class AllRejected(Struct, frozen=True, kw_only=True):
    """No event of the request could be taken: the first problem, and a result for each."""

    error: Problem
    accepted: int = 0
    rejected: int = 0
    results: list[EventResult] = []


class Intake(Struct, frozen=True):
    """A request taken apart: the records to produce, and a result for every event, in their order."""

    records: list[Record]
    results: list[EventResult]
    first_error: InvalidEvent | None


class _Identified(Struct):
    id: Any = None


_identified = msgspec.json.Decoder(_Identified)


def shape_of(content_type: str, headers: Mapping[str, str], body: bytes) -> Shape | None:
    """How the body holds its events, or ``None`` for a content type that is not read.

    ``application/json`` is binary mode where there are ``ce-`` headers, an array where the body begins with ``[``.
    """
    kind = content_type.partition(";")[0].strip().lower()
    known = _SHAPES.get(kind)
    if known is not None:
        return known
    if kind != "application/json" and not kind.endswith("+json"):
        return None
    if "ce-specversion" in headers or "ce-type" in headers or "ce-id" in headers:
        return "binary"
    return "array" if body.lstrip()[:1] == b"[" else "single"


def anything(_source: str) -> bool:
    """Lets every source pass."""
    return True


def take_in(
    reader: EventReader,
    shape: Shape,
    headers: Mapping[str, str],
    body: bytes,
    now: datetime,
    may_emit: Callable[[str], bool] = anything,
) -> Intake:
    """Validate every event of a request; ``may_emit`` says whether its sender may send events of a source.

    Raises :class:`InvalidEvent` where the body cannot be cut into events, :class:`gateway.splitting.TooMany`.
    """
    if shape == "binary":
        return _judge([_Attempt(reader, body, now, headers)], may_emit)
    if shape == "single":
        return _judge([_Attempt(reader, body, now)], may_emit)
    cut = split_array if shape == "array" else split_lines
    if not body.strip():
        raise InvalidEvent("empty", "", "the batch has no bytes; send CloudEvents in JSON")
    return _judge([_Attempt(reader, value, now) for value in cut(body, MAX_BATCH_EVENTS)], may_emit)


def take_in_events(reader: EventReader, values: Sequence[bytes], now: datetime) -> Intake:
    """Validate structured events, one a value."""
    return _judge([_Attempt(reader, value, now) for value in values], anything)


class _Attempt:
    """One event on its way to a record."""

    __slots__ = ("_headers", "_now", "_reader", "value")

    def __init__(
        self, reader: EventReader, value: bytes, now: datetime, headers: Mapping[str, str] | None = None
    ) -> None:
        self._reader = reader
        self._now = now
        self._headers = headers
        self.value = value

    def read(self) -> tuple[Event, Record]:
        """The event and its record. Raises :class:`InvalidEvent`."""
        if self._headers is None:
            event = self._reader.read(self.value, self._now)
            return event, Record(_topic(event), event.data.customer_id.encode(), self.value)
        attributes = {name: _decoded(name, text) for name, text in (context_attributes(self._headers) or {}).items()}
        event = self._reader.read(self.value, self._now, attributes)
        headers = (
            *((f"ce_{name}", text.encode()) for name, text in attributes.items()),
            ("content-type", self._headers.get("content-type", "application/json").encode()),
        )
        return event, Record(_topic(event), event.data.customer_id.encode(), self.value, headers)

    def id(self) -> str | None:
        """The id of an event that cannot be taken, if it can be seen: so that its sender finds it."""
        try:
            if self._headers is None:
                found = _identified.decode(self.value).id
            else:
                found = _decoded("id", self._headers["ce-id"])
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, KeyError, InvalidEvent):
            return None
        return found if isinstance(found, str) and len(found) <= MAX_ECHOED_ID else None


def _judge(attempts: list[_Attempt], may_emit: Callable[[str], bool]) -> Intake:
    records: list[Record] = []
    results: list[EventResult] = []
    first: InvalidEvent | None = None
    for index, attempt in enumerate(attempts):
        try:
            event, record = attempt.read()
            if not may_emit(event.source):
                raise InvalidEvent("invalid", "source", _OTHER_SOURCE)  # noqa: TRY301
        except InvalidEvent as error:
            first = first or error
            results.append(
                EventResult(
                    id=attempt.id(),
                    status="rejected",
                    index=index,
                    reason=error.reason,
                    field=error.field,
                    problem=error.problem,
                )
            )
        else:
            records.append(record)
            results.append(EventResult(id=event.id, status="accepted"))
    return Intake(records, results, first)


def _topic(event: Event) -> str:
    return RESPONSES if isinstance(event, ResponseEvent) else TOUCHPOINTS


def _decoded(name: str, text: str) -> str:
    """A header's value: HTTP's binding of CloudEvents percent-encodes what is not printable ASCII.

    Its older versions put quotes around a value with spaces instead, which is still to be read.
    """
    quoted = _QUOTED.fullmatch(text)
    if quoted is not None:
        text = _ESCAPED.sub(r"\1", quoted[1])
    try:
        return unquote_to_bytes(text.encode("latin-1")).decode()
    except (UnicodeDecodeError, UnicodeEncodeError):
        raise InvalidEvent("not_utf8", f"ce-{name}", "the header is not percent-encoded UTF-8") from None
