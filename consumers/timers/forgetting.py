"""Timers of cases that were closed long ago: deleted. Who was told when stands in the history of the case."""

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

EVERY = timedelta(hours=1)
BATCH = 200
"""Cases a transaction."""


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


def remembered(session: Session, plan: TimerRow) -> Marks:
    """The marks of a plan. Of a new one only the life: how often the history says that the case was opened again.

    That is never less than the last life that had timers, so no key of a forgotten one comes a second time.
    """
    marks = plan.detail.get("marks")
    if marks is not None:
        return msgspec.convert(marks, Marks)
    reopened = select(func.count()).where(CaseEventRow.case_id == plan.case_id, CaseEventRow.action == "reopen")
    return Marks(life=session.scalar(reopened) or 0)
