"""The apps of :mod:`benchmarks.client`: one route that answers at once, with or without the client's middleware.

What they emit to stands in the environment: ``BENCH_TO`` is empty (no client at all), ``http://HOST:PORT`` or
``kafka://HOST:PORT``. ``benchmarks.client_apps:fastapi_app`` and ``:django_app`` are served by uvicorn.
"""

from __future__ import annotations

import os
from typing import Any

from closeloop_client import Emitter
from closeloop_client.kafka_destination import Kafka

CUSTOMER = "x-customer"


def emitter() -> Emitter | None:
    """The emitter that the environment asks for."""
    to = os.environ.get("BENCH_TO", "")
    if not to:
        return None
    kind, _, servers = to.partition("://")
    return Emitter(Kafka(servers) if kind == "kafka" else to, source="/bench")


def fastapi_app() -> Any:
    """A FastAPI app."""
    from fastapi import FastAPI

    from closeloop_client.asgi import TouchpointMiddleware

    app = FastAPI(openapi_url=None)

    @app.get("/orders/{number}")
    async def order(number: int) -> dict[str, object]:
        return {"number": number, "state": "delivered"}

    if (sends := emitter()) is not None:
        app.add_middleware(TouchpointMiddleware, emitter=sends, customer=_of_scope)
    return app


def django_app() -> Any:
    """A Django app under WSGI."""
    import django
    from django.conf import settings
    from django.core.handlers.wsgi import WSGIHandler
    from django.http import HttpRequest, JsonResponse
    from django.urls import path

    sends = emitter()
    settings.configure(
        ALLOWED_HOSTS=["*"],
        ROOT_URLCONF=__name__,
        SECRET_KEY=os.urandom(16).hex(),
        MIDDLEWARE=["closeloop_client.django.TouchpointMiddleware"] if sends is not None else [],
        CLOSELOOP={"EMITTER": sends, "CUSTOMER": _of_request},
        LOGGING_CONFIG=None,
    )

    def order(_request: HttpRequest, number: int) -> JsonResponse:
        return JsonResponse({"number": number, "state": "delivered"})

    urlpatterns.append(path("orders/<int:number>", order))
    django.setup()
    return WSGIHandler()


urlpatterns: list[Any] = []
"""Django asks a module for its routes; filled by :func:`django_app`."""


def _of_scope(scope: Any) -> str | None:
    return next((value.decode() for name, value in scope["headers"] if name == CUSTOMER.encode()), None)


def _of_request(request: Any) -> str | None:
    customer: str | None = request.headers.get(CUSTOMER)
    return customer
