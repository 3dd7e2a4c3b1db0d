"""Touchpoints from the requests of a Flask app."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from flask import Flask, Response, g, request
from flask.signals import got_request_exception

from closeloop_client.emitting import Calls
from closeloop_client.events import AttributeValue
from closeloop_client.requests import RequestTouchpoints

_BEGAN = "_closeloop_began"
_FAILED = "_closeloop_failed"


class Touchpoints:
    """Emits a touchpoint for each request of a Flask app, named by its route, with its outcome and duration.

    ``Touchpoints(app, emitter=emitter, customer=lambda: session.get("customer_id"))``. ``customer`` is called in the
    request's context, behind the view, and gives ``None`` where the customer is not known. The duration ends when the
    view's answer is there; what a streamed answer takes is not in it.

    Args:
        app: the app; without it, call :meth:`init_app`.
        emitter: takes the touchpoints.
        customer: the customer's id of the current request, or ``None``.
        attributes: facts of the current request that go along.
        names, only_named, ignore, sample, channel: see :class:`closeloop_client.requests.RequestTouchpoints`.
    """

    def __init__(
        self,
        app: Flask | None = None,
        *,
        emitter: Calls,
        customer: Callable[[], object],
        attributes: Callable[[], Mapping[str, AttributeValue]] | None = None,
        names: Mapping[str, str] | None = None,
        only_named: bool = False,
        ignore: Iterable[str] = (),
        sample: float = 1.0,
        channel: str | None = "web",
    ) -> None:
        self._customer = customer
        self._attributes = attributes
        self._touchpoints = RequestTouchpoints(
            emitter, names=names, only_named=only_named, ignore=ignore, sample=sample, channel=channel
        )
        if app is not None:
            self.init_app(app)

    def init_app(self, app: Flask) -> None:
        """Watch the requests of an app."""
        app.before_request_funcs.setdefault(None, []).insert(0, self._begin)
        app.after_request(self._note)
        app.teardown_request(self._end)
        got_request_exception.connect(self._failed, app, weak=False)

    @staticmethod
    def _begin() -> None:
        setattr(g, _BEGAN, time.perf_counter())

    def _failed(self, *_: Any, **__: Any) -> None:
        setattr(g, _FAILED, True)

    def _note(self, response: Response) -> Response:
        self._emit(response.status_code)
        return response

    def _end(self, error: BaseException | None) -> None:
        """An exception that no handler turned into an answer, as under ``PROPAGATE_EXCEPTIONS``."""
        if error is not None or g.get(_FAILED):
            self._emit(500)

    def _emit(self, status: int) -> None:
        began = g.pop(_BEGAN, None)
        if began is None:
            return
        seconds = time.perf_counter() - began
        try:
            template = request.url_rule.rule if request.url_rule is not None else None
            name = self._touchpoints.name_of(request.method, template, status)
            if name is None:
                return
            customer = self._customer()
            attributes = self._attributes() if self._attributes is not None else None
        except Exception as error:  # noqa: BLE001 - the host's callables must not cost it a request
            self._touchpoints.failed(error)
            return
        self._touchpoints.emit(name, customer, status, seconds, attributes)
