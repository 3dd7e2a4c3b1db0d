"""Touchpoints from HTTP requests: what the middleware of every framework has in common."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Mapping
from fnmatch import fnmatchcase

from closeloop_client.checks import MAX_NAME
from closeloop_client.emitting import Calls
from closeloop_client.events import AttributeValue, Touchpoint
from closeloop_client.notices import Notices


class RequestTouchpoints:
    """Decides which requests become touchpoints, and emits them. It never raises into the host.

    Args:
        emitter: takes the touchpoints.
        names: touchpoints by method and route template, e.g. ``{"POST /checkout": "checkout.completed"}``. A route that
            is not named here is called as its method and template are: ``GET /orders/{order_id}``.
        only_named: emit for the routes in ``names`` alone.
        ignore: patterns of templates to leave out, with ``*``, e.g. ``["/healthz", "/static/*"]``.
        sample: the share of requests that become touchpoints, 0 to 1. Failed ones always do.
        channel: the touchpoints' channel.
    """

    def __init__(
        self,
        emitter: Calls,
        *,
        names: Mapping[str, str] | None = None,
        only_named: bool = False,
        ignore: Iterable[str] = (),
        sample: float = 1.0,
        channel: str | None = "web",
        chance: Callable[[], float] = random.random,
    ) -> None:
        if not 0.0 <= sample <= 1.0:
            raise ValueError("sample: give a share from 0 to 1")
        if isinstance(ignore, str):
            raise ValueError('ignore: give a list of patterns, such as ["/healthz"]')  # noqa: TRY004 - one class for wrong options
        self._emitter = emitter
        self._names = dict(names or {})
        self._only_named = only_named
        self._ignore = tuple(ignore)
        self._sample = sample
        self._channel = channel
        self._chance = chance
        self._notices = Notices()

    def name_of(self, method: str, template: str | None, status: int) -> str | None:
        """The touchpoint that a request is; ``None`` where it is none.

        Args:
            method: the request's method.
            template: the route's, with a slash in front and its parameters by name; ``None`` where no route fits.
            status: the answer's; 500 for an exception.
        """
        if template is None:
            return None
        said = f"{method} {template}"
        name = self._names.get(said) or (None if self._only_named else said[:MAX_NAME])
        if name is None or any(fnmatchcase(template, pattern) for pattern in self._ignore):
            return None
        if status < 500 and self._sample < 1.0 and self._chance() >= self._sample:
            return None
        return name

    def emit(
        self,
        name: str,
        customer: object,
        status: int,
        seconds: float,
        attributes: Mapping[str, AttributeValue] | None = None,
    ) -> None:
        """Emit the touchpoint of a request; nothing where the customer is not known."""
        if customer is None or customer == "":
            return
        try:
            event = Touchpoint(
                customer_id=str(customer),
                touchpoint=name,
                channel=self._channel,
                outcome=outcome_of(status),
                duration_ms=max(0, round(seconds * 1000)),
                attributes={"http_status": status, **(attributes or {})},
            )
        except Exception as error:  # noqa: BLE001 - no touchpoint is worth a request
            self.failed(error)
            return
        try:
            self._emitter.emit(event)
        except ValueError as error:
            self.warn(str(error))  # of our own checks, which show no value
        except Exception as error:  # noqa: BLE001 - as above
            self.failed(error)

    def failed(self, error: Exception) -> None:
        """Say that a callable of the host failed, and how; its words may hold what nobody should read in a log."""
        self.warn(type(error).__name__)

    def warn(self, what: str) -> None:
        """Say why a request gave no touchpoint."""
        self._notices.warn("request", f"closeloop: {{n}} requests gave no touchpoint, the last for {what}")


def outcome_of(status: int) -> str:
    """``failed`` where the server failed, ``refused`` where it found the request wrong, ``ok`` otherwise."""
    return "failed" if status >= 500 else "refused" if status >= 400 else "ok"
