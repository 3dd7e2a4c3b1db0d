"""Today's code goes on from what the version before left behind: the same figures as if it had always been there."""

from __future__ import annotations

import base64
import gzip
import json
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest
import sqlalchemy as sa
from sqlalchemy import Engine, func, inspect, select

from schemas import migrate
from schemas.alerts import Alert
from schemas.database import open_database, sessions
from schemas.metrics import Books, Metric
from schemas.table_base import UtcDateTime
from schemas.tables import AlertRow, Base, CaseRow, SlackOutboxRow
from schemas.topics import RESPONSES, TOUCHPOINTS
from streams.kafka.placement import partition_of
from tests.upgrade.world import FIRST, FOLDER, PARTITIONS, SECOND, World, act, events, publish, take_in

THEN, NOW = datetime.fromtimestamp(FIRST, UTC), datetime.fromtimestamp(SECOND, UTC)


def left_behind(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(gzip.decompress((FOLDER / f"{name}.json.gz").read_bytes()))
    return found


@pytest.fixture(scope="module")
def topics() -> dict[str, Any]:
    return left_behind("topics")


@pytest.fixture(scope="module")
def tables() -> dict[str, Any]:
    return left_behind("tables")


@pytest.fixture(params=["sqlite", "postgres"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty database."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'loop.db'}"
    url: str = request.getfixturevalue("postgres_database")
    return url


@pytest.fixture
def database(url: str, tables: dict[str, Any]) -> Iterator[Engine]:
    """The database of the version before, upgraded by today's code."""
    migrate.upgrade(url, tables["revision"])
    engine = open_database(url)
    with engine.begin() as connection:
        for table in Base.metadata.sorted_tables:
            rows = tables["rows"].get(table.name)
            if rows:
                connection.execute(sa.insert(table), [_typed(table, row) for row in rows])
        if engine.dialect.name == "postgresql":
            for table in Base.metadata.sorted_tables:
                for column in table.columns:
                    if column.autoincrement is True and tables["rows"].get(table.name):
                        most = max(row[column.name] for row in tables["rows"][table.name])
                        name = f"{table.name}_{column.name}_seq"
                        connection.execute(sa.text("SELECT setval(:name, :most)"), {"name": name, "most": most})
    migrate.upgrade(url)
    yield engine
    engine.dispose()


def _typed(table: sa.Table, row: dict[str, Any]) -> dict[str, Any]:
    """A row as SQLAlchemy takes it: JSON has no times, and SQLite keeps them without their zone."""
    typed = dict(row)
    for name, value in row.items():
        kind = table.columns[name].type
        if value is not None and isinstance(kind, UtcDateTime):
            when = datetime.fromisoformat(value)
            typed[name] = when if when.tzinfo else when.replace(tzinfo=UTC)
        elif value is not None and isinstance(kind, sa.Date):
            typed[name] = date.fromisoformat(value)
    return typed


def continued(topics: dict[str, Any]) -> World:
    """Today's rooms on the topics of the version before."""
    world = World(begin={_place(name): offset for name, offset in topics["offsets"].items()})
    for topic, number, key, value in topics["state"]:
        world.state[topic, number][base64.b64decode(key)] = None if value is None else base64.b64decode(value)
    for key, value in topics["partials"]:
        world.partials[base64.b64decode(key)] = None if value is None else base64.b64decode(value)
    for said in topics["metrics"]:
        metric = msgspec.convert(said, Metric)
        world.metrics[metric.record_key()] = metric
    world.books = {said["source"]: msgspec.convert(said, Books) for said in topics["books"]}
    world.alerts = [msgspec.convert(said, Alert) for said in topics["alerts"]]
    world.restore()
    return world


def _place(name: str) -> tuple[str, int]:
    topic, _, number = name.rpartition("/")
    return topic, int(number)


def send(world: World, half: int, now: float) -> list[Alert]:
    for topic, key, value in events(half):
        world.send((topic, partition_of(key, PARTITIONS)), key, value, now)
    return world.run(now)


def work(engine: Engine, world: World, alerts: list[Alert], half: int, now: datetime) -> dict[str, int]:
    """The desk takes the alerts in, people act, the publisher tells, streams count it."""
    with sessions(engine).begin() as session:
        outcomes = take_in(session, alerts, now)
    with sessions(engine).begin() as session:
        act(session, half, now)
    with sessions(engine).begin() as session:
        publish(session, world, now.timestamp())
    world.run(now.timestamp())
    return outcomes


def figures(world: World) -> dict[bytes, tuple[Any, ...]]:
    """What the last record of each metric says."""
    return {
        key: (metric.n, metric.value, metric.low, metric.high, metric.counts) for key, metric in world.metrics.items()
    }


@pytest.mark.parametrize("url", ["sqlite"], indirect=True)
def test_state_goes_on_as_if_nothing_had_been(
    topics: dict[str, Any], database: Engine, tmp_path_factory: pytest.TempPathFactory
) -> None:
    today = continued(topics)
    work(database, today, send(today, 2, SECOND), 2, NOW)

    always = World()
    fresh_url = f"sqlite:///{tmp_path_factory.mktemp('always')}/loop.db"
    migrate.upgrade(fresh_url)
    fresh = open_database(fresh_url)
    work(fresh, always, send(always, 1, FIRST), 1, THEN)
    work(fresh, always, send(always, 2, SECOND), 2, NOW)

    assert figures(today) == figures(always)
    assert today.books == always.books
    assert sorted(alert.id for alert in today.alerts) == sorted(alert.id for alert in always.alerts)
    assert cases(database) == cases(fresh)
    fresh.dispose()


def cases(engine: Engine) -> list[tuple[Any, ...]]:
    with sessions(engine)() as session:
        rows = session.execute(
            select(CaseRow.customer_id, CaseRow.state, CaseRow.severity, CaseRow.version, CaseRow.opened_at)
            .order_by(CaseRow.id)
        )  # fmt: skip
        return [tuple(row) for row in rows]


def test_the_books_and_metrics_are_those_of_the_events(topics: dict[str, Any]) -> None:
    """Against a plain count of the events, which knows nothing of panes, rows or versions."""
    world = continued(topics)
    send(world, 2, SECOND)
    sent = {1: list(events(1)), 2: list(events(2))}
    received: Counter[str] = Counter(topic for half in sent.values() for topic, _, _ in half)
    distinct = {value: topic for half in sent.values() for topic, _, value in half}
    for topic in (TOUCHPOINTS, RESPONSES):
        books = [told for source, told in world.books.items() if source.startswith(f"{topic}/")]
        counted = list(distinct.values()).count(topic)
        assert sum(told.received for told in books) == received[topic]
        assert sum(told.counted for told in books) == counted
        assert sum(told.duplicates for told in books) == received[topic] - counted > 0
    answers = [json.loads(value)["data"] for value, topic in distinct.items() if topic == RESPONSES]
    for metric in ("nps", "csat", "ces"):
        for cut, name in (("all", None), ("touchpoint", "touchpoint")):
            expected: dict[str, Counter[str]] = {}
            for answer in answers:
                if answer["metric"] == metric:
                    place = answer[name] if name else ""
                    expected.setdefault(place, Counter())[str(answer["score"])] += 1
            found = {
                told.key.get(name, "") if name else "": Counter(told.counts)
                for told in world.metrics.values()
                if (told.metric, told.cut, told.window, told.day) == (metric, cut, "30d", None)
            }
            assert found == expected, (metric, cut)


def test_no_case_is_opened_and_no_card_wanted_twice(
    topics: dict[str, Any], tables: dict[str, Any], database: Engine
) -> None:
    """The alerts of the version before come again, as after a restart amid the upgrade."""
    before = {row["dedupe_key"] for row in tables["rows"]["slack_outbox"]}
    world = continued(topics)
    with sessions(database).begin() as session:
        assert take_in(session, world.alerts, NOW) == {"known": len(tables["rows"]["alerts"])}
    later = send(world, 2, SECOND)
    with sessions(database).begin() as session:
        outcomes = take_in(session, later, NOW)
    assert sum(outcomes.values()) == len(later) > 0
    with sessions(database)() as session:
        assert session.scalar(select(func.count()).select_from(AlertRow)) == len(tables["rows"]["alerts"]) + len(later)
        open_cases = Counter(
            session.execute(select(CaseRow.customer_id, CaseRow.programme).where(CaseRow.closed_at.is_(None))).all()
        )
        assert set(open_cases.values()) == {1}
        wanted = list(session.scalars(select(SlackOutboxRow.dedupe_key)))
        opened = session.scalar(select(func.count()).select_from(CaseRow)) or 0
    assert opened == len(tables["rows"]["cases"]) + outcomes["opened"]
    assert len(wanted) == len(set(wanted))
    assert before <= set(wanted)
    # A case that was there has the cards that it had.
    old = {str(row["id"]) for row in tables["rows"]["cases"]}
    assert {key for key in wanted if key.split("/")[0] in old and "/card" in key} == {
        key for key in before if "/card" in key
    }


def test_the_revision_of_the_version_before_is_not_changed(url: str, tables: dict[str, Any]) -> None:
    """What is added belongs in a new revision: databases at the old one would never get it."""
    migrate.upgrade(url, tables["revision"])
    engine = open_database(url)
    found = {
        table: sorted(column["name"] for column in inspect(engine).get_columns(table))
        for table in inspect(engine).get_table_names()
        if table != "alembic_version"
    }
    engine.dispose()
    assert found == tables["columns"]


def test_what_is_new_lets_the_version_before_work_on(tables: dict[str, Any], url: str) -> None:
    """A room of the version before writes rows without the new columns, so none may be wanted of it."""
    migrate.upgrade(url)
    engine = open_database(url)
    look = inspect(engine)
    for table, columns in tables["columns"].items():
        now = {column["name"]: column for column in look.get_columns(table)}
        assert set(columns) <= set(now), table
        for name in set(now) - set(columns):
            assert now[name]["nullable"] or now[name]["default"] is not None, f"{table}.{name}"
    engine.dispose()
