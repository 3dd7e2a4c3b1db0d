"""Spans of the sender: around the call that posts a message, where somebody follows what it tells of."""

from collections.abc import Callable

from consumers.slack.delivery import PostResult
from consumers.slack.outbox import Claimed
from schemas.tracing import Attributes, Tracing


def sending(tracing: Tracing, message: Claimed, job: Callable[[], PostResult]) -> Callable[[], PostResult]:
    """The job of sending a message with a span around it, where somebody follows."""
    if not tracing.on or message.traceparent is None:
        return job
    name = "chat.postMessage" if message.surface in ("channel", "dm") else f"send {message.surface}"
    attributes: Attributes = {
        "closeloop.case": message.case_id,
        "closeloop.surface": message.surface,
        "closeloop.attempt": message.attempts,
    }

    def run() -> PostResult:
        with tracing.span(name, "client", message.traceparent, attributes) as span:
            result = job()
            if result.verdict is not None:
                span.note({"closeloop.verdict": result.verdict.kind})
                span.fail(result.verdict.code)
            return result

    return run
