"""The proof of an erasure: every column of every table is searched for the person's names, whatever it is for."""

import json
from collections.abc import Callable, Iterator, Sequence

from msgspec import Struct
from sqlalchemy import JSON, ColumnElement, LargeBinary, String, Table, Text, cast, func, or_, select
from sqlalchemy.orm import Session

from schemas.tables import Base


class Trace(Struct, frozen=True, kw_only=True):
    """A column that has a name of the person: as theirs, or because something else is called so."""

    table: str
    column: str
    rows: int


def search(session: Session, names: Sequence[str], step: Callable[[], None] = lambda: None) -> list[Trace]:
    """Rows of which a value is one of the names, or whose JSON has such a value. ``step`` is called for each table."""
    found: list[Trace] = []
    for table in Base.metadata.sorted_tables:
        for name, holds in _conditions(table, names):
            rows = session.scalar(select(func.count()).select_from(table).where(holds)) or 0
            if rows:
                found.append(
                    Trace(table=str(table.name), column=str(name), rows=rows)
                )  # SQLAlchemy has a kind of its own
        step()
    return found


def tables() -> int:
    """How many tables a search looks at."""
    return len(Base.metadata.sorted_tables)


def _conditions(table: Table, names: Sequence[str]) -> Iterator[tuple[str, ColumnElement[bool]]]:
    for column in table.columns:
        if isinstance(column.type, JSON):
            # As the driver's serializer writes a value: between quotation marks, with escapes.
            written = cast(column, Text)
            yield column.name, or_(*(written.contains(json.dumps(name), autoescape=True) for name in names))
        elif isinstance(column.type, String | Text):
            yield column.name, column.in_(list(names))
        elif isinstance(column.type, LargeBinary):
            yield column.name, column.in_([name.encode() for name in names])
