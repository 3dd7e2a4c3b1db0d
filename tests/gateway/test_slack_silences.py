"""Silences from Slack: made from a case's menu by who leads, ended in the App Home of whoever made them."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest
from sqlalchemy import select

from closeloop.sandbox.rules import check_view
from consumers.desk import take_in
from gateway.case_shapes import AlertShown
from gateway.slack.payloads import Action, BlockActions, Container, User, ViewSubmission
from gateway.slack.silence_acts import silence_to_end, silences_of
from gateway.slack.silence_views import HeldHere, home_blocks, silence_dialog, silenced_view, state_of
from schemas import silences
from schemas.card_actions import CardValue
from schemas.config import Loop
from schemas.config_owners import Condition
from schemas.reach import Reach
from schemas.silences import Doer, Silence
from schemas.tables import SilenceRow, SlackHomeRow
from schemas.words.catalogue import LANGUAGES, Words, words_in
from tests.gateway.conftest import Served
from tests.gateway.examples import ANA, BOB, alert, configuration, opened
from tests.gateway.slack_desk import Desk

NOW = datetime(2026, 11, 20, 9, tzinfo=UTC)
HOUR = timedelta(hours=1)


def menu(case: int) -> str:
    return CardValue(case, 1, action="silence").encode()


def test_from_a_cases_menu_to_the_end_at_home(desk: Desk) -> None:
    case = desk.open_case()
    ts = desk.card(case)
    value = menu(case)
    blocks = [{"type": "actions", "elements": [{"type": "overflow", "action_id": "case.more", "options": [
        {"text": {"type": "plain_text", "text": "Silence alike…"}, "value": value}]}]}]  # fmt: skip
    ts = str(desk._web.chat_postMessage(channel="C0CX", text="card", blocks=blocks)["ts"])
    desk.click(ANA, ts, "more", value)
    assert "Bob &lt;&amp; co&gt;" in desk.wait_told(ANA), "who may is named"
    assert desk.modal(ANA) is None

    desk.click(BOB, ts, "more", value)
    body = desk.modal(BOB).body
    assert body["title"]["text"] == "Silence alerts"
    which = body["blocks"][0]["element"]
    assert [option["value"] for option in which["initial_options"]] == ["touchpoint", "rule", "attributes.region"]
    until = int((datetime.now(UTC) + 2 * HOUR).timestamp())
    chosen = ["touchpoint", "attributes.region"]
    lacking = desk.submit(BOB, which=[], until=until, note="strike")
    assert list(lacking["errors"]) == ["which"] or lacking["problem"]
    past = desk.submit(BOB, which=chosen, until=int(datetime.now(UTC).timestamp()) - 60, note="strike")
    assert list(past["errors"]) == ["until"]
    assert desk.submit(BOB, which=chosen, until=until, note=" carrier *strike* ")["errors"] == {}
    told = desk.modal(BOB).body
    assert told["title"]["text"] == "Silenced"
    assert "It fits 1 of 1 open cases and " in told["blocks"][0]["text"]["text"]
    with desk.parts.readers() as session:
        kept = session.scalars(select(SilenceRow)).one()
    assert kept.matchers == {"touchpoint": "order.delivered", "attributes.region": "SP"}
    assert (kept.reason, kept.created_by, kept.created_via) == ("carrier *strike*", "bob", "slack")
    assert int(kept.ends_at.timestamp()) == until


async def _submit(gateway: Served, submission: ViewSubmission) -> dict[str, Any]:
    answer = await gateway.parts.slack.submit(submission, datetime.now(UTC))
    assert answer.body is not None
    return answer.body


def test_a_dialog_in_other_hands_keeps_nothing_and_a_repeated_one_keeps_it_once(on_both: Served) -> None:
    case = opened(on_both.parts.writers)
    until = int((datetime.now(UTC) + HOUR).timestamp())
    values = {
        "which": {"which": {"selected_options": [{"value": "rule"}, {"value": "score"}]}},
        "until": {"until": {"selected_date_time": until}},
        "note": {"note": {"value": "strike"}},
    }
    view = {
        "id": "V1", "callback_id": "case.silence", "state": {"values": values},
        "private_metadata": json.dumps({"case": case, "fields": {"rule": "detractor", "touchpoint": "x"}}),
    }  # fmt: skip

    def by(user: str) -> ViewSubmission:
        return msgspec.convert({"type": "view_submission", "user": {"id": user}, "view": view}, ViewSubmission)

    with on_both.client.portal() as run:  # type: ignore[attr-defined]
        refused = run.call(_submit, on_both, by(ANA))
        assert refused["view"]["title"]["text"] == "Not done"
        with on_both.parts.readers() as session:
            assert session.scalars(select(SilenceRow)).all() == []
        assert run.call(_submit, on_both, by(BOB))["view"]["title"]["text"] == "Silenced"
        run.call(_submit, on_both, by(BOB))
    with on_both.parts.readers() as session:
        assert session.scalars(select(SilenceRow)).one().matchers == {"rule": "detractor"}


def click_on(number: str, user: str = BOB, ts: str = "1") -> BlockActions:
    action = Action(action_id="silence.end", action_ts=ts, value=number)
    return BlockActions(user=User(user), actions=[action], container=Container(view_id="V1"))


async def _end(gateway: Served, number: int, user: str, ts: str) -> None:
    await gateway.parts.slack.click(click_on(str(number), user, ts), datetime.now(UTC))


def test_only_whoever_made_it_ends_it_at_home(on_both: Served) -> None:
    now = datetime.now(UTC)
    with on_both.parts.writers.begin() as session:
        number = silences.add(session, {"score": 3}, now, now + HOUR, "strike", Doer("bob", "slack"), now).id
        session.add(SlackHomeRow(user_id=BOB, opened_at=now, shown="as before"))
    portal = on_both.client.portal()  # type: ignore[attr-defined]
    with portal as run:
        run.call(_end, on_both, number, ANA, "1")
        with on_both.parts.readers() as session:
            assert session.get_one(SilenceRow, number).ended_by is None
        run.call(_end, on_both, number, BOB, "2")
        run.call(_end, on_both, 2**70, BOB, "3")
    with on_both.parts.readers() as session:
        row = session.get_one(SilenceRow, number)
        assert (row.ended_by, row.ended_via) == ("bob", "slack")
        assert session.get_one(SlackHomeRow, BOB).shown is None, "the App Home is drawn anew"


@pytest.mark.parametrize("value", ["", "x", "-1", "²"])
def test_another_button_ends_nothing(value: str) -> None:
    assert silence_to_end(click_on(value)) is None


def test_a_lead_sees_what_holds_cases_of_the_team(on_both: Served) -> None:
    loop = configuration()
    data = msgspec.to_builtins(loop)
    data["teams"]["care"]["manager"] = "eva"
    loop = msgspec.convert(data, Loop)
    now = datetime.now(UTC)
    with on_both.parts.writers.begin() as session:
        held = silences.add(session, {"score": 3}, now, now + HOUR, "strike", Doer("ivo", "system"), now)
        idle = silences.add(session, {"score": 9}, now, now + HOUR, "nothing", Doer("ana", "slack"), now)
        take_in(session, loop, [alert(1), alert(2)], now)
    with on_both.parts.readers() as session:
        seen = silences_of(session, loop, ["ana", "bob", "eva", "ivo"], now)
    shown = {person: [(one.silence.id, one.held, one.own) for one in several] for person, several in seen.items()}
    assert shown == {
        "bob": [(held.id, 2, False)],
        "eva": [(held.id, 2, False)],
        "ivo": [(held.id, 0, True)],
        "ana": [(idle.id, 0, True)],
    }


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_view_is_one_that_slack_takes(language: Any) -> None:
    words: Words = words_in(language)
    nasty = "<!channel> *x* & " + "y" * 480
    wide = {f"name {n} <!here>": "v" * (110 + n) for n in range(20)}
    of = msgspec.to_builtins(alert(1)) | {"attributes": wide}
    shown = state_of(7, msgspec.convert(of, AlertShown))
    check_view(silence_dialog(words, shown, NOW), "modal")
    assert len(silence_dialog(words, shown, NOW)["private_metadata"]) <= 3000
    matchers: Any = {"touchpoint": "<!here>", "score": Condition(at_most=3), "comment": Condition(matches="x" * 400)}
    kept = Silence(
        id=3, matchers=matchers, starts_at=NOW, ends_at=NOW + HOUR, reason=nasty, created_at=NOW,
        created=Doer("bob", "slack"),
    )  # fmt: skip
    fits = Reach(open_cases=1, of_open_cases=1, alerts=5, of_alerts=5)
    check_view(silenced_view(words, kept, fits), "modal")
    several = [HeldHere(silence=kept, held=n, own=n == 2) for n in range(9)]
    home = {"type": "home", "blocks": home_blocks(words, {"bob": "Bob <!here>"}, several)}
    check_view(home, "home")
    assert len(home["blocks"]) == 7
    text = json.dumps(home, ensure_ascii=False)
    assert "<!here>" not in text
    assert "<!channel>" not in text
    assert text.count("silence.end") == 1
    assert home_blocks(words, {}, []) == []
