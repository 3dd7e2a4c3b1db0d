"""Sending dead letters again: which may be, which would be refused once more, and one batch at a time.

What is sent again are the untouched bytes, so the event keeps its source and id: where it is counted already, it is a
duplicate. The books stay balanced: the dead letter remains one, and what is sent again is received again.
"""

import base64
from collections.abc import Sequence
from datetime import datetime

import msgspec
from msgspec import Struct
from sqlalchemy import ColumnElement, and_, func, or_, select, update
from sqlalchemy.orm import Session

from gateway.dead_letters import REPLAYABLE, Cursor
from gateway.hooks.letters import PREFIX, hook_of
from gateway.intake import Record
from schemas.alerts import Alert
from schemas.cloudevents import EventReader, context_attributes
from schemas.deadletters import InvalidEvent
from schemas.events import ResponseEvent
from schemas.tables import DeadLetterRow
from schemas.topics import ALERTS, RESPONSES

LETTERS_A_BATCH = 200
BATCH_BYTES = 16 * 1024 * 1024
"""A batch ends at the letter that goes over it."""

_alerts = msgspec.json.Decoder(Alert)


class ReplayRequest(Struct, frozen=True, kw_only=True):
    """Which letters: all of a reason, of one topic where it is given, that were dead at ``before`` (default: now).

    ``cursor`` is ``next`` of the answer before. ``anyhow`` sends also what this gateway would refuse today.
    """

    reason: str
    topic: str | None = None
    before: datetime | None = None
    cursor: str | None = None
    anyhow: bool = False


class ReplayAnswer(Struct, frozen=True, kw_only=True):
    """What became of one batch. ``next`` is null when all have had their turn; else ask again with it and ``before``.

    ``refused`` would be dead letters again: field and problem of the first of them are given.
    """

    sent: int
    refused: int
    refusal: str | None
    before: datetime
    next: str | None


class Batch(Struct, frozen=True):
    """The letters of one turn, in the order in which they lay on their topics."""

    rows: list[DeadLetterRow]
    next: Cursor | None


def sendable() -> tuple[ColumnElement[bool], ...]:
    """Letters that have bytes and a topic they may go to, and were not sent again yet, as SQL."""
    return (
        DeadLetterRow.replayed_at.is_(None),
        or_(DeadLetterRow.topic.in_(REPLAYABLE), DeadLetterRow.topic.startswith(PREFIX, autoescape=True)),
        func.coalesce(func.length(DeadLetterRow.value), 0) > 0,
    )


def may_be_sent(row: DeadLetterRow) -> bool:
    """The same of one row."""
    return row.replayed_at is None and goes_again(row.topic) and bool(row.value)


def goes_again(topic: str) -> bool:
    """Whether letters of this topic, or of this hook, may be sent again at all."""
    return topic in REPLAYABLE or hook_of(topic) is not None


def next_batch(session: Session, request: ReplayRequest, before: datetime, after: Cursor | None) -> Batch:
    """The oldest letters that fit, from behind the cursor on."""
    query = (
        select(DeadLetterRow)
        .where(DeadLetterRow.reason == request.reason, DeadLetterRow.at <= before, *sendable())
        .order_by(DeadLetterRow.at, DeadLetterRow.id)
        .limit(LETTERS_A_BATCH)
    )
    if request.topic is not None:
        query = query.where(DeadLetterRow.topic == request.topic)
    if after is not None:
        same = and_(DeadLetterRow.at == after.at, DeadLetterRow.id > after.id)
        query = query.where(or_(DeadLetterRow.at > after.at, same))
    rows: list[DeadLetterRow] = []
    size = 0
    whole = True
    with session.scalars(query.execution_options(yield_per=20)) as found:
        for row in found:
            rows.append(row)
            size += len(row.value or b"")
            if size >= BATCH_BYTES:
                whole = False
                break
    more = not whole or len(rows) == LETTERS_A_BATCH
    end = Cursor(rows[-1].at, rows[-1].id) if rows and more else None
    rows.sort(key=lambda row: (row.topic, row.partition, row.offset))
    return Batch(rows, end)


def refusal_now(row: DeadLetterRow, events: EventReader, now: datetime) -> str | None:
    """Why the streams or the desk would not read it under this gateway's loop.yaml; ``None``: they would. Pure.

    What came in by a hook is not judged here but by its mapping, when it is sent again.
    """
    if hook_of(row.topic) is not None:
        return None
    try:
        if row.topic == ALERTS:
            _alerts.decode(row.value or b"")
            return None
        event = events.read(row.value, now, context_attributes(list(record_of(row).headers)))
    except InvalidEvent as error:
        return str(error)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return "not an alert of this version"
    if isinstance(event, ResponseEvent) != (row.topic == RESPONSES):
        return "type: an event of another topic"
    return None


def record_of(row: DeadLetterRow) -> Record:
    """The record as it was: topic, key, bytes and headers."""
    headers = tuple((name, None if value is None else base64.b64decode(value)) for name, value in row.headers)
    return Record(row.topic, row.key, row.value or b"", headers)


def mark_replayed(session: Session, letters: Sequence[str], now: datetime) -> None:
    """Remember that these letters were sent again."""
    session.execute(update(DeadLetterRow).where(DeadLetterRow.id.in_(letters)).values(replayed_at=now))
