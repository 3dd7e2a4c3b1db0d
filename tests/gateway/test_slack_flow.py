"""Clicks and dialogs over real HTTP: the sandbox signs and delivers, the gateway applies, the database holds it."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from urllib.parse import urlencode

import httpx
import pytest
from sqlalchemy import select

from closeloop.sandbox import User
from closeloop.sandbox.delivery import sign
from schemas.card_actions import CardValue
from schemas.tables import (
    CaseRow,
    SlackInboxRow,
    SlackSurfaceRow,
    SlackUserRow,
)
from tests.gateway.examples import ANA, BOB, EVA, IVO, STRANGER, encoded
from tests.gateway.slack_desk import CHANNEL, SECRET, Desk


def test_from_click_over_dialog_to_resolved(desk: Desk) -> None:
    case = desk.open_case()
    ts = desk.card(case)
    assert desk.click(ANA, ts, "acknowledge") == {"acked": True, "via": "http", "problem": ""}
    row = desk.case(case)
    assert (row.state, row.owner, row.version) == ("acknowledged", "ana", 2)
    assert row.lease_until is not None
    assert desk.told(ANA) == []  # what went as promised is not commented

    ts = desk.card(case, 2)
    assert desk.click(ANA, ts, "contact")["acked"]
    assert desk.modal(ANA).body["title"]["text"] == "Contacted"
    assert desk.submit(ANA, channel="phone", note="we talked")["errors"] == {}
    assert desk.modal(ANA) is None
    ts = desk.card(case, 3)
    desk.click(ANA, ts, "resolve")
    assert desk.submit(ANA, root_cause="late_delivery", note="refunded") | {"via": ""} == {
        "acked": True,
        "via": "",
        "problem": "",
        "errors": {},
    }
    row = desk.case(case)
    assert (row.state, row.root_cause, row.resolution_note, row.version) == (
        "resolved",
        "late_delivery",
        "refunded",
        4,
    )
    assert desk.history(case) == [
        ("opened", "system", "system"),
        ("acknowledge", "ana", "slack"),
        ("contact", "ana", "slack"),
        ("resolve", "ana", "slack"),
    ]
    with desk.parts.readers() as session:
        assert session.scalar(select(SlackSurfaceRow.wanted_version)) == 4
        inbox = session.scalars(select(SlackInboxRow)).all()
    assert len(inbox) == 5  # a click at once, and two dialogs of a click and a submission each
    assert all(row.done_at is not None for row in inbox)
    assert "we talked" not in str([row.payload for row in inbox])


def test_a_click_on_an_old_card_changes_nothing_and_says_who_was_faster(desk: Desk) -> None:
    case = desk.open_case()
    ts = desk.card(case, 1)
    with desk.parts.writers.begin() as session:
        surface = session.scalars(select(SlackSurfaceRow)).one()
        surface.rendered_version = 2
    assert desk.click(BOB, ts, "acknowledge")["acked"]
    assert desk.click(ANA, ts, "acknowledge")["acked"]
    told = desk.wait_told(ANA)
    assert "Bob &lt;&amp; co&gt; took it just now" in told
    row = desk.case(case)
    assert (row.owner, row.version) == ("bob", 2)
    with desk.parts.readers() as session:  # the card that showed an old picture is drawn again
        surface = session.scalars(select(SlackSurfaceRow)).one()
        assert surface.rendered_version < surface.wanted_version
    # a dialog is not even opened from an old card
    assert desk.click(ANA, ts, "resolve")["acked"]
    desk.wait_told(ANA, 2)
    assert desk.modal(ANA) is None


def test_a_dialog_whose_case_moved_on_says_so_and_changes_nothing(desk: Desk) -> None:
    case = desk.open_case()
    ts = desk.card(case)
    desk.click(ANA, ts, "resolve")
    desk.click(BOB, ts, "acknowledge")
    result = desk.submit(ANA, root_cause="other")
    assert (result["errors"], result["problem"]) == ({}, "")
    shown = desk.modal(ANA).body
    assert shown["title"]["text"] == "Not done"
    assert "took it" in shown["blocks"][0]["text"]["text"]
    assert desk.case(case).state == "acknowledged"


def test_a_dialog_submitted_after_somebody_else_resolved_says_so_and_changes_nothing(desk: Desk) -> None:
    case = desk.open_case()
    ts = desk.card(case)
    desk.click(ANA, ts, "resolve")
    desk.click(BOB, ts, "resolve")
    assert desk.submit(BOB, root_cause="billing", note="refunded")["errors"] == {}
    assert desk.submit(ANA, root_cause="other", note="mine")["errors"] == {}
    shown = desk.modal(ANA).body
    assert shown["title"]["text"] == "Not done"
    assert "Bob &lt;&amp; co&gt; resolved it" in shown["blocks"][0]["text"]["text"]
    row = desk.case(case)
    assert (row.state, row.root_cause, row.resolution_note) == ("resolved", "billing", "refunded")
    assert [action for action, _, _ in desk.history(case)] == ["opened", "resolve"]


def test_what_a_dialog_lacks_is_said_at_its_input_and_can_be_put_right(desk: Desk) -> None:
    case = desk.open_case()
    ts = desk.card(case)
    desk.click(BOB, ts, "snooze", CardValue(case, 1, snooze="pick").encode())
    past = int(time.time()) - 3600
    assert set(desk.submit(BOB, until=past)["errors"]) == {"until"}
    assert set(desk.submit(BOB, until=int(time.time()) + 31 * 86400)["errors"]) == {"until"}
    until = int(time.time()) + 7200
    assert desk.submit(BOB, until=until)["errors"] == {}
    row = desk.case(case)
    assert (row.state, row.snoozed_until) == ("snoozed", datetime.fromtimestamp(until, UTC))


def test_reassign_needs_a_person_of_the_loop_who_is_there_and_another_one(desk: Desk) -> None:
    case = desk.open_case()
    ts = desk.card(case)
    desk.click(BOB, ts, "more", CardValue(case, 1, action="reassign").encode())
    assert desk.submit(BOB, owner=STRANGER)["errors"]["owner"].startswith("This colleague is not among the people")
    assert desk.submit(BOB, owner=ANA)["errors"]["owner"].startswith("Ana Sá has this case already")
    assert desk.submit(BOB, owner=BOB)["errors"]["owner"].startswith("To take it yourself, use “I'm on it”")
    assert desk.submit(BOB, owner=IVO)["errors"]["owner"] == "Ivo is away. Choose Eva, who stands in."
    assert desk.submit(BOB, owner=EVA, note="yours")["errors"] == {}
    assert desk.case(case).owner == "eva"


def test_who_may_not_is_told_who_may_in_their_language(desk: Desk) -> None:
    case = desk.open_case()
    desk.click(EVA, desk.card(case), "acknowledge")
    told = desk.wait_told(EVA)
    assert told == f"Сейчас с C-{case} это могут сделать только Ana Sá или Bob &lt;&amp; co&gt;. Обратитесь к ним."
    desk.click(ANA, desk.card(case), "more", CardValue(case, 1, action="dismiss").encode())
    assert desk.wait_told(ANA) == f"Only Bob &lt;&amp; co&gt; can do this with C-{case} now. Ask them."
    assert desk.modal(ANA) is None
    assert desk.case(case).version == 1


def test_a_submitted_dialog_is_judged_again_on_the_server(desk: Desk) -> None:
    case = desk.open_case()
    desk.click(BOB, desk.card(case), "acknowledge")
    view = {"id": "V1", "callback_id": "case.acknowledge", "private_metadata": f'{{"case":{case},"version":2}}'}
    body = {"type": "view_submission", "user": {"id": EVA}, "team": {"id": "T1"}, "view": view}
    answer = post(desk, urlencode({"payload": encoded(body).decode()}).encode()).json()
    assert (answer["response_action"], answer["view"]["title"]["text"]) == ("update", "Не выполнено")
    assert desk.case(case).owner == "bob"


def test_a_case_is_taken_over_from_whoever_is_on_it(desk: Desk) -> None:
    case = desk.open_case()
    desk.click(BOB, desk.card(case), "acknowledge")
    desk.click(ANA, desk.card(case, 2), "more", CardValue(case, 2, action="acknowledge").encode())
    assert desk.submit(ANA)["errors"] == {}
    row = desk.case(case)
    assert (row.state, row.owner, row.version) == ("acknowledged", "ana", 4)
    assert [action for action, _, _ in desk.history(case)] == ["opened", "acknowledge", "reassign", "acknowledge"]
    assert desk.messages(case) == [("taken_over", "person:bob")]  # who was on it hears of it, and nobody else


def test_who_gives_a_case_away_or_had_not_taken_it_hears_nothing(desk: Desk) -> None:
    case = desk.open_case()  # Ana's, who has not taken it
    desk.click(BOB, desk.card(case), "acknowledge")
    desk.click(BOB, desk.card(case, 2), "more", CardValue(case, 2, action="reassign").encode())
    assert desk.submit(BOB, owner=ANA)["errors"] == {}
    assert desk.messages(case) == [("card", "person:ana")]


def test_a_customer_can_be_told_of_the_solution_afterwards(desk: Desk) -> None:
    case = desk.open_case()
    desk.click(ANA, desk.card(case), "resolve")
    desk.submit(ANA, root_cause="billing")
    ts = desk.card(case, 2)
    desk.click(EVA, ts, "contact")
    assert "Ana Sá" in desk.wait_told(EVA)  # not of the team
    desk.click(BOB, ts, "contact")
    assert [block.get("block_id") for block in desk.modal(BOB).body["blocks"][1:]] == ["channel", "note"]
    assert desk.submit(BOB, channel="phone", note="told them")["errors"] == {}
    row = desk.case(case)
    assert (row.state, row.root_cause, row.snoozed_until) == ("resolved", "billing", None)
    assert desk.history(case)[-1] == ("contact", "bob", "slack")


def test_what_is_told_to_one_person_neither_links_nor_mentions(desk: Desk) -> None:
    case = desk.open_case()
    desk.click(EVA, desk.card(case), "acknowledge")
    desk.wait_told(EVA)
    (message,) = desk.sandbox.sandbox.core.workspace.ephemerals
    assert [block["text"]["verbatim"] for block in message.blocks] == [True]


def test_a_contact_with_a_follow_up_date_sleeps_until_then(desk: Desk) -> None:
    case = desk.open_case()
    desk.click(ANA, desk.card(case), "contact")
    assert set(desk.submit(ANA, note="x")["errors"]) == {"channel"}
    assert set(desk.submit(ANA, channel="phone", follow_up=int(time.time()) - 60)["errors"]) == {"follow_up"}
    until = int(time.time()) + 86_400
    assert desk.submit(ANA, channel="phone", note="calls back", follow_up=until)["errors"] == {}
    row = desk.case(case)
    assert (row.state, row.snoozed_until) == ("snoozed", datetime.fromtimestamp(until, UTC))
    assert row.contacted_at is not None
    assert [action for action, _, _ in desk.history(case)] == ["opened", "contact", "snooze"]


def test_snoozing_from_the_menu_dismissing_and_reopening(desk: Desk) -> None:
    case = desk.open_case()
    before = datetime.now(UTC)
    desk.click(BOB, desk.card(case), "snooze", CardValue(case, 1, snooze="4h").encode())
    asleep = desk.case(case)
    assert asleep.snoozed_until is not None
    assert timedelta(hours=4) <= asleep.snoozed_until - before < timedelta(hours=4, minutes=1)
    desk.click(BOB, desk.card(case, 2), "wake")
    assert desk.case(case).state == "open"
    desk.click(BOB, desk.card(case, 3), "more", CardValue(case, 3, action="dismiss").encode())
    assert set(desk.submit(BOB, note="  ")["errors"]) == {"note"}
    assert desk.submit(BOB, note="a test")["errors"] == {}
    before = datetime.now(UTC)
    desk.click(BOB, desk.card(case, 4), "reopen")
    assert desk.submit(BOB, note="no test")["errors"] == {}
    assert [action for action, _, _ in desk.history(case)] == ["opened", "snooze", "wake", "dismiss", "reopen"]
    again = desk.case(case)
    assert again.resolve_by is not None
    assert again.resolve_by > before, "promised anew"


def test_the_full_answer_and_the_reason_are_shown_and_change_nothing(desk: Desk) -> None:
    words = "<!channel> *x* `y` & " * 400
    case = desk.open_case(comment=words)
    ts = desk.card(case, 1)
    desk.click(BOB, ts, "more", CardValue(case, 1, action="answer").encode())
    shown = [block["text"] for block in desk.modal(BOB).body["blocks"]]
    assert {text["type"] for text in shown[:-1]} == {"plain_text"}
    assert words[:5] not in shown[-1]["text"]  # the last one is ours, with the date
    assert words.replace("`", "ˋ").strip() in "".join(text["text"] for text in shown[1:-2])
    desk.click(BOB, ts, "more", CardValue(case, 1, action="why").encode())
    assert "detractor" in desk.modal(BOB).body["blocks"][1]["text"]["text"]
    assert desk.case(case).version == 1


def test_strangers_are_told_how_to_become_known_and_people_are_also_known_by_their_mail(desk: Desk) -> None:
    case = desk.open_case()
    desk.click(STRANGER, desk.card(case), "acknowledge")
    assert STRANGER in desk.wait_told(STRANGER)
    assert desk.case(case).version == 1
    with desk.parts.writers.begin() as session:
        session.add(SlackUserRow(person="bob", user_id="U0OTHER", status="ok", checked_at=datetime.now(UTC)))
    desk.sandbox.sandbox.core.workspace.put_user(User(id="U0OTHER", name="bob2"))
    other = desk.open_case(2)
    desk.click("U0OTHER", desk.card(other), "acknowledge")
    assert desk.case(other).owner == "bob"


def payload(case: int, version: int = 1, *, action_ts: str = "1.1") -> bytes:
    body = {
        "type": "block_actions",
        "user": {"id": ANA},
        "team": {"id": "T1"},
        "container": {"type": "message", "message_ts": "5.5", "channel_id": CHANNEL},
        "trigger_id": "t",
        "actions": [
            {"action_id": "case.acknowledge", "action_ts": action_ts, "value": CardValue(case, version).encode()}
        ],
    }
    return urlencode({"payload": encoded(body).decode()}).encode()


def post(desk: Desk, raw: bytes, path: str = "/slack/interactions", **changed: str) -> httpx.Response:
    moment = int(time.time())
    headers = {
        "content-type": "application/x-www-form-urlencoded",
        "x-slack-request-timestamp": str(moment),
        "x-slack-signature": sign(SECRET, moment, raw),
        **{name.replace("_", "-"): value for name, value in changed.items()},
    }
    sent = {name: str(value).encode("latin-1") for name, value in headers.items()}
    with httpx.Client(trust_env=False) as client:
        return client.post(desk.url + path, content=raw, headers=sent)


def test_forged_old_and_odd_signatures_are_refused_and_change_nothing(desk: Desk) -> None:
    case = desk.open_case()
    raw = payload(case)
    old = int(time.time()) - 301
    forged = [
        {"x_slack_signature": "v0=" + "0" * 64},
        {"x_slack_signature": sign("another secret", int(time.time()), raw)},
        {"x_slack_request_timestamp": "soon"},
        {"x_slack_request_timestamp": str(old), "x_slack_signature": sign(SECRET, old, raw)},
        {"x_slack_signature": ""},
        {"x_slack_signature": "v0=\u00e9\u00e9"},
        {"x_slack_request_timestamp": "\u00b2"},
    ]
    for changed in forged:
        assert post(desk, raw, **changed).status_code == 401
    assert post(desk, raw + b"&more=1", x_slack_signature=sign(SECRET, int(time.time()), raw)).status_code == 401
    assert post(desk, b"\xff\xfe", x_slack_signature="v0=" + "0" * 64).status_code == 401
    assert desk.case(case).version == 1


def test_a_replayed_request_is_answered_and_has_no_effect(desk: Desk) -> None:
    case = desk.open_case()
    raw = payload(case)
    assert post(desk, raw).status_code == 200
    assert desk.case(case).version == 2
    with desk.parts.writers.begin() as session:  # somebody gives it back meanwhile
        session.get_one(CaseRow, case).version = 1
        session.get_one(CaseRow, case).state = "open"
    again = post(desk, raw)
    assert (again.status_code, again.content) == (200, b"")
    assert desk.case(case).state == "open"
    assert len(desk.history(case)) == 2


def test_events_are_acknowledged_once_and_the_url_is_verified(desk: Desk) -> None:
    challenge = encoded({"type": "url_verification", "challenge": "abc", "token": "x"})
    answer = post(desk, challenge, "/slack/events")
    assert (answer.status_code, answer.json()) == (200, {"challenge": "abc"})
    event = encoded({"type": "event_callback", "event_id": "Ev1", "event": {"type": "app_home_opened"}})
    for _delivery in range(2):
        assert post(desk, event, "/slack/events").status_code == 200
    with desk.parts.readers() as session:
        assert session.scalars(select(SlackInboxRow.key)).all() == ["event/Ev1"]


@pytest.mark.parametrize("raw", [b"", b"payload=", b"payload=%7B%7D", b"other=1", b"payload=%ff"])
def test_signed_nonsense_is_passed_over(desk: Desk, raw: bytes) -> None:
    assert post(desk, raw).status_code == 200
