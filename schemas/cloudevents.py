"""Decode and validate events at the border: structured and binary CloudEvents, errors that name the field."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
from msgspec import UNSET

from schemas.deadletters import InvalidEvent
from schemas.events import (
    MAX_EVENT_BYTES,
    MAX_ID_BYTES,
    RESPONSE_TYPE,
    TOUCHPOINT_TYPE,
    Event,
    Response,
    ResponseEvent,
)
from schemas.scales import MetricSpec, Scale

FUTURE_TOLERANCE = timedelta(minutes=5)
EARLIEST = datetime(1970, 1, 1, tzinfo=UTC)
"""Before it clocks count backwards, and some times are not representable in UTC at all."""
SCALE_LIMIT = 1000
"""Scores lie within ±1000: they become keys of histograms and names of series."""

_decoder: msgspec.json.Decoder[Event] = msgspec.json.Decoder(Event)
_any_decoder = msgspec.json.Decoder()
_PATH = re.compile(r" - at (?:`key` in )?`(?P<path>[^`]*)`$")
_MISSING = re.compile(r"missing required field `(?P<field>[^`]+)`")
_REMEDIES = {
    "id": "give what names the event, such as the order and its step; the same at every try",
    "source": "give what made the event, e.g. /shop/orders",
    "time": "give an RFC 3339 time with a zone, e.g. 2026-11-21T10:15:02Z",
    "specversion": 'only CloudEvents "1.0" is read',
    "type": f"known types are {TOUCHPOINT_TYPE} and {RESPONSE_TYPE}",
    "data.customer_id": "give your number of the customer as text, 1 to 256 characters",
    "data.score": "give a whole number on the metric's scale",
    "data.comment": "at most 10,000 characters",
    "data.attributes": "at most 32 attributes of string, number or boolean",
}
_NO_OBJECT = "an event is a JSON object; over HTTP an array of them is application/cloudevents-batch+json"


class EventReader:
    """Reads events for the metrics that loop.yaml declares. Stateless: one instance serves every thread."""

    def __init__(self, metrics: Mapping[str, MetricSpec]) -> None:
        self._metrics = dict(metrics)

    def read(self, value: bytes | None, now: datetime, attributes: Mapping[str, str] | None = None) -> Event:
        """Decode one event and check all that its schema and the metric's scale ask for.

        ``attributes`` are the context attributes of binary mode (without their ``ce_`` or ``ce-`` prefix); without
        them the value is a structured event. ``now`` is the arrival's clock, UTC. Raises :class:`InvalidEvent`.
        """
        if not value:
            raise InvalidEvent("empty", "", "the event has no bytes; send a CloudEvent in JSON")
        if len(value) > MAX_EVENT_BYTES:
            raise InvalidEvent("too_large", "", f"{len(value):,} bytes; an event may have {MAX_EVENT_BYTES:,}")
        if attributes is None and value.isascii() and b"\\" not in value:
            event = _structured(value)  # the usual case: nothing in it can be other text than its bytes
        else:
            event = self._read_other_text(value, attributes)
        self._check(event, now)
        return event

    def _read_other_text(self, value: bytes, attributes: Mapping[str, str] | None) -> Event:
        """An event whose text may be other than ASCII, by its bytes, its escapes or its headers."""
        _refuse_other_encodings(value)
        event = self._binary(value, attributes) if attributes is not None else _structured(value)
        if attributes is not None or b"\\u0000" in value:
            _refuse_nul(event)
        _check_bytes(event)
        return event

    def scale_of(self, response: Response) -> Scale:
        """The scale this response was asked on: the metric's own, or what the event says instead."""
        scale = self._metrics[response.metric].scale
        if response.scale_min is None and response.scale_max is None and response.higher_is_better is None:
            return scale
        return Scale(
            scale.minimum if response.scale_min is None else response.scale_min,
            scale.maximum if response.scale_max is None else response.scale_max,
            scale.higher_is_better if response.higher_is_better is None else response.higher_is_better,
        )

    def _binary(self, value: bytes, attributes: Mapping[str, str]) -> Event:
        try:
            _any_decoder.decode(value)  # alone first: bytes that close the envelope early must not become part of it
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise _unreadable(error) from None
        envelope: dict[str, Any] = {**attributes, "data": msgspec.Raw(value)}
        return _structured(msgspec.json.encode(envelope))

    def _check(self, event: Event, now: datetime) -> None:
        if event.time > now and event.time - now > FUTURE_TOLERANCE:
            raise InvalidEvent(
                "future", "time", "more than 5 minutes ahead of the clock; send UTC or the zone's offset"
            )
        if event.time < EARLIEST:
            raise InvalidEvent("invalid", "time", "before 1970; send the time at which it happened")
        if event.data_base64 is not UNSET:
            raise InvalidEvent("invalid", "data_base64", "binary data is not read; send data as JSON")
        if event.datacontenttype != "application/json" and "json" not in event.datacontenttype.lower():
            raise InvalidEvent("invalid", "datacontenttype", "only JSON data is read; send application/json")
        if isinstance(event, ResponseEvent):
            if event.data.revises == event.id:
                raise InvalidEvent("revises", "data.revises", "its own id; name the earlier answer that it replaces")
            self._check_response(event.data)

    def _check_response(self, response: Response) -> None:
        spec = self._metrics.get(response.metric)
        if spec is None:
            known = ", ".join(sorted(self._metrics))
            raise InvalidEvent("metric", "data.metric", f"not declared in loop.yaml; known are {known}")
        scale = self.scale_of(response)
        if scale is not spec.scale:
            self._check_scale(scale, spec)
        if not scale.holds(response.score):
            raise InvalidEvent("scale", "data.score", f"outside its scale {scale.minimum}..{scale.maximum}")

    @staticmethod
    def _check_scale(scale: Scale, spec: MetricSpec) -> None:
        if scale.minimum >= scale.maximum or scale.maximum - scale.minimum > 100:
            raise InvalidEvent(
                "scale", "data.scale_max", "a scale has 2 to 101 whole scores, scale_min below scale_max"
            )
        if max(-scale.minimum, scale.maximum) > SCALE_LIMIT:
            raise InvalidEvent("scale", "data.scale_max", f"a scale lies within -{SCALE_LIMIT}..{SCALE_LIMIT}")
        if spec.kind == "nps" and scale != spec.scale:
            raise InvalidEvent(
                "scale", "data.scale_max", "NPS is defined on 0..10, high is good; use a metric of your own"
            )


def arrival(timestamp_ms: int) -> datetime:
    """A Kafka record's timestamp as UTC: the clock that an event's ``time`` is held against."""
    return datetime.fromtimestamp(timestamp_ms / 1000, UTC)


def context_attributes(headers: Mapping[str, str] | list[tuple[str, bytes | None]]) -> dict[str, str] | None:
    """The context attributes of a binary-mode message, or ``None`` for structured mode.

    Kafka's protocol binding prefixes them with ``ce_``, HTTP's with ``ce-``; what HTTP percent-encoded stays so. A
    Kafka content type of ``application/cloudevents`` says that the event is structured, whatever else is there. Raises
    :class:`InvalidEvent` for a header that is not UTF-8.
    """
    if not isinstance(headers, list):
        return {name[3:].lower(): text for name, text in headers.items() if name.lower().startswith("ce-")} or None
    found: dict[str, str] = {}
    for name, raw in headers:
        if raw is None:
            continue
        if name.lower() == "content-type" and raw.startswith(b"application/cloudevents"):
            return None
        if name.lower().startswith("ce_"):
            try:
                found[name[3:].lower()] = raw.decode()
            except UnicodeDecodeError:
                raise InvalidEvent("not_utf8", name.lower()[:64], "the header is not UTF-8") from None
    return found or None


def _structured(value: bytes) -> Event:
    try:
        return _decoder.decode(value)
    except msgspec.ValidationError as error:
        raise _explain(str(error)) from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise _unreadable(error) from None


def _unreadable(error: Exception) -> InvalidEvent:
    if isinstance(error, UnicodeDecodeError):
        return _not_utf8(error)
    if isinstance(error, RecursionError):
        return InvalidEvent("not_json", "", "nested too deeply")
    detail = str(error).removeprefix("JSON is malformed: ")
    return InvalidEvent("not_json", "", f"not JSON: {detail}; NaN, Infinity and lone surrogates are not JSON either")


def _explain(text: str) -> InvalidEvent:
    path = _PATH.search(text)
    parent = path["path"].removeprefix("$").removeprefix(".") if path else ""
    missing = _MISSING.search(text)
    if missing:
        field = f"{parent}.{missing['field']}" if parent else missing["field"]
        reason = "type" if field == "type" else "specversion" if field == "specversion" else "missing"
        return InvalidEvent(reason, field, _with_remedy("is missing", field))  # type: ignore[arg-type] # mypy widens the conditional to str
    field = parent.split("[")[0]
    if field in ("type", "specversion"):
        return InvalidEvent(field, field, _with_remedy("is not known", field))  # type: ignore[arg-type] # both are reasons
    if not field:
        return InvalidEvent("not_json" if "malformed" in text else "invalid", "", _NO_OBJECT)
    # msgspec's "Expected ..." names types and bounds, never the value; its other texts may show the value.
    said = text.split(" - at ", maxsplit=1)[0].replace("`", "")
    problem = f"e{said[1:]}" if said.startswith("Expected") else "has a value that it cannot have"
    return InvalidEvent("invalid", field, _with_remedy(problem, field))


def _with_remedy(problem: str, field: str) -> str:
    remedy = _REMEDIES.get(field)
    return f"{problem}; {remedy}" if remedy else problem


def _check_bytes(event: Event) -> None:
    """The limits of ids are in bytes, those of their types in characters: the same for ASCII alone."""
    named = (("id", event.id), ("source", event.source), ("data.customer_id", event.data.customer_id))
    for field, text in named:
        if len(text.encode()) > MAX_ID_BYTES:
            raise InvalidEvent("invalid", field, f"over {MAX_ID_BYTES} bytes of UTF-8")


def _refuse_other_encodings(value: bytes) -> None:
    """msgspec reads no string that it does not need, so one of an unread field could hide other bytes than UTF-8."""
    if not value.isascii():
        try:
            value.decode()
        except UnicodeDecodeError as broken:
            raise _not_utf8(broken) from None


def _not_utf8(broken: UnicodeDecodeError) -> InvalidEvent:
    return InvalidEvent("not_utf8", "", f"byte {broken.start} is not UTF-8; send JSON in UTF-8")


def _refuse_nul(event: Event) -> None:
    """No database text column holds U+0000, so an event with one could never become a case."""
    texts: dict[str, object] = {"id": event.id, "source": event.source}
    for name, value in msgspec.structs.asdict(event.data).items():
        texts[f"data.{name}"] = value
    for path, text in texts.items():
        if isinstance(text, str):
            held = "\0" in text
        elif isinstance(text, dict):
            held = any("\0" in name or (isinstance(value, str) and "\0" in value) for name, value in text.items())
        else:
            held = False
        if held:
            raise InvalidEvent("invalid", path, "contains the character U+0000")
