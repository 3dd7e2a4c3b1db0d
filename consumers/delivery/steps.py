"""The steps of a message that had to go another way, as rows: what refused it, and what took it in the end."""

from datetime import datetime
from typing import Literal

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from schemas.tables import CaseRow, DeliveryStepRow, SlackOutboxRow, SlackSurfaceRow

CONSOLE = "console"


def record(
    session: Session,
    outbox_id: str,
    case_id: int,
    destination: str,
    outcome: Literal["refused", "sent", "shown"],
    error: str | None,
    now: datetime,
) -> None:
    """Keep one step. The caller owns the transaction."""
    session.add(
        DeliveryStepRow(
            outbox_id=outbox_id, case_id=case_id, at=now, destination=destination, outcome=outcome, error=error
        )
    )


def refused_by(session: Session, outbox_id: str, case_id: int) -> list[str]:
    """Where this message cannot go: what refused it, in order, and where a card of the case has died before."""
    steps = session.scalars(
        select(DeliveryStepRow.destination)
        .where(DeliveryStepRow.outbox_id == outbox_id, DeliveryStepRow.outcome == "refused")
        .order_by(DeliveryStepRow.id)
    )
    dead = session.scalars(
        select(SlackSurfaceRow.destination).where(
            SlackSurfaceRow.case_id == case_id, SlackSurfaceRow.dead_reason.is_not(None)
        )
    )
    return list(dict.fromkeys([*steps, *dead]))


def arrived_at(session: Session, outbox_id: str) -> datetime | None:
    """When the message came to the destination it is for now: when the one before it refused."""
    return session.scalar(
        select(DeliveryStepRow.at)
        .where(DeliveryStepRow.outbox_id == outbox_id)
        .order_by(DeliveryStepRow.id.desc())
        .limit(1)
    )


def nobody_told(session: Session, outbox_id: str, case_id: int, now: datetime) -> None:
    """Every way is shut: the console shows the case as one of which nobody could be told."""
    record(session, outbox_id, case_id, CONSOLE, "shown", None, now)
    session.execute(
        update(CaseRow)
        .where(CaseRow.id == case_id, CaseRow.undelivered_at.is_(None))
        .values(undelivered_at=now)
        .execution_options(synchronize_session=False)
    )


def somebody_told(session: Session, case_id: int) -> None:
    """A message of the case has arrived after all."""
    session.execute(
        update(CaseRow)
        .where(CaseRow.id == case_id, CaseRow.undelivered_at.is_not(None))
        .values(undelivered_at=None)
        .execution_options(synchronize_session=False)
    )


def revive(session: Session, destination: str, now: datetime) -> int:
    """The destination works again: messages that it once refused and that no other took get another try. How many."""
    refused = select(DeliveryStepRow.outbox_id).where(
        DeliveryStepRow.destination == destination, DeliveryStepRow.outcome == "refused"
    )
    open_cases = select(CaseRow.id).where(CaseRow.undelivered_at.is_not(None))
    rows = session.scalars(
        select(SlackOutboxRow).where(
            SlackOutboxRow.state == "dead", SlackOutboxRow.id.in_(refused), SlackOutboxRow.case_id.in_(open_cases)
        )
    ).all()
    for row in rows:
        row.state, row.not_before, row.lease_until = "pending", now, None
        before, row.destination = row.destination, destination
        if row.kind == "card":
            surface = session.scalar(
                select(SlackSurfaceRow).where(
                    SlackSurfaceRow.case_id == row.case_id,
                    SlackSurfaceRow.surface == row.surface,
                    SlackSurfaceRow.destination == before,
                )
            )
            row.surface = "dm" if destination.startswith("person:") else "channel"
            if surface is not None:
                surface.surface, surface.destination, surface.dead_reason = row.surface, destination, None
    return len(rows)
