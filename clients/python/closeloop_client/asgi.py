"""Middleware for FastAPI, Starlette and other ASGI apps: a touchpoint for each request of a known customer."""

from __future__ import annotations

import inspect
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping, MutableMapping
from typing import Any

from closeloop_client.emitting import Calls
from closeloop_client.events import AttributeValue
from closeloop_client.requests import RequestTouchpoints

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]
Customer = Callable[[Scope], object]
Attributes = Callable[[Scope], Mapping[str, AttributeValue] | Awaitable[Mapping[str, AttributeValue]]]
Template = Callable[[Scope], str | None]


class TouchpointMiddleware:
    """Emits a touchpoint for each request, named by its route, with its outcome and duration.

    ``app.add_middleware(TouchpointMiddleware, emitter=emitter, customer=lambda scope: ...)``. ``customer`` gets the
    scope when the answer is sent, so that what the app put there is seen (``scope["user"]``, ``scope["state"]``,
    ``scope["session"]``); it may be a coroutine function, and gives ``None`` where the customer is not known. The
    duration ends with the last byte of the answer, before background tasks. An answer that the other end did not wait
    for counts by the status that it had.

    Args:
        app: what comes behind.
        emitter: takes the touchpoints. Its policy for a full buffer should not be ``block``.
        customer: the customer's id of a request, or ``None``.
        attributes: facts of a request that go along; it may be a coroutine function, too.
        template: the route of a request, where the framework is neither FastAPI nor Starlette.
        names, only_named, ignore, sample, channel: see :class:`closeloop_client.requests.RequestTouchpoints`.
    """

    def __init__(
        self,
        app: App,
        *,
        emitter: Calls,
        customer: Customer,
        attributes: Attributes | None = None,
        template: Template | None = None,
        names: Mapping[str, str] | None = None,
        only_named: bool = False,
        ignore: Iterable[str] = (),
        sample: float = 1.0,
        channel: str | None = "web",
    ) -> None:
        self._app = app
        self._customer = customer
        self._attributes = attributes
        self._template = template or route_template
        self._touchpoints = RequestTouchpoints(
            emitter, names=names, only_named=only_named, ignore=ignore, sample=sample, channel=channel
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request pass and note what became of it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began = time.perf_counter()
        status, seconds, noted, gone = 0, 0.0, False, False

        async def watched(message: Message) -> None:
            nonlocal status, seconds, noted, gone
            if message["type"] == "http.response.start":
                status = message["status"]
            try:
                await send(message)
            except OSError:
                gone = True
                raise
            if message["type"] == "http.response.body" and not message.get("more_body", False) and not noted:
                seconds = time.perf_counter() - began
                await self._note(scope, status, seconds)
                noted = True  # and not before: Starlette may cancel a stream while the customer is asked for

        try:
            await self._app(scope, receive, watched)
        except Exception:
            if not noted:
                await self._note(scope, status if gone else 500, seconds or time.perf_counter() - began)
            raise
        if not noted:  # the app was cancelled when its answer was complete, as Starlette does with streams
            await self._note(scope, status or 500, seconds or time.perf_counter() - began)

    async def _note(self, scope: Scope, status: int, seconds: float) -> None:
        try:
            name = self._touchpoints.name_of(scope["method"], self._template(scope), status)
            if name is None:
                return
            customer = self._customer(scope)
            if inspect.isawaitable(customer):
                customer = await customer
            attributes = self._attributes(scope) if self._attributes is not None else None
            if inspect.isawaitable(attributes):
                attributes = await attributes
        except Exception as error:  # noqa: BLE001 - the host's callables must not cost it a request
            self._touchpoints.failed(error)
            return
        self._touchpoints.emit(name, customer, status, seconds, attributes)


def route_template(scope: Scope) -> str | None:
    """The path of the route that answered, as FastAPI and Starlette know it; never the path that was asked for."""
    route, endpoint, router = scope.get("route"), scope.get("endpoint"), scope.get("router")
    found = None if router is None else _path_to(route, endpoint, getattr(router, "routes", ()), "")
    return found or _path_of(route) or None


def _path_to(route: object, endpoint: object, routes: Iterable[Any], prefix: str) -> str | None:
    """The template of a route with those of the mounts that it stands under; by its endpoint, if it is not known."""
    for one in routes:
        if one is route or (route is None and endpoint is not None and getattr(one, "endpoint", None) is endpoint):
            return f"{prefix}{_path_of(one)}"
        below = getattr(one, "routes", None)
        if below and (found := _path_to(route, endpoint, below, f"{prefix}{getattr(one, 'path', '')}")) is not None:
            return found
    return None


def _path_of(route: object) -> str:
    path = getattr(route, "path_format", None) or getattr(route, "path", None)
    return path if isinstance(path, str) else ""
