"""``closeloop erase`` as a data protection officer meets it: it shows first, asks, does it, and proves it."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import select, update

from closeloop.erasing.outlook import retention
from consumers.desk import take_in
from schemas.database import open_database, sessions
from schemas.tables import AuditRow, CaseRow, SlackOutboxRow
from tests.cli.asking import EXAMPLE, Answer, ask, refused
from tests.consumers.alerts import LOOP, NOW, an_alert


class Database:
    """A database with one case of customer c42."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.engine = open_database(url)
        with sessions(self.engine).begin() as session:
            take_in(session, LOOP, [an_alert(event_time=datetime.now(UTC))], datetime.now(UTC))

    def erase(self, *words: str) -> Answer:
        return ask("erase", *words, "--config", str(EXAMPLE), DATABASE_URL=self.url)

    def customer(self) -> str:
        with sessions(self.engine)() as session:
            return session.scalars(select(CaseRow.customer_id)).one()


@pytest.fixture
def database(sqlite_database: str) -> Database:
    return Database(sqlite_database)


def test_a_dry_run_and_a_no_change_nothing(database: Database) -> None:
    dry = database.erase("c42", "--dry-run")
    assert dry.code == 0
    assert "cases\t1\t" in dry.out
    assert "timeline\t0\t" in dry.out
    for said in ("dry run", "cx.cases: 800 days, gone by", "Backups"):
        assert said in dry.err
    assert [place["count"] for place in json.loads(database.erase("c42", "--dry-run", "--json").out)["places"]] == [
        1, 0, 0, 0, 0,
    ]  # fmt: skip
    asked = database.erase("c42")  # standard input is at its end: nobody says yes
    assert asked.code != 0
    assert database.customer() == "c42"


def test_it_is_done_and_proven_and_can_be_done_again(database: Database) -> None:
    done = database.erase("c42", "--yes")
    assert done.code == 0, done.err
    assert "every table was searched" in done.err
    assert "c42" not in done.out + done.err, "whoever keeps the output keeps no id"
    word = database.customer()
    assert word in done.err
    again = json.loads(database.erase("c42", "--yes", "--json").out)
    assert (again["word"], again["traces"], again["dry_run"]) == (word, [], False)
    with sessions(database.engine)() as session:
        trail = session.scalars(select(AuditRow).order_by(AuditRow.id)).all()
    assert [(row.action, row.customer, row.kind) for row in trail] == [("customer_erased", word, "command")] * 2
    assert [row.detail["cases"] for row in trail] == [1, 0]


def test_a_message_that_is_just_being_sent_is_said_and_is_not_the_end(database: Database) -> None:
    with sessions(database.engine).begin() as session:
        session.execute(update(SlackOutboxRow).values(state="sending"))
    unfinished = database.erase("c42", "--yes")
    assert unfinished.code == 1
    assert "run the same command again" in unfinished.err
    with sessions(database.engine).begin() as session:
        session.execute(update(SlackOutboxRow).values(state="sent"))
    assert database.erase("c42", "--yes").code == 0


def test_an_id_that_is_something_elses_name_is_said_and_does_no_harm(database: Database) -> None:
    with sessions(database.engine).begin() as session:
        take_in(session, LOOP, [an_alert(customer_id="ana", event_id="r-2", event_time=datetime.now(UTC))], NOW)
        owners = set(session.scalars(select(CaseRow.owner)))
    assert "ana" in owners
    done = database.erase("ana", "--yes", "--json")
    assert done.code == 0
    assert {"table": "cases", "column": "owner", "rows": 1} in json.loads(done.out)["traces"]
    with sessions(database.engine)() as session:
        assert set(session.scalars(select(CaseRow.owner))) == owners, "a colleague stays"


def test_what_no_customer_can_be_is_refused(database: Database) -> None:
    for wrong in ("", "x" * 257, "erased-0123456789abcdef", "\udcff"):
        refused(database.erase(wrong, "--yes"), "CUSTOMER")
    assert database.customer() == "c42"


def test_each_topic_is_said_with_the_day_by_which_it_has_let_go() -> None:
    found = {one.topic: (one.days, one.gone_by) for one in retention(datetime(2026, 11, 22, 23, tzinfo=UTC))}
    today = date(2026, 11, 22)
    for topic, days in (("cx.invitations", 7), ("cx.touchpoints", 30), ("cx.responses", 365), ("cx.cases", 800)):
        assert found[topic] == (days, today + timedelta(days=days + 7))
