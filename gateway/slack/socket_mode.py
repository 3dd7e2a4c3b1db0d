"""Slack's deliveries over Socket Mode: one outgoing WebSocket, for companies that let nothing in from outside.

The client is slack-sdk's on aiohttp. It comes back by itself after a refresh, a CLOSE or a cut, but never leaves its
loop when a handshake fails after the ticket in its address was spent; a watchdog takes the address away from it, and
after a while the whole client.
"""

import asyncio
import contextlib
import logging
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

import aiohttp
import msgspec
import structlog
from msgspec import Struct
from slack_sdk.errors import SlackApiError
from slack_sdk.socket_mode.aiohttp import SocketModeClient
from slack_sdk.socket_mode.async_client import AsyncBaseSocketModeClient
from slack_sdk.socket_mode.request import SocketModeRequest
from slack_sdk.socket_mode.response import SocketModeResponse
from slack_sdk.web.async_client import AsyncWebClient

from gateway.addresses import is_loopback
from gateway.instruments import Instruments
from gateway.slack.interactions import SlackDesk, Unavailable
from gateway.slack.payloads import convert_event, convert_interaction
from gateway.slack.reception import Reply, take_event, take_interaction

ACK_WITHIN_S = 2.8
"""Slack waits three seconds. Later than this nothing is acked: the person sees that it failed and clicks again."""


class SocketOptions(Struct, frozen=True, kw_only=True):
    """Times in seconds."""

    ping: float = 5.0
    """How often the connection is tried; the client's own pause between attempts."""
    watch: float = 1.0
    new_address_after: float = 10.0
    """Without a connection for this long, the client has to ask for a new address."""
    new_client_after: float = 60.0
    """Without a connection for this long, the client is replaced."""
    refused_pause: float = 300.0
    """How long to leave Slack alone once it has switched Socket Mode off, or has too many connections of this app."""
    last_words: float = 2.0
    """How long a stop waits for clicks under way."""


class _Farewell(Struct, frozen=True, tag_field="type", tag="disconnect"):
    """Slack ends a connection, and says why."""

    reason: str = ""


class _Client(SocketModeClient):
    """The SDK's client. It says for what code Slack gave no address: the SDK only logs that, and tries again."""

    refused = ""

    async def issue_new_wss_url(self) -> str:
        try:
            url = await super().issue_new_wss_url()
        except SlackApiError as error:
            response: Any = error.response
            self.refused = str(response.get("error") or getattr(response, "status_code", "unknown"))[:64]
            raise
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            self.refused = type(error).__name__
            raise
        self.refused = ""
        return url


class SocketMode:
    """Keeps a connection to Slack and applies what comes over it, until its task is cancelled."""

    def __init__(
        self,
        app_token: str,
        api_url: str,
        desk: SlackDesk,
        measured: Instruments,
        options: SocketOptions | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._app_token = app_token
        self._api_url = api_url
        self._desk = desk
        self._measured = measured
        self._options = options or SocketOptions()
        self._clock = clock
        self._under_way: set[asyncio.Task[None]] = set()
        self._farewell = ""
        self._told = ""
        self._log = structlog.get_logger("gateway.slack")

    async def run(self) -> None:
        """Serve until cancelled. Nothing that Slack or the network does ends it."""
        while True:
            pause = await self._serve_one_client()
            await asyncio.sleep(pause)

    async def _serve_one_client(self) -> float:
        """Serve with one client until it has to be replaced; the seconds to wait before the next one."""
        options, client = self._options, self._make_client()
        connecting = asyncio.create_task(client.connect(), name="slack-socket-connect")  # type: ignore[no-untyped-call] # the SDK's
        lost_at, asked_at = self._clock(), self._clock()
        try:
            while True:
                await asyncio.sleep(options.watch)
                if self._farewell in ("link_disabled", "too_many_websockets"):
                    return self._give_up()
                if await client.is_connected():
                    lost_at = asked_at = self._clock()
                    self._up()
                    continue
                now = self._clock()
                self._measured.slack_socket_up.set(0)
                if client.refused or now - lost_at >= options.ping:
                    self._say_down(client.refused or "no connection")
                if now - lost_at >= options.new_client_after:
                    self._log.warning("slack_socket_client_replaced")
                    return 0.0
                if now - asked_at >= options.new_address_after:
                    # The ticket in the old address is spent; the client would offer it for ever.
                    client.wss_uri = None
                    asked_at = now
        finally:
            connecting.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await connecting
            await self._finish()
            self._measured.slack_socket_up.set(0)
            await client.close()  # type: ignore[no-untyped-call] # the SDK's

    def _make_client(self) -> _Client:
        logger = logging.getLogger("slack_sdk.gateway.socket")
        # What it logs holds addresses with their tickets, and at DEBUG customers' words. The watchdog speaks instead.
        logger.setLevel(logging.CRITICAL)
        web = AsyncWebClient(base_url=self._api_url, retry_handlers=[], logger=logger, timeout=10)
        client = _Client(self._app_token, logger=logger, web_client=web, ping_interval=self._options.ping)
        if is_loopback(urlsplit(self._api_url).hostname or ""):
            web.proxy = client.proxy = None  # they read HTTP_PROXY and know no NO_PROXY
        client.socket_mode_request_listeners.append(self._receive)
        client.on_message_listeners.append(self._overhear)
        self._farewell = ""
        return client

    async def _overhear(self, message: aiohttp.WSMessage) -> None:
        """Why Slack ends the connection: the client reconnects whatever the reason."""
        with contextlib.suppress(msgspec.MsgspecError):
            self._farewell = msgspec.json.decode(message.data, type=_Farewell).reason

    async def _receive(self, client: AsyncBaseSocketModeClient, request: SocketModeRequest) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._under_way.add(task)
        try:
            await self._answer(client, request)
        finally:
            self._under_way.discard(task)

    async def _answer(self, client: AsyncBaseSocketModeClient, request: SocketModeRequest) -> None:
        """Apply, ack, then tell the person; without an ack Slack shows that the click did not work."""
        began = self._clock()
        try:
            reply = await self._apply(request)
        except Unavailable:
            self._unacked("unavailable")
            return
        except Exception as error:  # noqa: BLE001 - the SDK would log the text, and with it what a customer wrote
            self._log.error("slack_delivery_failed", error=type(error).__name__)
            self._unacked("failed")
            return
        if self._clock() - began > ACK_WITHIN_S:
            self._unacked("late")
        else:
            try:
                await client.send_socket_mode_response(SocketModeResponse(request.envelope_id, reply.body))
            except Exception as error:  # noqa: BLE001 - a connection breaks in many ways; the click itself is kept
                self._log.warning("slack_ack_lost", error=type(error).__name__)
                self._unacked("connection")
        if reply.afterwards is not None:
            await reply.afterwards()

    async def _apply(self, request: SocketModeRequest) -> Reply:
        now = datetime.now(UTC)
        try:
            if request.type == "events_api":
                event = convert_event(request.payload)
            else:
                found = convert_interaction(request.payload)
        except ValueError:
            # Slack's, but of a kind that is not served here: an ack shows the person nothing.
            self._log.info("interaction_passed_over")
            return Reply()
        if request.type == "events_api":
            await take_event(self._desk, event, now)
            return Reply()
        return await take_interaction(self._desk, self._measured, found, now)

    def _unacked(self, why: str) -> None:
        self._measured.slack_unacked.labels(why).inc()

    def _up(self) -> None:
        self._measured.slack_socket_up.set(1)
        if self._told != "up":
            self._log.info("slack_socket_connected")
            self._told = "up"

    def _say_down(self, why: str) -> None:
        if self._told != why:
            self._log.error("slack_socket_down", why=why, remedy="closeloop slack doctor says what is wrong")
            self._told = why

    def _give_up(self) -> float:
        """Slack said that it wants no connection: asking again at once would only be refused again."""
        self._measured.slack_socket_up.set(0)
        remedy = (
            "switch Socket Mode on in the app's settings"
            if self._farewell == "link_disabled"
            else "end other processes that use this app token; each environment needs an app of its own"
        )
        pause = self._options.refused_pause
        self._log.critical("slack_socket_refused", why=self._farewell, remedy=remedy, again_in_seconds=pause)
        self._told = self._farewell
        return pause

    async def _finish(self) -> None:
        """Let clicks under way be acked."""
        if self._under_way:
            await asyncio.wait(set(self._under_way), timeout=self._options.last_words)
