"""Spans by OpenTelemetry's SDK, sent by OTLP over HTTP. Needs the extra ``otel``; imported where traces are wanted."""

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import blake2b
from importlib.metadata import version

from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.trace.id_generator import RandomIdGenerator
from opentelemetry.sdk.trace.sampling import ParentBased, TraceIdRatioBased
from opentelemetry.trace import Span as OtelSpan
from opentelemetry.trace import SpanKind, Status, StatusCode
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from schemas.trace_context import TRACEPARENT, is_traceparent
from schemas.tracing import Attributes, Kind, Span, Tracing

DEFAULT_RATIO = 0.01
"""Of the requests that bring no trace of their own, unless ``OTEL_TRACES_SAMPLER`` says something else."""
EXPORT_EVERY_MS = 1000
"""A killed process takes its last spans along: those of one second, not of five."""
LAST_WORDS_S = 1.5
"""How long a stop waits for the collector."""

_KINDS = {
    "server": SpanKind.SERVER,
    "producer": SpanKind.PRODUCER,
    "consumer": SpanKind.CONSUMER,
    "client": SpanKind.CLIENT,
}
_propagator = TraceContextTextMapPropagator()


class _Ids(RandomIdGenerator):
    """Random ids, but for a step that has an identity."""

    def __init__(self) -> None:
        self._given = threading.local()

    @contextmanager
    def given(self, span_id: int | None) -> Iterator[None]:
        """The next span of this thread has this id."""
        self._given.id = span_id
        try:
            yield
        finally:
            self._given.id = None

    def generate_span_id(self) -> int:
        """The id that was given, else a random one."""
        given: int | None = getattr(self._given, "id", None)
        return super().generate_span_id() if given is None else given


class _OtlpSpan(Span):
    def __init__(self, span: OtelSpan) -> None:
        self._span = span
        context = span.get_span_context()
        if span.is_recording():
            self.traceparent = f"00-{context.trace_id:032x}-{context.span_id:016x}-{context.trace_flags:02x}"

    def note(self, attributes: Attributes) -> None:
        self._span.set_attributes(dict(attributes))

    def fail(self, kind: str) -> None:
        self._span.set_status(Status(StatusCode.ERROR, kind))


class OtlpTracing(Tracing):
    """Spans of one process. The SDK reads ``OTEL_*``: endpoint, headers, sampler, service name."""

    on = True

    def __init__(self, room: str) -> None:
        service = os.environ.get("OTEL_SERVICE_NAME") or f"closeloop-{room}"
        own = {"service.name": service, "service.version": version("closeloop")}
        sampler = None if os.environ.get("OTEL_TRACES_SAMPLER") else ParentBased(TraceIdRatioBased(DEFAULT_RATIO))
        self._ids = _Ids()
        self._provider = TracerProvider(
            resource=Resource.create(own), sampler=sampler, id_generator=self._ids, shutdown_on_exit=False
        )
        self._provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(), schedule_delay_millis=EXPORT_EVERY_MS))
        self._tracer = self._provider.get_tracer("closeloop", version("closeloop"))

    @contextmanager
    def span(
        self,
        name: str,
        kind: Kind,
        parent: str | None,
        attributes: Attributes | None = None,
        *,
        identity: str = "",
        since: int | None = None,
    ) -> Iterator[Span]:
        """A step and how long it takes; an exception that passes through is told by its class alone."""
        known = parent if is_traceparent(parent) else None
        context = _propagator.extract({TRACEPARENT: known}, Context()) if known is not None else Context()
        span_id = _identified(known, name, identity) if known is not None and identity else None
        with self._ids.given(span_id):
            span = self._tracer.start_span(name, context, _KINDS[kind], attributes, start_time=since)
        step = _OtlpSpan(span)
        try:
            yield step
        except BaseException as error:
            step.fail(type(error).__name__)
            raise
        finally:
            span.end()

    def close(self) -> None:
        """Send what is left. A collector that hangs is not waited for longer than :data:`LAST_WORDS_S`."""
        closing = threading.Thread(target=self._provider.shutdown, name="traces-close", daemon=True)
        closing.start()
        closing.join(LAST_WORDS_S)


def _identified(parent: str, name: str, identity: str) -> int:
    """The id of a step: always the same for the same step of the same trace. Never 0, which is no id."""
    told = f"{parent[:52]}\n{name}\n{identity}".encode()
    return int.from_bytes(blake2b(told, digest_size=8).digest()) or 1
