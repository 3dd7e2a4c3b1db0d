"""How a page goes to a browser: its headers, and a refusal as a page."""

from typing import Any

from litestar import Request, Response
from litestar.exceptions import HTTPException

from gateway.access import caller_of
from gateway.callers import EVERYONE
from gateway.console.reader import Reader, reader_of
from gateway.console.refusals import told
from gateway.console.rendering import draw_alone
from gateway.parts import Parts
from gateway.problems import Refusal
from gateway.sign_in.return_paths import return_path

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


def html(text: str, status: int = 200) -> Response[str]:
    """A page."""
    return Response(text, status_code=status, media_type="text/html", headers=HEADERS)


def reader_from(request: Request[Any, Any, Any], parts: Parts) -> Reader:
    """Who reads, as the guard of the page found out; everyone where it let nobody in yet."""
    return reader_of(
        caller_of(request) if "caller" in request.scope["state"] else EVERYONE,
        request.cookies,
        request.headers.get("accept-language", ""),
        parts.words.people,
        request.query_params.get("language"),
    )


def refuse_page(request: Request[Any, Any, Any], refusal: Refusal) -> Response[str]:
    """A refusal as a page: the ways to sign in, or what is wrong and the way back."""
    parts: Parts = request.app.state["parts"]
    reader = reader_from(request, parts)
    if refusal.status != 401:
        why = told(refusal.problem, reader.language)
        page = draw_alone("refusal.html", reader, problem=refusal.problem, told=why, status=refusal.status)
    else:
        asked = str(request.url.path) + (f"?{request.url.query}" if request.url.query else "")
        provider = parts.provider.oidc.name if parts.provider is not None else None
        page = draw_alone("sign_in.html", reader, provider=provider, return_to=return_path(asked))
    answer = html(page, refusal.status)
    answer.headers.update({name: value for name, value in refusal.headers.items() if name == "Retry-After"})
    return answer


def refuse_http_page(request: Request[Any, Any, Any], error: HTTPException) -> Response[str]:
    """The server's own refusals as a page."""
    return refuse_page(request, Refusal(error.status_code, "invalid", "", error.detail))
