"""The pages of the console, and what changes on them as server-sent events."""

import time
from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import Any

from litestar import Request, Response, get
from litestar.di import NamedDependency
from litestar.exceptions import HTTPException
from litestar.handlers import HTTPRouteHandler
from litestar.response import Stream

from gateway.access import needs, who_asks
from gateway.audit_notes import note
from gateway.console.answers import html, reader_from, refuse_http_page, refuse_page
from gateway.console.page import Page
from gateway.console.pages import PAGES
from gateway.console.viewing import Mark, View, Views, frame_of, read_mark
from gateway.following import watched
from gateway.parts import Parts
from gateway.problems import Refusal

FOLLOWED_SECONDS = 900.0
"""Then a browser connects anew, by itself and without a gap: a page that is open keeps its session alive."""
_HEARTBEAT = b": still here\n\n"


def _handlers(page: Page[Any]) -> list[HTTPRouteHandler]:
    """The page's handler, and that of its changes."""

    @get(
        page.path,
        guards=[needs("read")],
        include_in_schema=False,
        name=f"page-{page.name}",
        exception_handlers={Refusal: refuse_page, HTTPException: refuse_http_page},
    )
    async def show(
        request: Request[Any, Any, Any], parts: NamedDependency[Parts], views: NamedDependency[Views]
    ) -> Response[str]:
        await _say_what_is_seen(page, request, parts)
        return html(await _view(page, request, parts, views).draw())

    live = f"/console/live{'' if page.path == '/' else page.path}"

    @get(live, guards=[needs("read")], include_in_schema=False, name=f"live-{page.name}")
    async def follow(
        request: Request[Any, Any, Any], parts: NamedDependency[Parts], views: NamedDependency[Views]
    ) -> Stream:
        view = _view(page, request, parts, views)
        mark = read_mark(str(request.headers.get("last-event-id") or request.query_params.get("mark", "")))
        if mark.epoch != view.epoch:  # else they got the page itself, and it was written down then
            await _say_what_is_seen(page, request, parts)
        headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
        return Stream(_frames(request, view, mark), media_type="text/event-stream", headers=headers)

    return [show, follow]


async def _say_what_is_seen(page: Page[Any], request: Request[Any, Any, Any], parts: Parts) -> None:
    """Write down who looks at a page that shows raw personal data."""
    act = page.audited(page.ask(_query(request), request.path_params), reader_from(request, parts))
    if act is not None:
        await note(parts.writers, who_asks(request), act)


def _query(request: Request[Any, Any, Any]) -> dict[str, Any]:
    return {name: value for name, value in request.query_params.multi_items() if name not in ("mark", "language")}


def _view(page: Page[Any], request: Request[Any, Any, Any], parts: Parts, views: Views) -> View:
    return views.view(page, page.ask(_query(request), request.path_params), reader_from(request, parts))


async def _frames(request: Request[Any, Any, Any], view: View, mark: Mark) -> AsyncIterator[bytes]:
    """The changes of a view, until the browser goes, may follow no longer or is to come anew, or the process ends."""
    # Without a first byte a browser does not know that it is connected.
    yield _HEARTBEAT
    ends = time.monotonic() + FOLLOWED_SECONDS
    with watched(request) as over:
        async with aclosing(view.follow(mark, over)) as changes:
            async for change in changes:
                yield _HEARTBEAT if change is None else frame_of(*change)
                if time.monotonic() >= ends:
                    return


routes = [*(handler for page in PAGES for handler in _handlers(page))]
