"""The pages of the console, what changes on them as server-sent events, and how a browser signs in."""

from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import Any

from litestar import Request, Response, get, post
from litestar.datastructures import Cookie
from litestar.di import NamedDependency
from litestar.exceptions import HTTPException
from litestar.handlers import HTTPRouteHandler
from litestar.params import JSONBody
from litestar.response import Stream
from msgspec import Struct
from sqlalchemy.exc import SQLAlchemyError

from gateway.access import caller_of, failed, needs, no_database, same_origin, who_asks
from gateway.audit_notes import note
from gateway.callers import EVERYONE
from gateway.console.page import Page
from gateway.console.pages import PAGES
from gateway.console.reader import KEY_COOKIE, Reader, reader_of
from gateway.console.refusals import told
from gateway.console.rendering import draw_alone
from gateway.console.viewing import Mark, View, Views, frame_of, read_mark
from gateway.parts import Parts
from gateway.problems import Refusal

HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; "
        "base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    ),
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
"""A page runs our own scripts alone, and nothing that an event says can be one."""

_KEPT_SECONDS = 30 * 86_400
_HEARTBEAT = b": still here\n\n"


class SignIn(Struct, frozen=True, forbid_unknown_fields=True):
    """The API key that a person gives."""

    key: str


@post("/console/session", guards=[same_origin], include_in_schema=False, status_code=204)
async def sign_in(
    request: Request[Any, Any, Any], parts: NamedDependency[Parts], data: JSONBody[SignIn]
) -> Response[None]:
    """Take a key that can read, and let the browser keep it where no script can read it."""
    try:
        caller = await parts.keyring.identify(data.key)
    except SQLAlchemyError:
        raise no_database() from None
    if caller is None or "read" not in caller.rights:
        await failed(request, "key", "unknown, expired or revoked, or without the right to read")
    safe = request.url.scheme == "https" or (parts.settings.public_url or "").startswith("https:")
    cookie = Cookie(
        key=KEY_COOKIE, value=data.key, httponly=True, samesite="strict", secure=safe, max_age=_KEPT_SECONDS
    )
    return Response(None, status_code=204, cookies=[cookie])


@post("/console/session/end", guards=[same_origin], include_in_schema=False, status_code=204)
async def sign_out() -> Response[None]:
    """Forget the key."""
    return Response(None, status_code=204, cookies=[Cookie(key=KEY_COOKIE, value="", httponly=True, max_age=0)])


def _handlers(page: Page[Any]) -> list[HTTPRouteHandler]:
    """The page's handler, and that of its changes."""

    @get(
        page.path,
        guards=[needs("read")],
        include_in_schema=False,
        name=f"page-{page.name}",
        exception_handlers={Refusal: _refuse, HTTPException: _refuse_http},
    )
    async def show(
        request: Request[Any, Any, Any], parts: NamedDependency[Parts], views: NamedDependency[Views]
    ) -> Response[str]:
        await _say_what_is_seen(page, request, parts)
        return _html(await _view(page, request, parts, views).draw())

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
        return Stream(_frames(view, mark), media_type="text/event-stream", headers=headers)

    return [show, follow]


async def _say_what_is_seen(page: Page[Any], request: Request[Any, Any, Any], parts: Parts) -> None:
    """Write down who looks at a page that shows raw personal data."""
    act = page.audited(page.ask(_query(request), request.path_params), _reader(request, parts))
    if act is not None:
        await note(parts.writers, who_asks(request), act)


def _query(request: Request[Any, Any, Any]) -> dict[str, Any]:
    return {name: value for name, value in request.query_params.multi_items() if name not in ("mark", "language")}


def _view(page: Page[Any], request: Request[Any, Any, Any], parts: Parts, views: Views) -> View:
    return views.view(page, page.ask(_query(request), request.path_params), _reader(request, parts))


def _reader(request: Request[Any, Any, Any], parts: Parts) -> Reader:
    caller = caller_of(request) if "caller" in request.scope["state"] else EVERYONE
    return reader_of(
        caller,
        request.cookies,
        request.headers.get("accept-language", ""),
        parts.words.people,
        request.query_params.get("language"),
    )


async def _frames(view: View, mark: Mark) -> AsyncIterator[bytes]:
    """The changes of a view, until the browser goes or the process ends."""
    # Without a first byte a browser does not know that it is connected.
    yield _HEARTBEAT
    async with aclosing(view.follow(mark)) as changes:
        async for change in changes:
            yield _HEARTBEAT if change is None else frame_of(*change)


def _html(text: str, status: int = 200) -> Response[str]:
    return Response(text, status_code=status, media_type="text/html; charset=utf-8", headers=HEADERS)


def _refuse(request: Request[Any, Any, Any], refusal: Refusal) -> Response[str]:
    """A refusal as a page: the form to sign in with a key, or what is wrong and the way back."""
    parts: Parts = request.app.state["parts"]
    reader = _reader(request, parts)
    template = "sign_in.html" if refusal.status == 401 else "refusal.html"
    problem = refusal.problem
    why = told(problem, reader.language)
    return _html(draw_alone(template, reader, problem=problem, told=why, status=refusal.status), refusal.status)


def _refuse_http(request: Request[Any, Any, Any], error: HTTPException) -> Response[str]:
    return _refuse(request, Refusal(error.status_code, "invalid", "", error.detail))


routes = [sign_in, sign_out, *(handler for page in PAGES for handler in _handlers(page))]
