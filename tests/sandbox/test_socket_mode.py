"""Socket Mode with the aiohttp client of slack-sdk: click, ack, update, dialogs, refreshes and cuts."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
from slack_sdk.socket_mode.aiohttp import SocketModeClient
from slack_sdk.socket_mode.async_client import AsyncBaseSocketModeClient
from slack_sdk.socket_mode.request import SocketModeRequest
from slack_sdk.socket_mode.response import SocketModeResponse
from slack_sdk.web.async_client import AsyncWebClient

from closeloop.sandbox import Click, Fault, FaultKind, Sandbox, Settings, Submit
from tests.sandbox.blocks import card, metadata, modal, section
from tests.sandbox.conftest import SEED
from tests.sandbox.receiver import until


class App:
    """An app over Socket Mode: updates the card and opens a dialog on a click, checks what is submitted."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox = sandbox
        self.web = AsyncWebClient("xoxb-sandbox", base_url=sandbox.api_url, retry_handlers=[])
        self.requests: list[SocketModeRequest] = []
        self.silent = False
        self.clients: list[SocketModeClient] = []

    async def connect(self) -> SocketModeClient:
        client = SocketModeClient("xapp-sandbox", web_client=self.web, ping_interval=1, trace_enabled=False)
        client.socket_mode_request_listeners.append(self.listen)
        before = self.sandbox.sockets.connections
        await client.connect()
        await until(lambda: self.sandbox.sockets.connections > before)
        self.clients.append(client)
        return client

    async def listen(self, client: AsyncBaseSocketModeClient, request: SocketModeRequest) -> None:
        self.requests.append(request)
        if self.silent:
            return
        payload, answer = request.payload, None
        if payload["type"] == "view_submission":
            note = payload["view"]["state"]["values"]["note"]["n"]["value"]
            wrong = {"response_action": "errors", "errors": {"note": "longer, please"}}
            answer = wrong if len(note) < 5 else {"response_action": "clear"}
        await client.send_socket_mode_response(SocketModeResponse(request.envelope_id, answer))
        if payload["type"] == "block_actions":
            await self.web.views_open(trigger_id=payload["trigger_id"], view=modal())
            place = {"channel": payload["channel"]["id"], "ts": payload["message"]["ts"]}
            await self.web.chat_update(**place, text="on it", blocks=[section("on it"), *card()[4:]])

    async def click(self) -> dict[str, Any]:
        posted = await self.web.chat_postMessage(channel="C0CARDS", text="x", blocks=card(), metadata=metadata())
        return await self.again(posted["ts"])

    async def again(self, ts: str) -> dict[str, Any]:
        click = Click(user="U0ANA", channel="C0CARDS", ts=ts, action_id="ack")
        return await self.sandbox.people.click(click)


@contextlib.asynccontextmanager
async def running(**settings: Any) -> AsyncIterator[App]:
    patient: dict[str, Any] = {"pace": 0, "ack_seconds": 30.0, "trigger_seconds": 60.0, **settings}
    sandbox = Sandbox(Settings(**patient), SEED)
    await sandbox.start()
    app = App(sandbox)
    try:
        yield app
    finally:
        for client in app.clients:
            await client.close()
        await sandbox.stop()


def play(scene: Callable[[App], Awaitable[None]], **settings: Any) -> None:
    async def run() -> None:
        async with running(**settings) as app:
            await scene(app)

    asyncio.run(run())


def test_click_ack_update_dialog_errors_clear() -> None:
    async def scene(app: App) -> None:
        await app.connect()
        assert await app.click() == {"acked": True, "via": "socket", "problem": ""}
        await until(lambda: app.sandbox.core.views.stacks["U0ANA"])
        view_id = app.sandbox.core.views.stacks["U0ANA"][0].id
        messages = app.sandbox.core.workspace.messages["C0CARDS"]
        (message,) = messages.values()
        await until(lambda: message.edits == 1)
        assert message.text == "on it"
        assert message.metadata == metadata()
        people = app.sandbox.people
        short = Submit(user="U0ANA", view_id=view_id, typed={"cause": {"c": "late"}, "note": {"n": "no"}})
        assert (await people.submit(short))["errors"] == {"note": "longer, please"}
        good = Submit(user="U0ANA", view_id=view_id, typed={"cause": {"c": "late"}, "note": {"n": "refunded"}})
        assert (await people.submit(good))["acked"]
        assert app.sandbox.core.views.stacks["U0ANA"] == []

    play(scene)


def test_no_ack_within_the_deadline_is_shown() -> None:
    async def scene(app: App) -> None:
        await app.connect()
        app.silent = True
        result = await app.click()
        assert not result["acked"]
        assert "did not answer within 0.3 s" in result["problem"]

    play(scene, ack_seconds=0.3)


def test_each_envelope_goes_to_one_connection() -> None:
    async def scene(app: App) -> None:
        await app.connect()
        await app.connect()
        app.silent = True
        posted = await app.web.chat_postMessage(channel="C0CARDS", text="x", blocks=card())
        for _ in range(4):
            await app.again(posted["ts"])
        await until(lambda: len(app.requests) >= 4)
        assert len(app.requests) == 4
        assert len({request.envelope_id for request in app.requests}) == 4

    play(scene, ack_seconds=0.05)


@pytest.mark.parametrize("how", ["refresh_requested", "warning", "close", "cut"])
def test_the_client_comes_back_after_every_kind_of_end(how: Any) -> None:
    async def scene(app: App) -> None:
        await app.connect()
        assert await app.sandbox.sockets.end(how) == 1
        await until(lambda: app.sandbox.sockets.connections == 1, seconds=30)
        assert (await app.click())["acked"]

    play(scene)


def test_tickets_serve_once_and_handshakes_can_fail() -> None:
    async def scene(app: App) -> None:
        session_client = await app.connect()
        session = session_client.aiohttp_client_session
        opened = await AsyncWebClient(base_url=app.sandbox.api_url).apps_connections_open(app_token="xapp-sandbox")
        socket = await session.ws_connect(opened["url"])
        assert (await socket.receive_json())["type"] == "hello"
        await socket.close()
        spent = await session.get(opened["url"].replace("ws:", "http:"))
        assert spent.status == 403
        app.sandbox.core.faults.add(Fault(kind=FaultKind.ERROR, method="socket.handshake", times=1), 0.0)
        opened = await AsyncWebClient(base_url=app.sandbox.api_url).apps_connections_open(app_token="xapp-sandbox")
        refused = await session.get(opened["url"].replace("ws:", "http:"))
        assert refused.status == 503

    play(scene)


def test_an_eleventh_connection_is_turned_away() -> None:
    async def scene(app: App) -> None:
        session = (await app.connect()).aiohttp_client_session
        calls = AsyncWebClient(base_url=app.sandbox.api_url)
        urls = [(await calls.apps_connections_open(app_token="xapp-sandbox"))["url"] for _ in range(10)]
        sockets = [await session.ws_connect(url) for url in urls]
        said = [await socket.receive_json() for socket in sockets]
        assert [frame["type"] for frame in said] == ["hello"] * 9 + ["disconnect"]
        assert said[-1]["reason"] == "too_many_websockets"
        for socket in sockets:
            await socket.close()

    play(scene)


def test_connections_are_ended_through_the_control_api() -> None:
    async def scene(app: App) -> None:
        client = await app.connect()
        url = f"{app.sandbox.url}/control/sockets"
        answer = await client.aiohttp_client_session.post(url, json={"how": "refresh_requested"})
        assert await answer.json() == {"ended": 1}
        wrong = await client.aiohttp_client_session.post(url, json={"how": "gently"})
        assert wrong.status == 422

    play(scene)


def test_http_mode_is_used_when_it_is_chosen() -> None:
    async def scene(app: App) -> None:
        await app.connect()
        result = await app.click()
        assert (result["acked"], result["via"]) == (False, "none")
        assert app.requests == []

    play(scene, mode="http")
