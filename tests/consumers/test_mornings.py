"""Quiet hours: what waits for somebody's morning, what does not, and that nothing of it is lost or said twice."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import pytest
from sqlalchemy import Engine, select

from closeloop.sandbox import ThreadedSandbox
from consumers.desk import take_in
from consumers.measures import Measures
from consumers.slack import view
from consumers.slack.case_view import setting_at
from consumers.slack.digest import Entry, digest
from consumers.slack.message_rules import check_message
from consumers.timers import Timers
from schemas import case_ledger
from schemas.case_ledger import Change
from schemas.cases import CaseAction
from schemas.config import Loop
from schemas.config_base import WEEKDAYS
from schemas.config_owners import Calendar
from schemas.database import readers, sessions
from schemas.quiet_hours import is_quiet, morning_after
from schemas.tables import SlackOutboxRow, SlackSurfaceRow
from schemas.working_time import calendars
from tests.consumers.alerts import LOOP, alerts_of, an_alert
from tests.consumers.conftest import a_sender, running, shown
from tests.consumers.waiting import until

OFFICE = Calendar(
    zone="Europe/Berlin",
    hours={day: [("08:00", "12:00"), ("13:00", "17:00")] for day in WEEKDAYS[:5]},
    holidays=[datetime(2026, 11, 24, tzinfo=UTC).date()],
)


def berlin(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo("Europe/Berlin"))


FRIDAY_NIGHT = berlin("2026-11-20T22:00")
MONDAY = berlin("2026-11-23T09:00")


def in_office(**more: Any) -> Loop:
    """The loop of the tests: Ana and Eve keep office hours in Berlin, Bob works around the clock."""
    made = msgspec.to_builtins(LOOP) | {"calendars": {"office": msgspec.to_builtins(OFFICE)}, "reminders": None}
    for person in ("ana", "eve"):
        made["people"][person]["calendar"] = "office"
    made["teams"]["care"]["members"] = ["ana"]
    return msgspec.convert(made | more, Loop)


OFFICE_LOOP = in_office()


@pytest.fixture
def stop() -> threading.Event:
    return threading.Event()


def absent(loop: Loop, deputy: str | None = None) -> Loop:
    made = msgspec.to_builtins(loop)
    made["people"]["ana"]["absences"] = [{"from": "2026-11-23", "until": "2026-11-27", "deputy": deputy}]
    return msgspec.convert(made, Loop)


def opened(engine: Engine, now: datetime, desk: str = "both", loop: Loop = OFFICE_LOOP, **more: Any) -> None:
    with sessions(engine).begin() as session:
        take_in(session, loop, [an_alert(attributes={"desk": desk}, **more)], now)


def tick(engine: Engine, measures: Measures, now: datetime, loop: Loop = OFFICE_LOOP) -> None:
    Timers(loop, sessions(engine), readers(engine), measures, lambda: None, threading.Event()).tick(now)


def outbox(engine: Engine) -> list[tuple[str, str, str]]:
    with sessions(engine)() as session:
        rows = session.scalars(select(SlackOutboxRow).order_by(SlackOutboxRow.destination, SlackOutboxRow.kind))
        return [(row.kind, row.destination, row.state) for row in rows]


def act(engine: Engine, case_id: int, action: CaseAction, now: datetime, **change: Any) -> None:
    with sessions(engine).begin() as session:
        case_ledger.act(
            session,
            case_id,
            action,
            actor="bob",
            via="slack",
            now=now,
            change=Change(**change),
            calendar_of=calendars(OFFICE_LOOP),
        )


def test_a_day_is_quiet_before_it_opens_and_after_it_closes_and_not_at_lunch() -> None:
    quiet = {
        "2026-11-20T07:59:59": True,
        "2026-11-20T08:00": False,
        "2026-11-20T12:30": False,
        "2026-11-20T16:59:59": False,
        "2026-11-20T17:00": True,
        "2026-11-21T10:00": True,
        "2026-11-24T10:00": True,
    }
    assert {moment: is_quiet(OFFICE, berlin(moment)) for moment in quiet} == quiet
    assert not is_quiet(None, FRIDAY_NIGHT)


def test_the_list_comes_on_the_next_working_day_in_local_time() -> None:
    assert morning_after(OFFICE, "09:00", FRIDAY_NIGHT) == (MONDAY.date(), MONDAY)
    # The 24th is a holiday; a day that opens at eight has no list before that.
    assert morning_after(OFFICE, "09:00", MONDAY)[1] == berlin("2026-11-25T09:00")
    assert morning_after(OFFICE, "06:30", FRIDAY_NIGHT)[1] == berlin("2026-11-23T08:00")
    # Over the change of clocks (Sunday, 25 October 2026) nine o'clock stays nine o'clock.
    assert morning_after(OFFICE, "09:00", berlin("2026-10-23T18:00"))[1] == datetime(2026, 10, 26, 8, 0, tzinfo=UTC)


def test_a_direct_message_waits_overnight_and_the_channel_does_not(engine: Engine, measures: Measures) -> None:
    opened(engine, FRIDAY_NIGHT)
    assert outbox(engine) == [("card", "#cx", "pending"), ("card", "person:ana", "held")]
    tick(engine, measures, MONDAY - timedelta(seconds=1))
    assert ("card", "person:ana", "held") in outbox(engine)
    tick(engine, measures, MONDAY)
    tick(engine, measures, MONDAY + timedelta(hours=1))
    # The channel has the card, so the list takes the place of another.
    assert outbox(engine) == [("card", "#cx", "pending"), ("digest", "person:ana", "pending")]
    with sessions(engine)() as session:
        (row,) = session.scalars(select(SlackOutboxRow).where(SlackOutboxRow.kind == "digest"))
        assert (row.dedupe_key, row.content) == (
            "digest/ana/2026-11-23",
            [{"case": 1, "what": "card", "of": "ana"}],
        )
        assert [surface.destination for surface in session.scalars(select(SlackSurfaceRow))] == ["#cx"]
    # It left no trace: a new owner of the case can get their card, and so can Ana again.
    act(engine, 1, "reassign", MONDAY + timedelta(hours=1), owner="bob")
    act(engine, 1, "reassign", MONDAY + timedelta(hours=2), owner="ana")
    assert ("card", "person:ana", "pending") in outbox(engine)


def test_a_critical_case_waits_for_nobody(engine: Engine, measures: Measures) -> None:
    opened(engine, FRIDAY_NIGHT, severity="critical")
    assert ("card", "person:ana", "pending") in outbox(engine)
    opened(engine, FRIDAY_NIGHT, customer_id="c43", event_id="r-2")
    assert ("card", "person:ana", "held") in outbox(engine)
    opened(engine, FRIDAY_NIGHT, customer_id="c43", event_id="r-3", severity="critical")
    tick(engine, measures, FRIDAY_NIGHT + timedelta(seconds=1))
    assert {state for _, _, state in outbox(engine)} == {"pending"}, "what has become critical is let go"


def test_the_only_card_of_a_case_follows_the_list(engine: Engine, measures: Measures) -> None:
    loop = in_office(receivers=msgspec.to_builtins(LOOP.receivers) | {"both": {
        "person": "ana", "channel": "#cx", "notify": "dm"}})  # fmt: skip
    opened(engine, FRIDAY_NIGHT, loop=loop)
    tick(engine, measures, MONDAY, loop)
    assert outbox(engine) == [("card", "person:ana", "pending"), ("digest", "person:ana", "pending")]


def test_what_is_over_by_the_morning_is_not_in_the_list(engine: Engine, measures: Measures) -> None:
    opened(engine, FRIDAY_NIGHT)
    act(engine, 1, "resolve", FRIDAY_NIGHT + timedelta(hours=1))
    tick(engine, measures, MONDAY)
    assert outbox(engine) == [("card", "#cx", "pending")]


def test_somebody_who_is_absent_in_the_morning_has_it_read_by_another(engine: Engine, measures: Measures) -> None:
    opened(engine, FRIDAY_NIGHT)
    tick(engine, measures, MONDAY, absent(OFFICE_LOOP))
    assert outbox(engine)[1:] == [("digest", "person:eve", "pending")], "without a deputy the lead"


def test_a_deputy_comes_before_the_lead(engine: Engine, measures: Measures) -> None:
    opened(engine, FRIDAY_NIGHT)
    tick(engine, measures, MONDAY, absent(OFFICE_LOOP, "bob"))
    assert outbox(engine)[1:] == [("digest", "person:bob", "pending")]


def test_without_anybody_the_channel_of_the_default_receiver_hears_it(engine: Engine, measures: Measures) -> None:
    loop = absent(OFFICE_LOOP)
    made = msgspec.to_builtins(loop)
    made["people"]["eve"]["away"] = True
    opened(engine, FRIDAY_NIGHT)
    tick(engine, measures, MONDAY, msgspec.convert(made, Loop))
    assert outbox(engine)[:2] == [("card", "#cx", "pending"), ("digest", "#cx", "pending")]


def test_what_comes_too_late_for_the_list_goes_out_by_itself(engine: Engine, measures: Measures) -> None:
    opened(engine, FRIDAY_NIGHT)
    tick(engine, measures, MONDAY)
    # Written by a process whose clock was behind.
    opened(engine, FRIDAY_NIGHT, customer_id="c43", event_id="r-2")
    tick(engine, measures, MONDAY + timedelta(seconds=5))
    assert [kind for kind, place, state in outbox(engine) if place == "person:ana" and state == "pending"] == [
        "card",
        "digest",
    ]


def test_without_a_digest_nothing_waits(engine: Engine, measures: Measures) -> None:
    opened(engine, FRIDAY_NIGHT)
    tick(engine, measures, FRIDAY_NIGHT + timedelta(seconds=1), in_office(digest=None))
    assert ("card", "person:ana", "pending") in outbox(engine)


def test_a_reminder_of_the_night_is_in_the_list_and_not_sent_besides(engine: Engine, measures: Measures) -> None:
    opened(engine, berlin("2026-11-20T10:00"))
    act(engine, 1, "snooze", berlin("2026-11-20T11:00"), until=berlin("2026-11-21T11:00"))
    tick(engine, measures, berlin("2026-11-21T11:00"))
    assert ("wake", "person:ana", "held") in outbox(engine)
    tick(engine, measures, MONDAY)
    assert ("wake", "person:ana", "cancelled") in outbox(engine)
    with sessions(engine)() as session:
        (row,) = session.scalars(select(SlackOutboxRow).where(SlackOutboxRow.kind == "digest"))
        assert row.content == [{"case": 1, "what": "wake", "of": "ana"}]


def test_the_list_is_in_order_of_urgency_each_case_once(sqlite_engine: Engine) -> None:
    with sessions(sqlite_engine).begin() as session:
        take_in(session, OFFICE_LOOP, alerts_of(3), FRIDAY_NIGHT)
        take_in(
            session, OFFICE_LOOP, [an_alert(severity="high", customer_id="<!channel>", event_id="r-9")], FRIDAY_NIGHT
        )
    with sessions(sqlite_engine)() as session:
        views = view.load(session, [1, 2, 3, 4])
    entries = [
        Entry(1, "wake", "ana"),
        Entry(2, "card", "ana"),
        Entry(4, "card", "ana"),
        Entry(3, "card", "ana"),
        Entry(3, "overdue", "ana"),
    ]
    drawn = digest(entries, views, setting_at(OFFICE_LOOP, "http://127.0.0.1:8080", "person:ana"))
    assert drawn.text == "Good morning: 4 cases are waiting for you."
    lines = str(drawn.blocks[1]["text"]["text"]).split("\n")
    assert [line.split("|")[-1] for line in lines] == ["C-3>", "C-4>", "C-2>", "C-1>"]
    assert "overdue: nobody has taken it" in lines[0]
    assert lines[1].startswith("🟠 *&lt;!channel&gt;* · CSAT 2 of 5 · high · new · reply by <!date^")
    assert "<!channel>" not in "".join(lines)
    assert check_message(drawn) == []
    another = digest(entries, views, setting_at(OFFICE_LOOP, "http://127.0.0.1:8080", "person:eve"))
    assert another.text == "Good morning: 4 cases are waiting for Ana Souza."


def test_a_long_list_says_how_many_more_there_are(sqlite_engine: Engine) -> None:
    with sessions(sqlite_engine).begin() as session:
        take_in(session, OFFICE_LOOP, alerts_of(30), FRIDAY_NIGHT)
    with sessions(sqlite_engine)() as session:
        views = view.load(session, list(range(1, 31)))
    entries = [Entry(case, "card", "ana") for case in views]
    drawn = digest(entries, views, setting_at(OFFICE_LOOP, "http://127.0.0.1:8080", "person:ana"))
    assert check_message(drawn) == []
    assert "and 10 more" in str(drawn.blocks[-1]["text"]["text"])


def test_the_list_arrives_in_slack_once(
    sqlite_engine: Engine, slack: ThreadedSandbox, measures: Measures, stop: threading.Event
) -> None:
    opened(sqlite_engine, FRIDAY_NIGHT)
    opened(sqlite_engine, FRIDAY_NIGHT, customer_id="c43", event_id="r-2")
    with sessions(sqlite_engine).begin() as session:
        for row in session.scalars(select(SlackOutboxRow)):
            row.created_at = row.not_before = datetime.now(UTC) - timedelta(days=9)
    tick(sqlite_engine, measures, datetime.now(UTC))
    with running(a_sender(sqlite_engine, slack, measures, stop, OFFICE_LOOP), stop):
        until(lambda: all(state == "sent" for _, _, state in outbox(sqlite_engine)), "everything sent")
    direct = {channel["id"] for channel in slack.state()["channels"] if channel["is_im"]}
    said = [message for message in shown(slack) if message["channel"] in direct]
    assert [message["text"] for message in said] == ["Good morning: 2 cases are waiting for you."]
    assert "|C-1>" in str(said[0]["blocks"])
    assert "|C-2>" in str(said[0]["blocks"])
