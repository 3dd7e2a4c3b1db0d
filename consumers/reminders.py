"""Who is told when time has moved a case. A card that is only redrawn notifies nobody, so a short message does."""

from datetime import datetime
from typing import Literal
from uuid import UUID, uuid5

from sqlalchemy.orm import Session

from schemas.config import Loop
from schemas.tables import CaseRow, SlackOutboxRow

Occasion = Literal["wake", "lease_expired", "overdue"]
REMINDER = "reminder"
"""The outbox kind, and surface, of a message that is sent once and never redrawn."""

_NAMESPACE = UUID("9d1f4a52-7a0e-5c0f-8a34-5d2a1c7b6e90")


def recipient(loop: Loop, receiver: str, owner: str | None, occasion: Occasion) -> str | None:
    """The person to tell: the owner when a case wakes, the team's lead when nobody kept a promise. Pure."""
    if occasion == "wake":
        return owner
    known = loop.receivers.get(receiver)
    team = loop.teams.get(known.team) if known is not None and known.team is not None else None
    return team.lead if team is not None and team.lead is not None else owner


def dedupe_key(case_id: int, occasion: Occasion, version: int) -> str:
    """One reminder a case, occasion and version; a case is overdue once."""
    return f"{case_id}/overdue" if occasion == "overdue" else f"{case_id}/{occasion}/{version}"


def add_reminder(session: Session, case: CaseRow, occasion: Occasion, person: str, now: datetime) -> None:
    """Want a direct message about the case. The caller owns the transaction."""
    key = dedupe_key(case.id, occasion, case.version)
    session.add(
        SlackOutboxRow(
            id=str(uuid5(_NAMESPACE, f"{key}/{case.opened_at.isoformat()}")),
            case_id=case.id,
            surface=REMINDER,
            kind=occasion,
            dedupe_key=key,
            destination=f"person:{person}",
            state="pending",
            created_at=now,
            not_before=now,
        )
    )
