"""The memory of what Slack has delivered: the key is inserted in the transaction of what it causes.

So a delivery that was applied is known, and one that was not (the process died, the case refused) left no trace that
would swallow the next try. Only ids are kept: no comment, no note.
"""

from datetime import datetime

import msgspec
from sqlalchemy import update
from sqlalchemy.dialects.postgresql import insert as insert_postgresql
from sqlalchemy.dialects.sqlite import insert as insert_sqlite
from sqlalchemy.orm import Session

from schemas.tables import SlackInboxRow


class Delivered(msgspec.Struct, frozen=True, kw_only=True):
    """What is kept of a delivery."""

    user: str = ""
    action: str = ""
    case: int | None = None
    channel: str = ""
    ts: str = ""


def remember(session: Session, key: str, kind: str, delivered: Delivered, now: datetime) -> bool:
    """Insert the key; False when it is known already: then nothing may happen a second time."""
    row = {"key": key, "kind": kind, "payload": msgspec.to_builtins(delivered), "received_at": now}
    postgresql = session.get_bind().dialect.name == "postgresql"
    insert = insert_postgresql(SlackInboxRow) if postgresql else insert_sqlite(SlackInboxRow)
    inserted = insert.values(row).on_conflict_do_nothing(index_elements=["key"]).returning(SlackInboxRow.key)
    return session.execute(inserted).first() is not None


def conclude(session: Session, key: str, result: str, now: datetime) -> None:
    """Write what came of it."""
    session.execute(update(SlackInboxRow).where(SlackInboxRow.key == key).values(done_at=now, result=result))
