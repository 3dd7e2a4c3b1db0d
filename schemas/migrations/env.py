"""Alembic's environment: runs the migrations on the connection that schemas.migrate opened and locked."""

from typing import Any, Literal

from alembic import context

from schemas.tables import Base, UtcDateTime


def _render(kind: str, item: Any, _autogenerate: Any) -> str | Literal[False]:
    # A migration is history: it must not change when a type of schemas.tables does.
    return "sa.DateTime(timezone=True)" if kind == "type" and isinstance(item, UtcDateTime) else False


connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=Base.metadata,
    # SQLite cannot alter most of a table: Alembic then builds a new one and copies.
    render_as_batch=True,
    compare_type=True,
    render_item=_render,
)
with context.begin_transaction():
    context.run_migrations()
