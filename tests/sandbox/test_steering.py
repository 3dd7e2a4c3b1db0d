"""The control API through its typed client, as a test in another process uses it."""

from __future__ import annotations

from collections import Counter

import pytest
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError

from closeloop.sandbox import Click, FaultKind, OpenHome, OrderError, Say, Steering, Submit, ThreadedSandbox
from tests.sandbox.app import serving
from tests.sandbox.blocks import card
from tests.sandbox.conftest import SEED


@pytest.fixture
def steering(sandbox: ThreadedSandbox) -> Steering:
    return Steering(sandbox.url)


def outcome(client: WebClient) -> str:
    """What one post comes to: ok, the status, or the error's kind."""
    try:
        client.chat_postMessage(channel="C0CARDS", text="x")
    except SlackApiError as error:
        return str(error.response.status_code if error.response.status_code != 200 else error.response["error"])
    except OSError as error:
        return type(error).__name__
    return "ok"


def test_a_queue_of_faults_is_met_in_its_order(steering: Steering, client: WebClient) -> None:
    steering.once("chat.postMessage", FaultKind.RATELIMITED, FaultKind.HTTP_500, FaultKind.ERROR, error="fatal_error")
    assert [outcome(client) for _ in range(4)] == ["429", "500", "fatal_error", "ok"]


def test_other_html_answers(steering: Steering, client: WebClient) -> None:
    steering.once("chat.postMessage", FaultKind.HTTP_500, status=503)
    assert outcome(client) == "503"
    steering.once("chat.postMessage", FaultKind.HTML)
    assert "non-JSON" in outcome(client)
    assert steering.counts()["counts"]["posts"] == 0


def test_rates_are_shares_of_all_calls(steering: Steering, client: WebClient) -> None:
    chances = {FaultKind.RATELIMITED: 0.25, FaultKind.ERROR: 0.25, FaultKind.HTTP_500: 0.25}
    steering.rates("chat.postMessage", chances, seed=7)
    seen = Counter(outcome(client) for _ in range(400))
    assert set(seen) == {"429", "internal_error", "500", "ok"}
    assert all(60 < count < 140 for count in seen.values()), seen
    steering.rates("auth.test", {FaultKind.ERROR: 1.0})
    with pytest.raises(SlackApiError):
        client.auth_test()
    steering.clear()
    assert client.auth_test()["ok"]
    with pytest.raises(ValueError, match="over 1 together"):
        steering.rates("auth.test", {FaultKind.ERROR: 0.6, FaultKind.HANG: 0.5})


def test_a_token_is_revoked_and_restored(steering: Steering, client: WebClient) -> None:
    steering.revoke()
    assert outcome(client) == "token_revoked"
    with pytest.raises(SlackApiError, match="token_revoked"):
        client.auth_test()
    steering.restore()
    assert outcome(client) == "ok"


def test_a_channel_is_archived_and_taken_back(steering: Steering, client: WebClient) -> None:
    steering.archive("#unhappy-customers")
    assert outcome(client) == "is_archived"
    steering.archive("C0CARDS", archived=False)
    assert outcome(client) == "ok"
    with pytest.raises(OrderError, match="no channel nowhere"):
        steering.archive("nowhere")
    with pytest.raises(OrderError, match="no such person"):
        steering.deactivate("U0NOBODY")


def test_people_act_through_it(steering: Steering, sandbox: ThreadedSandbox) -> None:
    with serving() as app:
        app.client = WebClient("xoxb-sandbox", base_url=sandbox.api_url, retry_handlers=[])
        posted = app.client.chat_postMessage(channel="C0CARDS", text="card", blocks=card())
        click = Click(user="U0ANA", channel="C0CARDS", ts=posted["ts"], action_id="ack")
        assert steering.act(click)["problem"] == "no app is connected and no URL is set"
        assert steering.act(Say(user="U0BOB", channel="C0CARDS", text="hi"))["ts"] > posted["ts"]
        assert steering.act(OpenHome(user="U0BOB"))["acked"] is False
        with pytest.raises(OrderError, match="nothing"):
            steering.act(Click(user="U0ANA", channel="C0CARDS", ts=posted["ts"], action_id="nothing"))
        with pytest.raises(OrderError):
            steering.act(Submit(user="U0ANA", view_id="V0"))
    texts = [message["text"] for message in steering.state("C0CARDS")["messages"]["C0CARDS"]]
    assert texts == ["card", "hi"]
    assert len(steering.state()["users"]) == len(SEED.users) + 1


def test_handshakes_and_connections(steering: Steering, client: WebClient) -> None:
    steering.refuse_handshakes(2)
    assert steering.counts()["faults"][0]["times"] == 2
    assert steering.end_sockets("close") == 0
