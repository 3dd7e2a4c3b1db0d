"""What dead letters there are, by reason; and one letter with all that it holds."""

import base64
from datetime import datetime

import msgspec
from msgspec import Struct
from sqlalchemy import and_, case, func, select
from sqlalchemy.orm import Session

from gateway.dead_letter_replay import may_be_sent, refusal_now, sendable
from gateway.dead_letters import DeadLetterShown, show_letter
from schemas.cloudevents import EventReader
from schemas.tables import DeadLetterRow

SHOWN_BYTES = 64 * 1024
"""What is shown of a key, a value or a header: all of any event that is not refused for its size."""


class ReasonShown(Struct, frozen=True, kw_only=True):
    """The letters of one reason and topic. ``waiting`` can be sent again and were not; ``replayed`` were."""

    reason: str
    topic: str
    letters: int
    waiting: int
    replayed: int
    first_at: datetime
    last_at: datetime


class DeadLetterReasons(Struct, frozen=True, kw_only=True):
    """Reasons with their letters, the largest first."""

    reasons: list[ReasonShown]


class BytesShown(Struct, frozen=True, kw_only=True):
    """Bytes as they lay in Kafka: ``text`` where they are UTF-8, else ``base64``. ``cut``: only the beginning."""

    bytes: int
    text: str | None
    base64: str | None
    cut: bool


class HeaderShown(Struct, frozen=True, kw_only=True):
    """A header of the record."""

    name: str
    value: BytesShown | None


class DeadLetterContent(Struct, frozen=True, kw_only=True):
    """A letter with its content, which may be personal. ``refused_now``: why this gateway would refuse it today.

    ``source`` and ``event_id`` are the event's own where they can be read: sent again, it is still the same event.
    """

    letter: DeadLetterShown
    key: BytesShown | None
    value: BytesShown | None
    headers: list[HeaderShown]
    source: str | None
    event_id: str | None
    sendable: bool
    refused_now: str | None


class _Identity(Struct):
    """What is asked of a broken event: only who it is."""

    source: str | None = None
    id: str | None = None


_identities = msgspec.json.Decoder(_Identity)


def list_reasons(session: Session) -> DeadLetterReasons:
    """Count the letters by reason and topic."""
    rows = session.execute(
        select(
            DeadLetterRow.reason,
            DeadLetterRow.topic,
            func.count().label("letters"),
            func.sum(case((and_(*sendable()), 1), else_=0)).label("waiting"),
            func.count(DeadLetterRow.replayed_at).label("replayed"),
            func.min(DeadLetterRow.at).label("first_at"),
            func.max(DeadLetterRow.at).label("last_at"),
        ).group_by(DeadLetterRow.reason, DeadLetterRow.topic)
    ).all()
    found = [
        ReasonShown(
            reason=row.reason,
            topic=row.topic,
            letters=row.letters,
            waiting=int(row.waiting),
            replayed=row.replayed,
            first_at=row.first_at,
            last_at=row.last_at,
        )
        for row in rows
    ]
    return DeadLetterReasons(reasons=sorted(found, key=lambda one: (-one.letters, one.reason, one.topic)))


def content_of(row: DeadLetterRow, events: EventReader, now: datetime) -> DeadLetterContent:
    """A row with all that it holds. Pure."""
    headers = [
        HeaderShown(name=name, value=None if value is None else show_bytes(base64.b64decode(value)))
        for name, value in row.headers
    ]
    source, event_id = _identity(row)
    return DeadLetterContent(
        letter=show_letter(row),
        key=None if row.key is None else show_bytes(row.key),
        value=None if row.value is None else show_bytes(row.value),
        headers=headers,
        source=source,
        event_id=event_id,
        sendable=may_be_sent(row),
        refused_now=refusal_now(row, events, now),
    )


def show_bytes(raw: bytes) -> BytesShown:
    """Bytes as text where they are some. Pure."""
    shown = raw[:SHOWN_BYTES]
    cut = len(raw) > len(shown)
    text: str | None = None
    try:
        # The cut may go through a character: what is broken at the very end is not the app's fault.
        text = shown.decode("utf-8", errors="strict") if not cut else _whole_characters(shown)
    except UnicodeDecodeError:
        text = None
    return BytesShown(
        bytes=len(raw), text=text, base64=None if text is not None else base64.b64encode(shown).decode(), cut=cut
    )


def _whole_characters(shown: bytes) -> str:
    try:
        return shown.decode()
    except UnicodeDecodeError as error:
        if error.start < len(shown) - 3:
            raise
        return shown[: error.start].decode()


def _identity(row: DeadLetterRow) -> tuple[str | None, str | None]:
    named = {name.lower(): value for name, value in row.headers}
    try:
        if named.get("ce_id"):
            source = named.get("ce_source")
            return (base64.b64decode(source).decode() if source else None), base64.b64decode(named["ce_id"]).decode()
        found = _identities.decode(row.value or b"")
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None, None
    return found.source, found.id
