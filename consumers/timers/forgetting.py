"""What time takes away: timers of cases that were closed long ago, and what is too old for a customer's timeline.

Who was told when stands in the history of the case.
"""

from datetime import datetime, timedelta

import msgspec
from sqlalchemy import delete, exists, func, select
from sqlalchemy.orm import Session, sessionmaker

from consumers.timers.timetable import Marks
from schemas.cases import CLOSED_STATES
from schemas.config import Loop
from schemas.config_base import seconds
from schemas.permissions import REOPEN_WITHIN
from schemas.tables import CaseEventRow, CaseRow, TimerRow
from schemas.timeline_retention import kept_since, newest_kept, remove_before

EVERY = timedelta(hours=1)
BATCH = 200
"""Cases a transaction."""
ROWS = 1_000
"""Rows of timelines a transaction."""
TRANSACTIONS = 5
"""Of timelines in one look: the timers have more urgent things to do in the next second."""


def forget(database: sessionmaker[Session], loop: Loop, now: datetime) -> int:
    """Delete the timers of cases that neither their customer nor a colleague in Slack opens again; of how many cases.

    That is after ``sla.reopen_within`` and :data:`schemas.permissions.REOPEN_WITHIN`, whichever is longer. Over the API
    such a case can still be opened: :func:`remembered` says then which life of it begins. Each transaction is short.
    """
    closed_before = now - max(timedelta(seconds=seconds(loop.sla.reopen_within)), REOPEN_WITHIN)
    old = (
        select(CaseRow.id)
        .where(
            CaseRow.state.in_(CLOSED_STATES),
            CaseRow.closed_at < closed_before,
            exists().where(TimerRow.case_id == CaseRow.id),
        )
        .order_by(CaseRow.id)
        .limit(BATCH)
        .with_for_update(skip_locked=True)
    )
    forgotten = 0
    while True:
        with database.begin() as session:
            cases = session.scalars(old).all()
            session.execute(delete(TimerRow).where(TimerRow.case_id.in_(cases)))
        forgotten += len(cases)
        if len(cases) < BATCH:
            return forgotten


def prune_timeline(database: sessionmaker[Session], loop: Loop, now: datetime, *, by_events: bool) -> bool:
    """Delete rows of timelines that are past ``timeline.keep``, so many at the most; whether there may be more."""
    newest = None
    if by_events:
        with database() as session:
            newest = newest_kept(session)
    before = kept_since(loop.timeline, now, newest, by_events=by_events)
    for _ in range(TRANSACTIONS):
        with database.begin() as session:
            if remove_before(session, before, ROWS) < ROWS:
                return False
    return True


def remembered(session: Session, plan: TimerRow) -> Marks:
    """The marks of a plan. Of a new one only the life: how often the history says that the case was opened again.

    That is never less than the last life that had timers, so no key of a forgotten one comes a second time.
    """
    marks = plan.detail.get("marks")
    if marks is not None:
        return msgspec.convert(marks, Marks)
    reopened = select(func.count()).where(CaseEventRow.case_id == plan.case_id, CaseEventRow.action == "reopen")
    return Marks(life=session.scalar(reopened) or 0)
