"""The messages that wait to be sent, counted in SQL."""

from datetime import datetime

from sqlalchemy import and_, func, or_, select
from sqlalchemy.orm import Session

from gateway.pipeline import Outbox
from schemas.cases import CLOSED_STATES
from schemas.tables import CaseRow, SlackOutboxRow


def outbox_of(session: Session, now: datetime) -> Outbox:
    """The outbox as of ``now``."""
    # What a silence or a list of the morning holds back waits for its time, and for nobody.
    due = or_(SlackOutboxRow.not_before <= now, and_(SlackOutboxRow.attempts > 0, SlackOutboxRow.silence_id.is_(None)))
    pending = and_(SlackOutboxRow.state == "pending", due)
    under_way = SlackOutboxRow.state.in_(("sending", "in_doubt"))
    states = session.execute(
        select(SlackOutboxRow.state, func.count(), func.min(SlackOutboxRow.created_at))
        .where(or_(pending, under_way))
        .group_by(SlackOutboxRow.state)
    ).all()
    undeliverable = session.scalar(
        select(func.count())
        .select_from(SlackOutboxRow)
        .join(CaseRow, CaseRow.id == SlackOutboxRow.case_id)
        .where(SlackOutboxRow.state == "dead", CaseRow.state.not_in(CLOSED_STATES))
    )
    counts = {state: int(count) for state, count, _ in states}
    oldest = min((since for _, _, since in states), default=None)
    return Outbox(
        waiting=counts.get("pending", 0) + counts.get("sending", 0),
        in_doubt=counts.get("in_doubt", 0),
        undeliverable=undeliverable or 0,
        oldest_seconds=0.0 if oldest is None else max(0.0, (now - oldest).total_seconds()),
    )
