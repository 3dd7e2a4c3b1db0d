"""The trace that the app is in, if it uses OpenTelemetry. Nothing is imported and nothing depends on it."""

from __future__ import annotations

import sys


def traceparent() -> str | None:
    """W3C's trace context of the span that is current here; None where the app traces nothing."""
    # Another thread may just be importing it.
    current = getattr(sys.modules.get("opentelemetry.trace"), "get_current_span", None)
    if current is None:
        return None
    context = current().get_span_context()
    if not context.is_valid:
        return None
    return f"00-{context.trace_id:032x}-{context.span_id:016x}-{int(context.trace_flags) & 0xFF:02x}"
