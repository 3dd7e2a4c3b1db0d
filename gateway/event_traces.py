"""Spans of the events that come in, and their context on its way into Kafka."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager

import msgspec

from gateway.intake import Record
from schemas.trace_context import TRACEPARENT, is_sampled, of_event_record
from schemas.tracing import Attributes, Tracing


@contextmanager
def delivering(
    tracing: Tracing, route: str, headers: Mapping[str, str], records: Sequence[Record]
) -> Iterator[Sequence[Record]]:
    """The records of a request as they go to Kafka: those of sampled traces with the context of their step.

    An event's own context (CloudEvents' extension) comes before that of its request. A single event has the request's
    span; of a batch each event that brought a context has one of its own.
    """
    if not tracing.on:
        yield records
        return
    own = [of_event_record(record.value, record.headers) for record in records]
    single = own[0] if len(own) == 1 else None
    attributes: Attributes = {
        "http.request.method": "POST",
        "http.route": route,
        "closeloop.events": len(records),
    }
    with ExitStack() as spans:
        parent = single or headers.get(TRACEPARENT)
        request = spans.enter_context(tracing.span(f"POST {route}", "server", parent, attributes))
        told: list[Record] = []
        for record, context in zip(records, own, strict=True):
            step = request.traceparent
            if single is None and context is not None:
                step = None
                if is_sampled(context):
                    about = {"messaging.system": "kafka", "messaging.destination.name": record.topic}
                    step = spans.enter_context(
                        tracing.span(f"send {record.topic}", "producer", context, about)
                    ).traceparent
            told.append(record if step is None else _with_context(record, step))
        yield told


def _with_context(record: Record, step: str) -> Record:
    return msgspec.structs.replace(record, headers=(*record.headers, (TRACEPARENT, step.encode())))
