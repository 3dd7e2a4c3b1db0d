"""What people do with a roll-up, over real HTTP: bring a card, and resolve all cases of an incident."""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy import select

from closeloop.sandbox import Click
from schemas.card_actions import RESOLVE_ALL, SHOW_CARD, ResolveAll, ShowCard
from schemas.case_ledger import Change, act
from schemas.roll_ups import ROLLED_UP
from schemas.tables import CaseRow, IncidentRow, RollUpRow, SlackOutboxRow
from tests.gateway.examples import ANA, BOB, STRANGER, opened
from tests.gateway.slack_desk import CHANNEL, Desk


def folded_case(desk: Desk) -> tuple[int, str]:
    """A case whose card was folded into roll-up 1, and a list with the menu for it: the case, the message's ts."""
    case = desk.open_case()
    at = datetime.now(UTC)
    with desk.parts.writers.begin() as session:
        session.add(RollUpRow(id=1, destination="#cx", opened_at=at, last_case_at=at, shown=1, redraw_at=at))
        card = session.scalars(select(SlackOutboxRow).where(SlackOutboxRow.case_id == case)).one()
        card.state, card.roll_up_id = ROLLED_UP, 1
    option = {"text": {"type": "plain_text", "text": "C-1"}, "value": ShowCard(case=case, roll_up=1).encode()}
    placeholder = {"type": "plain_text", "text": "Show a case"}
    menu = {"type": "static_select", "action_id": SHOW_CARD, "placeholder": placeholder, "options": [option]}
    return case, desk.post([{"type": "actions", "block_id": "show", "elements": [menu]}])


def test_a_case_that_is_chosen_in_a_roll_up_gets_its_card_once(desk: Desk) -> None:
    case, ts = folded_case(desk)
    value = ShowCard(case=case, roll_up=1).encode()

    def choose(user: str) -> None:
        said = Click(user=user, action_id=SHOW_CARD, channel=CHANNEL, ts=ts, value=value)
        assert desk.sandbox.run(desk.sandbox.sandbox.people.click(said))["acked"]

    def card() -> str:
        with desk.parts.readers() as session:
            return session.scalars(select(SlackOutboxRow.state).where(SlackOutboxRow.case_id == case)).one()

    choose(STRANGER)
    assert "I do not know you" in desk.wait_told(STRANGER)
    assert card() == ROLLED_UP
    choose(ANA)
    assert desk.wait_told(ANA) == f"C-{case} comes as a card of its own."
    assert card() == "pending"
    choose(BOB)
    assert desk.wait_told(BOB) == f"C-{case} has a card of its own already."
    assert desk.case(case).version == 1, "looking changes no case"


def incident(desk: Desk, *, mine: bool = False) -> str:
    """An incident with four open cases of Ana and one that Bob has taken; the ts of its roll-up."""
    at = datetime.now(UTC)
    cases = [opened(desk.parts.writers, number) for number in range(1, 6)]
    with desk.parts.writers.begin() as session:
        session.add(IncidentRow(id=3, shared={"touchpoint": "x"}, opened_at=at, declared_at=at, last_case_at=at))
        for number in cases:
            session.get_one(CaseRow, number).incident_id = 3
        act(session, 5, "acknowledge", actor="bob", via="slack", now=at, change=Change(owner="bob"))

    text = {"type": "plain_text", "text": "Resolve all"}
    value = ResolveAll(incident=3, mine=mine).encode()
    button = {"type": "button", "action_id": RESOLVE_ALL, "text": text, "value": value}
    return desk.post([{"type": "actions", "block_id": "all", "elements": [button]}])


def press(desk: Desk, user: str, ts: str) -> None:
    said = Click(user=user, action_id=RESOLVE_ALL, channel=CHANNEL, ts=ts)
    assert desk.sandbox.run(desk.sandbox.sandbox.people.click(said))["acked"]


def texts(desk: Desk, user: str) -> str:
    return str(desk.modal(user).body["blocks"])


def test_an_incident_is_resolved_at_once_as_far_as_the_cases_are_ones_own(desk: Desk) -> None:
    ts = incident(desk)
    press(desk, ANA, ts)
    assert "5 cases of incident I-3 are open" in texts(desk, ANA)
    assert desk.submit(ANA, note="x")["errors"].keys() == {"root_cause"}
    assert {desk.case(number).state for number in range(1, 5)} == {"open"}, "nothing happens before it is filled in"
    assert desk.submit(ANA, root_cause="late_delivery", note="the carrier was on strike")["errors"] == {}
    assert "Resolved: 4." in texts(desk, ANA)
    assert "Not resolved: 1." in texts(desk, ANA)
    assert "C-5" in texts(desk, ANA)
    for number in range(1, 5):
        case = desk.case(number)
        assert (case.state, case.root_cause, case.resolution_note) == (
            "resolved",
            "late_delivery",
            "the carrier was on strike",
        )
        assert desk.history(number)[-1] == ("resolve", "ana", "slack")
    assert desk.case(5).state == "acknowledged", "Bob is on it, so it is his to resolve"


def test_in_ones_own_messages_it_is_about_ones_own_cases(desk: Desk) -> None:
    ts = incident(desk, mine=True)
    press(desk, BOB, ts)
    assert "1 case of yours in incident I-3 is open" in texts(desk, BOB)
    assert desk.submit(BOB, root_cause="other")["errors"] == {}
    assert desk.case(5).state == "resolved"
    assert {desk.case(number).state for number in range(1, 5)} == {"open"}
    press(desk, BOB, ts)
    assert "No case of this incident is open any more" in texts(desk, BOB)


def test_whoever_is_not_known_resolves_nothing(desk: Desk) -> None:
    ts = incident(desk)
    press(desk, STRANGER, ts)
    assert "I do not know you" in texts(desk, STRANGER)
