"""Clicks over Socket Mode: a real websocket to the sandbox, with every way in which the connection can end."""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import msgspec
import pytest
from slack_sdk.web.async_client import AsyncWebClient
from sqlalchemy import func, select

from closeloop.sandbox import Channel, Click, Fault, FaultKind, Sandbox, Seed, Submit, User
from closeloop.sandbox import Settings as SandboxSettings
from gateway.parts import Parts
from gateway.slack.interactions import Unavailable
from gateway.slack.payloads import convert_interaction
from gateway.slack.socket_mode import SocketMode, SocketOptions
from schemas.card_actions import CardValue
from schemas.tables import CaseEventRow, CaseRow, SlackInboxRow
from tests.gateway.examples import ANA, BOB, opened

CHANNEL = "C0CX"
QUICK = SocketOptions(
    ping=0.1, watch=0.02, new_address_after=0.4, new_client_after=20.0, refused_pause=0.3, last_words=2.0
)


class Scene:
    """The sandbox, the gateway's side of the socket, and what is on the screens."""

    def __init__(self, sandbox: Sandbox, parts: Parts, socket: SocketMode) -> None:
        self.sandbox = sandbox
        self.parts = parts
        self.socket = socket
        self.web = AsyncWebClient("xoxb-sandbox", base_url=sandbox.api_url, retry_handlers=[])
        self.web.proxy = None

    async def card(self, case: int, version: int = 1) -> str:
        def button(action: str) -> dict[str, Any]:
            text = {"type": "plain_text", "text": action}
            value = CardValue(case, version).encode()
            return {"type": "button", "action_id": f"case.{action}", "text": text, "value": value}

        elements = [button(action) for action in ("acknowledge", "contact", "resolve")]
        blocks = [{"type": "actions", "block_id": "act", "elements": elements}]
        return str((await self.web.chat_postMessage(channel=CHANNEL, text="card", blocks=blocks))["ts"])

    async def click(self, ts: str, action: str = "acknowledge", user: str = ANA) -> dict[str, Any]:
        click = Click(user=user, action_id=f"case.{action}", channel=CHANNEL, ts=ts)
        return await self.sandbox.people.click(click)

    def patience(self, seconds: float) -> None:
        """How long the sandbox waits for an ack."""
        self.sandbox.core.settings = msgspec.structs.replace(self.sandbox.core.settings, ack_seconds=seconds)

    async def connected(self, number: int = 1) -> None:
        await until(lambda: self.sandbox.sockets.connections == number and self.up())

    def up(self) -> bool:
        return self.parts.instruments.slack_socket_up._value.get() == 1

    def unacked(self, why: str) -> float:
        return float(self.parts.instruments.slack_unacked.labels(why)._value.get())

    def told(self, user: str) -> list[str]:
        return [said.text for said in self.sandbox.core.workspace.ephemerals if said.visible_to == user]

    def state(self, case: int) -> tuple[str, str | None]:
        with self.parts.readers() as session:
            row = session.get_one(CaseRow, case)
            return row.state, row.owner

    def acknowledged(self) -> int:
        with self.parts.readers() as session:
            counted = select(func.count()).where(CaseEventRow.action == "acknowledge")
            return session.scalar(counted) or 0

    def inbox(self) -> list[tuple[str, str | None]]:
        with self.parts.readers() as session:
            return [(row.kind, row.result) for row in session.scalars(select(SlackInboxRow))]


async def until(condition: Callable[[], object], seconds: float = 60.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        await asyncio.sleep(0.01)


@contextlib.asynccontextmanager
async def running(parts: Parts, options: SocketOptions, token: str) -> AsyncIterator[Scene]:
    settings = SandboxSettings(mode="socket", pace=0, ack_seconds=30.0, trigger_seconds=60.0)
    seed = Seed(
        users=[User(id=user, name=user.lower()) for user in (ANA, BOB)], channels=[Channel(id=CHANNEL, name="cx")]
    )
    sandbox = Sandbox(settings, seed)
    await sandbox.start()
    parts.slack.calls._token, parts.slack.calls._api_url = "xoxb-sandbox", sandbox.api_url
    await parts.slack.calls.start()
    socket = SocketMode(token, sandbox.api_url, parts.slack, parts.instruments, options)
    task = asyncio.create_task(socket.run())
    try:
        yield Scene(sandbox, parts, socket)
    finally:
        task.cancel()
        await asyncio.wait((task,))
        await parts.slack.calls.stop()
        await sandbox.stop()


@pytest.fixture
def play(make: Callable[..., Parts], sqlite_database: str) -> Callable[..., None]:
    def run(
        scene: Callable[[Scene], Awaitable[None]], options: SocketOptions = QUICK, token: str = "xapp-sandbox"
    ) -> None:
        async def whole() -> None:
            async with running(make(sqlite_database), options, token) as set_up:
                await scene(set_up)

        asyncio.run(whole())

    return run


def test_click_dialog_errors_and_submission(play: Callable[..., None]) -> None:
    async def scene(at: Scene) -> None:
        await at.connected()
        case = opened(at.parts.writers)
        ts = await at.card(case)
        assert await at.click(ts) == {"acked": True, "via": "socket", "problem": ""}
        assert at.state(case) == ("acknowledged", "ana")
        ts = await at.card(case, 2)
        assert (await at.click(ts, "resolve"))["acked"]
        stack = at.sandbox.core.views.stacks[ANA]
        await until(lambda: stack)
        empty = Submit(user=ANA, view_id=stack[0].id, typed={})
        assert (await at.sandbox.people.submit(empty))["errors"], "errors travel in the ack"
        kinds = [kind for kind, _ in at.inbox()]
        assert kinds == ["block_actions", "block_actions"], "what was refused in a dialog can be submitted again"

    play(scene)


def test_the_loser_of_a_race_is_told(play: Callable[..., None]) -> None:
    async def scene(at: Scene) -> None:
        await at.connected()
        case = opened(at.parts.writers)
        ts = await at.card(case)
        answers = await asyncio.gather(at.click(ts, user=ANA), at.click(ts, user=BOB))
        assert all(answer["acked"] for answer in answers)
        await until(lambda: at.told(ANA) or at.told(BOB))
        assert at.acknowledged() == 1
        assert len(at.told(ANA)) + len(at.told(BOB)) == 1
        results = [result for _, result in at.inbox()]
        assert len(results) == 2
        assert results.count("done") == 1

    play(scene)


def test_a_double_click_is_one_action(play: Callable[..., None]) -> None:
    async def scene(at: Scene) -> None:
        await at.connected()
        case = opened(at.parts.writers)
        ts = await at.card(case)
        answers = await asyncio.gather(at.click(ts, user=BOB), at.click(ts, user=BOB))
        assert all(answer["acked"] for answer in answers)
        await until(lambda: len([1 for _, result in at.inbox() if result is not None]) == 2)
        assert (at.acknowledged(), at.state(case)) == (1, ("acknowledged", "bob"))
        assert len(at.told(BOB)) <= 1
        assert at.told(ANA) == []

    play(scene)


def test_no_inbox_row_no_ack(play: Callable[..., None], monkeypatch: pytest.MonkeyPatch) -> None:
    async def scene(at: Scene) -> None:
        async def unavailable(*_: Any) -> Any:
            raise Unavailable

        await at.connected()
        ts = await at.card(opened(at.parts.writers))
        with monkeypatch.context() as patch:
            patch.setattr(at.parts.slack, "click", unavailable)
            at.patience(0.3)
            assert not (await at.click(ts))["acked"]
        assert at.unacked("unavailable") == 1
        assert at.inbox() == []
        at.patience(30.0)
        assert (await at.click(ts))["acked"], "the person clicks again"

    play(scene)


def test_later_than_three_seconds_is_not_acked(play: Callable[..., None], monkeypatch: pytest.MonkeyPatch) -> None:
    async def scene(at: Scene) -> None:
        await until(lambda: at.sandbox.sockets.connections == 1)
        ts = await at.card(opened(at.parts.writers))
        ticks = iter([0.0, 3.0])
        at.socket._clock = lambda: next(ticks, 3.0)
        at.patience(0.5)
        assert not (await at.click(ts))["acked"]
        assert at.unacked("late") == 1

    play(scene, SocketOptions(ping=0.1, watch=60.0))


def test_clicks_while_the_connection_ends_in_every_way(play: Callable[..., None]) -> None:
    """Appendix E 8: refresh, CLOSE, cut and a handshake that is refused, while people click: no acked click is lost."""

    async def scene(at: Scene) -> None:
        await at.connected()
        at.patience(2.0)
        cases = [opened(at.parts.writers, number) for number in range(1, 25)]
        cards = [await at.card(case) for case in cases]
        refused = Fault(kind=FaultKind.HTTP_500, method="socket.handshake", times=1)
        spent = Fault(kind=FaultKind.DROP_AFTER, method="socket.handshake", times=1)
        for part, how in enumerate(("refresh_requested", "close", "warning", "cut")):
            if part == 1:
                at.sandbox.core.faults.add(refused, at.sandbox.core.clock())
            if part == 3:
                at.sandbox.core.faults.add(spent, at.sandbox.core.clock())
            await at.sandbox.sockets.end(how)  # type: ignore[arg-type]
            for ts in cards[part * 6 : part * 6 + 6]:
                # As a person does: what was not acked is clicked again.
                for _ in range(100):
                    if (await at.click(ts))["acked"]:
                        break
                    await asyncio.sleep(0.05)
        assert at.acknowledged() == len(cases)
        assert {at.state(case) for case in cases} == {("acknowledged", "ana")}
        assert len([1 for _, result in at.inbox() if result == "done"]) == len(cases)
        fired = at.sandbox.core.faults.fired
        assert fired["socket.handshake:http_500"] == 1
        assert fired["socket.handshake:drop_after"] == 1

    play(scene)


def test_a_spent_ticket_without_the_watchdog_is_for_ever(play: Callable[..., None]) -> None:
    """What the watchdog is for: the client alone offers the spent address again and again."""

    async def scene(at: Scene) -> None:
        spent = Fault(kind=FaultKind.DROP_AFTER, method="socket.handshake", times=1)
        at.sandbox.core.faults.add(spent, at.sandbox.core.clock())
        await until(lambda: at.sandbox.core.faults.fired["socket.handshake:drop_after"] == 1)
        await asyncio.sleep(1.0)  # ten attempts of the client
        assert at.sandbox.core.requests["apps.connections.open"]["calls"] == 1
        assert not at.up()

    play(scene, SocketOptions(ping=0.1, watch=0.02, new_address_after=60.0, new_client_after=60.0, last_words=0.1))


def test_the_watchdog_asks_for_a_new_address(play: Callable[..., None]) -> None:
    async def scene(at: Scene) -> None:
        await at.connected()
        assert at.sandbox.core.requests["apps.connections.open"]["calls"] == 2

    async def with_fault(at: Scene) -> None:
        # Before the task of the socket has run for the first time.
        spent = Fault(kind=FaultKind.DROP_AFTER, method="socket.handshake", times=1)
        at.sandbox.core.faults.add(spent, at.sandbox.core.clock())
        await scene(at)

    play(with_fault)


def test_the_watchdog_replaces_a_client_that_does_not_recover(play: Callable[..., None]) -> None:
    async def scene(at: Scene) -> None:
        fault = Fault(kind=FaultKind.HTTP_500, method="socket.handshake")
        at.sandbox.core.faults.add(fault, at.sandbox.core.clock())
        await until(lambda: at.sandbox.core.requests["apps.connections.open"]["calls"] >= 3)
        assert not at.up()
        at.sandbox.core.faults.clear()
        await at.connected()

    play(scene, SocketOptions(ping=0.1, watch=0.02, new_address_after=60.0, new_client_after=0.3, last_words=0.1))


@pytest.mark.parametrize("reason", ["link_disabled", "too_many_websockets"])
def test_slack_is_left_alone_when_it_wants_no_connection(
    play: Callable[..., None], reason: Any, capfd: pytest.CaptureFixture[str]
) -> None:
    async def scene(at: Scene) -> None:
        await at.connected()
        await at.sandbox.sockets.end(reason)
        await until(lambda: not at.up())
        await at.connected()
        assert at.sandbox.core.requests["apps.connections.open"]["calls"] <= 3, "not hammered"

    play(scene)
    assert reason in capfd.readouterr().out


def test_a_refused_token_is_named_once_and_never_shown(
    play: Callable[..., None], capfd: pytest.CaptureFixture[str]
) -> None:
    async def scene(at: Scene) -> None:
        await until(lambda: at.sandbox.core.requests["apps.connections.open"]["calls"] >= 3)
        assert not at.up()

    play(scene, token="xapp-wrong")
    said = "".join(capfd.readouterr())
    assert said.count("invalid_auth") == 1
    assert "xapp-wrong" not in said
    assert "ticket=" not in said


def test_what_is_not_served_here_is_acked_and_left(play: Callable[..., None]) -> None:
    async def scene(at: Scene) -> None:
        await at.connected()
        answer = await at.sandbox.sockets.send("interactive", {"type": "shortcut", "callback_id": "x"}, 5.0)
        assert answer == {}
        event = {"type": "event_callback", "event_id": "Ev1", "event": {"type": "app_uninstalled"}}
        assert await at.sandbox.sockets.send("events_api", event, 5.0) == {}
        assert await at.sandbox.sockets.send("events_api", event, 5.0) == {}
        assert [kind for kind, _ in at.inbox()] == ["event"], "once"

    play(scene)


def test_a_stop_lets_a_click_under_way_be_acked(play: Callable[..., None], monkeypatch: pytest.MonkeyPatch) -> None:
    async def scene(at: Scene) -> None:
        await at.connected()
        ts = await at.card(opened(at.parts.writers))
        began, go_on = asyncio.Event(), asyncio.Event()
        click = at.parts.slack.click

        async def slow(*said: Any) -> Any:
            began.set()
            await go_on.wait()
            return await click(*said)

        monkeypatch.setattr(at.parts.slack, "click", slow)
        (task,) = [task for task in asyncio.all_tasks() if "SocketMode.run" in repr(task)]
        clicking = asyncio.create_task(at.click(ts))
        await began.wait()
        task.cancel()
        asyncio.get_running_loop().call_later(0.2, go_on.set)
        assert (await clicking)["acked"]
        await asyncio.wait((task,))
        assert at.sandbox.sockets.connections == 0

    play(scene)


def test_no_action_is_no_interaction() -> None:
    payload = {"type": "block_actions", "user": {"id": "U1"}, "actions": []}
    with pytest.raises(ValueError, match="no action"):
        convert_interaction(json.loads(json.dumps(payload)))
