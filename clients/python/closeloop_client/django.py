"""Touchpoints from the requests of a Django app, under WSGI and ASGI."""

from __future__ import annotations

import inspect
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, cast

from asgiref.sync import iscoroutinefunction, markcoroutinefunction, sync_to_async
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils.module_loading import import_string

from closeloop_client.requests import RequestTouchpoints

_OPTIONS = frozenset({"names", "only_named", "ignore", "sample", "channel"})
GetResponse = Callable[[HttpRequest], HttpResponseBase | Awaitable[HttpResponseBase]]


class TouchpointMiddleware:
    """Emits a touchpoint for each request, named by its route, with its outcome and duration.

    Put it first in ``MIDDLEWARE``, so that it sees the whole duration and what the others put into the request, and say
    in the settings::

        CLOSELOOP = {
            "EMITTER": "shop.events.emitter",    # an Emitter, or the path of one
            "CUSTOMER": "shop.events.customer",  # a callable: request -> the customer's id, or None
            "IGNORE": ["/healthz"],
        }

    The other keys are the arguments of :class:`closeloop_client.requests.RequestTouchpoints` in capitals, and
    ``ATTRIBUTES``, a callable: request -> facts that go along. Under ASGI, coroutine functions are awaited, and plain
    ones run in Django's thread for synchronous code, so that they may read ``request.user``.
    """

    sync_capable = True
    async_capable = True

    def __init__(self, get_response: GetResponse) -> None:
        self._get_response = get_response
        self._is_async = iscoroutinefunction(get_response)
        if self._is_async:
            markcoroutinefunction(self)
        said: Mapping[str, Any] = getattr(settings, "CLOSELOOP", None) or {}
        unknown = sorted(set(said) - {"EMITTER", "CUSTOMER", "ATTRIBUTES", *(name.upper() for name in _OPTIONS)})
        if unknown:
            raise ImproperlyConfigured(f"CLOSELOOP: {unknown[0]} is not known")
        emitter, customer = (_loaded(said, name) for name in ("EMITTER", "CUSTOMER"))
        if emitter is None or not callable(customer):
            raise ImproperlyConfigured("CLOSELOOP: needs EMITTER and CUSTOMER, each itself or the path where it is")
        self._customer: Callable[[HttpRequest], object] = customer
        self._attributes: Callable[[HttpRequest], object] | None = _loaded(said, "ATTRIBUTES")
        options = {name: said[name.upper()] for name in _OPTIONS if name.upper() in said}
        try:
            self._touchpoints = RequestTouchpoints(emitter, **options)
        except (TypeError, ValueError) as error:
            raise ImproperlyConfigured(f"CLOSELOOP: {error}") from None

    def __call__(self, request: HttpRequest) -> HttpResponseBase | Awaitable[HttpResponseBase]:
        """Let a request pass and note what became of it."""
        if self._is_async:
            return self._pass_async(request)
        began = time.perf_counter()
        try:
            response = cast("HttpResponseBase", self._get_response(request))
        except Exception:
            self._note(request, 500, time.perf_counter() - began)
            raise
        self._note(request, response.status_code, time.perf_counter() - began)
        return response

    async def _pass_async(self, request: HttpRequest) -> HttpResponseBase:
        began = time.perf_counter()
        try:
            response = await cast("Awaitable[HttpResponseBase]", self._get_response(request))
        except Exception:
            await self._note_async(request, 500, time.perf_counter() - began)
            raise
        await self._note_async(request, response.status_code, time.perf_counter() - began)
        return response

    def _note(self, request: HttpRequest, status: int, seconds: float) -> None:
        try:
            name = self._touchpoints.name_of(request.method or "", _template(request), status)
            if name is None:
                return
            customer, attributes = self._ask(request)
        except Exception as error:  # noqa: BLE001 - the host's callables must not cost it a request
            self._touchpoints.failed(error)
            return
        started = [one for one in (customer, attributes) if inspect.iscoroutine(one)]
        for one in started:
            one.close()
        if started:
            self._touchpoints.warn("CUSTOMER or ATTRIBUTES: a coroutine function needs ASGI")
            return
        self._touchpoints.emit(name, customer, status, seconds, attributes)

    async def _note_async(self, request: HttpRequest, status: int, seconds: float) -> None:
        try:
            name = self._touchpoints.name_of(request.method or "", _template(request), status)
            if name is None:
                return
            if any(iscoroutinefunction(one) for one in (self._customer, self._attributes)):
                customer = await _answer(self._customer, request)
                attributes = None if self._attributes is None else await _answer(self._attributes, request)
            else:
                customer, attributes = await sync_to_async(self._ask)(request)
        except Exception as error:  # noqa: BLE001 - as above
            self._touchpoints.failed(error)
            return
        self._touchpoints.emit(name, customer, status, seconds, attributes)

    def _ask(self, request: HttpRequest) -> tuple[Any, Any]:
        """Who it was, and what goes along."""
        return self._customer(request), None if self._attributes is None else self._attributes(request)


async def _answer(asked: Callable[[HttpRequest], Any], request: HttpRequest) -> Any:
    return await (asked if iscoroutinefunction(asked) else sync_to_async(asked))(request)


def _template(request: HttpRequest) -> str | None:
    """The route as the URL configuration has it, e.g. ``/orders/<int:order_id>/``."""
    match = request.resolver_match
    return None if match is None else f"/{match.route.removeprefix('^')}"


def _loaded(said: Mapping[str, Any], name: str) -> Any:
    """What a setting is, or what stands at the path that it names."""
    held = said.get(name)
    if not isinstance(held, str):
        return held
    try:
        return import_string(held)
    except ImportError as error:
        raise ImproperlyConfigured(f"CLOSELOOP: {name} is not at {held} ({error})") from None
