"""The short messages that time causes: a card that is only redrawn notifies nobody."""

from collections.abc import Sequence
from datetime import datetime
from typing import Literal
from uuid import UUID, uuid5

from msgspec import Struct
from sqlalchemy.orm import Session

from schemas.config import Loop
from schemas.quiet_hours import is_quiet
from schemas.tables import CaseRow, SlackOutboxRow
from schemas.working_time import calendar_of

Occasion = Literal["wake", "lease_expired", "overdue", "contact_overdue", "due_acknowledge", "due_contact"]
REMINDER = "reminder"
"""The outbox surface of a message that is sent once and never redrawn."""
DIGEST = "digest"
"""The outbox kind of a morning's list."""
HELD = "held"
"""The outbox state of a direct message that waits for its reader's morning."""
PERSON = "person:"

_NAMESPACE = UUID("9d1f4a52-7a0e-5c0f-8a34-5d2a1c7b6e90")


class Entry(Struct, frozen=True):
    """One case in a morning's list: what is new about it (``card``, or an occasion), and to whom it was to be said."""

    case: int
    what: str
    of: str


def add_message(
    session: Session, loop: Loop, case: CaseRow, occasion: Occasion, destination: str, key: str, now: datetime
) -> None:
    """Want a short message about the case. Outside its reader's hours it is held. The caller owns the transaction."""
    held = waits(loop, case, destination, now)
    session.add(_row(case.id, occasion, destination, f"{key}/{case.opened_at.isoformat()}", key, now, held=held))


def add_digest(
    session: Session, entries: Sequence[Entry], destination: str, key: str, now: datetime, not_before: datetime
) -> None:
    """Want a morning's list. The caller owns the transaction."""
    row = _row(entries[0].case, DIGEST, destination, key, key, now, held=False)
    row.content = [{"case": entry.case, "what": entry.what, "of": entry.of} for entry in entries]
    row.not_before = not_before
    session.add(row)


def waits(loop: Loop, case: CaseRow, destination: str, now: datetime) -> bool:
    """Whether a message about the case waits for the reader's morning: a direct one, out of hours, not critical."""
    if loop.digest is None or case.severity == "critical" or not destination.startswith(PERSON):
        return False
    return is_quiet(calendar_of(loop, destination.removeprefix(PERSON)), now)


def _row(
    case_id: int, kind: str, destination: str, name: str, key: str, now: datetime, *, held: bool
) -> SlackOutboxRow:
    return SlackOutboxRow(
        id=str(uuid5(_NAMESPACE, name)),
        case_id=case_id,
        surface=REMINDER,
        kind=kind,
        dedupe_key=key,
        destination=destination,
        state=HELD if held else "pending",
        created_at=now,
        not_before=now,
    )
