"""The Web API through the real slack-sdk, synchronous and asynchronous, and over bare HTTP where they differ."""

from __future__ import annotations

import asyncio
import json
import urllib.parse
import urllib.request
from collections.abc import Callable
from typing import Any

import pytest
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError
from slack_sdk.models.metadata import Metadata
from slack_sdk.web.async_client import AsyncWebClient

from closeloop.sandbox import Sandbox, Settings, ThreadedSandbox, in_thread
from tests.sandbox.blocks import card, metadata, section
from tests.sandbox.conftest import SEED, Clock


def code(call: Callable[[], Any]) -> str:
    """The error code that a call is refused with."""
    with pytest.raises(SlackApiError) as caught:
        call()
    return str(caught.value.response["error"])


def test_auth_and_people(client: WebClient) -> None:
    assert client.auth_test()["user_id"] == "U0SANDBOX"
    found = client.users_lookupByEmail(email="ana@SHOP.example")["user"]
    assert (found["id"], found["tz"]) == ("U0ANA", "America/Sao_Paulo")
    assert found["tz_offset"] == -3 * 3600
    assert client.users_info(user="U0BOB")["user"]["profile"]["email"] == "bob@shop.example"
    assert {user["id"] for user in client.users_list()["members"]} == {"U0ANA", "U0BOB", "U0GONE", "U0SANDBOX"}
    assert code(lambda: client.users_lookupByEmail(email="no@body.example")) == "users_not_found"
    assert code(lambda: client.users_lookupByEmail(email="gone@shop.example")) == "users_not_found"
    assert code(lambda: client.users_info(user="U0NOBODY")) == "user_not_found"


def test_tokens(sandbox: ThreadedSandbox) -> None:
    def call(token: str, method: str = "auth.test") -> str:
        client = WebClient(token, base_url=sandbox.api_url, retry_handlers=[])
        return code(lambda: client.api_call(method))

    assert call("") == "not_authed"
    assert call("xoxb-stranger") == "invalid_auth"
    assert call("xapp-sandbox") == "not_allowed_token_type"
    assert call("xoxb-sandbox", "apps.connections.open") == "not_allowed_token_type"
    assert call("xoxb-sandbox", "no.such.method") == "unknown_method"


def test_a_post_is_echoed_and_kept(client: WebClient) -> None:
    sent = Metadata(event_type="case", event_payload={"outbox_id": "o-1", "v": 1})
    first = client.chat_postMessage(channel="C0CARDS", text="one", blocks=card(), metadata=sent)
    second = client.chat_postMessage(channel="#unhappy-customers", text="two")
    assert (first["ok"], first["channel"], second["channel"]) == (True, "C0CARDS", "C0CARDS")
    assert first["ts"] < second["ts"]
    echo = first["message"]
    assert (echo["bot_id"], echo["app_id"], echo["text"]) == ("B0SANDBOX", "A0SANDBOX", "one")
    assert all(block["block_id"] for block in echo["blocks"])
    assert echo["metadata"] == metadata()
    plain = client.conversations_history(channel="C0CARDS")["messages"]
    assert [message["text"] for message in plain] == ["two", "one"], "newest first"
    assert "metadata" not in plain[1]
    full = client.conversations_history(channel="C0CARDS", include_all_metadata=True)["messages"]
    assert full[1]["metadata"] == metadata()


def test_times_stand_still_and_timestamps_do_not(client: WebClient) -> None:
    stamps = [client.chat_postMessage(channel="C0CARDS", text=str(n))["ts"] for n in range(20)]
    assert stamps == sorted(set(stamps))


def test_channels_that_cannot_be_posted_to(client: WebClient) -> None:
    def post(channel: str) -> str:
        return code(lambda: client.chat_postMessage(channel=channel, text="x"))

    assert post("C0OLD") == "is_archived"
    assert post("C0OTHER") == "not_in_channel"
    assert post("C0SECRET") == "channel_not_found"
    assert post("C0NOWHERE") == "channel_not_found"
    assert post("U0GONE") == "user_disabled"
    assert post("U0SANDBOX") == "cannot_dm_bot"
    assert code(lambda: client.conversations_history(channel="C0OTHER")) == "not_in_channel"
    client.conversations_join(channel="C0OTHER")
    assert client.chat_postMessage(channel="C0OTHER", text="x")["ok"]
    assert code(lambda: client.conversations_join(channel="C0SECRET")) == "channel_not_found"


def test_refused_content_reaches_nobody(client: WebClient) -> None:
    assert code(lambda: client.api_call("chat.postMessage", json={"channel": "C0CARDS", "text": " "})) == "no_text"
    assert code(lambda: client.api_call("chat.postMessage", json={"text": "x"})) == "invalid_arguments"
    with pytest.raises(SlackApiError) as caught:
        client.chat_postMessage(channel="C0CARDS", text="x", blocks=[section("y" * 3001)])
    assert caught.value.response["error"] == "invalid_blocks"
    assert "/blocks/0/text/text" in caught.value.response["response_metadata"]["messages"][0]
    bad = {"event_type": "case", "event_payload": {"nested": {}}}
    assert code(lambda: client.chat_postMessage(channel="C0CARDS", text="x", metadata=bad)) == "invalid_metadata_schema"
    assert code(lambda: client.chat_postMessage(channel="C0CARDS", text="x", thread_ts="1.2")) == "thread_not_found"
    assert client.conversations_history(channel="C0CARDS")["messages"] == []


def test_text_is_cut_at_forty_thousand(client: WebClient) -> None:
    assert len(client.chat_postMessage(channel="C0CARDS", text="x" * 50_000)["message"]["text"]) == 40_000


def test_update_semantics(client: WebClient, sandbox: ThreadedSandbox) -> None:
    ts = client.chat_postMessage(channel="C0CARDS", text="a", blocks=card(), metadata=metadata())["ts"]

    def look() -> dict[str, Any]:
        found = client.conversations_history(channel="C0CARDS", include_all_metadata=True)["messages"][0]
        return dict(found)

    client.chat_update(channel="C0CARDS", ts=ts, text="b", blocks=[section("new")])
    assert look()["metadata"] == metadata(), "not sent means kept"
    assert "edited" not in look(), "a message with blocks is not shown as edited"
    client.chat_update(channel="C0CARDS", ts=ts, text="c")
    assert "blocks" not in look(), "text without blocks removes them"
    assert look()["edited"]["user"] == "U0SANDBOX"
    client.chat_update(channel="C0CARDS", ts=ts, text="d", metadata={})
    assert "metadata" not in look()
    assert sandbox.state()["messages"]["C0CARDS"][0]["edits"] == 3
    assert sandbox.state()["posts_by_metadata"] == {"case": {"outbox_id": {"o-1": 1}, "v": {"1": 1}}}


def test_updates_that_are_refused(client: WebClient, sandbox: ThreadedSandbox) -> None:
    ts = client.chat_postMessage(channel="U0ANA", text="direct")["ts"]
    ephemeral = client.chat_postEphemeral(channel="C0CARDS", user="U0ANA", text="psst")["message_ts"]
    said = say(sandbox, "U0ANA", "C0CARDS", "mine")

    def update(channel: str, stamp: str, **more: Any) -> str:
        return code(lambda: client.chat_update(channel=channel, ts=stamp, **{"text": "x", **more}))

    assert update("U0ANA", ts) == "channel_not_found", "a user id is no conversation"
    assert update("#unhappy-customers", ts) == "channel_not_found"
    assert update("C0CARDS", ts) == "message_not_found"
    assert update("C0CARDS", ephemeral) == "cant_update_message"
    assert update("C0CARDS", said) == "cant_update_message"
    client.chat_delete(channel=client.conversations_open(users="U0ANA")["channel"]["id"], ts=ts)
    assert update(client.conversations_open(users="U0ANA")["channel"]["id"], ts) == "message_not_found"


def say(sandbox: ThreadedSandbox, user: str, channel: str, text: str, thread_ts: str | None = None) -> str:
    """Post as a person; returns the timestamp."""
    body = json.dumps({"user": user, "channel": channel, "text": text, "thread_ts": thread_ts}).encode()
    with urllib.request.urlopen(urllib.request.Request(f"{sandbox.url}/page/say", body)) as response:
        return str(json.load(response)["ts"])


def test_direct_messages(client: WebClient) -> None:
    opened = client.conversations_open(users=["U0ANA"])
    channel = opened["channel"]["id"]
    assert channel.startswith("D")
    assert "already_open" not in opened
    assert client.conversations_open(users="U0ANA")["already_open"]
    posted = client.chat_postMessage(channel="U0ANA", text="hi")
    assert posted["channel"] == channel
    assert client.conversations_history(channel=channel)["messages"][0]["text"] == "hi"
    assert client.conversations_info(channel=channel)["channel"]["user"] == "U0ANA"
    assert code(lambda: client.conversations_open(users="U0NOBODY")) == "user_not_found"
    assert code(lambda: client.api_call("conversations.open")) == "users_list_not_supplied"


def test_threads(client: WebClient, sandbox: ThreadedSandbox) -> None:
    parent = client.chat_postMessage(channel="C0CARDS", text="card")["ts"]
    client.chat_postMessage(channel="C0CARDS", text="bot reply", thread_ts=parent, metadata=metadata("t-1"))
    said = say(sandbox, "U0BOB", "C0CARDS", "human reply", parent)
    client.chat_postMessage(channel="C0CARDS", text="loud", thread_ts=parent, reply_broadcast=True)
    listed = client.conversations_history(channel="C0CARDS")["messages"]
    assert [message["text"] for message in listed] == ["loud", "card"]
    assert listed[1]["reply_count"] == 3
    assert listed[1]["reply_users"] == ["U0SANDBOX", "U0BOB"]
    replies = client.conversations_replies(channel="C0CARDS", ts=parent, include_all_metadata=True)["messages"]
    assert [message["text"] for message in replies] == ["card", "bot reply", "human reply", "loud"]
    assert replies[1]["metadata"] == metadata("t-1")
    assert "bot_id" not in replies[2]
    newer = client.conversations_replies(channel="C0CARDS", ts=parent, oldest=said)["messages"]
    assert [message["text"] for message in newer] == ["card", "loud"]
    assert code(lambda: client.conversations_replies(channel="C0CARDS", ts="1.000000")) == "thread_not_found"


def test_history_bounds_and_pages(client: WebClient, clock: Clock) -> None:
    stamps = []
    for number in range(7):
        clock.now += 1
        stamps.append(client.chat_postMessage(channel="C0CARDS", text=str(number))["ts"])

    def texts(**arguments: Any) -> str:
        return "".join(m["text"] for m in client.conversations_history(channel="C0CARDS", **arguments)["messages"])

    assert texts(oldest=stamps[3]) == "654"
    assert texts(oldest=stamps[3], inclusive=True) == "6543"
    assert texts(latest=stamps[3]) == "210"
    assert texts(oldest=stamps[1], latest=stamps[5]) == "432"
    assert texts(oldest=stamps[1], latest=stamps[5], inclusive=True) == "54321"
    assert texts(oldest=str(int(clock.now) - 2)) in ("65", "654")
    assert texts(limit=2) == "65"
    pages, cursor = [], ""
    while True:
        page = client.conversations_history(channel="C0CARDS", limit=3, cursor=cursor, oldest=stamps[0], inclusive=True)
        pages.append("".join(message["text"] for message in page["messages"]))
        if not page["has_more"]:
            break
        cursor = page["response_metadata"]["next_cursor"]
    assert pages == ["654", "321", "0"]
    assert code(lambda: client.conversations_history(channel="C0CARDS", limit=1000)) == "invalid_limit"
    assert code(lambda: client.conversations_history(channel="C0CARDS", cursor="???")) == "invalid_cursor"
    assert code(lambda: client.conversations_history(channel="C0CARDS", oldest="x")) == "invalid_ts_oldest"


def test_conversation_lists(client: WebClient) -> None:
    names = [channel["name"] for channel in client.conversations_list()["channels"]]
    assert sorted(names) == ["old", "other", "unhappy-customers"]
    live = client.conversations_list(exclude_archived=True, limit=1)
    assert len(live["channels"]) == 1
    rest = client.conversations_list(exclude_archived=True, cursor=live["response_metadata"]["next_cursor"])
    assert {live["channels"][0]["name"], *(c["name"] for c in rest["channels"])} == {"other", "unhappy-customers"}


def test_permalink_opens_the_page_at_the_message(client: WebClient, sandbox: ThreadedSandbox) -> None:
    ts = client.chat_postMessage(channel="C0CARDS", text="x")["ts"]
    link = client.chat_getPermalink(channel="C0CARDS", message_ts=ts)["permalink"]
    assert link == f"{sandbox.url}/#/C0CARDS/p{ts.replace('.', '')}"
    assert code(lambda: client.chat_getPermalink(channel="C0CARDS", message_ts="1.0")) == "message_not_found"


def test_ephemeral_messages_are_in_no_history(client: WebClient, sandbox: ThreadedSandbox) -> None:
    client.chat_postEphemeral(channel="C0CARDS", user="U0ANA", text="only you")
    assert client.conversations_history(channel="C0CARDS")["messages"] == []
    shown = sandbox.state()["ephemerals"]
    assert [(message["visible_to"], message["text"]) for message in shown] == [("U0ANA", "only you")]
    assert code(lambda: client.chat_postEphemeral(channel="C0CARDS", user="U0NO", text="x")) == "user_not_in_channel"


def test_channels_on_demand(clock: Clock) -> None:
    with in_thread(Sandbox(Settings(pace=0), SEED, clock)) as running:
        client = WebClient("xoxb-sandbox", base_url=running.api_url, retry_handlers=[])
        named = client.chat_postMessage(channel="#cx-desk", text="x")["channel"]
        assert client.chat_postMessage(channel="cx-desk", text="y")["channel"] == named
        assert client.chat_postMessage(channel="C123ABC456", text="z")["channel"] == "C123ABC456"
        assert code(lambda: client.chat_postMessage(channel="U0NOBODY", text="x")) == "channel_not_found"


def test_pacing_is_per_channel_and_says_when(clock: Clock) -> None:
    with in_thread(Sandbox(Settings(pace=0.5, burst=2), SEED, clock)) as running:
        client = WebClient("xoxb-sandbox", base_url=running.api_url, retry_handlers=[])
        for _ in range(2):
            client.chat_postMessage(channel="C0CARDS", text="x")
        with pytest.raises(SlackApiError) as caught:
            client.chat_postMessage(channel="C0CARDS", text="x")
        assert caught.value.response.status_code == 429
        assert caught.value.response["error"] == "ratelimited"
        assert caught.value.response.headers["Retry-After"] == "2"
        assert client.chat_postMessage(channel="U0ANA", text="elsewhere")["ok"]
        clock.now += 2
        assert client.chat_postMessage(channel="C0CARDS", text="x")["ok"]
        assert len(client.conversations_history(channel="C0CARDS")["messages"]) == 3


def test_the_asynchronous_client_sees_the_same(sandbox: ThreadedSandbox) -> None:
    async def talk() -> None:
        client = AsyncWebClient("xoxb-sandbox", base_url=sandbox.api_url, retry_handlers=[])
        assert (await client.auth_test())["bot_id"] == "B0SANDBOX"
        posted = await client.chat_postMessage(channel="C0CARDS", text="x", blocks=card(), metadata=metadata())
        await client.chat_update(channel="C0CARDS", ts=posted["ts"], text="y", blocks=card())
        history = await client.conversations_history(channel="C0CARDS", include_all_metadata=True, limit=15)
        assert history["messages"][0]["metadata"] == metadata()
        assert (await client.conversations_open(users=["U0ANA"]))["channel"]["id"].startswith("D")
        assert (await client.users_lookupByEmail(email="bob@shop.example"))["user"]["id"] == "U0BOB"
        view = {"type": "home", "blocks": [section("my cases")]}
        assert (await client.views_publish(user_id="U0ANA", view=view))["view"]["type"] == "home"

    asyncio.run(talk())


def http(sandbox: ThreadedSandbox, path: str, body: bytes | None, **headers: str) -> dict[str, Any]:
    request = urllib.request.Request(f"{sandbox.api_url}{path}", body, headers)
    with urllib.request.urlopen(request) as response:
        return dict(json.load(response))


def test_every_way_of_sending_arguments(sandbox: ThreadedSandbox) -> None:
    bearer = {"Authorization": "Bearer xoxb-sandbox"}
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    as_json = {"Content-Type": "application/json; charset=utf-8"}
    fields = {"channel": "C0CARDS", "blocks": json.dumps(card()), "metadata": json.dumps(metadata()), "text": "x"}
    assert http(sandbox, "auth.test", b"", **bearer, **as_json)["ok"], "JSON with an empty body"
    assert http(sandbox, "auth.test?token=xoxb-sandbox", None)["ok"], "GET with the token as an argument"
    sent = http(sandbox, "chat.postMessage", urllib.parse.urlencode(fields).encode(), **bearer, **form)
    assert sent["message"]["metadata"] == metadata(), "a form with JSON in its fields"
    sent = http(sandbox, "chat.postMessage", json.dumps(fields).encode(), **bearer, **as_json)
    assert len(sent["message"]["blocks"]) == len(card()), "JSON with JSON in strings"
    for yes in ("1", "true"):
        found = http(
            sandbox, f"conversations.history?channel=C0CARDS&include_all_metadata={yes}&limit=1", None, **bearer
        )
        assert found["messages"][0]["metadata"] == metadata()
    assert http(sandbox, "chat.postMessage", b"{", **bearer, **as_json)["error"] == "invalid_json"
    assert http(sandbox, "chat.postMessage", b"[]", **bearer, **as_json)["error"] == "json_not_object"
    broken = urllib.parse.urlencode({**fields, "blocks": "[{"}).encode()
    assert http(sandbox, "chat.postMessage", broken, **bearer, **form)["error"] == "invalid_blocks_format"


def test_people_and_channels_can_be_added_while_it_runs(sandbox: ThreadedSandbox, client: WebClient) -> None:
    def control(path: str, body: Any) -> dict[str, Any]:
        request = urllib.request.Request(f"{sandbox.url}/control/{path}", json.dumps(body).encode())
        with urllib.request.urlopen(request) as response:
            return dict(json.load(response))

    first = control("users", [{"name": "lin", "email": "lin@shop.example", "tz": "Asia/Shanghai"}])["users"][0]
    again = control("users", {"name": "lin wei", "email": "LIN@shop.example", "tz": "Asia/Shanghai"})["users"][0]
    assert first["id"] == again["id"], "the same address is the same person"
    assert client.users_lookupByEmail(email="lin@shop.example")["user"]["name"] == "lin wei"
    added = control("channels", {"name": "#new-room"})["channels"][0]
    assert client.chat_postMessage(channel="#new-room", text="x")["channel"] == added["id"]
    control("channels", {"name": "new-room", "is_archived": True})
    assert code(lambda: client.chat_postMessage(channel=added["id"], text="x")) == "is_archived"
    with pytest.raises(urllib.error.HTTPError) as caught:
        control("users", {"nome": "typo"})
    assert caught.value.code == 422
    assert "nome" in caught.value.read().decode()
    caught.value.close()


def test_other_web_sites_may_not_act_here(sandbox: ThreadedSandbox) -> None:
    request = urllib.request.Request(f"{sandbox.url}/control/faults", headers={"Origin": "https://evil.example"})
    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.urlopen(request)
    assert caught.value.code == 403
    caught.value.close()
