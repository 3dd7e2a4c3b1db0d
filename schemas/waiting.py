"""What waits to be done, by the tables: the oldest of each kind. The sender tells it of itself, the gateway of all."""

from datetime import datetime

from sqlalchemy import and_, func, or_, select
from sqlalchemy.orm import Session

from schemas.tables import CaseEventRow, CaseRow, SlackOutboxRow, TimerRow


def oldest_message(session: Session, now: datetime) -> datetime | None:
    """When the oldest message was written that is to be posted now, or that is tried again; ``None``: nothing waits."""
    return session.scalar(
        select(func.min(SlackOutboxRow.created_at)).where(
            or_(
                and_(
                    SlackOutboxRow.state == "pending",
                    # What a silence or a list of the morning holds back waits for its time, and for nobody.
                    or_(
                        SlackOutboxRow.not_before <= now,
                        and_(SlackOutboxRow.attempts > 0, SlackOutboxRow.silence_id.is_(None)),
                    ),
                ),
                # Whoever was posting it has not come back.
                and_(SlackOutboxRow.state == "sending", SlackOutboxRow.lease_until < now),
            )
        )
    )


def oldest_case_event(session: Session) -> datetime | None:
    """When the oldest change of a case was made that ``cx.cases`` does not have yet; ``None``: it has all."""
    return session.scalar(select(func.min(CaseEventRow.at)).where(CaseEventRow.published_at.is_(None)))


def oldest_timer(session: Session, now: datetime) -> datetime | None:
    """Since when the oldest reminder or escalation is due that has not fired; ``None``: none is late.

    A timer of an older version of its case is void and waits for nobody.
    """
    return session.scalar(
        select(func.min(TimerRow.due_at))
        .join(CaseRow, CaseRow.id == TimerRow.case_id)
        .where(
            TimerRow.kind.in_(("remind", "escalate")),
            TimerRow.fired_at.is_(None),
            TimerRow.due_at <= now,
            TimerRow.case_version == CaseRow.version,
        )
    )
