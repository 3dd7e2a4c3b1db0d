"""Bring a database's tables to a revision: one transaction under a lock, so that processes may start together.

On PostgreSQL the lock is an advisory one of the transaction; on SQLite it is the transaction itself, begun as a writer
by :func:`schemas.database.open_database`.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from msgspec import Struct
from sqlalchemy import Connection, Engine, event, func, inspect, make_url, select
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import OperationalError

from schemas.database import open_database
from schemas.tables import Base

_ADVISORY_LOCK = 0x636C6F7365
"""Any number, as long as nothing else in the database locks it: "close" in ASCII."""


class MigrationError(RuntimeError):
    """The tables cannot be brought there; the text says why and what to do."""


class Step(Struct, frozen=True):
    """One revision of the tables, and what it is about."""

    revision: str
    about: str


def upgrade(url: str, revision: str = "head") -> None:
    """Create or upgrade the tables; a SQLite file and its folder are made where they are missing.

    Safe to call from several processes at once: the first does it, the others wait and find it done. Raises
    :class:`MigrationError`, and ``ValueError`` for a URL that is none.
    """
    path = _sqlite_path(url)
    if path is not None:
        path.parent.mkdir(parents=True, exist_ok=True)
    with _locked(url) as connection:
        _run(connection, "upgrade", revision)


def downgrade(url: str, revision: str) -> None:
    """Take the tables back to ``revision`` (``base``: none are left). Rows of dropped tables are lost."""
    with _locked(url) as connection:
        _run(connection, "downgrade", revision)


def losses(url: str, revision: str) -> list[str]:
    """What :func:`downgrade` to ``revision`` would lose, in words; empty when nothing would be.

    The downgrade is made and taken back within one transaction. Raises :class:`MigrationError`.
    """
    with _locked(url) as connection:
        before, rows = _columns(connection), _rows(connection)
        _run(connection, "downgrade", revision)
        after, left = _columns(connection), _rows(connection)
        connection.get_transaction().rollback()  # type: ignore[union-attr] # _locked has begun one
    found = [f"{rows[name]} rows of {name}" for name in sorted(set(before) - set(after)) if rows[name]]
    found += [f"{rows[name] - left[name]} rows of {name}" for name in sorted(left) if rows[name] > left[name]]
    with _transaction(url) as connection:
        for name in sorted(set(before) & set(after)):
            for column in sorted(before[name] - after[name]):
                held = Base.metadata.tables[name].columns[column]
                values = connection.scalar(select(func.count()).select_from(held.table).where(held.is_not(None)))
                if values:
                    found.append(f"{values} values of {name}.{column}")
    return found


def current(url: str) -> str | None:
    """The revision of the database; ``None`` where there are no tables of ours yet."""
    path = _sqlite_path(url)
    if path is not None and not path.exists():
        return None
    with _transaction(url) as connection:
        return MigrationContext.configure(connection).get_current_revision()


def history() -> list[Step]:
    """Every revision that this version of closeloop knows, the oldest first."""
    known = ScriptDirectory.from_config(_config()).walk_revisions()
    return [Step(script.revision, str(script.doc)) for script in reversed(list(known))]


def head() -> str:
    """The revision that this version of closeloop works with."""
    revision = ScriptDirectory.from_config(_config()).get_current_head()
    if revision is None:
        raise MigrationError("no migration is installed; install closeloop again")
    return revision


def differences(url: str) -> list[object]:
    """What autogenerate would change to make the database like :mod:`schemas.tables`; empty when nothing differs."""
    with _transaction(url) as connection:
        return list(
            compare_metadata(MigrationContext.configure(connection, opts={"compare_type": True}), Base.metadata)
        )


def draft(url: str, message: str, revision: str) -> None:
    """Write a new revision's file from what differs, for a developer to review."""
    with _locked(url) as connection:
        command.revision(_config(connection), message, autogenerate=True, rev_id=revision)


def _config(connection: Connection | None = None) -> Config:
    config = Config()
    config.set_main_option("script_location", "schemas:migrations")
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    return config


def _run(connection: Connection, direction: Literal["upgrade", "downgrade"], revision: str) -> None:
    try:
        if direction == "upgrade":
            command.upgrade(_config(connection), revision)
        else:
            command.downgrade(_config(connection), revision)
    except CommandError as error:
        at = MigrationContext.configure(connection).get_current_revision()
        raise MigrationError(
            f"the database is at revision {at}, this closeloop works with {head()}: {error}. "
            "If a newer closeloop made the database, run that one."
        ) from None
    if connection.dialect.name == "sqlite":
        broken = connection.exec_driver_sql("PRAGMA foreign_key_check").fetchall()
        if broken:
            raise MigrationError(f"{len(broken)} rows would refer to rows that are not there; nothing was changed")


def _columns(connection: Connection) -> dict[str, set[str]]:
    """The columns of every table of ours that is there."""
    looking = inspect(connection)
    there = set(looking.get_table_names()) & set(Base.metadata.tables)
    return {name: {str(column["name"]) for column in looking.get_columns(name)} for name in there}


def _rows(connection: Connection) -> dict[str, int]:
    there = set(inspect(connection).get_table_names()) & set(Base.metadata.tables)
    return {
        name: connection.scalar(select(func.count()).select_from(Base.metadata.tables[name])) or 0 for name in there
    }


@contextmanager
def _locked(url: str) -> Iterator[Connection]:
    with _transaction(url) as connection:
        if connection.dialect.name == "postgresql":
            connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_ADVISORY_LOCK})")
        yield connection


@contextmanager
def _transaction(url: str) -> Iterator[Connection]:
    engine = open_database(url)
    if engine.dialect.name == "sqlite":
        _forget_foreign_keys(engine)
    try:
        with engine.begin() as connection:
            yield connection
    except OperationalError as error:
        reason = str(error.orig).strip().splitlines()[0] if error.orig else "unknown"
        raise MigrationError(f"DATABASE_URL: the database cannot be used: {reason}") from None
    finally:
        engine.dispose()


def _forget_foreign_keys(engine: Engine) -> None:
    """Alembic alters a SQLite table by a copy and a drop, and a drop deletes the rows that refer to it.

    The pragma has no effect inside a transaction, so it is set when the connection is made; the check follows before
    the commit.
    """

    @event.listens_for(engine, "connect")
    def connect(connection: DBAPIConnection, _record: object) -> None:
        cursor = connection.cursor()
        cursor.execute("PRAGMA foreign_keys=OFF")
        cursor.close()


def _sqlite_path(url: str) -> Path | None:
    """The file of a SQLite URL; ``None`` for another database or one in memory."""
    try:
        parsed = make_url(url)
    except Exception:  # noqa: BLE001 - open_database says what is wrong with it
        return None
    if parsed.get_backend_name() != "sqlite" or not parsed.database or parsed.database == ":memory:":
        return None
    return Path(parsed.database)
