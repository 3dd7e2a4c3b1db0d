"""How many rows and bytes each table has."""

from msgspec import Struct
from sqlalchemy import Connection, func, inspect, select, table, text
from sqlalchemy.exc import OperationalError

from schemas.database import open_database
from schemas.tables import Base


class TableSize(Struct, frozen=True, kw_only=True):
    """One table. ``bytes`` are those of its rows and indexes on disk; ``None`` where the database does not tell."""

    table: str
    rows: int
    bytes: int | None


def table_sizes(url: str) -> list[TableSize]:
    """Every table of ours that is there, the largest first. Rows are counted, so a large table takes a while.

    Raises SQLAlchemy's errors where the database does not answer.
    """
    engine = open_database(url)
    try:
        with engine.execution_options(reads_only=True).connect() as connection:
            there = set(inspect(connection).get_table_names())
            names = [name for name in Base.metadata.tables if name in there]
            held = _bytes(connection, names)
            found = [
                TableSize(
                    table=name,
                    rows=connection.scalar(select(func.count()).select_from(table(name))) or 0,
                    bytes=held.get(name),
                )
                for name in names
            ]
    finally:
        engine.dispose()
    return sorted(found, key=lambda size: (-(size.bytes or 0), -size.rows, size.table))


def _bytes(connection: Connection, names: list[str]) -> dict[str, int]:
    if connection.dialect.name == "postgresql":
        asked = text("SELECT pg_total_relation_size(to_regclass(quote_ident(:name)))")
        return {name: int(connection.scalar(asked, {"name": name}) or 0) for name in names}
    # Not every SQLite is built with dbstat.
    asked = text(
        "SELECT m.tbl_name AS name, SUM(s.pgsize) AS bytes FROM dbstat s JOIN sqlite_master m ON m.name = s.name"
        " WHERE s.aggregate = 1 GROUP BY m.tbl_name"
    )
    try:
        return {row.name: int(row.bytes) for row in connection.execute(asked)}
    except OperationalError:
        return {}
