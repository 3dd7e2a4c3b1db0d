"""Which errors of a real database are waited out."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.exc import IntegrityError, SQLAlchemyError

from consumers.database_errors import is_passing
from schemas.database import open_database, sessions
from schemas.tables import SlackUserRow
from tests.consumers.alerts import NOW


@pytest.mark.postgres
def test_a_connection_that_the_server_ends_passes(postgres_database: str) -> None:
    engine = open_database(postgres_database)
    with pytest.raises(SQLAlchemyError) as caught, sessions(engine)() as session:
        session.execute(text("SELECT pg_terminate_backend(pg_backend_pid())"))
    assert is_passing(caught.value)
    with sessions(engine)() as session:
        assert session.scalar(text("SELECT 1")) == 1, "the next session has a new connection"
    engine.dispose()


def test_a_server_that_is_not_there_passes() -> None:
    engine = open_database("postgresql://nobody@127.0.0.1:1/nothing")
    with pytest.raises(SQLAlchemyError) as caught, engine.connect():
        pass
    assert is_passing(caught.value)


def test_a_locked_file_passes(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'x.db'}"
    holder, other = open_database(url), create_engine(url, connect_args={"timeout": 0.05})
    with holder.begin() as held:
        held.execute(text("CREATE TABLE x (y int)"))
        with pytest.raises(SQLAlchemyError) as caught, other.begin() as late:
            late.execute(text("CREATE TABLE z (y int)"))
    assert is_passing(caught.value)
    holder.dispose()
    other.dispose()


def test_a_broken_rule_does_not_pass_and_hides_its_values(sqlite_engine: object, tmp_path: Path) -> None:
    engine = open_database(f"sqlite:///{tmp_path / 'closeloop.db'}")

    def add() -> None:
        with sessions(engine).begin() as session:
            session.add(SlackUserRow(person="a customer's words", user_id=None, status="ok", checked_at=NOW))

    add()
    with pytest.raises(IntegrityError) as caught:
        add()
    assert not is_passing(caught.value)
    assert "words" not in str(caught.value)
    engine.dispose()
