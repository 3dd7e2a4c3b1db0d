"""Socket Mode: WebSocket connections of the app, each envelope to exactly one of them, and their acks."""

import asyncio
import contextlib
import json
import secrets
from dataclasses import dataclass
from typing import Literal

from aiohttp import WSMsgType, web

from closeloop.sandbox.core import Core
from closeloop.sandbox.faults import FaultKind
from closeloop.sandbox.model import Json, SlackError

MOST_CONNECTIONS = 10


@dataclass(frozen=True, slots=True)
class _Link:
    """One open connection and the request it came from, which owns the transport."""

    socket: web.WebSocketResponse
    request: web.Request


class Sockets:
    """The open Socket Mode connections; envelopes go to them in turn."""

    def __init__(self, core: Core) -> None:
        self._core = core
        self._open: list[_Link] = []
        self._waiting: dict[str, asyncio.Future[Json]] = {}
        self._turn = 0

    @property
    def connections(self) -> int:
        """How many connections are open."""
        return len(self._open)

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Serve one connection: spend its ticket, say hello, take acks until it ends."""
        core = self._core
        fault = core.faults.decide("socket.handshake", core.clock())
        if fault is not None:
            if fault.kind is FaultKind.DROP_AFTER:  # the handshake fails once its ticket is spent
                with contextlib.suppress(SlackError):
                    core.grants.use("ticket", request.query.get("ticket", ""), core.clock())
            return web.Response(status=503)
        try:
            core.grants.use("ticket", request.query.get("ticket", ""), core.clock())
        except SlackError as error:
            return web.json_response({"ok": False, "error": error.code}, status=403)
        socket = web.WebSocketResponse(heartbeat=30)
        await socket.prepare(request)
        if len(self._open) >= MOST_CONNECTIONS:
            await socket.send_json({"type": "disconnect", "reason": "too_many_websockets"})
            await socket.close()
            return socket
        link = _Link(socket, request)
        self._open.append(link)
        await socket.send_json(
            {
                "type": "hello",
                "num_connections": len(self._open),
                "connection_info": {"app_id": core.settings.app_id},
                "debug_info": {"host": "sandbox", "approximate_connection_time": 18_060},
            }
        )
        try:
            async for frame in socket:
                if frame.type == WSMsgType.TEXT:
                    self._take_ack(frame.data)
        finally:
            if link in self._open:
                self._open.remove(link)
        return socket

    def _take_ack(self, text: str) -> None:
        with contextlib.suppress(ValueError, AttributeError):
            ack = json.loads(text)
            waiting = self._waiting.pop(str(ack.get("envelope_id")), None)
            if waiting is not None and not waiting.done():
                waiting.set_result(ack.get("payload") or {})

    async def send(
        self,
        kind: Literal["interactive", "events_api"],
        payload: Json,
        seconds: float,
        retry: int = 0,
        reason: str = "",
    ) -> Json:
        """Send one envelope and return the ack's payload; `retry` and its `reason` are told of a repeated event.

        Raises:
            TimeoutError: no ack within `seconds`.
            ConnectionError: no connection is open, or it broke.
        """
        if not self._open:
            raise ConnectionError("no Socket Mode client is connected")
        self._turn += 1
        socket = self._open[self._turn % len(self._open)].socket
        envelope_id = secrets.token_hex(12)
        waiting: asyncio.Future[Json] = asyncio.get_running_loop().create_future()
        self._waiting[envelope_id] = waiting
        envelope: Json = {
            "envelope_id": envelope_id,
            "type": kind,
            "payload": payload,
            "accepts_response_payload": kind == "interactive",
        }
        if kind == "events_api":
            envelope |= {"retry_attempt": retry, "retry_reason": reason}
        try:
            await socket.send_json(envelope)
            return await asyncio.wait_for(waiting, seconds)
        finally:
            self._waiting.pop(envelope_id, None)

    async def end(self, how: Literal["warning", "refresh_requested", "link_disabled", "close", "cut"]) -> int:
        """Announce a disconnect for a reason, close properly, or cut every connection. Returns how many.

        Whichever it is, no envelope goes to those connections any more.
        """
        ended, self._open = self._open, []
        for link in ended:
            if how == "close":
                await link.socket.close()
            elif how == "cut":
                if link.request.transport is not None:
                    link.request.transport.abort()
            else:
                await link.socket.send_json({"type": "disconnect", "reason": how, "debug_info": {"host": "sandbox"}})
        return len(ended)
