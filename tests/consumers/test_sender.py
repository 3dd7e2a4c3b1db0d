"""The sender against a Slack that fails in every way it can: exactly one card each, and nothing lost."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest
from sqlalchemy import Engine, select, update

from closeloop.sandbox import ThreadedSandbox
from consumers.desk import take_in
from consumers.measures import Measures
from consumers.slack import outbox, view
from consumers.timers import Timers
from schemas import case_ledger
from schemas.alerts import Alert
from schemas.case_ledger import Change
from schemas.cases import CaseAction
from schemas.database import readers, sessions
from schemas.tables import CaseRow, SlackOutboxRow, SlackSurfaceRow
from tests.consumers.alerts import LOOP, alerts_of, an_alert
from tests.consumers.conftest import a_sender, order, running, shown
from tests.consumers.waiting import until


def open_cases(engine: Engine, alerts: list[Alert]) -> None:
    with sessions(engine).begin() as session:
        take_in(session, LOOP, alerts, datetime.now(UTC))


def states(engine: Engine) -> dict[str, int]:
    with sessions(engine)() as session:
        return outbox.states(session)


def act(engine: Engine, action: CaseAction, case_id: int = 1, **change: Any) -> None:
    with sessions(engine).begin() as session:
        case_ledger.act(
            session, case_id, action, actor="ana", via="slack", now=datetime.now(UTC), change=Change(**change)
        )


def current(engine: Engine) -> bool:
    with sessions(engine)() as session:
        rows = session.scalars(select(SlackSurfaceRow)).all()
        return all(row.rendered_version == row.wanted_version and row.posted for row in rows)


def cards_per_row(slack: ThreadedSandbox) -> list[int]:
    """How many messages that are still there each outbox row has."""
    counts: dict[str, int] = {}
    for message in shown(slack):
        row = message["posted_metadata"]["event_payload"]["outbox_id"]
        counts[row] = counts.get(row, 0) + 1
    return sorted(counts.values())


@pytest.fixture
def stop() -> threading.Event:
    return threading.Event()


def test_a_card_is_posted_and_kept_current(
    engine: Engine, slack: ThreadedSandbox, measures: Measures, stop: threading.Event
) -> None:
    open_cases(engine, [an_alert()])
    with running(a_sender(engine, slack, measures, stop), stop):
        until(lambda: states(engine) == {"sent": 1}, "posted")
        card = shown(slack)[0]
        assert card["channel"] == "C0CX"
        assert card["mentions"] == ["U0ANA"]
        assert "CSAT 2 of 5" in card["text"]
        assert set(card["metadata"]["event_payload"]) == {"outbox_id", "v"}
        act(engine, "acknowledge", owner="ana")
        until(lambda: current(engine), "updated")
        act(engine, "resolve", root_cause="late_delivery", note="sent again")
        until(lambda: current(engine), "updated again")
    cards = shown(slack)
    assert len(cards) == 1
    assert "resolved" in cards[0]["text"]
    assert "came late" not in str(cards[0]["blocks"]), "the words leave the channel with the case"


@pytest.mark.parametrize(
    "fault",
    [
        {"kind": "drop_after"},
        {"kind": "drop_before"},
        {"kind": "truncated"},
        {"kind": "hang"},
        {"kind": "late_apply", "delay": 0.1},
        {"kind": "http_500"},
        {"kind": "error", "error": "internal_error"},
        {"kind": "error", "error": "fatal_error"},
        {"kind": "ratelimited", "retry_after": 1},
        {"kind": "error", "error": "invalid_blocks"},
        {"kind": "error", "error": "a_code_of_tomorrow", "times": 1},
    ],
    ids=lambda fault: f"{fault['kind']}-{fault.get('error', '')}",
)
def test_one_fault_one_card(
    engine: Engine, slack: ThreadedSandbox, measures: Measures, stop: threading.Event, fault: dict[str, Any]
) -> None:
    order(slack, **fault)
    # A destination whose chain goes on, for the code that nobody knows.
    open_cases(engine, [an_alert(touchpoint="order.shipped")])
    with running(a_sender(engine, slack, measures, stop), stop):
        until(lambda: states(engine) == {"sent": 1} and current(engine), "posted once")
    assert cards_per_row(slack) == [1]


def test_a_card_that_slack_calls_wrongly_built_arrives_as_text_alone(
    engine: Engine, slack: ThreadedSandbox, measures: Measures, stop: threading.Event
) -> None:
    order(slack, "error", error="invalid_blocks")
    open_cases(engine, [an_alert(), an_alert(customer_id="c7", event_id="r-7", touchpoint="order.shipped")])
    with running(a_sender(engine, slack, measures, stop), stop):
        until(lambda: states(engine) == {"sent": 2} and current(engine), "posted")
    bare, whole = sorted(shown(slack), key=lambda card: bool(card.get("blocks")))
    assert not bare.get("blocks")
    assert "CSAT 2 of 5" in bare["text"]
    assert whole.get("blocks"), "the other one is as it should be"
    assert cards_per_row(slack) == [1, 1]


def test_many_faults_one_card_each(
    engine: Engine, slack: ThreadedSandbox, measures: Measures, stop: threading.Event
) -> None:
    for kind, chance in (
        ("drop_after", 0.12),
        ("drop_before", 0.06),
        ("truncated", 0.05),
        ("http_500", 0.05),
        ("ratelimited", 0.04),
    ):
        order(slack, kind, times=None, probability=chance)
    order(slack, "late_apply", times=3, delay=0.1)
    open_cases(engine, alerts_of(60))
    with running(a_sender(engine, slack, measures, stop), stop):
        until(lambda: states(engine) == {"sent": 60}, "all posted", 90)
        until(lambda: current(engine), "all current", 60)
    assert cards_per_row(slack) == [1] * 60


def test_a_poster_that_died_after_posting(
    engine: Engine, slack: ThreadedSandbox, measures: Measures, stop: threading.Event
) -> None:
    """Killed between Slack's answer and the commit: the next process finds the card in Slack's history."""
    open_cases(engine, alerts_of(2))
    dead = a_sender(engine, slack, measures, stop)
    past = datetime.now(UTC) - timedelta(seconds=5)
    with sessions(engine).begin() as session:
        messages = outbox.claim(session, "#cx", 2, datetime.now(UTC), timedelta(seconds=-1))
        for message in messages:
            message_row = session.get(SlackOutboxRow, message.id)
            assert message_row is not None
            message_row.started_at = past
    card_of = dead._delivery._draw  # what the dead process posted, of one of the two
    with sessions(engine)() as session:
        picture = view.load(session, [messages[0].case_id])[messages[0].case_id]
    drawn = card_of(picture, datetime.now(UTC), "#cx", None, False)
    posted = dead._delivery._calls.post("C0CX", drawn, messages[0].id)
    with running(a_sender(engine, slack, measures, stop), stop):
        until(lambda: states(engine) == {"sent": 2} and current(engine), "both settled")
    assert cards_per_row(slack) == [1, 1]
    with sessions(engine)() as session:
        row = session.get(SlackOutboxRow, messages[0].id)
        assert row is not None
        assert row.ts == posted.ts, "adopted"
    assert measures.adopted.labels("adopted")._value.get() == 1
    assert measures.adopted.labels("absent")._value.get() == 1


def test_two_senders_one_card_each(
    engine: Engine, slack: ThreadedSandbox, measures: Measures, stop: threading.Event
) -> None:
    open_cases(engine, alerts_of(40))
    with running(a_sender(engine, slack, measures, stop), stop), running(a_sender(engine, slack, measures, stop), stop):
        until(lambda: states(engine) == {"sent": 40}, "all posted")
    assert cards_per_row(slack) == [1] * 40


def test_a_rate_limit_holds_up_its_channel_alone(
    sqlite_engine: Engine, slack: ThreadedSandbox, measures: Measures, stop: threading.Event
) -> None:
    open_cases(sqlite_engine, [an_alert()])
    order(slack, "ratelimited", retry_after=3_600)
    with running(a_sender(sqlite_engine, slack, measures, stop), stop):
        until(lambda: slack.state()["faults_fired"] != {}, "limited")
        open_cases(sqlite_engine, [an_alert(customer_id="c7", event_id="r-7", touchpoint="order.shipped")])
        until(lambda: states(sqlite_engine) == {"pending": 1, "sent": 1}, "the other channel's card")
    assert [card["channel"] for card in shown(slack)] == ["C0LOG"]


def test_an_archived_channel_falls_back(
    engine: Engine, slack: ThreadedSandbox, measures: Measures, stop: threading.Event
) -> None:
    open_cases(engine, [an_alert(attributes={"desk": "old"})])
    with running(a_sender(engine, slack, measures, stop), stop):
        until(lambda: states(engine) == {"sent": 1} and current(engine), "posted elsewhere")
    assert [card["channel"] for card in shown(slack)] == ["C0CX"]


def test_an_owner_who_is_not_in_slack_is_made_up_for_by_the_channel_and_the_lead(
    engine: Engine, slack: ThreadedSandbox, measures: Measures, stop: threading.Event
) -> None:
    care = msgspec.structs.replace(LOOP.teams["care"], members=["zed"])
    desk = msgspec.structs.replace(LOOP.receivers["default"], notify="dm")
    loop = msgspec.structs.replace(LOOP, teams={"care": care}, receivers={**LOOP.receivers, "default": desk})
    with sessions(engine).begin() as session:
        take_in(session, loop, [an_alert()], datetime.now(UTC))
    with running(a_sender(engine, slack, measures, stop, loop=loop), stop):
        until(lambda: states(engine) == {"sent": 2} and current(engine), "told")
    with sessions(engine)() as session:
        told = {row.destination for row in session.scalars(select(SlackSurfaceRow)) if row.posted}
    assert told == {"#cx", "person:eve"}


def test_a_person_unknown_to_slack_falls_back_to_the_channel(
    engine: Engine, slack: ThreadedSandbox, measures: Measures, stop: threading.Event
) -> None:
    open_cases(engine, [an_alert(attributes={"desk": "zed"})])
    with running(a_sender(engine, slack, measures, stop), stop):
        until(lambda: states(engine) == {"sent": 1} and current(engine), "posted in the channel")
    assert [card["channel"] for card in shown(slack)] == ["C0LOG"]


def test_no_destination_at_all_is_dead_and_loud(
    sqlite_engine: Engine, slack: ThreadedSandbox, measures: Measures, stop: threading.Event
) -> None:
    order(slack, "error", times=None, error="restricted_action")
    open_cases(sqlite_engine, [an_alert(attributes={"desk": "old"})])
    with running(a_sender(sqlite_engine, slack, measures, stop), stop):
        until(lambda: states(sqlite_engine) == {"dead": 1}, "given up")
    assert measures.undeliverable._value.get() == 1


def test_a_direct_message_by_e_mail(
    engine: Engine, slack: ThreadedSandbox, measures: Measures, stop: threading.Event
) -> None:
    open_cases(engine, [an_alert(attributes={"desk": "bob"})])
    with running(a_sender(engine, slack, measures, stop), stop):
        until(lambda: states(engine) == {"sent": 1}, "posted")
    state = slack.state()
    direct = {channel["id"]: channel["user"] for channel in state["channels"] if channel["is_im"]}
    assert [direct[card["channel"]] for card in shown(slack)] == ["U0BOB"]
    assert state["requests"]["users.lookupByEmail"]["calls"] == 1


def test_channel_and_direct_message_ping_nobody_twice(
    sqlite_engine: Engine, slack: ThreadedSandbox, measures: Measures, stop: threading.Event
) -> None:
    open_cases(sqlite_engine, [an_alert(attributes={"desk": "both"})])
    with running(a_sender(sqlite_engine, slack, measures, stop), stop):
        until(lambda: states(sqlite_engine) == {"sent": 2}, "both posted")
    assert [card["mentions"] for card in shown(slack)] == [[], []]


def test_a_new_owner_is_told(engine: Engine, slack: ThreadedSandbox, measures: Measures, stop: threading.Event) -> None:
    open_cases(engine, [an_alert(attributes={"desk": "vip"})])
    with running(a_sender(engine, slack, measures, stop), stop):
        until(lambda: states(engine) == {"sent": 1}, "posted")
        act(engine, "reassign", owner="bob")
        until(lambda: states(engine) == {"sent": 2} and current(engine), "told, and the old card drawn again")
    by_person = {
        channel["user"]: card["text"]
        for card in shown(slack)
        for channel in slack.state()["channels"]
        if channel["id"] == card["channel"]
    }
    assert by_person["U0EVE"] == "C-1 is with Bob Meyer now (open): c42 – CSAT 2 of 5."
    assert by_person["U0BOB"].startswith("Unhappy customer")


def test_a_reminder_is_posted_once_and_changes_no_card(
    engine: Engine, slack: ThreadedSandbox, measures: Measures, stop: threading.Event
) -> None:
    open_cases(engine, [an_alert()])
    later = datetime.now(UTC) + timedelta(hours=4)
    clock = Timers(LOOP, sessions(engine), readers(engine), measures, lambda: None, stop)
    assert clock.tick(later) == 1
    assert clock.tick(later) == 0
    with sessions(engine).begin() as session:
        session.execute(update(SlackOutboxRow).values(not_before=datetime.now(UTC)))
    order(slack, "drop_after")
    with running(a_sender(engine, slack, measures, stop), stop):
        until(lambda: states(engine) == {"sent": 2} and current(engine), "card and reminder")
    direct = {channel["id"]: channel["user"] for channel in slack.state()["channels"] if channel["is_im"]}
    said = {direct.get(message["channel"], "channel"): message["text"] for message in shown(slack)}
    assert set(said) == {"U0EVE", "channel"}
    assert "is overdue: nobody has taken it yet (owner: Ana Souza)" in said["U0EVE"]
    assert cards_per_row(slack) == [1, 1]


def test_a_refused_token_pauses_everything_and_loses_nothing(
    engine: Engine, slack: ThreadedSandbox, measures: Measures, stop: threading.Event
) -> None:
    order(slack, "error", method="*", times=None, error="token_revoked")
    open_cases(engine, alerts_of(5))
    with running(a_sender(engine, slack, measures, stop), stop):
        until(lambda: measures.paused._value.get() == 1, "paused")
        until(lambda: slack.state()["requests"].get("auth.test", {}).get("calls", 0) > 1, "asked again")
        assert set(states(engine)) <= {"pending", "sending"}
        slack.run(_clear(slack))
        until(lambda: states(engine) == {"sent": 5}, "resumed")
    assert measures.paused._value.get() == 0
    assert cards_per_row(slack) == [1] * 5


async def _clear(slack: ThreadedSandbox) -> None:
    slack.sandbox.core.faults.clear()


def test_a_deleted_card_of_an_open_case_is_posted_again(
    engine: Engine, slack: ThreadedSandbox, measures: Measures, stop: threading.Event
) -> None:
    open_cases(engine, [an_alert()])
    with running(a_sender(engine, slack, measures, stop), stop):
        until(lambda: states(engine) == {"sent": 1}, "posted")
        order(slack, "error", method="chat.update", error="message_not_found")
        act(engine, "acknowledge", owner="ana")
        until(lambda: states(engine) == {"sent": 2} and current(engine), "posted again")
    with sessions(engine)() as session:
        assert session.scalars(select(CaseRow.state)).all() == ["acknowledged"]


def test_updates_that_fail_are_made_again(
    engine: Engine, slack: ThreadedSandbox, measures: Measures, stop: threading.Event
) -> None:
    open_cases(engine, [an_alert()])
    with running(a_sender(engine, slack, measures, stop), stop):
        until(lambda: states(engine) == {"sent": 1}, "posted")
        order(slack, "ratelimited", method="chat.update", retry_after=1)
        act(engine, "acknowledge", owner="ana")
        until(lambda: current(engine), "updated after the limit")
    assert "acknowledged" in shown(slack)[0]["text"]
