"""The HTTP application: its routes, its refusals, and what runs beside them."""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from importlib.metadata import version
from typing import Any

from litestar import Litestar
from litestar.datastructures import State
from litestar.di import Provide
from litestar.exceptions import HTTPException
from litestar.middleware import ASGIMiddleware
from litestar.openapi import OpenAPIConfig
from litestar.openapi.spec import Components, SecurityScheme, Tag
from litestar.routes import HTTPRoute
from litestar.types import ASGIApp, Message, Receive, Scope, Send

from gateway.broadcast import Broadcast
from gateway.console.viewing import Views
from gateway.cross_origin import CrossOrigin
from gateway.error_answers import answer_fault, answer_http, answer_refusal
from gateway.own_certificate import StrictTransport
from gateway.parts import Parts
from gateway.problems import Refusal
from gateway.routes import (
    audit,
    card_links,
    cases,
    configuration,
    console,
    contract,
    data_exports,
    deadletters,
    delivery,
    events,
    explore,
    exports,
    health,
    hooks,
    incidents,
    metrics,
    pages,
    pipeline,
    sign_in,
    silences,
    slack,
    stream,
    surveys,
    themes,
    totals,
)
from gateway.slack.homes import Homes
from gateway.spool.forwarder import Forwarder

MAX_BODY_BYTES = 1024 * 1024
"""The largest body of any request but /v1/events, which reads its own."""

_ABOUT = """Events in; metrics, cases and books out. Times are RFC 3339 with a zone, durations are seconds, metric
values are points (NPS), percent (shares) or scale points (means) with a 95 % interval. A refusal is
`{"error": {"reason", "field", "problem"}}`."""


class _Measured(ASGIMiddleware):
    """Times every request by its route, never by its path: a path may name a customer."""

    async def handle(self, scope: Scope, receive: Receive, send: Send, next_app: ASGIApp) -> None:
        began = time.perf_counter()
        status = 0

        async def watch(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await next_app(scope, receive, watch)
        finally:
            parts: Parts = scope["litestar_app"].state["parts"]
            route = scope.get("path_template") or "none"
            seconds = parts.instruments.request_seconds
            seconds.labels(scope.get("method", ""), route, str(status)).observe(time.perf_counter() - began)


class _Allowed(ASGIMiddleware):
    """Answers OPTIONS with all methods of a path: Litestar's answer knows those of its first handler alone."""

    async def handle(self, scope: Scope, receive: Receive, send: Send, next_app: ASGIApp) -> None:
        async def tell(message: Message) -> None:
            if message["type"] == "http.response.start":
                template = scope.get("path_template")
                routes = (route for route in scope["litestar_app"].routes if isinstance(route, HTTPRoute))
                methods = {method for route in routes if route.path_format == template for method in route.methods}
                kept = [(name, value) for name, value in message["headers"] if name.lower() != b"allow"]
                message["headers"] = [*kept, (b"allow", ", ".join(sorted(methods)).encode())]
            await send(message)

        await next_app(scope, receive, tell if scope.get("method") == "OPTIONS" else send)


def build_app(parts: Parts) -> Litestar:
    """The application over these parts. While it runs, it tells the stream's clients what changes."""

    views = Views(parts)

    @asynccontextmanager
    async def broadcasting(_app: Litestar) -> AsyncIterator[None]:
        await parts.slack.calls.start()
        tasks = [
            asyncio.create_task(Broadcast(parts).run(), name="broadcast"),
            asyncio.create_task(views.run(), name="pages"),
            asyncio.create_task(
                Homes(parts.slack, parts.readers, parts.writers, parts.loop, parts.settings).run(), name="homes"
            ),
        ]
        if parts.spool is not None:
            forwarder = Forwarder(parts.spool, parts.producer.deliver)
            tasks.append(asyncio.create_task(forwarder.run(), name="forwarder"))
        try:
            yield
        finally:
            parts.hub.close()
            for task in tasks:
                task.cancel()
                with suppress(asyncio.CancelledError):
                    await task
            views.close()
            await parts.slack.calls.stop()
            parts.slack.close()

    def provide_parts() -> Parts:
        return parts

    def provide_views() -> Views:
        return views

    handlers: Any = {Refusal: answer_refusal, HTTPException: answer_http, Exception: answer_fault}
    app = Litestar(
        route_handlers=_handlers(),
        dependencies={
            "parts": Provide(provide_parts, sync_to_thread=False),
            "views": Provide(provide_views, sync_to_thread=False),
        },
        exception_handlers=handlers,
        lifespan=[broadcasting],
        logging_config=None,  # the process has configured structlog; Litestar would take over the root logger
        middleware=[_Measured(), _Allowed()],
        openapi_config=_openapi(),
        request_max_body_size=MAX_BODY_BYTES,
        state=State({"parts": parts}),
    )
    app.asgi_handler = CrossOrigin(app.asgi_handler, parts.loop.gateway.cors)  # outermost, so that refusals have it too
    if parts.settings.tls is not None:
        app.asgi_handler = StrictTransport(app.asgi_handler)
    return app


def api_document() -> dict[str, Any]:
    """The OpenAPI document of the API, without a gateway that runs."""

    def no_parts() -> None:
        return None

    def no_views() -> None:
        return None

    nothing = {
        "parts": Provide(no_parts, sync_to_thread=False),
        "views": Provide(no_views, sync_to_thread=False),
    }
    app = Litestar(route_handlers=_handlers(), dependencies=nothing, openapi_config=_openapi(), logging_config=None)
    return app.openapi_schema.to_schema()


def api_text() -> str:
    """The document as a file has it."""
    return json.dumps(api_document(), indent=2, ensure_ascii=False, sort_keys=True) + "\n"


def _handlers() -> list[Any]:
    return [
        *events.routes,
        *hooks.routes,
        *metrics.routes,
        *explore.routes,
        *themes.routes,
        *stream.routes,
        *cases.routes,
        *exports.routes,
        *data_exports.routes,
        *incidents.routes,
        *silences.routes,
        *totals.routes,
        *deadletters.routes,
        *pipeline.routes,
        *delivery.routes,
        *configuration.routes,
        *audit.routes,
        *slack.routes,
        *health.routes,
        *pages.routes,
        *sign_in.routes,
        *card_links.routes,
        *surveys.routes,
        *contract.routes,
        *console.routes,
    ]


def _openapi() -> OpenAPIConfig:
    return OpenAPIConfig(
        title="closeloop",
        version=version("closeloop"),
        description=_ABOUT,
        path="/schema",
        security=[{"key": []}],
        components=Components(
            security_schemes={
                "key": SecurityScheme(
                    type="http",
                    scheme="bearer",
                    description="An API key of `closeloop keys create`. On loopback without any key none is asked.",
                )
            },
        ),
        tags=[
            Tag("events", "What apps send."),
            Tag("surveys", "Questions on pages of their own."),
            Tag("hooks", "What survey tools send."),
            Tag("metrics", "What customers say, with its honesty."),
            Tag("themes", "What unhappy customers write about."),
            Tag("cases", "Unhappy customers, and what is done about them."),
            Tag("silences", "Alerts that disturb nobody for a while."),
            Tag("deadletters", "What could not be read, with its bytes."),
            Tag("configuration", "What loop.yaml declares."),
            Tag("slack", "Signed by Slack alone."),
            Tag("operation", "For whoever runs it."),
        ],
    )
