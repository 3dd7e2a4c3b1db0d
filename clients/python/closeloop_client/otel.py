"""Touchpoints from OpenTelemetry's spans: what an app traces anyway about a customer.

Needs ``opentelemetry-sdk``. The event continues the span's trace: the loop's own spans hang below it.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from opentelemetry.sdk.trace import ReadableSpan, SpanProcessor
from opentelemetry.trace import SpanContext, StatusCode

from closeloop_client.emitting import Calls
from closeloop_client.events import AttributeValue, Touchpoint
from closeloop_client.notices import THREAD_NAME, Notices

CUSTOMER = "closeloop.customer_id"
TOUCHPOINT = "closeloop.touchpoint"
_NANOSECONDS = 1_000_000


class TouchpointProcessor(SpanProcessor):
    """Emits a touchpoint for each ended span that names a customer and a touchpoint.

    Add it to your tracer provider: ``provider.add_span_processor(TouchpointProcessor(emitter))``. The outcome is
    ``failed`` where the span's status is an error, the duration is the span's, and the id is made of the trace's and
    the span's: seen twice, counted once. Unsampled spans that are recorded come here too.

    Args:
        emitter: takes the touchpoints.
        customer: the span's attribute that holds the customer's id.
        touchpoint: the span's attribute that holds the touchpoint's name.
        names: touchpoints by the span's name, for spans without that attribute.
        attributes: the span's attributes that go along, by the name that they get; texts, numbers and truth values.
        channel: the touchpoints' channel, if there is one for all.
    """

    def __init__(
        self,
        emitter: Calls,
        *,
        customer: str = CUSTOMER,
        touchpoint: str = TOUCHPOINT,
        names: Mapping[str, str] | None = None,
        attributes: Mapping[str, str] | Iterable[str] = (),
        channel: str | None = None,
    ) -> None:
        self._emitter = emitter
        self._customer = customer
        self._touchpoint = touchpoint
        self._names = dict(names or {})
        pairs = attributes.items() if isinstance(attributes, Mapping) else ((name, name) for name in attributes)
        self._attributes = dict(pairs)
        self._channel = channel
        self._notices = Notices()

    def on_end(self, span: ReadableSpan) -> None:
        """Emit the touchpoint of a span, if it is one."""
        held = span.attributes or {}
        customer = held.get(self._customer)
        touchpoint = held.get(self._touchpoint) or self._names.get(span.name)
        context = span.context
        if threading.current_thread().name == THREAD_NAME:
            return  # a span of the sending itself, as instrumentations make them: it would never end
        if customer is None or touchpoint is None or context is None or span.end_time is None:
            return
        try:
            self._emitter.emit(self._made(span, context, str(customer), str(touchpoint), held))
        except Exception as error:  # noqa: BLE001 - no touchpoint is worth a span of the host's
            problem = str(error) if isinstance(error, ValueError) else type(error).__name__
            self._notices.warn("span", f"closeloop: {{n}} spans make no fit touchpoint, the last: {problem}")

    def _made(
        self, span: ReadableSpan, context: SpanContext, customer: str, touchpoint: str, held: Mapping[str, Any]
    ) -> Touchpoint:
        begun, ended = span.start_time or 0, span.end_time or 0
        along: dict[str, AttributeValue] = {
            name: held[key]
            for key, name in self._attributes.items()
            if isinstance(held.get(key), str | int | float | bool)
        }
        return Touchpoint(
            customer_id=customer,
            touchpoint=touchpoint,
            channel=self._channel,
            outcome="failed" if span.status.status_code is StatusCode.ERROR else "ok",
            duration_ms=max(0, (ended - begun) // _NANOSECONDS) if begun else None,
            attributes=along,
            id=f"span:{context.trace_id:032x}:{context.span_id:016x}",
            time=datetime.fromtimestamp(ended / 1e9, UTC),
            traceparent=f"00-{context.trace_id:032x}-{context.span_id:016x}-{int(context.trace_flags) & 0xFF:02x}",
        )
