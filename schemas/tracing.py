"""Traces: spans around the steps that one event takes. Off, and nothing of it is loaded, unless an endpoint is set.

A span is given its parent as text (:mod:`schemas.trace_context`), because a trace goes through topics and tables: there
is no context that could be inherited. Attributes never hold what apps or people wrote: no ids of customers or events,
no words, no names.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Literal

Kind = Literal["server", "producer", "consumer", "client"]
Attributes = Mapping[str, str | int | bool]


class TracingUnavailable(ValueError):  # noqa: N818 - what a person has to mend, in words
    """Traces are asked for and cannot be made: the extra is not installed."""


class Span:
    """A step under way. This one is of nobody's interest."""

    traceparent: str | None = None
    """What the next step has as its parent; None where nobody follows."""

    def note(self, attributes: Attributes) -> None:
        """Add attributes."""

    def fail(self, kind: str) -> None:
        """Mark the step as failed; ``kind`` is a class of errors, never an error's text."""


class Tracing:
    """Makes spans, or none: this one is off."""

    on = False
    """Whether to look for trace contexts at all."""

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
        """A step and how long it takes. Sampled as its parent is; without a parent, by the sampler.

        ``identity`` names the step within its trace: done again after a crash it has the same id, so that what followed
        from the first time still has its parent. ``since``: when it began, nanoseconds since the epoch, if not now.
        """
        del name, kind, parent, attributes, identity, since
        yield Span()

    def close(self) -> None:
        """Send what is left, for a short time."""


OFF = Tracing()


def start_tracing(wanted: bool, room: str) -> Tracing:
    """Tracing for a room, such as ``streams``; :data:`OFF` where it is not wanted.

    Where spans go, how many and under which names stands in OpenTelemetry's own variables (``OTEL_*``). Raises
    :class:`TracingUnavailable`.
    """
    if not wanted:
        return OFF
    try:
        from schemas.otlp_tracing import OtlpTracing
    except ImportError as error:
        if error.name is None or not error.name.startswith("opentelemetry"):
            raise
        raise TracingUnavailable(
            "OTEL_EXPORTER_OTLP_ENDPOINT is set and OpenTelemetry is not installed: "
            "pip install 'closeloop[otel]', or unset it"
        ) from None
    return OtlpTracing(room)
