"""Every kind of fault as the real clients meet it, and whether the call took effect."""

from __future__ import annotations

import asyncio
import http.client
import json
import time
import urllib.request
from typing import Any

import aiohttp
import pytest
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from closeloop.sandbox import Fault, FaultKind, Sandbox, Settings, ThreadedSandbox, in_thread
from tests.sandbox.conftest import SEED
from tests.sandbox.receiver import until


def order(sandbox: ThreadedSandbox, *faults: dict[str, Any], method: str = "POST") -> dict[str, Any]:
    """Order faults through the control API."""
    body = json.dumps(list(faults)).encode() if faults else None
    with urllib.request.urlopen(urllib.request.Request(f"{sandbox.url}/control/faults", body, method=method)) as reply:
        return dict(json.load(reply))


def posted(sandbox: ThreadedSandbox) -> int:
    return int(sandbox.state()["counts"]["posts"])


def post(client: WebClient) -> Any:
    return client.chat_postMessage(channel="C0CARDS", text="x")


def wait_for_posts(sandbox: ThreadedSandbox, count: int) -> None:
    deadline = time.monotonic() + 60
    while posted(sandbox) != count:
        assert time.monotonic() < deadline, f"{posted(sandbox)} posts, not {count}"
        time.sleep(0.02)


def test_ratelimited(sandbox: ThreadedSandbox, client: WebClient) -> None:
    order(sandbox, {"kind": "ratelimited", "method": "chat.postMessage", "times": 1, "retry_after": 30})
    with pytest.raises(SlackApiError) as caught:
        post(client)
    assert (caught.value.response.status_code, caught.value.response.headers["Retry-After"]) == (429, "30")
    assert posted(sandbox) == 0
    assert post(client)["ok"], "only once"


def test_error_code(sandbox: ThreadedSandbox, client: WebClient) -> None:
    order(sandbox, {"kind": "error", "error": "token_revoked"})
    for call in (lambda: post(client), client.auth_test):
        with pytest.raises(SlackApiError, match="token_revoked"):
            call()
    assert posted(sandbox) == 0
    order(sandbox, method="DELETE")
    assert post(client)["ok"]


def test_html_500(sandbox: ThreadedSandbox, client: WebClient) -> None:
    order(sandbox, {"kind": "http_500", "method": "chat.postMessage", "times": 1})
    with pytest.raises(SlackApiError) as caught:
        post(client)
    assert caught.value.response.status_code == 500
    assert posted(sandbox) == 0


@pytest.mark.parametrize(("kind", "effect"), [("drop_before", 0), ("drop_after", 1)])
def test_dropped_connections(sandbox: ThreadedSandbox, client: WebClient, kind: str, effect: int) -> None:
    order(sandbox, {"kind": kind, "method": "chat.postMessage", "times": 1})
    with pytest.raises((http.client.RemoteDisconnected, ConnectionResetError)):
        post(client)
    assert posted(sandbox) == effect


@pytest.mark.parametrize(("kind", "effect"), [("drop_before", 0), ("drop_after", 1)])
def test_dropped_connections_as_the_asynchronous_client_sees_them(
    sandbox: ThreadedSandbox, kind: str, effect: int
) -> None:
    async def talk() -> None:
        client = AsyncWebClient("xoxb-sandbox", base_url=sandbox.api_url, retry_handlers=[])
        with pytest.raises((aiohttp.ServerDisconnectedError, aiohttp.ClientOSError)):
            await client.chat_postMessage(channel="C0CARDS", text="x")

    order(sandbox, {"kind": kind, "method": "chat.postMessage", "times": 1})
    asyncio.run(talk())
    assert posted(sandbox) == effect


def test_hang_has_no_effect(sandbox: ThreadedSandbox, client: WebClient) -> None:
    order(sandbox, {"kind": "hang", "method": "chat.postMessage", "times": 1})
    hasty = WebClient("xoxb-sandbox", base_url=sandbox.api_url, retry_handlers=[], timeout=1)
    with pytest.raises(TimeoutError):
        post(hasty)
    assert post(client)["ok"]
    assert posted(sandbox) == 1


def test_late_apply_takes_effect_after_the_client_gave_up(sandbox: ThreadedSandbox, client: WebClient) -> None:
    order(sandbox, {"kind": "late_apply", "method": "chat.postMessage", "times": 1, "delay": 0.2})
    hasty = WebClient("xoxb-sandbox", base_url=sandbox.api_url, retry_handlers=[], timeout=1)
    with pytest.raises(TimeoutError):
        post(hasty)
    wait_for_posts(sandbox, 1)
    assert len(client.conversations_history(channel="C0CARDS")["messages"]) == 1


def test_truncated_answers_had_their_effect(sandbox: ThreadedSandbox, client: WebClient) -> None:
    order(sandbox, {"kind": "truncated", "method": "chat.postMessage", "times": 1})
    with pytest.raises(http.client.IncompleteRead):
        post(client)
    assert posted(sandbox) == 1


def test_slow_answers_are_whole(sandbox: ThreadedSandbox, client: WebClient) -> None:
    order(sandbox, {"kind": "slow", "method": "chat.postMessage", "times": 1, "delay": 0.3})
    started = time.monotonic()
    assert post(client)["ok"]
    assert time.monotonic() - started >= 0.3


def test_faults_are_counted_and_listed(sandbox: ThreadedSandbox, client: WebClient) -> None:
    order(
        sandbox,
        {"kind": "error", "method": "chat.postMessage", "times": 1, "error": "fatal_error"},
        {"kind": "hang", "method": "x", "seconds": 60},
    )
    with pytest.raises(SlackApiError):
        post(client)
    post(client)
    state = sandbox.state()
    assert state["requests"]["chat.postMessage"] == {"calls": 2, "fault:error": 1, "ok": 1}
    assert state["faults_fired"] == {"chat.postMessage:error": 1}
    assert [fault["kind"] for fault in state["faults"]] == ["hang"]


def test_wrong_orders_are_refused(sandbox: ThreadedSandbox) -> None:
    with pytest.raises(urllib.error.HTTPError) as caught:
        order(sandbox, {"kind": "meteor"})
    assert caught.value.code == 422
    caught.value.close()


def test_stopping_does_not_wait_for_hanging_calls() -> None:
    async def talk() -> None:
        async with aiohttp.ClientSession() as session:
            with in_thread(Sandbox(Settings(pace=0), SEED)) as running:
                running.add_fault(Fault(kind=FaultKind.HANG))
                url = f"{running.api_url}auth.test"
                call = asyncio.create_task(session.post(url, headers={"Authorization": "Bearer xoxb-sandbox"}))
                await until(lambda: running.state()["requests"])
                started = time.monotonic()
            assert time.monotonic() - started < 10
            with pytest.raises(aiohttp.ClientError):
                await call

    asyncio.run(talk())
