"""One message in place of many cards: what the outbox calls it, and how a case gets a card of its own after all."""

from datetime import datetime
from typing import Any
from uuid import UUID, uuid5

from sqlalchemy import CursorResult, update
from sqlalchemy.orm import Session

from schemas.tables import RollUpRow, SlackOutboxRow

ROLL_UP = "roll_up"
"""The outbox's surface and kind of a roll-up's message."""
ROLLED_UP = "rolled_up"
"""The outbox's state of a card of which a roll-up tells instead."""

_NAMESPACE = UUID("5a0d7f0e-98c1-5f3b-9a44-3b0f4d5e2a17")


def message_of(
    roll_up: RollUpRow, case_id: int, key: str, now: datetime, not_before: datetime, content: list[Any]
) -> SlackOutboxRow:
    """A row of the outbox for the roll-up's message. ``content`` names its cases to those whom Slack cannot reach."""
    return SlackOutboxRow(
        id=str(uuid5(_NAMESPACE, key)),
        case_id=case_id,
        surface=ROLL_UP,
        kind=ROLL_UP,
        dedupe_key=key,
        destination=roll_up.destination,
        state="pending",
        created_at=now,
        not_before=not_before,
        content=content,
        roll_up_id=roll_up.id,
    )


def want_card(session: Session, roll_up_id: int, case_id: int, now: datetime) -> bool:
    """Post the case's card beside the roll-up that tells of it. ``False`` where it has one, or was never in it."""
    done = session.execute(
        update(SlackOutboxRow)
        .where(
            SlackOutboxRow.roll_up_id == roll_up_id,
            SlackOutboxRow.case_id == case_id,
            SlackOutboxRow.kind == "card",
            SlackOutboxRow.state == ROLLED_UP,
        )
        .values(state="pending", not_before=now)
        .execution_options(synchronize_session=False)
    )
    assert isinstance(done, CursorResult)
    return done.rowcount == 1
