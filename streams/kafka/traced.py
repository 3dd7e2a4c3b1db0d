"""Spans of the records of a chunk that call for something: an alert, a dead letter, a signal to another partition.

Looked for only where tracing is on, and only in a chunk that has something to say. All other events are counted without
a span, whatever context they carry: what happens to them is in the books.
"""

from collections.abc import Sequence
from typing import NamedTuple

import msgspec

from schemas.signals import SIGNAL
from schemas.trace_context import TRACEPARENT, is_sampled, of_record
from schemas.tracing import Tracing
from streams.counting.outcome import Outcome
from streams.kafka.chunks import Record
from streams.kafka.forwarding import Forward, origin_of

Headers = tuple[tuple[str, bytes], ...]


class _Identified(msgspec.Struct):
    id: str = ""
    source: str = ""


_identified = msgspec.json.Decoder(_Identified)


class Told(NamedTuple):
    """The headers that what came of a chunk is sent with: by alert's id, by the offset of its cause."""

    alerts: dict[str, Headers]
    causes: dict[int, Headers]

    def of_forward(self, forward: Forward) -> list[tuple[str, bytes]]:
        """A forward's headers. An event has its own already; a signal gets those of the event that it follows from."""
        origin = origin_of(forward.headers, SIGNAL)
        return forward.headers if origin is None else [*forward.headers, *self.causes.get(origin.offset, ())]


NOTHING = Told({}, {})


def tell(tracing: Tracing, topic: str, partition: int, records: Sequence[Record], outcome: Outcome, since: int) -> Told:
    """Make a span for each sampled record that something came of. ``since``: when the chunk was taken, in ns UTC."""
    if not (outcome.alerts or outcome.dead_letters or outcome.forwards):
        return NOTHING
    sampled: dict[int, str] = {}
    events: dict[tuple[str, str], int] = {}
    for record in records:
        parent = of_record(record.value, record.headers)
        if parent is not None and is_sampled(parent):
            sampled[record.offset] = parent
            events[_event_of(record)] = record.offset
    if not sampled:
        return NOTHING
    alerts: dict[int, list[str]] = {}
    for alert in outcome.alerts:
        offset = events.get((alert.event_source, alert.event_id))
        if offset is not None:
            alerts.setdefault(offset, []).append(alert.id)
    reasons = {letter.offset: letter.reason for letter in outcome.dead_letters}
    signals = {origin.offset for forward in outcome.forwards if (origin := origin_of(forward.headers, SIGNAL))}
    told = Told({}, {})
    for offset, parent in sampled.items():
        if offset not in alerts and offset not in reasons and offset not in signals:
            continue
        attributes: dict[str, str | int | bool] = {
            "messaging.system": "kafka",
            "messaging.operation.type": "process",
            "messaging.destination.name": topic,
            "messaging.destination.partition.id": str(partition),
            "messaging.kafka.offset": offset,
            "closeloop.alerts": len(alerts.get(offset, ())),
        }
        place = f"{partition}/{offset}"
        with tracing.span(f"process {topic}", "consumer", parent, attributes, identity=place, since=since) as span:
            if offset in reasons:
                span.note({"closeloop.dead_letter": reasons[offset]})
                span.fail("dead letter")
        if span.traceparent is not None:
            headers = ((TRACEPARENT, span.traceparent.encode()),)
            told.causes[offset] = headers
            told.alerts.update(dict.fromkeys(alerts.get(offset, ()), headers))
    return told


def _event_of(record: Record) -> tuple[str, str]:
    """The event's source and id, in either mode; empty for what is no event."""
    found = {name: (raw or b"").decode("latin-1") for name, raw in record.headers if name in ("ce_id", "ce_source")}
    if found:
        return found.get("ce_source", ""), found.get("ce_id", "")
    try:
        event = _identified.decode(record.value or b"")
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return "", ""
    return event.source, event.id
