"""How a browser signs in to the console, by an API key or at the identity provider, and out again."""

import asyncio
import time
from typing import Annotated, Any, NoReturn

import structlog
from litestar import Request, Response, get, post
from litestar.datastructures import Cookie
from litestar.di import NamedDependency
from litestar.exceptions import HTTPException
from litestar.params import JSONBody, QueryParameter
from litestar.response import Redirect
from msgspec import Struct
from sqlalchemy.exc import SQLAlchemyError

from gateway.access import address_of, failed, no_database, same_origin
from gateway.audit_notes import note
from gateway.console.answers import HEADERS, refuse_http_page, refuse_page
from gateway.keys import hash_of
from gateway.parts import Parts, now
from gateway.problems import Refusal
from gateway.sign_in import pending
from gateway.sign_in.id_tokens import TokenRefused
from gateway.sign_in.identity_provider import RETURN_PATH, IdentityProvider, ProviderFailed
from gateway.sign_in.pending import Begun, Returned
from gateway.sign_in.people import Known, known_by, person_of
from gateway.sign_in.return_paths import return_path
from gateway.sign_in.sessions import COOKIE
from schemas.audit import Act, Kind, Who

BROWSER_COOKIE = "closeloop_signing_in"
"""Binds a sign-in to the browser that began it."""
START_PATH = "/console/session/oidc"
_COOKIES_PATH = "/console/session"
_AFTER_SIGN_OUT = "/now"
_PAGES: Any = {Refusal: refuse_page, HTTPException: refuse_http_page}

_DOUBTFUL = "the identity provider's answer cannot be believed ({why}); begin again, or tell whoever runs closeloop"
_REFUSED = {
    "role": ("no_role", "", "none of your groups may use this console; `sign_in.oidc.roles` of loop.yaml names some"),
    "state": (
        "sign_in_over",
        "",
        "this sign-in is over, was used already, or was begun elsewhere; begin again",
    ),
    "cancelled": ("sign_in_unfinished", "", "the sign-in was not finished at the identity provider; begin again"),
}
"""Reason, field and sentence by why; the others are doubts about the provider's answer."""

_log = structlog.get_logger("gateway.sign_in")


class SignIn(Struct, frozen=True, forbid_unknown_fields=True):
    """The API key that a person gives."""

    key: str


class SignedOut(Struct, frozen=True):
    """Where to go on: the provider's own sign-out."""

    go: str


@post("/console/session", guards=[same_origin], include_in_schema=False, status_code=204)
async def sign_in(
    request: Request[Any, Any, Any], parts: NamedDependency[Parts], data: JSONBody[SignIn]
) -> Response[None]:
    """Take a key that can read, and give the browser a session that stands for it: no script can read its cookie."""
    try:
        caller = await parts.keyring.identify(data.key)
        if caller is None or caller.name is None or "read" not in caller.rights:
            await failed(request, "key", "unknown, expired or revoked, or without the right to read")
        who = Who(name=caller.name, kind="key", via="console", key_id=caller.key_id, address=address_of(request))
        cookie = await parts.sessions.start(who, name=caller.name, key_hash=hash_of(data.key))
    except SQLAlchemyError:
        raise no_database() from None
    return Response(None, status_code=204, cookies=[_session_cookie(request, parts, cookie)])


@get(START_PATH, include_in_schema=False, exception_handlers=_PAGES)
async def start_at_provider(
    request: Request[Any, Any, Any],
    parts: NamedDependency[Parts],
    back: Annotated[str | None, QueryParameter(name="return")] = None,
) -> Redirect:
    """Send the browser to the identity provider; what it must bring back is kept here."""
    provider = _provider(parts)

    def begin() -> Begun:
        with parts.writers.begin() as session:
            return pending.begin(session, return_path(back), now())

    try:
        begun = await asyncio.to_thread(begin)
        address = await provider.address(begun)
    except SQLAlchemyError:
        raise no_database() from None
    except ProviderFailed as error:
        raise _not_there(provider, error) from None
    lasts = int(pending.LASTS.total_seconds())
    cookie = _cookie(request, parts, BROWSER_COOKIE, begun.browser, _COOKIES_PATH, lasts)
    return Redirect(address, status_code=303, headers=HEADERS, cookies=[cookie])


@get(RETURN_PATH, include_in_schema=False, exception_handlers=_PAGES)
async def back_from_provider(request: Request[Any, Any, Any], parts: NamedDependency[Parts]) -> Redirect:
    """Judge what the browser brings back, once, and let its person in."""
    provider = _provider(parts)
    try:
        known, token, return_to = await _judge(request, parts, provider)
        person = person_of(known.name, parts.loop.people)
        who = Who(name=person or known.name, kind="person", via="console", address=address_of(request))
        cookie = await parts.sessions.start(who, name=known.name, role=",".join(known.roles), id_token=token)
    except SQLAlchemyError:
        raise no_database() from None
    except ProviderFailed as error:
        raise _not_there(provider, error) from None
    cookies = [
        _session_cookie(request, parts, cookie),
        _cookie(request, parts, BROWSER_COOKIE, "", _COOKIES_PATH, 0),
    ]
    return Redirect(return_to, status_code=303, headers=HEADERS, cookies=cookies)


@post("/console/session/end", guards=[same_origin], include_in_schema=False, status_code=200)
async def sign_out(request: Request[Any, Any, Any], parts: NamedDependency[Parts]) -> Response[SignedOut | None]:
    """End the session here, and say where to end it at the provider, if that is offered."""
    cookie, go = request.cookies.get(COOKIE), None
    try:
        caller = await parts.sessions.caller(cookie) if cookie else None
        name, kind = (caller.name or "unknown", caller.kind) if caller is not None else ("unknown", "nobody")
        kept: Kind = "person" if kind == "person" else "key" if kind == "key" else "nobody"
        who = Who(name=name, kind=kept, via="console", address=address_of(request))
        ended = await parts.sessions.end(cookie, who) if cookie else None
    except SQLAlchemyError:
        raise no_database() from None
    if ended is not None and ended.id_token is not None and parts.provider is not None:
        go = await parts.provider.sign_out_address(ended.id_token, f"{parts.settings.public_url}{_AFTER_SIGN_OUT}")
    gone = _cookie(request, parts, COOKIE, "", "/", 0)
    if go is None:
        return Response(None, status_code=204, cookies=[gone])
    return Response(SignedOut(go), status_code=200, cookies=[gone], media_type="application/json")


async def _judge(request: Request[Any, Any, Any], parts: Parts, provider: IdentityProvider) -> tuple[Known, str, str]:
    """Who comes back, their ID token, and where to go on. Raises :class:`Refusal` and what cannot be asked."""
    query, oidc = request.query_params, provider.oidc
    state, browser = query.get("state", ""), request.cookies.get(BROWSER_COOKIE, "")

    def take() -> Returned | None:
        with parts.writers.begin() as session:
            return pending.take(session, state, browser, now())

    returned = await asyncio.to_thread(take) if state and browser else None
    if returned is None:
        await _refuse(request, parts, "state")
    described = await provider.description()
    if query.get("iss", oidc.issuer) != oidc.issuer:
        await _refuse(request, parts, "issuer")
    if described.authorization_response_iss_parameter_supported and "iss" not in query:
        await _refuse(request, parts, "issuer")
    if "error" in query or not query.get("code"):
        await _refuse(request, parts, "cancelled")
    try:
        token, claims = await provider.redeem(query["code"], returned)
    except TokenRefused as refused:
        await _refuse(request, parts, refused.why)
    known = known_by(claims, oidc)
    if known is None:
        await _refuse(request, parts, "role")
    return known, token, returned.return_to


async def _refuse(request: Request[Any, Any, Any], parts: Parts, why: str) -> NoReturn:
    """Refuse a sign-in: written into the audit trail while the address is within its bound of failures."""
    address = address_of(request)
    _, wait = parts.attempts.failed(address, time.monotonic())
    parts.instruments.refused_keys.labels("throttled" if wait else "unauthorized").inc()
    if wait:
        text = f"too many sign-ins from this address were refused; try again in {wait} seconds"
        raise Refusal(429, "throttled", "", text, {"Retry-After": str(wait)})
    _log.warning("sign_in_refused", why=why, address=address)
    who = Who(name="unknown", kind="nobody", via="console", address=address)
    await note(parts.writers, who, Act(action="signed_in", outcome="refused", detail={"why": why}))
    raise Refusal(403, *_REFUSED.get(why, ("sign_in_doubtful", "", _DOUBTFUL.format(why=why))))


def _provider(parts: Parts) -> IdentityProvider:
    if parts.provider is None:
        raise Refusal(404, "missing", "", "no identity provider is set: `sign_in.oidc` of loop.yaml; use an API key")
    return parts.provider


def _not_there(provider: IdentityProvider, error: ProviderFailed) -> Refusal:
    _log.error("identity_provider_failed", issuer=provider.oidc.issuer, why=error.why)
    text = "the identity provider does not answer as it should; try again, or sign in with an API key"
    return Refusal(503, "provider_away", "", text, {"Retry-After": "10"})


def _session_cookie(request: Request[Any, Any, Any], parts: Parts, value: str) -> Cookie:
    return _cookie(request, parts, COOKIE, value, "/", int(parts.sessions.longest.total_seconds()))


def _cookie(request: Request[Any, Any, Any], parts: Parts, name: str, value: str, path: str, lasts: int) -> Cookie:
    """Lax: it comes with a link on another site (Slack, the provider), never with what that site sends by itself."""
    safe = request.url.scheme == "https" or parts.settings.public_url.startswith("https:")
    return Cookie(key=name, value=value, path=path, httponly=True, samesite="lax", secure=safe, max_age=lasts)


routes = [sign_in, start_at_provider, back_from_provider, sign_out]
