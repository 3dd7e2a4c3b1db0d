"""The migrations on SQLite and on PostgreSQL: up, down, up again, together, and the promises of the tables."""

from __future__ import annotations

import multiprocessing
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from sqlalchemy import inspect, select, text
from sqlalchemy.exc import IntegrityError, StatementError

from schemas import migrate
from schemas.case_ledger import Opening, open_case
from schemas.database import open_database, sessions
from schemas.tables import ApiKeyRow, Base, CaseRow
from tests.schemas.examples import alert

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path}/folder/closeloop.db"
    else:
        yield request.getfixturevalue("postgres_database")


_HISTORY = "case_events (id, case_id, version, action, from_state, to_state, at, actor, via, detail, payload)"
_SAID = "'opened', NULL, 'open', '2026-11-21 12:00:00', 'system', 'system', '{}', '{}'"


def _tables(url: str) -> set[str]:
    engine = open_database(url)
    try:
        return set(inspect(engine).get_table_names()) - {"alembic_version"}
    finally:
        engine.dispose()


def test_up_down_up(url: str) -> None:
    assert migrate.current(url) is None
    migrate.upgrade(url)
    assert migrate.current(url) == migrate.head()
    assert _tables(url) == set(Base.metadata.tables)
    migrate.downgrade(url, "base")
    assert migrate.current(url) is None
    assert _tables(url) == set()
    migrate.upgrade(url)
    migrate.upgrade(url)
    assert _tables(url) == set(Base.metadata.tables)


def test_autogenerate_finds_nothing(url: str) -> None:
    migrate.upgrade(url)
    assert migrate.differences(url) == []


def test_autogenerate_would_find_a_difference(url: str) -> None:
    migrate.upgrade(url)
    engine = open_database(url)
    with engine.begin() as connection:
        connection.execute(text("DROP INDEX cases_by_owner"))
        connection.execute(text("ALTER TABLE cases ADD COLUMN stray TEXT"))
    engine.dispose()
    assert {difference[0] for difference in migrate.differences(url)} == {"add_index", "remove_column"}  # type: ignore[index] # Alembic's tuples


def test_what_a_database_of_before_holds_outlives_an_upgrade_and_the_way_back(url: str) -> None:
    """Messages of critical cases are urgent then; notices, which the older tables cannot hold, go on the way back."""
    migrate.upgrade(url, "0001")
    engine = open_database(url)
    with engine.begin() as connection:
        for number, severity in enumerate(("critical", "high"), start=1):
            connection.execute(
                text(
                    "INSERT INTO cases (id, version, subject, customer_id, programme, state, severity, page, receiver,"
                    " opened_at, updated_at, answer_count, latest_alert, seconds_on_hold, business_seconds, entered,"
                    " attributes) VALUES (:id, 1, 'customer', 'c' || :id, 'p', 'open', :severity, true, 'r', :now,"
                    " :now, 1, '{}', 0, 0, '{}', '{}')"
                ),
                {"id": number, "severity": severity, "now": NOW},
            )
            connection.execute(
                text(
                    "INSERT INTO slack_outbox (id, case_id, surface, kind, dedupe_key, destination, state, attempts,"
                    " created_at, not_before) VALUES ('m' || :id, :id, 'channel', 'card', 'k' || :id, '#cx',"
                    " 'pending', 0, :now, :now)"
                ),
                {"id": number, "now": NOW},
            )
            connection.execute(text(f"INSERT INTO {_HISTORY} VALUES ('e' || :id, :id, 1, {_SAID})"), {"id": number})
    migrate.upgrade(url)
    with engine.begin() as connection:
        urgent = connection.execute(text("SELECT id FROM slack_outbox WHERE urgent")).scalars().all()
        for number in (1, 2):
            connection.execute(text(f"INSERT INTO {_HISTORY} VALUES ('n{number}', 1, NULL, {_SAID})"))
        history = connection.execute(text("SELECT seq, id FROM case_events ORDER BY seq")).all()
    assert urgent == ["m1"]
    assert [(number, name) for number, name in history] == [(1, "e1"), (2, "e2"), (3, "n1"), (4, "n2")]
    migrate.downgrade(url, "0001")
    with engine.connect() as connection:
        assert connection.execute(text("SELECT id FROM case_events ORDER BY seq")).scalars().all() == ["e1", "e2"]
    engine.dispose()


def test_the_migrated_indexes_are_those_of_the_tables(url: str, tmp_path: Path) -> None:
    """Autogenerate does not compare the conditions of partial indexes; the database's own words are compared here."""
    migrate.upgrade(url)
    migrated = _index_definitions(url)
    assert any("resolved" in definition for definition in migrated)
    migrate.downgrade(url, "base")
    engine = open_database(url)
    Base.metadata.create_all(engine)
    engine.dispose()
    assert _index_definitions(url) == migrated


def _index_definitions(url: str) -> set[str]:
    engine = open_database(url)
    query = (
        "SELECT sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL"
        if engine.dialect.name == "sqlite"
        else "SELECT indexdef FROM pg_indexes WHERE schemaname = 'public' AND tablename <> 'alembic_version'"
    )
    with engine.connect() as connection:
        found = {" ".join(str(row[0]).split()) for row in connection.execute(text(query))}
    engine.dispose()
    return found


def _upgrade_in_a_process(url: str, barrier: object, queue: object) -> None:
    barrier.wait(30)  # type: ignore[attr-defined] # a multiprocessing Barrier
    try:
        migrate.upgrade(url)
        queue.put("")  # type: ignore[attr-defined] # a multiprocessing Queue
    except Exception as error:  # noqa: BLE001 - whatever it is, the test shows it
        queue.put(repr(error))  # type: ignore[attr-defined]


def test_processes_that_start_together_upgrade_once(url: str) -> None:
    spawn = multiprocessing.get_context("spawn")
    barrier, queue = spawn.Barrier(4), spawn.Queue()
    workers = [spawn.Process(target=_upgrade_in_a_process, args=(url, barrier, queue)) for _ in range(4)]
    for worker in workers:
        worker.start()
    answers = [queue.get(timeout=60) for _ in workers]
    for worker in workers:
        worker.join(30)
    assert answers == [""] * 4
    assert migrate.current(url) == migrate.head()


def test_one_open_case_a_customer_and_programme(url: str) -> None:
    migrate.upgrade(url)
    engine = open_database(url)
    opening = Opening(receiver="r", owner=None, destinations=(), acknowledge_by=None, contact_by=None, resolve_by=None)
    with sessions(engine)() as session:
        first = open_case(session, alert(id="a1"), opening, NOW)
        session.commit()
        with pytest.raises(IntegrityError):
            open_case(session, alert(id="a2"), opening, NOW)
        session.rollback()
        open_case(session, alert(id="a3", programme="billing"), opening, NOW)
        open_case(session, alert(id="a4", customer_id="c2"), opening, NOW)
        first.state = "resolved"
        session.commit()
        open_case(session, alert(id="a5"), opening, NOW)
        session.commit()
        assert len(session.scalars(select(CaseRow)).all()) == 4
    engine.dispose()


def test_instants_come_back_in_utc_and_naive_ones_are_refused(url: str) -> None:
    migrate.upgrade(url)
    engine = open_database(url)
    local = datetime(2026, 11, 21, 9, 30, 0, 123456, tzinfo=timezone(timedelta(hours=-3)))
    with sessions(engine)() as session:
        session.add(ApiKeyRow(hash="h", name="n", role="read", created_at=local))
        session.commit()
        session.expire_all()
        stored = session.scalars(select(ApiKeyRow)).one().created_at
        assert stored == datetime(2026, 11, 21, 12, 30, 0, 123456, tzinfo=UTC)
        assert stored.utcoffset() == timedelta(0)
        session.add(ApiKeyRow(hash="h2", name="n", role="read", created_at=local.replace(tzinfo=None)))
        with pytest.raises(StatementError, match="without a zone"):
            session.commit()
    engine.dispose()


def test_a_failed_upgrade_changes_nothing(url: str) -> None:
    """A table in the way: the whole upgrade is rolled back, on SQLite too."""
    if url.startswith("sqlite"):
        Path(url.removeprefix("sqlite:///")).parent.mkdir(parents=True)
    engine = open_database(url)
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE slack_surfaces (x TEXT)"))
    with pytest.raises(Exception, match="slack_surfaces"):
        migrate.upgrade(url)
    assert _tables(url) == {"slack_surfaces"}
    with engine.begin() as connection:
        connection.execute(text("DROP TABLE slack_surfaces"))
    engine.dispose()
    migrate.upgrade(url)
    assert migrate.differences(url) == []


def test_a_database_of_a_newer_closeloop_is_named(url: str) -> None:
    migrate.upgrade(url)
    engine = open_database(url)
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    engine.dispose()
    with pytest.raises(migrate.MigrationError, match=r"at revision 9999.*newer closeloop"):
        migrate.upgrade(url)


def test_a_database_that_is_not_there_is_named_without_its_password() -> None:
    with pytest.raises(migrate.MigrationError, match="DATABASE_URL") as refused:
        migrate.upgrade("postgresql://someone:s3cret@127.0.0.1:1/none")
    assert "s3cret" not in str(refused.value)


def test_looking_at_the_revision_creates_no_file(tmp_path: Path) -> None:
    assert migrate.current(f"sqlite:///{tmp_path}/none.db") is None
    assert list(tmp_path.iterdir()) == []
