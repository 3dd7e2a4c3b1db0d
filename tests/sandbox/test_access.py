"""What a token may do and how often: scopes, tiers, the limit on reading history. Pure but for the last tests."""

from __future__ import annotations

import asyncio

import pytest
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from closeloop.sandbox import SCOPES, OpenHome, Sandbox, Settings, Steering, ThreadedSandbox, in_thread
from closeloop.sandbox.access import Access
from closeloop.sandbox.model import Channel, SlackError
from tests.sandbox.blocks import modal, section
from tests.sandbox.conftest import SEED, Clock
from tests.sandbox.receiver import receiving, until


def admitted(access: Access, method: str, now: float) -> bool:
    try:
        access.admit(method, now)
    except SlackError as error:
        if error.code != "ratelimited" or error.fields["retry_after"] < 1:
            raise
        return False
    return True


def passed(access: Access, method: str, calls: int, now: float = 0.0) -> int:
    """How many of so many calls at one moment are taken."""
    return sum(admitted(access, method, now) for _ in range(calls))


@pytest.mark.parametrize(
    ("method", "a_minute"),
    [("conversations.list", 20), ("chat.update", 50), ("conversations.history", 50), ("views.open", 100)],
)
def test_tiers(method: str, a_minute: int) -> None:
    access = Access(SCOPES, limited=True)
    assert passed(access, method, 200) == a_minute
    assert passed(access, method, 200, now=30.0) == a_minute // 2
    assert passed(access, "auth.test", 500) == 500


def test_the_lowest_tier_bears_a_short_burst() -> None:
    access = Access(SCOPES, limited=True)
    assert passed(access, "apps.connections.open", 100) == 10
    assert passed(access, "apps.connections.open", 100, now=120.0) == 2


def test_methods_of_one_tier_do_not_share_their_allowance() -> None:
    access = Access(SCOPES, limited=True)
    assert passed(access, "chat.update", 60) == 50
    assert passed(access, "conversations.open", 60) == 50


def test_without_pacing_no_tier_counts_either() -> None:
    assert passed(Access(SCOPES, limited=False), "chat.update", 500) == 500


def test_apps_that_are_sold_read_once_a_minute() -> None:
    access = Access(SCOPES, limited=False, distributed=True)
    assert passed(access, "conversations.history", 5) == 1
    assert passed(access, "conversations.replies", 5) == 1
    assert passed(access, "conversations.history", 5, now=60.0) == 1
    assert passed(access, "conversations.info", 5) == 5


@pytest.mark.parametrize(
    ("channel", "scope"),
    [
        (Channel(id="C1", name="a"), "channels:history"),
        (Channel(id="G1", name="b", is_private=True), "groups:history"),
        (Channel(id="D1", name="d", is_im=True, user="U1"), "im:history"),
    ],
)
def test_history_needs_the_scope_of_the_kind_of_conversation(channel: Channel, scope: str) -> None:
    Access(frozenset({scope}), limited=False).need_for("conversations.history", channel)
    with pytest.raises(SlackError, match="missing_scope") as caught:
        Access(SCOPES - {scope}, limited=False).need_for("conversations.history", channel)
    assert caught.value.fields["needed"] == scope


def refused(call: object, **arguments: object) -> str:
    with pytest.raises(SlackApiError) as caught:
        call(**arguments)  # type: ignore[operator]  # a method of the client
    return str(caught.value.response["error"])


def test_scopes_are_checked_and_named(sandbox: ThreadedSandbox, client: WebClient) -> None:
    steering = Steering(sandbox.url)
    steering.grant("chat:write", "users:read")
    with pytest.raises(SlackApiError) as caught:
        client.users_lookupByEmail(email="ana@shop.example")
    answer = caught.value.response
    assert (answer["error"], answer["needed"]) == ("missing_scope", "users:read.email")
    assert answer["provided"] == "chat:write,users:read"
    assert "email" not in client.users_info(user="U0ANA")["user"]["profile"]
    assert client.auth_test().headers["X-OAuth-Scopes"] == "chat:write,users:read"
    assert refused(client.conversations_open, users="U0ANA") == "missing_scope"
    assert refused(client.conversations_list, types="public_channel,private_channel") == "missing_scope"
    steering.grant("channels:read")
    assert refused(client.chat_postMessage, channel="C0CARDS", text="x") == "missing_scope"
    assert refused(client.conversations_list, types="public_channel,nonsense") == "invalid_types"
    assert client.conversations_list()["channels"]


def test_a_channel_the_app_is_no_member_of_takes_posts_only_with_the_scope_for_it(
    sandbox: ThreadedSandbox, client: WebClient
) -> None:
    assert refused(client.chat_postMessage, channel="C0OTHER", text="x") == "not_in_channel"
    Steering(sandbox.url).grant(*SCOPES, "chat:write.public")
    assert client.chat_postMessage(channel="C0OTHER", text="x")["ok"]
    assert refused(client.conversations_history, channel="C0OTHER") == "not_in_channel"


def test_joining_a_channel_joins_it_in_this_workspace_alone() -> None:
    for _ in range(2):
        with in_thread(Sandbox(Settings(pace=0, scopes=SCOPES | {"channels:join"}), SEED)) as running:
            client = WebClient("xoxb-sandbox", base_url=running.api_url, retry_handlers=[])
            assert refused(client.chat_postMessage, channel="C0OTHER", text="x") == "not_in_channel"
            client.conversations_join(channel="C0OTHER")
            assert client.chat_postMessage(channel="C0OTHER", text="x")["ok"]


def test_sold_apps_read_fifteen_messages_at_once() -> None:
    with in_thread(Sandbox(Settings(pace=0, distributed=True), SEED)) as running:
        client = WebClient("xoxb-sandbox", base_url=running.api_url, retry_handlers=[])
        for number in range(20):
            client.chat_postMessage(channel="C0CARDS", text=str(number))
        page = client.conversations_history(channel="C0CARDS", limit=100)
        assert (len(page["messages"]), page["has_more"]) == (15, True)
        with pytest.raises(SlackApiError) as caught:
            client.conversations_history(channel="C0CARDS")
        assert caught.value.response.status_code == 429
        assert 1 <= int(caught.value.response.headers["Retry-After"]) <= 60


def test_tiers_answer_429_with_retry_after() -> None:
    clock = Clock()
    with in_thread(Sandbox(Settings(pace=50, burst=50), SEED, clock)) as running:
        client = WebClient("xoxb-sandbox", base_url=running.api_url, retry_handlers=[])
        ts = client.chat_postMessage(channel="C0CARDS", text="x")["ts"]
        for number in range(50):
            client.chat_update(channel="C0CARDS", ts=ts, text=str(number))
        with pytest.raises(SlackApiError) as caught:
            client.chat_update(channel="C0CARDS", ts=ts, text="51")
        assert (caught.value.response.status_code, caught.value.response.headers["Retry-After"]) == (429, "2")
        clock.now += 2
        assert client.chat_update(channel="C0CARDS", ts=ts, text="52")["ok"]


def test_people_who_left(sandbox: ThreadedSandbox, client: WebClient) -> None:
    steering = Steering(sandbox.url)
    direct = client.conversations_open(users="U0ANA")["channel"]["id"]
    steering.deactivate("ana@shop.example")
    assert refused(client.chat_postMessage, channel=direct, text="x") == "user_disabled"
    assert refused(client.conversations_open, users="U0ANA") == "user_disabled"
    assert refused(client.users_lookupByEmail, email="ana@shop.example") == "users_not_found"
    steering.deactivate("U0ANA", deleted=False)
    assert client.chat_postMessage(channel=direct, text="x")["ok"]
    assert refused(client.views_publish, user_id="U0NOBODY", view={"type": "home", "blocks": [section()]}) == (
        "user_not_found"
    )


def test_blocks_can_be_validated_without_posting(sandbox: ThreadedSandbox, client: WebClient) -> None:
    assert client.api_call("blocks.validate", json={"blocks": [section()]})["ok"]
    assert client.api_call("blocks.validate", json={"view": modal()})["ok"]
    with pytest.raises(SlackApiError, match="invalid_blocks"):
        client.api_call("blocks.validate", json={"blocks": [section("x" * 3001)]})
    with pytest.raises(SlackApiError, match="exactly one"):
        client.api_call("blocks.validate", json={})
    assert sandbox.state()["counts"]["posts"] == 0


def test_events_that_are_not_acked_come_again() -> None:
    async def scene() -> None:
        async with receiving() as receiver:
            settings = Settings(
                pace=0,
                interactions_url=receiver.url,
                events_url=receiver.url.replace("interactions", "events"),
                event_retry_seconds=(0.0, 0.01, 0.01),
            )
            sandbox = Sandbox(settings, SEED)
            await sandbox.start()
            try:
                receiver.event_statuses = [500, 503]
                first = await sandbox.people.open_home(OpenHome(user="U0ANA"))
                assert first["problem"] == "the app answered with HTTP 500"
                await until(lambda: len(receiver.events) == 3)
                assert len({event["event_id"] for event in receiver.events}) == 1, "one event, three sendings"
                assert receiver.retries == [(None, None), ("1", "http_error"), ("2", "http_error")]
                client = AsyncWebClient("xoxb-sandbox", base_url=sandbox.api_url, retry_handlers=[])
                receiver.event_statuses = [500] * 9
                await sandbox.people.open_home(OpenHome(user="U0BOB"))
                await until(lambda: len(receiver.events) == 7)
                await client.api_test()
                assert receiver.retries[-1] == ("3", "http_error"), "the third repetition is the last"
            finally:
                await sandbox.stop()

    asyncio.run(scene())
