"""A sample of the text attacks through a whole running loop: sent over HTTP, shown in the sandbox, acted on there."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from closeloop.sandbox import Click, Fault, FaultKind, OpenHome, Steering
from closeloop.sandbox.rules import links, mentions
from tests.loop.running import RunningLoop, running_loop, wait_until
from tests.loop.text_attacks import ATTACKS

pytestmark = pytest.mark.faults

MARK = "zqmarkqz"
"""Stands in every string that is sent: no log may hold it."""


@pytest.fixture(scope="module")
def loop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningLoop]:
    with running_loop(tmp_path_factory.mktemp("attacks")) as running:
        yield running


def sample() -> list[str]:
    """Two of each kind; what cannot be written as UTF-8 cannot be sent."""
    chosen = [said for of_kind in ATTACKS.values() for said in (of_kind[0], of_kind[len(of_kind) // 2])]
    whole = [said for said in chosen if not any("\ud800" <= sign <= "\udfff" for sign in said)]
    return [f"{said[:3000]}{MARK}" for said in whole]


def event(number: int, said: str) -> dict[str, Any]:
    data = {
        "customer_id": f"{number}{said}".encode()[:256].decode(errors="ignore"),
        "metric": "nps",
        "score": 0,
        "touchpoint": said[:60],
        "channel": said[:30],
        "comment": said,
        "attributes": {said[:60]: said[:200], "region": said[:200]},
    }
    return {
        "specversion": "1.0",
        "id": f"attack-{number}",
        "source": "/tests/attacks",
        "type": "closeloop.response.v1",
        "time": datetime.now(UTC).isoformat(),
        "data": data,
    }


def cards(loop: RunningLoop) -> list[tuple[str, dict[str, Any]]]:
    state = Steering(loop.sandbox_url).state()["messages"]
    return [(channel, message) for channel, shown in state.items() for message in shown if message.get("app_id")]


def test_attacks_reach_slack_and_do_nothing_there(loop: RunningLoop) -> None:
    steering, accepted = Steering(loop.sandbox_url), 0
    # One card is refused, so that its plain stand-in is sent too.
    steering.order(Fault(kind=FaultKind.ERROR, method="chat.postMessage", error="invalid_blocks", times=1))
    for number, said in enumerate(sample()):
        answer = loop.http.post("/v1/events", json=event(number, said))
        assert answer.status_code in (202, 400, 422), answer.text
        accepted += answer.status_code == 202
    assert accepted >= 25
    wait_until(lambda: loop.cases() >= accepted, 120, lambda: f"{loop.cases()} cases of {accepted}")
    wait_until(lambda: loop.cards_behind() == 0, 120, lambda: f"{loop.cards_behind()} cards behind")

    shown = cards(loop)
    assert len(shown) >= accepted
    people = {user["id"] for user in steering.state()["users"]}
    for _, message in shown:
        assert all(who in people for who in message["mentions"]), "only an owner is named, and nobody at large"
        assert len(message["mentions"]) <= 1
        assert all(address.startswith(f"{loop.url}/") for address in message["links"]), message["links"]

    answers = [entry for entry in shown if any(block["type"] == "actions" for block in entry[1].get("blocks", []))]
    for channel, message in answers[:6]:
        owner = (message["mentions"] or ["U0ANA000001"])[0]
        click = Click(user=owner, channel=channel, ts=message["ts"], action_id="case.resolve")
        assert steering.act(click)["problem"] == ""
    steering.act(OpenHome(user="U0ANA000001"))
    state = steering.state()
    drawn = [view for stack in state["modals"].values() for view in stack] + list(state["homes"].values())
    assert drawn, "no dialog was opened"
    for view in drawn:
        assert mentions("", view["blocks"]) == []
        assert all(address.startswith(f"{loop.url}/") for address in links("", view["blocks"]))
    refused = [key for key in state["requests"] if "error:invalid_blocks" in state["requests"][key]]
    assert refused == [], "Slack's rules refuse nothing that the loop draws"


def test_no_log_line_is_broken_or_tells_what_was_said(loop: RunningLoop) -> None:
    logs = [path for path in (loop.folder / "logs").iterdir() if path.name != "kafka.log"]
    assert len(logs) >= 4
    for path in logs:
        raw = path.read_bytes()
        assert MARK.encode() not in raw, path.name
        for line in raw.decode().split("\n"):
            if line.startswith("{"):
                json.loads(line)
            assert "hacked" not in line
