"""Dead letters in SQL: the list, and the untouched bytes of one."""

import base64
from collections.abc import Sequence
from datetime import datetime

from msgspec import Struct
from sqlalchemy import ColumnElement, Select, and_, or_, select
from sqlalchemy.orm import Session

from schemas.tables import DeadLetterRow
from schemas.topics import ALERTS, RESPONSES, TOUCHPOINTS

REPLAYABLE = (TOUCHPOINTS, RESPONSES, ALERTS)


class DeadLetterShown(Struct, frozen=True, kw_only=True):
    """A record that could not be read: why, and where it lies. Its content may be personal and is not shown."""

    id: str
    topic: str
    partition: int
    offset: int
    reason: str
    field: str
    problem: str
    at: datetime
    bytes: int
    replayed_at: datetime | None


class DeadLetterPage(Struct, frozen=True, kw_only=True):
    """Dead letters, newest first. ``next`` is the cursor of the page after this one, or null at the end."""

    deadletters: list[DeadLetterShown]
    next: str | None


class LetterFilter(Struct, frozen=True, kw_only=True):
    """Which letters. Everything that is given must hold."""

    reason: str | None = None
    topic: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    waiting: bool = False
    """Only those that were not sent again yet."""

    def conditions(self) -> list[ColumnElement[bool]]:
        """As SQL."""
        found: list[ColumnElement[bool]] = []
        if self.reason is not None:
            found.append(DeadLetterRow.reason == self.reason)
        if self.topic is not None:
            found.append(DeadLetterRow.topic == self.topic)
        if self.since is not None:
            found.append(DeadLetterRow.at >= self.since)
        if self.until is not None:
            found.append(DeadLetterRow.at < self.until)
        if self.waiting:
            found.append(DeadLetterRow.replayed_at.is_(None))
        return found


class Cursor(Struct, frozen=True):
    """Where a page ended."""

    at: datetime
    id: str

    def text(self) -> str:
        """The cursor as it travels."""
        return base64.urlsafe_b64encode(f"{self.at.isoformat()} {self.id}".encode()).decode()


def read_cursor(text: str) -> Cursor:
    """Raises ``ValueError`` for a text that is no cursor."""
    at, _, letter_id = base64.urlsafe_b64decode(text.encode("ascii")).decode().partition(" ")
    moment = datetime.fromisoformat(at)
    if moment.tzinfo is None or not letter_id:
        raise ValueError("not a cursor")
    return Cursor(moment, letter_id)


def newest_letters(wanted: LetterFilter, after: Cursor | None, limit: int) -> Select[DeadLetterRow]:
    """Asks for the letters that fit, the newest first, a page of them: those that come after a cursor."""
    query = select(DeadLetterRow).where(*wanted.conditions())
    if after is not None:
        older = DeadLetterRow.at < after.at
        query = query.where(or_(older, and_(DeadLetterRow.at == after.at, DeadLetterRow.id < after.id)))
    return query.order_by(DeadLetterRow.at.desc(), DeadLetterRow.id.desc()).limit(limit)


def list_letters(session: Session, wanted: LetterFilter, after: Cursor | None, limit: int) -> DeadLetterPage:
    """A page of the letters that fit, the newest first."""
    rows: Sequence[DeadLetterRow] = session.scalars(newest_letters(wanted, after, limit + 1)).all()
    shown = [show_letter(row) for row in rows[:limit]]
    more = len(rows) > limit
    return DeadLetterPage(deadletters=shown, next=Cursor(shown[-1].at, shown[-1].id).text() if more else None)


def show_letter(row: DeadLetterRow) -> DeadLetterShown:
    """A row as the API shows it."""
    return DeadLetterShown(
        id=row.id,
        topic=row.topic,
        partition=row.partition,
        offset=row.offset,
        reason=row.reason,
        field=row.field,
        problem=row.problem,
        at=row.at,
        bytes=len(row.value or b""),
        replayed_at=row.replayed_at,
    )
