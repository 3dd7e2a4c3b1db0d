"""Roll-ups on Slack: a flood becomes a few cards and one list that stays true, whatever Slack does meanwhile."""

from __future__ import annotations

import threading
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import Engine, select

from closeloop.sandbox import ThreadedSandbox
from consumers.desk import take_in
from consumers.measures import Measures
from consumers.slack import outbox
from schemas import case_ledger
from schemas.alerts import Alert
from schemas.case_ledger import Change
from schemas.config import Loop
from schemas.config_grouping import Incidents, RollUp
from schemas.database import sessions
from schemas.tables import CaseRow, RollUpRow
from tests.consumers.alerts import alerts_of, an_alert
from tests.consumers.conftest import a_sender, order, running, shown
from tests.consumers.grouped import grouped
from tests.consumers.waiting import until

LOOP = grouped(roll_up=RollUp(above=10, within="5m"))


@pytest.fixture
def stop() -> threading.Event:
    return threading.Event()


def arrive(engine: Engine, alerts: list[Alert], loop: Loop = LOOP) -> None:
    with sessions(engine).begin() as session:
        take_in(session, loop, alerts, datetime.now(UTC))


def quiet(engine: Engine) -> bool:
    """Whether nothing is to be posted or drawn any more."""
    with sessions(engine)() as session:
        waiting = {"pending", "sending", "in_doubt"} & outbox.states(session).keys()
        versions: dict[int, int] = {}
        for row in session.scalars(select(RollUpRow)):
            versions[row.id] = row.shown
        return not waiting and all(versions.values())


def lists(slack: ThreadedSandbox) -> list[dict[str, Any]]:
    """The roll-ups that are there to be seen."""
    return [message for message in shown(slack) if "roll_up" in str(message["blocks"])]


def by_channel(slack: ThreadedSandbox) -> dict[str, list[str]]:
    """The texts of the roll-ups of each conversation, in order."""
    found: dict[str, list[str]] = {}
    for message in lists(slack):
        found.setdefault(message["channel"], []).append(message["text"])
    return found


def test_a_hundred_alerts_at_once_are_ten_cards_and_one_list(
    engine: Engine, slack: ThreadedSandbox, measures: Measures, stop: threading.Event
) -> None:
    arrive(engine, alerts_of(100))
    with running(a_sender(engine, slack, measures, stop, loop=LOOP), stop):
        until(lambda: quiet(engine), "all told")
    in_channel = [message for message in shown(slack) if message["channel"] == "C0CX"]
    assert len(in_channel) == 11
    (told,) = [message for message in lists(slack) if message["channel"] == "C0CX"]
    assert "90 more cases" in told["text"]
    assert not told["mentions"]
    for person in ("ana", "bob"):
        direct = [message for message in shown(slack) if message["channel"].startswith("D")]
        assert any("more case" in message["text"] for message in direct), person
    assert len(direct) <= 2 * 11, "nobody gets more than ten cards and a list"


def test_a_list_whose_cases_were_all_closed_before_it_came_is_done_with(
    sqlite_engine: Engine, slack: ThreadedSandbox, measures: Measures, stop: threading.Event
) -> None:
    arrive(sqlite_engine, alerts_of(20))
    with sessions(sqlite_engine).begin() as session:
        for number in session.scalars(select(CaseRow.id)).all():
            case_ledger.act(session, number, "resolve", actor="ana", via="api", now=datetime.now(UTC))
    with running(a_sender(sqlite_engine, slack, measures, stop, loop=LOOP), stop):
        until(lambda: lists(slack) and quiet(sqlite_engine), "all told")
    with sessions(sqlite_engine)() as session:
        assert set(session.scalars(select(RollUpRow.settled).where(RollUpRow.ts.is_not(None)))) == {True}


@pytest.mark.parametrize("fault", ["drop_after", "drop_before", "http_500", "late_apply"])
def test_a_lost_reply_makes_no_second_list(
    sqlite_engine: Engine, slack: ThreadedSandbox, measures: Measures, stop: threading.Event, fault: str
) -> None:
    loop = grouped(incidents=Incidents(by=["attributes.region"], at_least=3))
    more = {"delay": 0.1} if fault == "late_apply" else {}
    order(slack, fault, **more)
    arrive(sqlite_engine, alerts_of(5), loop)
    with running(a_sender(sqlite_engine, slack, measures, stop, loop=loop), stop):
        until(lambda: quiet(sqlite_engine), "told")
    assert [message["channel"] for message in lists(slack)].count("C0CX") == 1


def test_the_list_follows_its_cases_and_a_chosen_case_gets_its_card(
    sqlite_engine: Engine, slack: ThreadedSandbox, measures: Measures, stop: threading.Event
) -> None:
    loop = grouped(incidents=Incidents(by=["touchpoint", "attributes.region"], at_least=3))
    alerts = alerts_of(4, touchpoint="order.delivered")
    arrive(sqlite_engine, alerts, loop)

    def text() -> str:
        return next((str(message["text"]) for message in lists(slack) if message["channel"] == "C0LOG"), "")

    with running(a_sender(sqlite_engine, slack, measures, stop, loop=loop), stop):
        until(lambda: "4 cases" in text(), "the list is there")
        assert "Incident I-1" in text()
        assert "order.delivered, SP" in text()
        for number in (1, 2):
            with sessions(sqlite_engine).begin() as session:
                case_ledger.act(
                    session,
                    number,
                    "resolve",
                    actor="eve",
                    via="slack",
                    now=datetime.now(UTC),
                    change=Change(root_cause="late_delivery"),
                )
        until(lambda: "Open: 2 · resolved: 2" in text(), "the list is true")
        arrive(sqlite_engine, [an_alert(customer_id="c9", event_id="r-9", touchpoint="order.delivered")], loop)
        until(lambda: "5 cases" in text(), "a further case joined it")
    with sessions(sqlite_engine)() as session:
        assert [case.incident_id for case in session.scalars(select(CaseRow))] == [1] * 5


def test_a_list_that_somebody_deleted_is_posted_again_while_cases_are_open(
    sqlite_engine: Engine, slack: ThreadedSandbox, measures: Measures, stop: threading.Event
) -> None:
    loop = grouped(incidents=Incidents(by=["attributes.region"], at_least=3))
    arrive(sqlite_engine, alerts_of(3), loop)
    with running(a_sender(sqlite_engine, slack, measures, stop, loop=loop), stop):
        until(lambda: quiet(sqlite_engine), "told")
        order(slack, "error", method="chat.update", error="message_not_found")
        arrive(sqlite_engine, [an_alert(customer_id="c9", event_id="r-9")], loop)
        until(lambda: any(len(told) == 2 for told in by_channel(slack).values()), "one of them posted again")
        until(lambda: quiet(sqlite_engine), "and all told")
    (twice,) = [told for told in by_channel(slack).values() if len(told) == 2]
    before, after = (int(text.split(": ")[1].split(" ")[0]) for text in twice)
    assert after == before + 1, "the new one knows the case that the lost one did not"


def test_a_channel_that_takes_nothing_sends_the_list_another_way(
    sqlite_engine: Engine, slack: ThreadedSandbox, measures: Measures, stop: threading.Event
) -> None:
    loop = grouped(incidents=Incidents(by=["attributes.region"], at_least=3))
    arrive(sqlite_engine, alerts_of(3, attributes={"region": "SP", "desk": "old"}), loop)
    with running(a_sender(sqlite_engine, slack, measures, stop, loop=loop), stop):
        until(lambda: quiet(sqlite_engine), "told")
    assert any("3 cases" in message["text"] for message in lists(slack)), "somebody has the list"
    assert not [message for message in lists(slack) if message["channel"] == "C0OLD"]


def test_the_list_is_drawn_before_the_cards_of_its_channel(
    sqlite_engine: Engine, slack: ThreadedSandbox, measures: Measures
) -> None:
    loop = grouped(incidents=Incidents(by=["attributes.region"], at_least=6))
    quick, slow = threading.Event(), threading.Event()
    arrive(sqlite_engine, alerts_of(5), loop)
    with running(a_sender(sqlite_engine, slack, measures, quick, loop=loop), quick):
        until(lambda: len(shown(slack)) >= 5, "five cards")
        arrive(sqlite_engine, alerts_of(6)[5:], loop)
        until(lambda: quiet(sqlite_engine), "and a list")

    def resolve(*numbers: int) -> None:
        with sessions(sqlite_engine).begin() as session:
            for number in numbers:
                change, now = Change(root_cause="late_delivery"), datetime.now(UTC)
                case_ledger.act(session, number, "resolve", actor="eve", via="slack", now=now, change=change)

    def says(text: str) -> bool:
        return any(text in told for told in by_channel(slack)["C0CX"])

    # Three updates, and then none for a quarter of an hour: the five cards would take all of them.
    with running(a_sender(sqlite_engine, slack, measures, slow, loop=loop, pace=0.001), slow):
        resolve(1, 2, 3)
        until(lambda: says("Open: 3 · resolved: 3"), "the list is true")
        resolve(4, 5, 6)
        until(lambda: says("Resolved: 6"), "and stays so")
