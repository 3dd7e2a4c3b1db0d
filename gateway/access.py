"""Who may do what: rights by key, and refusal of what other web sites make a browser send."""

import time
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from typing import Any, NoReturn
from urllib.parse import urlsplit

import structlog
from litestar.connection import ASGIConnection
from litestar.handlers import BaseRouteHandler
from sqlalchemy.exc import SQLAlchemyError

from gateway.addresses import is_loopback
from gateway.attempts import FAILURES
from gateway.audit_notes import note
from gateway.callers import Caller, CallerKind, Right
from gateway.parts import parts_of
from gateway.problems import Refusal
from gateway.sign_in.sessions import COOKIE
from schemas.audit import Act, Who

Guard = Callable[[ASGIConnection[Any, Any, Any, Any], BaseRouteHandler], Awaitable[None]]

_log = structlog.get_logger("gateway.access")

_SAFE_METHODS = ("GET", "HEAD", "OPTIONS")
_HOLDER: dict[CallerKind, str] = {"key": "this key", "person": "your role", "everyone": "nobody"}
_JSON_TYPES = ("application/json", "application/x-ndjson", "application/ndjson", "application/jsonl")


def needs(right: Right) -> Guard:
    """A guard that lets callers with this right pass and remembers who they are. Answers 401, 403, 429, or 503."""
    return _Needs(right)


def right_of(handler: BaseRouteHandler) -> Right | None:
    """The right that a route asks for; ``None`` where it lets everybody in, or judges by itself."""
    return next((guard.right for guard in handler.resolve_guards() if isinstance(guard, _Needs)), None)


class _Needs:
    def __init__(self, right: Right) -> None:
        self.right = right

    async def __call__(self, connection: ASGIConnection[Any, Any, Any, Any], _handler: BaseRouteHandler) -> None:
        try:
            caller, by_session = await _recognised(connection)
        except SQLAlchemyError:
            raise no_database() from None
        if caller is None and _key_given(connection):
            await failed(connection, "authorization", "unknown, expired or revoked key")
        if caller is None:
            text = "give an API key: Authorization: Bearer KEY"
            raise Refusal(401, "unauthorized", "authorization", text, {"WWW-Authenticate": "Bearer"})
        if self.right not in caller.rights:
            raise Refusal(403, "forbidden", "authorization", f"{_HOLDER[caller.kind]} lacks the right `{self.right}`")
        if caller.name is None:
            _check_host(connection)
        connection.scope["state"]["caller"] = caller
        connection.scope["state"]["by_session"] = by_session


async def may_follow(connection: ASGIConnection[Any, Any, Any, Any]) -> bool:
    """Whether who began to follow a stream of a guarded route may go on: it is still the same caller.

    To look is no request: it keeps no session alive. While the database cannot be asked, nothing is known to be over.
    """
    try:
        caller, _ = await _recognised(connection, looks=True)
    except SQLAlchemyError:
        return True
    return caller == caller_of(connection)


async def _recognised(
    connection: ASGIConnection[Any, Any, Any, Any], *, looks: bool = False
) -> tuple[Caller | None, bool]:
    """Who asks, and whether by a session; nobody: ``None``. Raises ``SQLAlchemyError``."""
    parts, given = parts_of(connection), _key_given(connection)
    cookie = None if given else _session_given(connection)
    caller = await parts.sessions.caller(cookie, looks=looks) if cookie else None
    if caller is not None:
        return caller, True
    return await parts.keyring.identify(given), False


def no_database() -> Refusal:
    """The refusal where nobody can be recognised."""
    return Refusal(503, "unavailable", "", "the database cannot be reached; try again", {"Retry-After": "5"})


async def failed(connection: ASGIConnection[Any, Any, Any, Any], field: str, problem: str) -> NoReturn:
    """Refuse a key that opens nothing: 401, and 429 once this address has failed too often. Why is not told."""
    parts, address = parts_of(connection), address_of(connection)
    count, wait = parts.attempts.failed(address, time.monotonic())
    parts.instruments.refused_keys.labels("throttled" if wait else "unauthorized").inc()
    if count == FAILURES + 1:
        _log.warning("keys_guessed", address=address, failures=count)
        act = Act(action="keys_guessed", outcome="refused", detail={"failures": count})
        with suppress(SQLAlchemyError):  # the log has it; who is refused need not wait for the database
            await note(parts.writers, Who(name="unknown", kind="nobody", via="api", address=address), act)
    if wait:
        text = f"too many keys that open nothing; try again in {wait} seconds"
        raise Refusal(429, "throttled", field, text, {"Retry-After": str(wait)})
    raise Refusal(401, "unauthorized", field, problem, {"WWW-Authenticate": "Bearer"})


def who_asks(connection: ASGIConnection[Any, Any, Any, Any]) -> Who:
    """The caller of a guarded route, for the audit trail."""
    caller = caller_of(connection)
    return Who(
        name=caller.name or "everyone",
        kind="nobody" if caller.kind == "everyone" else caller.kind,
        via="console" if connection.scope["state"]["by_session"] or "origin" in connection.headers else "api",
        key_id=caller.key_id,
        address=address_of(connection),
    )


def address_of(connection: ASGIConnection[Any, Any, Any, Any]) -> str:
    """The address that asks: behind a proxy that is trusted (``FORWARDED_ALLOW_IPS``) the one that it names."""
    return connection.client.host if connection.client is not None else ""


async def same_origin(connection: ASGIConnection[Any, Any, Any, Any], _handler: BaseRouteHandler) -> None:
    """A guard against other web sites: a browser's request that changes something must come from our own page.

    A form of another site can send only three content types; none of them is taken.
    """
    if connection.scope.get("method") in _SAFE_METHODS:
        return
    headers = connection.headers
    origin = headers.get("origin")
    if origin is not None and urlsplit(origin).netloc != headers.get("host", ""):
        raise Refusal(403, "origin", "origin", "requests of other web sites are not taken")
    if headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
        raise Refusal(403, "origin", "sec-fetch-site", "requests of other web sites are not taken")
    json_only(connection)


def json_only(connection: ASGIConnection[Any, Any, Any, Any]) -> None:
    """Refuse a body of another type than JSON (415): those that a form could send are among them."""
    headers = connection.headers
    kind = headers.get("content-type", "").partition(";")[0].strip().lower()
    empty = headers.get("content-length", "0") == "0" and "transfer-encoding" not in headers
    if not empty and kind not in _JSON_TYPES and not kind.endswith("+json"):
        raise Refusal(415, "content_type", "content-type", "send JSON with Content-Type: application/json")


def is_own_page(headers: Mapping[str, str]) -> bool:
    """Whether a browser's request comes from our own page, or from none: by what browsers say of themselves."""
    origin = headers.get("origin")
    same_host = origin is None or urlsplit(origin).netloc == headers.get("host", "")
    return same_host and headers.get("sec-fetch-site", "same-origin") in ("same-origin", "none")


def caller_of(connection: ASGIConnection[Any, Any, Any, Any]) -> Caller:
    """Who asks, as :func:`needs` found out."""
    caller: Caller = connection.scope["state"]["caller"]
    return caller


def _key_given(connection: ASGIConnection[Any, Any, Any, Any]) -> str | None:
    scheme, _, key = connection.headers.get("authorization", "").partition(" ")
    return key.strip() or None if scheme.lower() == "bearer" else None


def _session_given(connection: ASGIConnection[Any, Any, Any, Any]) -> str | None:
    """The cookie of a browser that signed in: for our own pages, and for a link on another site that leads to one."""
    headers = connection.headers
    followed = (
        connection.scope.get("method") == "GET"
        and headers.get("sec-fetch-mode") == "navigate"
        and headers.get("sec-fetch-dest") == "document"
        and "origin" not in headers
    )
    return connection.cookies.get(COOKIE) if followed or is_own_page(headers) else None


def _check_host(connection: ASGIConnection[Any, Any, Any, Any]) -> None:
    """Without keys only this machine's own names are answered: a foreign name that leads here is a trap."""
    host = urlsplit(f"//{connection.headers.get('host', '')}").hostname or ""
    if not is_loopback(host):
        raise Refusal(403, "host", "host", "without API keys only requests to localhost are answered")
