"""`closeloop slack`: the manifest, and a doctor that names every fault of a workspace with its remedy."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
import yaml

from closeloop.sandbox import Channel, Fault, Sandbox, Seed, Settings, ThreadedSandbox, User, in_thread
from closeloop.slack_app.manifest import SCOPES, manifest
from tests.cli.asking import Answer, ask

CONFIG = """
people:
  ana: {name: Ana, email: ana@shop.example, slack: U0ANA}
  bob: {name: Bob, email: bob@shop.example}
receivers:
  desk: {person: ana, channel: "#cx"}
  vips: {person: bob, channel: "#vip"}
route: {receiver: desk, routes: [{match: {severity: critical}, receiver: vips}]}
"""
ALL_SCOPES = frozenset(SCOPES)


@pytest.fixture
def config(tmp_path: Path) -> str:
    path = tmp_path / "loop.yaml"
    path.write_text(CONFIG)
    return str(path)


def a_workspace(**settings: Any) -> Sandbox:
    seed = Seed(
        users=[
            User(id="U0ANA", name="ana", email="ana@shop.example"),
            User(id="U0BOB", name="bob", email="bob@shop.example"),
        ],
        channels=[Channel(id="C0CX", name="cx"), Channel(id="C0VIP", name="vip")],
    )
    return Sandbox(Settings(**{"pace": 0, "channels_on_demand": False, "scopes": ALL_SCOPES, **settings}), seed)


@pytest.fixture
def slack() -> Iterator[ThreadedSandbox]:
    with in_thread(a_workspace()) as running:
        yield running


def doctor(slack: ThreadedSandbox, config: str, *words: str, **settings: str) -> Answer:
    tokens = {"SLACK_BOT_TOKEN": "xoxb-sandbox", "SLACK_APP_TOKEN": "xapp-sandbox"}
    return ask("slack", "doctor", "--config", config, *words, **{**tokens, "SLACK_API_URL": slack.api_url, **settings})


def test_the_manifest_over_http() -> None:
    answer = ask("slack", "manifest", "--url", "https://loop.example/", "--name", "loop (prod)")
    assert answer.code == 0
    made = yaml.safe_load(answer.out)
    assert made["display_information"]["name"] == "loop (prod)"
    assert made["settings"]["interactivity"]["request_url"] == "https://loop.example/slack/interactions"
    assert made["settings"]["event_subscriptions"]["request_url"] == "https://loop.example/slack/events"
    assert made["settings"]["socket_mode_enabled"] is False
    assert set(made["oauth_config"]["scopes"]["bot"]) >= {"chat:write", "users:read.email", "im:history"}
    assert made["features"]["app_home"]["home_tab_enabled"] is True


def test_the_manifest_over_socket_mode() -> None:
    answer = ask("slack", "manifest", "--socket-mode")
    made = yaml.safe_load(answer.out)
    assert made["settings"]["socket_mode_enabled"] is True
    assert "request_url" not in answer.out
    assert "connections:write" in answer.out


@pytest.mark.parametrize("words", [("--url", "http://a.example"), ("--name", "x" * 36), ("--name", "")])
def test_what_slack_would_not_take_is_refused(words: tuple[str, ...]) -> None:
    assert ask("slack", "manifest", *words).code == 2


def test_the_manifest_in_the_repository_is_the_printed_one() -> None:
    kept = Path(__file__).parents[2] / "deploy" / "slack" / "manifest.yaml"
    assert kept.read_text() == manifest(), "closeloop slack manifest > deploy/slack/manifest.yaml"


def test_a_workspace_in_order(slack: ThreadedSandbox, config: str) -> None:
    answer = doctor(slack, config, "--channel", "#cx")
    assert answer.code == 0, answer.out
    assert "WRONG" not in answer.out
    subjects = [line.split(":")[0].removeprefix("ok").strip() for line in answer.out.splitlines()]
    assert subjects == [
        "token", "scopes", "channel #cx (desk)", "channel #vip (vips)", "person ana", "person bob",
        "round trip in #cx", "Socket Mode",
    ]  # fmt: skip
    (message,) = slack.state("C0CX")["messages"]["C0CX"]
    assert message["deleted"]


def test_everything_that_can_be_wrong_is_named_with_its_remedy(config: str) -> None:
    sandbox = a_workspace(scopes=ALL_SCOPES - {"im:history"})
    with in_thread(sandbox) as slack:

        async def spoil() -> None:
            channels = sandbox.core.workspace
            channels.put_channel(Channel(id="C0CX", name="cx", is_archived=True))
            channels.put_channel(Channel(id="C0VIP", name="vip", is_private=True, is_member=False))
            channels.put_user(User(id="U0ANA", name="ana", deleted=True))
            channels.put_user(User(id="U0BOB", name="bob", email="another@shop.example"))

        slack.run(spoil())
        answer = doctor(slack, config, "--channel", "#cx", SLACK_APP_TOKEN="xapp-wrong")
    assert answer.code == 1
    wrong = {line[8:].split(":")[0]: line for line in answer.out.splitlines() if line.startswith("WRONG")}
    assert set(wrong) == {
        "scopes", "channel #cx (desk)", "channel #vip (vips)", "person ana", "person bob", "round trip in #cx",
        "Socket Mode",
    }  # fmt: skip
    assert "im:history (finds a direct message" in wrong["scopes"]
    assert "unarchive the channel" in wrong["channel #cx (desk)"]
    assert "/invite @closeloop" in wrong["channel #vip (vips)"]
    assert "people.ana.away" in wrong["person ana"]
    assert "no account with this e-mail" in wrong["person bob"]
    assert "connections:write" in wrong["Socket Mode"]
    assert all(" -> " in line for line in wrong.values()), "each says how to mend it"
    assert "xapp-wrong" not in answer.out + answer.err


def test_a_public_channel_without_the_app_is_joined(slack: ThreadedSandbox, config: str) -> None:
    async def leave() -> None:
        slack.sandbox.core.workspace.channels["C0VIP"].is_member = False

    slack.run(leave())
    answer = doctor(slack, config, "--channel", "#vip")
    assert answer.code == 0, answer.out
    assert "joins by itself" in answer.out


@pytest.mark.parametrize("code", ["invalid_auth", "token_revoked", "account_inactive"])
def test_a_token_that_is_refused_ends_the_examination(slack: ThreadedSandbox, config: str, code: str) -> None:
    slack.add_fault(msgspec.convert({"kind": "error", "method": "auth.test", "error": code}, Fault))
    answer = doctor(slack, config)
    assert answer.code == 1
    first, last = answer.out.splitlines()
    assert first.startswith(f"WRONG   token: {code} -> ")
    assert last.startswith("ok      Socket Mode")


def test_metadata_that_does_not_come_back_is_a_fault(slack: ThreadedSandbox, config: str) -> None:
    slack.add_fault(msgspec.convert({"kind": "http_500", "method": "conversations.history"}, Fault))
    answer = doctor(slack, config, "--channel", "#cx")
    assert answer.code == 1
    assert "WRONG   round trip in #cx" in answer.out
    (message,) = slack.state("C0CX")["messages"]["C0CX"]
    assert message["deleted"], "taken back whatever happens"


def test_nobody_there_and_no_token(slack: ThreadedSandbox, config: str) -> None:
    answer = doctor(slack, config, SLACK_API_URL="http://127.0.0.1:1/api/")
    assert answer.code == 1
    assert "WRONG   Slack: cannot be reached (ConnectionRefusedError)" in answer.out
    answer = doctor(slack, config, SLACK_BOT_TOKEN="")
    assert answer.code == 2
    assert "SLACK_BOT_TOKEN" in answer.err


def test_clicks_over_http_need_the_signing_secret(slack: ThreadedSandbox, config: str) -> None:
    answer = doctor(slack, config, SLACK_APP_TOKEN="", SLACK_SIGNING_SECRET="s")
    assert answer.code == 0
    assert "clicks: over HTTP, signed" in answer.out
    answer = doctor(slack, config, SLACK_APP_TOKEN="")
    assert answer.code == 1
    assert "WRONG   clicks" in answer.out
