"""Reminders in a flood: a few by themselves, one list for the others, and none lost."""

from __future__ import annotations

import threading
from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Engine, select

from closeloop.sandbox import ThreadedSandbox
from consumers.desk import take_in
from consumers.measures import Measures
from consumers.slack import gathering, outbox
from consumers.slack.gathering import WAITS
from consumers.timers.messages import add_message
from schemas.config_grouping import RollUp
from schemas.database import sessions
from schemas.tables import CaseRow, SlackOutboxRow
from tests.consumers.alerts import NOW, alerts_of
from tests.consumers.conftest import a_sender, running, shown
from tests.consumers.grouped import grouped
from tests.consumers.waiting import until

LOOP = grouped(roll_up=RollUp(above=3, within="5m"))
LEASE = timedelta(seconds=30)


def remind(engine: Engine, first: int, last: int, at: datetime = NOW) -> None:
    """A reminder to Ana of each of these cases."""
    with sessions(engine).begin() as session:
        for number in range(first, last + 1):
            case = session.get_one(CaseRow, number)
            add_message(session, LOOP, case, "overdue", "person:ana", f"test/{number}/{at.isoformat()}", at)


def cases(engine: Engine, count: int, at: datetime = NOW) -> None:
    """Open cases whose cards are long posted."""
    with sessions(engine).begin() as session:
        take_in(session, LOOP, alerts_of(count), at)
        for row in session.scalars(select(SlackOutboxRow)):
            row.state = "sent"


def gather(engine: Engine, at: datetime) -> int:
    with sessions(engine).begin() as session:
        return gathering.gather(session, LOOP, at)


def reminders(engine: Engine) -> Counter[tuple[str, str]]:
    with sessions(engine)() as session:
        rows = session.scalars(select(SlackOutboxRow).where(SlackOutboxRow.kind != "card"))
        return Counter((row.kind, row.state) for row in rows)


def listed(engine: Engine) -> list[list[int]]:
    """The cases of each list."""
    with sessions(engine)() as session:
        rows = session.scalars(
            select(SlackOutboxRow).where(SlackOutboxRow.kind == "gathered").order_by(SlackOutboxRow.created_at)
        )
        return [[entry["case"] for entry in row.content or []] for row in rows]


def test_what_is_above_the_rate_becomes_one_list_that_grows_until_it_is_sent(engine: Engine) -> None:
    cases(engine, 12)
    remind(engine, 1, 8)
    assert gather(engine, NOW) == 5
    assert reminders(engine) == {("overdue", "pending"): 3, ("overdue", "cancelled"): 5, ("gathered", "pending"): 1}
    later = NOW + timedelta(seconds=10)
    with sessions(engine).begin() as session:
        sent = outbox.claim(session, "person:ana", 100, later, LEASE)
        assert len(sent) == 3, "the list still waits"
    remind(engine, 9, 10, later)
    assert gather(engine, later) == 2
    assert listed(engine) == [[4, 5, 6, 7, 8, 9, 10]]
    with sessions(engine).begin() as session:
        (own,) = outbox.claim(session, "person:ana", 100, NOW + WAITS, LEASE)
        assert [entry.case for entry in own.entries] == [4, 5, 6, 7, 8, 9, 10]
    remind(engine, 11, 12, NOW + WAITS)
    assert gather(engine, NOW + WAITS) == 2
    assert listed(engine)[1] == [11, 12], "what is being sent is left as it is"


def test_few_reminders_come_one_by_one(engine: Engine) -> None:
    cases(engine, 3)
    remind(engine, 1, 3)
    assert gather(engine, NOW) == 0


@pytest.fixture
def stop() -> threading.Event:
    return threading.Event()


def test_the_list_arrives(
    sqlite_engine: Engine, slack: ThreadedSandbox, measures: Measures, stop: threading.Event
) -> None:
    now = datetime.now(UTC)
    cases(sqlite_engine, 9, now)
    remind(sqlite_engine, 1, 9, now - WAITS)
    with sessions(sqlite_engine).begin() as session:
        assert gathering.gather(session, LOOP, now - WAITS) == 6
    with running(a_sender(sqlite_engine, slack, measures, stop, loop=LOOP), stop):
        until(lambda: reminders(sqlite_engine)["gathered", "sent"] == 1, "the list is sent")
    (told,) = [message for message in shown(slack) if "need attention" in message["text"]]
    assert told["text"] == "6 cases need attention."
    assert "C-9" in str(told["blocks"])
