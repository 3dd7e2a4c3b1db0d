"""How long the timelines of customers are kept, and the removal of what is older."""

from datetime import UTC, datetime, timedelta

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from schemas.config_base import seconds
from schemas.config_timeline import Timeline
from schemas.tables import TimelineRow

EVERYTHING = datetime.max.replace(tzinfo=UTC)


def kept_since(timeline: Timeline | None, now: datetime, newest: datetime | None, *, by_events: bool) -> datetime:
    """What happened before this moment is not kept; :data:`EVERYTHING` where no timeline is. Pure.

    ``by_events``: under ``--clock event`` the span ends with the newest event that was met, not with ``now``.
    """
    if timeline is None:
        return EVERYTHING
    end = newest if by_events and newest is not None else now
    return end - timedelta(seconds=seconds(timeline.keep))


def newest_kept(session: Session) -> datetime | None:
    """The time of the newest row; ``None`` where there is none."""
    return session.scalar(select(func.max(TimelineRow.at)))


def remove_before(session: Session, before: datetime, most: int) -> int:
    """Delete about so many of the oldest rows before this moment, all of them if there are fewer; how many it were.

    What happened at the same instant goes together. The oldest stand together in the index by time, so it is one range.
    """
    old = TimelineRow.at < before
    last = session.scalar(select(TimelineRow.at).where(old).order_by(TimelineRow.at).offset(most - 1).limit(1))
    gone = session.execute(delete(TimelineRow).where(old if last is None else TimelineRow.at <= last))
    return int(gone.rowcount)  # type: ignore[attr-defined] # a DELETE's result has it, the type of execute does not say so
