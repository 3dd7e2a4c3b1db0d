"""Events from web pages of other origins: browsers ask first, and are answered by what loop.yaml lists."""

import re
from collections.abc import Iterable
from typing import Any

from litestar.connection import ASGIConnection
from litestar.handlers import BaseRouteHandler
from litestar.types import ASGIApp, Message, Receive, Scope, Send

from gateway.access import json_only, same_origin
from gateway.parts import parts_of
from schemas.config_base import seconds
from schemas.config_gateway import Cors

OPEN_PATHS = ("/v1/events",)
"""What pages of other origins may send to; everything else is for our own pages alone."""
EXPOSED = "RateLimit, RateLimit-Policy, Retry-After"
_ASKED = re.compile(r"authorization|content-type|content-encoding|traceparent|tracestate|ce-[a-z0-9]{1,32}")
"""Headers that such a page may send."""


def may_send(origin: str, cors: Cors) -> bool:
    """Whether pages of this origin may send events."""
    return "*" in cors.origins or origin in cors.origins


async def from_known_page(connection: ASGIConnection[Any, Any, Any, Any], handler: BaseRouteHandler) -> None:
    """A guard in place of ``same_origin``: also pages that loop.yaml lists may send, and nothing but JSON."""
    origin = connection.headers.get("origin")
    if origin is not None and may_send(origin, parts_of(connection).loop.gateway.cors):
        json_only(connection)
    else:
        await same_origin(connection, handler)


class CrossOrigin:
    """Answers a browser's question before it sends, and lets pages that may send read the answer.

    Never with credentials: a page of another origin shows an API key or nothing; cookies are not looked at.
    """

    def __init__(self, app: ASGIApp, cors: Cors) -> None:
        self._app = app
        self._cors = cors

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or answer the question."""
        headers = dict(scope["headers"]) if scope.get("path") in OPEN_PATHS else {}
        origin = headers.get(b"origin", b"").decode("latin-1")
        if not self._cors.origins or not headers:
            await self._app(scope, receive, send)
            return
        told = [(b"vary", b"Origin")]
        known = bool(origin) and may_send(origin, self._cors)
        if known:
            told += [
                (b"access-control-allow-origin", origin.encode("latin-1")),
                (b"access-control-expose-headers", EXPOSED.encode()),
            ]
        if origin and scope.get("method") == "OPTIONS" and b"access-control-request-method" in headers:
            asked = headers.get(b"access-control-request-headers", b"").decode("latin-1")
            await _answer(send, [*told, *(self._preflight(asked) if known else ())], 204 if known else 403)
            return

        async def tell(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], *told]
            await send(message)

        await self._app(scope, receive, tell)

    def _preflight(self, asked: str) -> Iterable[tuple[bytes, bytes]]:
        wanted = [name for part in asked.split(",") if _ASKED.fullmatch(name := part.strip().lower())]
        yield b"access-control-allow-methods", b"POST"
        if wanted:
            yield b"access-control-allow-headers", ", ".join(wanted).encode()
        yield b"access-control-max-age", str(seconds(self._cors.max_age)).encode()


async def _answer(send: Send, headers: list[tuple[bytes, bytes]], status: int) -> None:
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": b"", "more_body": False})
