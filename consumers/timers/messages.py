"""The short messages that time causes: a card that is only redrawn notifies nobody."""

from collections.abc import Sequence
from datetime import datetime
from typing import Literal
from uuid import UUID, uuid5

import msgspec
from sqlalchemy.orm import Session

from consumers.slack.digest import Entry
from schemas.case_cards import HELD, REMINDER
from schemas.config import Loop
from schemas.quiet_hours import waits
from schemas.tables import CaseRow, SlackOutboxRow
from schemas.working_time import calendars

Occasion = Literal["wake", "lease_expired", "overdue", "contact_overdue", "due_acknowledge", "due_contact"]
DIGEST = "digest"
"""The outbox kind of a morning's list."""
PERSON = "person:"

_NAMESPACE = UUID("9d1f4a52-7a0e-5c0f-8a34-5d2a1c7b6e90")


def add_message(
    session: Session, loop: Loop, case: CaseRow, occasion: Occasion, destination: str, key: str, now: datetime
) -> None:
    """Want a short message about the case. Outside its reader's hours it is held. The caller owns the transaction."""
    held = loop.digest is not None and waits(case.severity, destination, calendars(loop), now)
    name = f"{key}/{case.opened_at.isoformat()}"
    urgent = case.severity == "critical"
    session.add(_row(case.id, occasion, destination, name, key, now, held=held, urgent=urgent))


def add_digest(
    session: Session, entries: Sequence[Entry], destination: str, key: str, now: datetime, not_before: datetime
) -> None:
    """Want a morning's list. The caller owns the transaction."""
    row = _row(entries[0].case, DIGEST, destination, key, key, now, held=False, urgent=False)
    row.content = msgspec.to_builtins(list(entries))
    row.not_before = not_before
    session.add(row)


def _row(
    case_id: int, kind: str, destination: str, name: str, key: str, now: datetime, *, held: bool, urgent: bool
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
        urgent=urgent,
    )
