"""The wish for a new timetable: every change of a case makes its timers void, and asks for them anew.

The wish is a row of ``timers`` (kind ``plan``, one a case), written in the transaction of the change. The timers carry
the version of the case that they were made for, so from that transaction on none of the old ones can fire.
"""

from datetime import datetime

from sqlalchemy import CursorResult, update
from sqlalchemy.orm import Session

from schemas.tables import CaseRow, TimerRow

PLAN = "plan"


def plan_key(case_id: int) -> str:
    """The key of a case's plan."""
    return f"{case_id}/plan"


def ask_for_plan(session: Session, case: CaseRow, now: datetime) -> None:
    """Want a timetable for the case as it is now. The caller owns the transaction."""
    asked = session.execute(
        update(TimerRow)
        .where(TimerRow.key == plan_key(case.id))
        .values(case_version=case.version, due_at=now, fired_at=None)
        .execution_options(synchronize_session=False)
    )
    assert isinstance(asked, CursorResult)
    if asked.rowcount == 0 and case.page:  # of a quiet case nothing is promised, so nothing is to be timed
        session.add(
            TimerRow(
                key=plan_key(case.id),
                kind=PLAN,
                case_id=case.id,
                case_version=case.version,
                due_at=now,
                detail={},
            )
        )
