"""Dead letters out of SQL, where the recorder keeps them with their bytes. Nothing here changes one."""

import base64
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import msgspec
from msgspec import Struct
from sqlalchemy import Engine, func, select

from closeloop.errors import UserError
from gateway.dead_letter_replay import may_be_sent
from gateway.dead_letters import Cursor, LetterFilter, newest_letters
from schemas.database import readers
from schemas.tables import DeadLetterRow

_AT_ONCE = 200


class Heap(Struct, frozen=True, kw_only=True):
    """The letters of one reason on one topic."""

    reason: str
    topic: str
    letters: int
    waiting: int
    """Not sent again yet."""
    oldest: datetime
    newest: datetime


class Letter(Struct, frozen=True, kw_only=True):
    """One letter with its bytes: who prints it decides what may be seen."""

    id: str
    topic: str
    partition: int
    offset: int
    reason: str
    field: str
    problem: str
    at: datetime
    replayed_at: datetime | None
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes | None], ...]

    @property
    def replayable(self) -> bool:
        """Whether the gateway would send it again."""
        return may_be_sent(self.as_row())

    def as_row(self) -> DeadLetterRow:
        """As the gateway judges it."""
        message = self.as_message()
        return DeadLetterRow(**{**msgspec.structs.asdict(self), "headers": message["headers"]})

    def as_message(self) -> dict[str, Any]:
        """As a record of ``cx.deadletters``, and when it was sent again: bytes are base64."""

        def b64(raw: bytes | None) -> str | None:
            return None if raw is None else base64.b64encode(raw).decode()

        message: dict[str, Any] = msgspec.to_builtins(self)
        headers = [(name, b64(value)) for name, value in self.headers]
        return message | {"key": b64(self.key), "value": b64(self.value), "headers": headers}


def heaps(engine: Engine, wanted: LetterFilter) -> list[Heap]:
    """How many letters there are by reason and topic, the largest heap first."""
    query = (
        select(
            DeadLetterRow.reason,
            DeadLetterRow.topic,
            func.count().label("letters"),
            (func.count() - func.count(DeadLetterRow.replayed_at)).label("waiting"),
            func.min(DeadLetterRow.at).label("oldest"),
            func.max(DeadLetterRow.at).label("newest"),
        )
        .where(*wanted.conditions())
        .group_by(DeadLetterRow.reason, DeadLetterRow.topic)
    )
    with readers(engine)() as session:
        found = [
            Heap(
                reason=row.reason,
                topic=row.topic,
                letters=row.letters,
                waiting=row.waiting,
                oldest=row.oldest,
                newest=row.newest,
            )
            for row in session.execute(query)
        ]
    return sorted(found, key=lambda heap: (-heap.letters, heap.reason, heap.topic))


def letters(engine: Engine, wanted: LetterFilter, most: int | None = None) -> Iterator[Letter]:
    """The letters, the newest first, a page at a time."""
    after: Cursor | None = None
    left = most
    while left is None or left > 0:
        page = _AT_ONCE if left is None else min(_AT_ONCE, left)
        with readers(engine)() as session:
            rows = [_letter(row) for row in session.scalars(newest_letters(wanted, after, page))]
        yield from rows
        if len(rows) < page:
            return
        after = Cursor(rows[-1].at, rows[-1].id)
        left = None if left is None else left - len(rows)


def letter(engine: Engine, letter_id: str) -> Letter:
    """One letter by its id or by the beginning of it, if that is the only one. Raises ``UserError``."""
    escaped = letter_id.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    query = select(DeadLetterRow).where(DeadLetterRow.id.like(f"{escaped}%", escape="\\")).limit(2)
    with readers(engine)() as session:
        rows = [_letter(row) for row in session.scalars(query)]
    if not rows or not letter_id:
        raise UserError(f"{letter_id!r}: there is no such dead letter; closeloop deadletters list shows their ids")
    if len(rows) > 1:
        raise UserError(f"{letter_id!r}: several dead letters begin so; give more of the id")
    return rows[0]


def _letter(row: DeadLetterRow) -> Letter:
    return Letter(
        id=row.id,
        topic=row.topic,
        partition=row.partition,
        offset=row.offset,
        reason=row.reason,
        field=row.field,
        problem=row.problem,
        at=row.at,
        replayed_at=row.replayed_at,
        key=row.key,
        value=row.value,
        headers=tuple((name, None if value is None else base64.b64decode(value)) for name, value in row.headers),
    )
