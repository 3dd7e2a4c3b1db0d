"""Engines and sessions: the same settings for every process that opens the database."""

from sqlalchemy import Connection, Engine, create_engine, event, make_url
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import ArgumentError
from sqlalchemy.orm import Session, sessionmaker

BUSY_TIMEOUT_MS = 30_000
"""SQLite has one writer at a time; the others wait this long for their turn."""


class DatabaseUrlError(ValueError):
    """A database URL that cannot be used: says what would be right, never the URL itself (passwords)."""


def open_database(url: str) -> Engine:
    """An engine for ``sqlite:///PATH`` or ``postgresql://...`` (psycopg 3).

    Raises :class:`DatabaseUrlError` for another.

    Error texts hide the statements' values: they may be customers' words.
    """
    try:
        parsed = make_url(url)
    except ArgumentError:
        raise ValueError(
            "DATABASE_URL: not a database URL; give sqlite:///PATH or postgresql://USER@HOST/NAME"
        ) from None
    backend = parsed.get_backend_name()
    if backend == "sqlite":
        engine = create_engine(parsed, connect_args={"timeout": BUSY_TIMEOUT_MS / 1000}, hide_parameters=True)
        _prepare_sqlite(engine)
        return engine
    if backend == "postgresql":
        return create_engine(
            parsed.set(drivername="postgresql+psycopg"), pool_pre_ping=True, pool_size=5, hide_parameters=True
        )
    raise DatabaseUrlError("DATABASE_URL: only sqlite and postgresql are supported")


def sessions(engine: Engine) -> sessionmaker[Session]:
    """A factory of sessions whose rows stay readable after commit."""
    return sessionmaker(engine, expire_on_commit=False)


def readers(engine: Engine) -> sessionmaker[Session]:
    """A factory of sessions that only read: on SQLite they neither wait for the writer nor hold it up."""
    return sessionmaker(engine.execution_options(reads_only=True), expire_on_commit=False)


def _prepare_sqlite(engine: Engine) -> None:
    @event.listens_for(engine, "connect")
    def connect(connection: DBAPIConnection, _record: object) -> None:
        # The driver's own implicit transactions begin deferred: two writers that both read first would fail with
        # "database is locked" instead of waiting. We begin explicitly, as writers.
        connection.isolation_level = None
        cursor = connection.cursor()
        cursor.execute("PRAGMA journal_mode=WAL")
        cursor.execute("PRAGMA synchronous=FULL")
        cursor.execute("PRAGMA foreign_keys=ON")
        cursor.close()

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        reads_only = connection.get_execution_options().get("reads_only", False)
        connection.exec_driver_sql("BEGIN" if reads_only else "BEGIN IMMEDIATE")
