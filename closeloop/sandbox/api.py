"""The Web API over HTTP: authentication, faults, dispatch to the methods, and Slack's way of answering."""

import asyncio
import json
from collections.abc import Callable
from typing import TypeAlias

from aiohttp import web

from closeloop.sandbox import methods_chat as chat
from closeloop.sandbox import methods_conversations as conversations
from closeloop.sandbox import methods_views as views
from closeloop.sandbox.arguments import read_arguments, text_argument
from closeloop.sandbox.core import Core
from closeloop.sandbox.faults import Fault, FaultKind
from closeloop.sandbox.model import Json, SlackError

Method: TypeAlias = Callable[[Core, Json, float], Json]
"""One Web API method: state, arguments and Unix seconds in, the answer without `ok` out; raises SlackError."""


def open_socket(core: Core, arguments: Json, now: float) -> Json:
    """apps.connections.open: the address of one Socket Mode connection."""
    origin = str(arguments["_origin"]).replace("http", "ws", 1)
    return {"url": f"{origin}/link?ticket={core.grants.ticket(now)}&app_id={core.settings.app_id}"}


METHODS: dict[str, Method] = {
    "api.test": lambda _core, _arguments, _now: {},
    "auth.test": chat.auth_test,
    "chat.postMessage": chat.post_message,
    "chat.postEphemeral": chat.post_ephemeral,
    "chat.update": chat.update,
    "chat.delete": chat.delete,
    "chat.getPermalink": chat.permalink,
    "conversations.open": conversations.open_conversation,
    "conversations.history": conversations.history,
    "conversations.replies": conversations.replies,
    "conversations.info": conversations.info,
    "conversations.join": conversations.join,
    "conversations.list": conversations.list_conversations,
    "users.lookupByEmail": conversations.lookup_by_email,
    "users.info": conversations.user_info,
    "users.list": conversations.list_users,
    "blocks.validate": views.validate_blocks,
    "views.open": views.open_view,
    "views.push": views.push_view,
    "views.update": views.update_view,
    "views.publish": views.publish_view,
    "apps.connections.open": open_socket,
}


def _method(name: str) -> Method:
    if name not in METHODS:
        raise SlackError("unknown_method", req_method=name)
    return METHODS[name]


_WITHOUT_EFFECT = {
    FaultKind.RATELIMITED,
    FaultKind.ERROR,
    FaultKind.HTTP_500,
    FaultKind.HTML,
    FaultKind.DROP_BEFORE,
    FaultKind.HANG,
}
HANG_SECONDS = 120.0
"""The longest that a hanging call is held when its client does not give up."""


class Api:
    """Serves `/api/{method}`; `closing` ends the calls that hang when the server stops."""

    def __init__(self, core: Core, closing: asyncio.Event) -> None:
        self._core = core
        self._closing = closing

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Answer one call, or let it meet the fault that was ordered for it."""
        core, name = self._core, request.match_info["method"]
        fault = core.faults.decide(name, core.clock())
        core.requests[name]["calls"] += 1
        if fault is None:
            return await self._answer(request, name)
        core.requests[name][f"fault:{fault.kind}"] += 1
        if fault.kind in _WITHOUT_EFFECT:
            return await self._refuse(request, fault)
        if fault.kind is FaultKind.LATE_APPLY:
            await request.read()  # once the client is gone the body is gone
            await self._until_gone(request, HANG_SECONDS)
            await self._pause(fault.delay)
            await self._answer(request, name)
            return cut(request)
        if fault.kind is FaultKind.SLOW:
            await request.read()
            await self._pause(fault.delay)
            return await self._answer(request, name)
        response = await self._answer(request, name)
        return cut(request) if fault.kind is FaultKind.DROP_AFTER else await _truncate(request, response)

    async def _refuse(self, request: web.Request, fault: Fault) -> web.StreamResponse:
        await request.read()
        if fault.kind is FaultKind.RATELIMITED:
            return ratelimited(fault.retry_after)
        if fault.kind is FaultKind.ERROR:
            return web.json_response({"ok": False, "error": fault.error})
        if fault.kind in (FaultKind.HTTP_500, FaultKind.HTML):
            page = "<!doctype html><title>Error</title><h1>The service is having trouble</h1>"
            status = 200 if fault.kind is FaultKind.HTML else fault.status
            return web.Response(status=status, text=page, content_type="text/html")
        if fault.kind is FaultKind.HANG:
            await self._until_gone(request, HANG_SECONDS)
        return cut(request)

    async def _until_gone(self, request: web.Request, seconds: float) -> None:
        waited = 0.0
        while request.transport is not None and not request.transport.is_closing() and waited < seconds:
            if await self._pause(0.02):
                return
            waited += 0.02

    async def _pause(self, seconds: float) -> bool:
        """Wait; True if the server is stopping."""
        try:
            await asyncio.wait_for(self._closing.wait(), seconds)
        except TimeoutError:
            return False
        return True

    async def _answer(self, request: web.Request, name: str) -> web.Response:
        core = self._core
        try:
            arguments = await read_arguments(request)
            arguments["_origin"] = f"{request.scheme}://{request.host}"
            method = _method(name)
            self._authorise(request, name, arguments)
            answer = method(core, arguments, core.clock())
        except SlackError as error:
            core.requests[name][f"error:{error.code}"] += 1
            if error.code == "ratelimited":
                return ratelimited(int(error.fields["retry_after"]))
            refusal: Json = {"ok": False, "error": error.code, **error.fields}
            if error.messages:
                refusal["response_metadata"] = {"messages": list(error.messages)}
            return web.json_response(refusal)
        core.requests[name]["ok"] += 1
        scopes = {"X-OAuth-Scopes": ",".join(sorted(core.access.scopes))}
        return web.json_response({"ok": True, **answer}, headers=scopes)

    def _authorise(self, request: web.Request, name: str, arguments: Json) -> None:
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        token = token.strip() if scheme.lower() == "bearer" else text_argument(arguments, "token")
        settings = self._core.settings
        if name == "api.test":
            return
        if not token:
            raise SlackError("not_authed")
        if token not in (settings.bot_token, settings.app_token):
            raise SlackError("invalid_auth")
        if (token == settings.app_token) != (name == "apps.connections.open"):
            raise SlackError("not_allowed_token_type")
        self._core.access.admit(name, self._core.clock())


def ratelimited(retry_after: int) -> web.Response:
    """HTTP 429 as Slack sends it."""
    body = {"ok": False, "error": "ratelimited"}
    return web.json_response(body, status=429, headers={"Retry-After": str(retry_after)})


def cut(request: web.Request) -> web.StreamResponse:
    """Cut the connection without an answer; what is returned reaches nobody."""
    if request.transport is not None:
        request.transport.abort()
    return web.Response()


async def _truncate(request: web.Request, response: web.Response) -> web.StreamResponse:
    """Send the head and half of the body of `response`, then cut the connection."""
    body = response.text.encode() if response.text else json.dumps({"ok": True}).encode()
    broken = web.StreamResponse(headers={"Content-Type": "application/json"})
    broken.content_length = len(body)
    await broken.prepare(request)
    await broken.write(body[: len(body) // 2])
    if request.transport is not None:
        request.transport.close()  # flushes what was written first, unlike abort
    return broken
