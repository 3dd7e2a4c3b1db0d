"""Tables of mapped classes, for statements that need no objects."""

from sqlalchemy import Table

from schemas.tables import Base


def table_of(entity: type[Base]) -> Table:
    """The table that a class is mapped to."""
    table = entity.__table__
    assert isinstance(table, Table)
    return table
