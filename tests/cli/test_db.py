"""``closeloop db`` on SQLite and PostgreSQL: what is wrong with a schema, what a downgrade would lose, what may go."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select, text

from closeloop.database.pruning import limits
from closeloop.database.standing import Standing, judge
from schemas import migrate
from schemas.database import open_database, sessions
from schemas.tables import AuditRow, DeadLetterRow, ErasureRow, MetricDayRow, SurveyAnswerRow, TimelineRow
from tests.cli.asking import EXAMPLE, Answer, ask, refused

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


class Database:
    def __init__(self, url: str) -> None:
        self.url = url

    def ask(self, *words: str, **settings: str) -> Answer:
        return ask("db", *words, DATABASE_URL=self.url, CLOSELOOP_CONFIG=str(EXAMPLE), **settings)

    def run(self, *statements: str) -> None:
        engine = open_database(self.url)
        with engine.begin() as connection:
            for statement in statements:
                connection.execute(text(statement))
        engine.dispose()

    def keep(self, *rows: object) -> None:
        engine = open_database(self.url)
        with sessions(engine).begin() as session:
            session.add_all(rows)
        engine.dispose()

    def ids(self, kind: type[DeadLetterRow | MetricDayRow]) -> set[str]:
        engine = open_database(self.url)
        with sessions(engine)() as session:
            found = set(session.scalars(select(kind.id)))
        engine.dispose()
        return found


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=[pytest.mark.postgres, pytest.mark.faults])])
def tables(request: pytest.FixtureRequest) -> Database:
    fixture = "sqlite_database" if request.param == "sqlite" else "postgres_tables"
    return Database(request.getfixturevalue(fixture))


def letter(number: int, at: datetime) -> DeadLetterRow:
    return DeadLetterRow(
        id=f"l{number}", topic="cx.responses", partition=0, offset=number, reason="scale", field="score",
        problem="outside", at=at, key=b"c1", value=b"{}", headers=[], replayed_at=None,
    )  # fmt: skip


def day(number: int, when: date) -> MetricDayRow:
    return MetricDayRow(id=f"d{number}", metric="nps", cut="all", day=when, payload={}, version=1, as_of=NOW)


def step(number: int, at: datetime) -> TimelineRow:
    return TimelineRow(event_source="/shop", event_id=f"t{number}", kind="touchpoint", customer_id="c1", at=at)


def survey_answer(number: int, ended: datetime) -> SurveyAnswerRow:
    return SurveyAnswerRow(
        invitation=f"i{number}", survey="nps", number=1, score=3, commented=False, digest="d", sent=True,
        answered_at=ended, expires_at=ended,
    )  # fmt: skip


def test_a_database_from_nothing_to_the_newest_and_what_each_step_says(tables: Database) -> None:
    migrate.downgrade(tables.url, "base")
    missing = tables.ask("check")
    assert (missing.code, missing.err) == (1, "the database has no tables of closeloop -> closeloop db upgrade\n")
    assert tables.ask("current").out == "none\n"
    migrate.upgrade(tables.url, "0001")
    old = tables.ask("check")
    assert old.code == 1
    assert "at revision 0001" in old.err
    assert "-> closeloop db upgrade" in old.err
    assert "(it was at 0001)" in tables.ask("upgrade").err
    assert "(nothing to do)" in tables.ask("upgrade").err
    good = tables.ask("check")
    assert (good.code, good.out) == (0, "")
    assert tables.ask("current").out == f"{migrate.head()}\n"
    assert json.loads(tables.ask("current", "--json").out) == {"revision": migrate.head(), "wanted": migrate.head()}
    listed = [line.split("\t") for line in tables.ask("history").out.splitlines()]
    assert [line[0] for line in listed][:2] == ["0001", "0002"]
    assert [line[0] for line in listed if line[2]] == [migrate.head()]


def test_tables_that_somebody_changed_are_named(tables: Database) -> None:
    tables.run("DROP INDEX cases_by_owner", "ALTER TABLE cases ADD COLUMN stray TEXT")
    found = tables.ask("check", "--json")
    assert found.code == 1
    told = json.loads(found.out)
    assert told["ok"] is False
    assert sorted(told["standing"]["differences"]) == [
        "has another column cases.stray",
        "lacks the index cases_by_owner",
    ]
    assert "changed by hand" in tables.ask("check").err


def test_a_revision_that_is_unknown_here_is_that_of_a_newer_closeloop(tables: Database) -> None:
    tables.run("UPDATE alembic_version SET version_num = '9999'")
    answer = tables.ask("check")
    assert answer.code == 1
    assert "run that newer closeloop" in answer.err


def test_a_downgrade_that_would_lose_data_is_refused_until_it_is_asked_for(tables: Database) -> None:
    tables.run(
        "INSERT INTO silences (matchers, starts_at, ends_at, reason, created_by, created_at, created_via, shown)"
        " VALUES ('{}', '2026-11-21', '2026-11-22', 'r', 'ana', '2026-11-21', 'api', 'over')"
    )
    refused(tables.ask("downgrade", "0001"), "1 rows of silences", "--lose-data", lines=1)
    assert migrate.current(tables.url) == migrate.head()
    assert migrate.differences(tables.url) == [], "what was tried is taken back whole"
    lost = tables.ask("downgrade", "0001", "--lose-data")
    assert (lost.code, "lost: 1 rows of silences" in lost.err) == (0, True)
    assert migrate.current(tables.url) == "0001"


def test_values_of_a_column_that_would_go_are_counted(tables: Database) -> None:
    tables.run(
        "INSERT INTO cases (id, version, subject, customer_id, programme, state, severity, page, receiver, opened_at,"
        " updated_at, answer_count, latest_alert, seconds_on_hold, business_seconds, entered, attributes, reopened_at)"
        " VALUES (1, 1, 'customer', 'c1', 'p', 'open', 'high', true, 'r', '2026-11-21', '2026-11-21', 1, '{}', 0, 0,"
        " '{}', '{}', '2026-11-21')"
    )
    assert migrate.losses(tables.url, "0001") == ["1 values of cases.reopened_at"]


def test_an_empty_database_goes_down_without_a_word_of_loss(tables: Database) -> None:
    answer = tables.ask("downgrade", "0001")
    assert (answer.code, "nothing was lost" in answer.err) == (0, True)


def test_sizes_count_every_row_and_the_bytes(tables: Database) -> None:
    tables.keep(*(letter(number, NOW) for number in range(300)))
    sizes = {row["table"]: row for row in json.loads(tables.ask("sizes", "--json").out)}
    assert sizes["dead_letters"]["rows"] == 300
    assert sizes["cases"]["rows"] == 0
    assert sizes["dead_letters"]["bytes"] > 300 * 30
    lines = tables.ask("sizes").out.splitlines()
    assert lines[0].split("\t")[:2] == ["dead_letters", "300"], "the largest first"


def test_pruning_is_a_dry_run_until_yes_and_keeps_what_is_young(tables: Database, tmp_path: Path) -> None:
    now = datetime.now(UTC)
    tables.keep(letter(1, now - timedelta(days=31)), letter(2, now - timedelta(days=29)))
    tables.keep(day(1, (now - timedelta(days=803)).date()), day(2, (now - timedelta(days=799)).date()))
    for age in (401, 399):
        tables.keep(
            AuditRow(
                at=now - timedelta(days=age), actor="eva", kind="command", via="command", action="key_created",
                outcome="done", detail={},
            )
        )  # fmt: skip
    tables.keep(step(1, now - timedelta(days=31)), step(2, now - timedelta(days=29)))
    tables.keep(survey_answer(1, now - timedelta(days=2)), survey_answer(2, now - timedelta(hours=2)))
    for age in (808, 806):  # a topic keeps 800 days, and a segment a week more
        tables.keep(ErasureRow(digest="d", salt="00", word="erased-1", erased_at=now - timedelta(days=age)))
    config = ("--config", str(EXAMPLE))
    dry = tables.ask("prune", *config)
    assert [line.split("\t")[:2] for line in dry.out.splitlines()] == [
        ["dead_letters", "1"],
        ["metric_days", "1"],
        ["timeline", "1"],
        ["audit", "1"],
        ["erasures", "1"],
        ["survey_answers", "1"],
    ]
    assert "--yes" in dry.err
    assert tables.ids(DeadLetterRow) == {"l1", "l2"}
    done = json.loads(tables.ask("prune", "--yes", "--json", *config).out)
    assert done["deleted"] is True
    assert tables.ids(DeadLetterRow) == {"l2"}
    assert tables.ids(MetricDayRow) == {"d2"}
    assert tables.ids(AuditRow) == tables.ids(ErasureRow) == {2}
    off = tmp_path / "loop.yaml"
    off.write_text(EXAMPLE.read_text().replace("timeline:\n  keep: 30d\n  leave_out: []\n", "timeline: null\n"))
    gone = json.loads(tables.ask("prune", "--yes", "--json", "--config", str(off)).out)["tables"][2]
    assert (gone["table"], gone["rows"], gone["before"], gone["why"]) == ("timeline", 1, "", "timeline: null")


def test_the_history_of_a_replay_ends_with_its_newest_day_not_with_today() -> None:
    newest = date(2018, 8, 31)
    assert limits(NOW, newest, 800, by_events=True).days_before == date(2016, 6, 21)
    assert limits(NOW, newest, 800, by_events=False).days_before == date(2024, 9, 12)
    assert limits(NOW, None, 800, by_events=True).letters_before == datetime(2026, 10, 23, 12, tzinfo=UTC)


def test_all_is_well_is_no_verdict() -> None:
    assert judge(Standing(revision="0002", wanted="0002", known=True)).problem == ""
