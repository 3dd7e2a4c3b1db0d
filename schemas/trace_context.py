"""Trace context on its way: W3C's ``traceparent`` in HTTP and Kafka headers and as an attribute of a CloudEvent. Pure.

https://www.w3.org/TR/trace-context/ and CloudEvents' extension "distributed tracing". The text is passed on as it is;
who follows a trace needs only to know whether it is one, and whether it is sampled.
"""

import re
from collections.abc import Iterable

import msgspec

TRACEPARENT = "traceparent"
TRACE_HEADERS = frozenset({TRACEPARENT, "tracestate"})
"""Headers of a record that say nothing about its event."""
_ATTRIBUTE = "ce_traceparent"
_KEY = b'"traceparent"'
_SHAPE = re.compile(r"(?!ff)[0-9a-f]{2}-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}(-.*)?", re.ASCII)
_LONGEST = 256


class _Extended(msgspec.Struct):
    traceparent: str | None = None


_extended = msgspec.json.Decoder(_Extended)


def is_traceparent(text: str | None) -> bool:
    """Whether this is a trace context."""
    return text is not None and len(text) <= _LONGEST and _SHAPE.fullmatch(text) is not None


def is_sampled(text: str) -> bool:
    """Whether somebody wants to see this trace. ``text`` is a trace context."""
    return int(text[53:55], 16) & 1 == 1


def of_event(value: bytes | None) -> str | None:
    """The trace context that a structured event carries as its extension attribute, if it is one."""
    if value is None or _KEY not in value:
        return None
    try:
        found = _extended.decode(value).traceparent
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None
    return found if is_traceparent(found) else None


def of_headers(headers: Iterable[tuple[str, bytes | None]], *names: str) -> str | None:
    """The trace context in a record's headers: the hop's own before that of a binary event, or those of ``names``."""
    found = {name: raw for name, raw in headers if name in (names or (TRACEPARENT, _ATTRIBUTE))}
    for name in names or (TRACEPARENT, _ATTRIBUTE):
        text = (found.get(name) or b"").decode("latin-1")
        if is_traceparent(text):
            return text
    return None


def of_event_record(value: bytes | None, headers: Iterable[tuple[str, bytes | None]]) -> str | None:
    """The trace context that the event itself brought, in binary or in structured mode; no hop's."""
    return of_headers(headers, _ATTRIBUTE) or of_event(value)


def of_record(value: bytes | None, headers: Iterable[tuple[str, bytes | None]]) -> str | None:
    """The trace context that a Kafka record came with: its last hop's header, else what its event brought."""
    return of_headers(headers) or of_event(value)
