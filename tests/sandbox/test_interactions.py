"""Clicks and dialogs over signed HTTP, as an app that verifies them with slack-sdk receives them."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import aiohttp
import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.signature import Clock as SlackClock
from slack_sdk.signature import SignatureVerifier
from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.webhook.async_client import AsyncWebhookClient

from closeloop.sandbox import Click, Dismiss, OpenHome, Sandbox, Settings, Submit
from closeloop.sandbox.delivery import sign
from closeloop.sandbox.model import SlackError
from tests.sandbox.blocks import button, card, modal, options, plain, section
from tests.sandbox.conftest import SEED, Clock
from tests.sandbox.receiver import Receiver, receiving


class Stage:
    """A sandbox, an app's client, and the app's receiving side, in one event loop."""

    def __init__(self, sandbox: Sandbox, receiver: Receiver, clock: Clock) -> None:
        self.sandbox, self.receiver, self.clock = sandbox, receiver, clock
        self.client = AsyncWebClient("xoxb-sandbox", base_url=sandbox.api_url, retry_handlers=[])

    async def post(self) -> str:
        return str((await self.client.chat_postMessage(channel="C0CARDS", text="card", blocks=card()))["ts"])

    async def click(self, ts: str, action_id: str, user: str = "U0ANA", **more: Any) -> dict[str, Any]:
        click = Click(user=user, channel="C0CARDS", ts=ts, action_id=action_id, **more)
        return await self.sandbox.people.click(click)

    async def submit(self, view_id: str, **typed: Any) -> dict[str, Any]:
        return await self.sandbox.people.submit(Submit(user="U0ANA", view_id=view_id, typed=typed))

    async def modal(self, **more: Any) -> str:
        """Click, open a modal with the trigger; its id."""
        await self.click(await self.post(), "resolve")
        trigger = self.receiver.payloads[-1]["trigger_id"]
        return str((await self.client.views_open(trigger_id=trigger, view=modal(**more)))["view"]["id"])

    def open_views(self) -> list[str]:
        return [view.id for view in self.sandbox.core.views.stacks["U0ANA"]]


@contextlib.asynccontextmanager
async def staged(**settings: Any) -> AsyncIterator[Stage]:
    clock = Clock()
    async with receiving() as receiver:
        events = receiver.url.replace("interactions", "events")
        urls = {"interactions_url": receiver.url, "events_url": events}
        chosen: dict[str, Any] = {"pace": 0, "ack_seconds": 30.0, **urls, **settings}
        sandbox = Sandbox(Settings(**chosen), SEED, clock)
        await sandbox.start()
        try:
            yield Stage(sandbox, receiver, clock)
        finally:
            await sandbox.stop()


def play(scene: Callable[[Stage], Awaitable[None]], **settings: Any) -> None:
    async def run() -> None:
        async with staged(**settings) as stage:
            await scene(stage)
            assert stage.receiver.forged == 0

    asyncio.run(run())


def test_a_click_arrives_signed_and_whole() -> None:
    async def scene(stage: Stage) -> None:
        ts = await stage.post()
        result = await stage.click(ts, "ack")
        assert result == {"acked": True, "via": "http", "problem": ""}
        (payload,) = stage.receiver.payloads
        assert payload["type"] == "block_actions"
        assert payload["user"] == {"id": "U0ANA", "username": "ana", "name": "ana", "team_id": "T0SANDBOX"}
        assert payload["team"]["id"] == "T0SANDBOX"
        assert payload["channel"] == {"id": "C0CARDS", "name": "unhappy-customers"}
        assert payload["container"] == {
            "type": "message",
            "message_ts": ts,
            "channel_id": "C0CARDS",
            "is_ephemeral": False,
        }
        assert payload["message"]["ts"] == ts
        (action,) = payload["actions"]
        assert action.pop("action_ts") == f"{stage.clock.now:.6f}"
        assert action == {
            "type": "button",
            "block_id": "act",
            "action_id": "ack",
            "value": "A-1",
            "style": "primary",
            "text": plain("I'm on it"),
        }

    play(scene)


def test_selects_and_menus_carry_the_option() -> None:
    async def scene(stage: Stage) -> None:
        ts = await stage.post()
        await stage.click(ts, "snooze", value="4h")
        await stage.click(ts, "more", value="dismiss")
        chosen = [payload["actions"][0]["selected_option"] for payload in stage.receiver.payloads]
        assert chosen == [options("4h")[0], options("dismiss")[0]]
        await stage.click(ts, "ack", typed={"act": {"snooze": "1h"}})
        state = stage.receiver.payloads[-1]["state"]["values"]
        assert state == {"act": {"snooze": {"type": "static_select", "selected_option": options("1h")[0]}}}
        with pytest.raises(SlackError, match="invalid_value"):
            await stage.click(ts, "snooze", value="9h")
        with pytest.raises(SlackError, match="action_not_found"):
            await stage.click(ts, "nothing")
        with pytest.raises(SlackError, match="message_not_found"):
            await stage.click("1.0", "ack")

    play(scene)


def test_an_app_that_is_late() -> None:
    async def scene(stage: Stage) -> None:
        stage.receiver.delay = 5
        late = await stage.click(await stage.post(), "ack")
        assert not late["acked"]
        assert "did not answer within 0.2 s" in late["problem"]

    play(scene, ack_seconds=0.2)


def test_an_app_that_fails() -> None:
    async def scene(stage: Stage) -> None:
        stage.receiver.status = 500
        failed = await stage.click(await stage.post(), "ack")
        assert (failed["acked"], failed["problem"]) == (False, "the app answered with HTTP 500")
        assert len(stage.receiver.payloads) == 1, "interactions are never sent again"
        assert [delivery["acked"] for delivery in stage.sandbox.core.deliveries] == [False]

    play(scene)


def test_an_app_that_is_not_there() -> None:
    async def scene(stage: Stage) -> None:
        ts = await stage.post()
        assert "no app is connected" in (await stage.click(ts, "ack"))["problem"]

    play(scene, interactions_url=None)


def test_a_lost_click_can_be_ordered() -> None:
    async def scene(stage: Stage) -> None:
        ts = await stage.post()
        order = {"kind": "drop_before", "method": "interaction", "times": 1}
        async with aiohttp.ClientSession() as session:
            await session.post(f"{stage.sandbox.url}/control/faults", json=order)
        assert not (await stage.click(ts, "ack"))["acked"]
        assert (await stage.click(ts, "ack"))["acked"]
        assert len(stage.receiver.payloads) == 1

    play(scene)


def test_a_wrong_secret_is_noticed_by_the_verifier() -> None:
    body = b"payload=%7B%7D"
    signed = {"X-Slack-Request-Timestamp": "1800000000", "X-Slack-Signature": sign("right", 1800000000, body)}

    class Then(SlackClock):
        def now(self) -> float:
            return 1800000000.0

    assert SignatureVerifier("right", clock=Then()).is_valid_request(body, signed)
    assert not SignatureVerifier("wrong", clock=Then()).is_valid_request(body, signed)


def test_triggers_open_one_view_within_three_seconds() -> None:
    async def scene(stage: Stage) -> None:
        ts = await stage.post()

        async def trigger() -> str:
            await stage.click(ts, "resolve")
            return str(stage.receiver.payloads[-1]["trigger_id"])

        async def refused(trigger_id: str) -> str:
            with pytest.raises(SlackApiError) as caught:
                await stage.client.views_open(trigger_id=trigger_id, view=modal())
            return str(caught.value.response["error"])

        fresh = await trigger()
        with pytest.raises(SlackApiError, match="invalid_arguments"):
            await stage.client.views_open(trigger_id=fresh, view=modal(title=plain("x" * 25)))
        opened = await stage.client.views_open(trigger_id=fresh, view=modal())
        assert opened["view"]["state"]["values"]["note"]["n"]["value"] is None
        assert await refused(fresh) == "exchanged_trigger_id"
        assert await refused("nonsense") == "invalid_trigger_id"
        late = await trigger()
        stage.clock.now += 3.5
        assert await refused(late) == "expired_trigger_id"

    play(scene)


def test_a_modal_from_click_to_clear() -> None:
    async def scene(stage: Stage) -> None:
        view_id = await stage.modal(notify_on_close=True)
        empty = await stage.submit(view_id)
        assert set(empty["errors"]) == {"cause", "note"}, "the client itself checks what is required"
        assert stage.receiver.payloads[-1]["type"] == "block_actions", "and sends nothing"
        stage.receiver.answers.append({"response_action": "errors", "errors": {"note": "more, please"}})
        refused = await stage.submit(view_id, cause={"c": "late"}, note={"n": "ok"}, when={"w": 1800000000})
        assert refused["errors"] == {"note": "more, please"}
        assert stage.open_views() == [view_id]
        payload = stage.receiver.payloads[-1]
        assert payload["type"] == "view_submission"
        assert payload["view"]["private_metadata"] == "A-1"
        assert payload["view"]["state"]["values"] == {
            "cause": {"c": {"type": "static_select", "selected_option": options("late")[0]}},
            "note": {"n": {"type": "plain_text_input", "value": "ok"}},
            "when": {"w": {"type": "datetimepicker", "selected_date_time": 1800000000}},
        }
        stage.receiver.answers.append({"response_action": "clear"})
        done = await stage.submit(view_id, cause={"c": "late"}, note={"n": "refunded"})
        assert (done["acked"], done["errors"]) == (True, {})
        assert stage.open_views() == []

    play(scene)


def test_update_and_push_in_the_answer() -> None:
    async def scene(stage: Stage) -> None:
        view_id = await stage.modal()
        filled = {"cause": {"c": "late"}, "note": {"n": "x"}}
        second = modal(title=plain("Second"), notify_on_close=True)
        stage.receiver.answers.append({"response_action": "push", "view": second})
        await stage.submit(view_id, **filled)
        first, pushed = stage.open_views()
        assert first == view_id
        changed = modal(
            title=plain("Changed"), submit=None, blocks=[section("Bob resolved this")], notify_on_close=True
        )
        stage.receiver.answers.append({"response_action": "update", "view": changed})
        await stage.submit(pushed, **filled)
        assert stage.sandbox.core.views.find(pushed).body["title"] == plain("Changed")
        await stage.sandbox.people.dismiss(Dismiss(user="U0ANA", view_id=pushed))
        assert stage.open_views() == [view_id], "closing one goes back to the one below"
        closed = stage.receiver.payloads[-1]
        assert (closed["type"], closed["view"]["id"], closed["is_cleared"]) == ("view_closed", pushed, False)
        stage.receiver.answers.append({"response_action": "update", "view": {"type": "modal"}})
        wrong = await stage.submit(view_id, **filled)
        assert "Slack refuses" in wrong["problem"]

    play(scene)


def test_a_plain_ack_closes_one_view_and_clear_closes_all() -> None:
    async def scene(stage: Stage) -> None:
        filled = {"cause": {"c": "late"}, "note": {"n": "x"}}
        for answer, left in (({}, 1), ({"response_action": "clear"}, 0)):
            view_id = await stage.modal()
            stage.receiver.answers.append({"response_action": "push", "view": modal()})
            await stage.submit(view_id, **filled)
            stage.receiver.answers.append(answer)
            await stage.submit(stage.open_views()[1], **filled)
            assert len(stage.open_views()) == left

    play(scene)


def test_at_most_three_views_are_stacked() -> None:
    async def scene(stage: Stage) -> None:
        extra = [*modal()["blocks"], {"type": "actions", "block_id": "b", "elements": [button("deeper")]}]
        view_id = await stage.modal(blocks=extra)
        for expected in (2, 3, None):
            await stage.sandbox.people.click(Click(user="U0ANA", view_id=view_id, action_id="deeper"))
            trigger = stage.receiver.payloads[-1]["trigger_id"]
            assert stage.receiver.payloads[-1]["container"] == {"type": "view", "view_id": view_id}
            if expected is None:
                with pytest.raises(SlackApiError, match="push_limit_reached"):
                    await stage.client.views_push(trigger_id=trigger, view=modal())
            else:
                await stage.client.views_push(trigger_id=trigger, view=modal())
                assert len(stage.open_views()) == expected

    play(scene)


def test_views_update_keeps_what_was_typed_and_minds_the_hash() -> None:
    async def scene(stage: Stage) -> None:
        view_id = await stage.modal()
        await stage.submit(view_id, note={"n": "half"})
        first = stage.sandbox.core.views.find(view_id).hash
        updated = await stage.client.views_update(view_id=view_id, hash=first, view=modal(title=plain("New")))
        assert updated["view"]["state"]["values"]["note"]["n"]["value"] == "half"
        with pytest.raises(SlackApiError, match="hash_conflict"):
            await stage.client.views_update(view_id=view_id, hash=first, view=modal())
        with pytest.raises(SlackApiError, match="not_found"):
            await stage.client.views_update(view_id="V0", view=modal())

    play(scene)


def test_an_apps_own_id_of_a_view_is_unique() -> None:
    async def scene(stage: Stage) -> None:
        view_id = await stage.modal(external_id="case-1")
        await stage.client.views_update(external_id="case-1", view=modal(external_id="case-1"))
        ts = await stage.post()

        async def open_for_bob() -> None:
            await stage.click(ts, "resolve", user="U0BOB")
            trigger = stage.receiver.payloads[-1]["trigger_id"]
            await stage.client.views_open(trigger_id=trigger, view=modal(external_id="case-1"))

        with pytest.raises(SlackApiError, match="duplicate_external_id"):
            await open_for_bob()
        await stage.sandbox.people.dismiss(Dismiss(user="U0ANA", view_id=view_id))
        await open_for_bob()

    play(scene)


def test_response_urls() -> None:
    async def scene(stage: Stage) -> None:
        ts = await stage.post()
        await stage.click(ts, "ack")
        hook = AsyncWebhookClient(stage.receiver.payloads[-1]["response_url"])
        assert (await hook.send(text="only you")).status_code == 200
        (shown,) = stage.sandbox.core.workspace.ephemerals
        assert (shown.text, shown.visible_to, shown.channel) == ("only you", "U0ANA", "C0CARDS")
        await hook.send(text="everybody", response_type="in_channel")
        await hook.send(text="card 2", blocks=[section("replaced")], replace_original=True)
        history = (await stage.client.conversations_history(channel="C0CARDS"))["messages"]
        assert [message["text"] for message in history] == ["everybody", "card 2"]
        await hook.send(text="", delete_original=True)
        history = (await stage.client.conversations_history(channel="C0CARDS"))["messages"]
        assert [message["text"] for message in history] == ["everybody"]
        assert (await hook.send(text="fifth")).status_code == 200
        sixth = await hook.send(text="sixth")
        assert (sixth.status_code, "used_url" in sixth.body) == (404, True)

    play(scene)


def test_home_is_announced_published_and_clicked() -> None:
    async def scene(stage: Stage) -> None:
        await stage.sandbox.people.open_home(OpenHome(user="U0ANA"))
        (event,) = stage.receiver.events
        assert event["type"] == "event_callback"
        assert (event["event"]["type"], event["event"]["user"]) == ("app_home_opened", "U0ANA")
        await stage.sandbox.people.open_home(OpenHome(user="U0ANA", tab="messages"))
        assert [sent["event"]["tab"] for sent in stage.receiver.events] == ["home", "messages"]
        assert stage.receiver.events[1]["event"]["channel"].startswith("D")
        home = {"type": "home", "blocks": [{"type": "actions", "elements": [button("mute")]}]}
        published = (await stage.client.views_publish(user_id="U0ANA", view=home))["view"]
        await stage.sandbox.people.click(Click(user="U0ANA", view_id=published["id"], action_id="mute"))
        assert stage.receiver.payloads[-1]["view"]["type"] == "home"
        again = await stage.client.views_publish(user_id="U0ANA", view=home, hash=published["hash"])
        assert again["view"]["id"] == published["id"]
        with pytest.raises(SlackApiError, match="hash_conflict"):
            await stage.client.views_publish(user_id="U0ANA", view=home, hash=published["hash"])

    play(scene)
