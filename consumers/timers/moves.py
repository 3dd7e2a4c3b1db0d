"""What time alone does to a case: a snoozed one wakes, a lease without a contact ends.

These need no timer row. The case itself says what is due, the action takes it out of the state in which it was due, and
the ledger's compare-and-set lets one worker do it.
"""

from datetime import datetime
from typing import Literal

import msgspec
from msgspec import Struct
from sqlalchemy import and_, or_, select
from sqlalchemy.orm import Session, sessionmaker

from consumers.timers.forgetting import remembered
from consumers.timers.messages import PERSON, add_message
from consumers.timers.presence import instead_of, present
from consumers.timers.timetable import returned
from schemas import case_ledger
from schemas.case_plan import plan_key
from schemas.config import Loop
from schemas.tables import CaseRow, TimerRow
from schemas.working_time import calendars

BATCH = 200


class Due(Struct, frozen=True):
    """A case that time moves, as it was when that was seen."""

    case_id: int
    version: int
    action: Literal["wake", "lease_expired"]


def due(session: Session, now: datetime) -> list[Due]:
    """The cases whose snooze or lease is over at ``now``, at most :data:`BATCH`."""
    rows = session.execute(
        select(CaseRow.id, CaseRow.version, CaseRow.state)
        .where(
            or_(
                and_(CaseRow.state == "snoozed", CaseRow.snoozed_until <= now),
                and_(CaseRow.state == "acknowledged", CaseRow.lease_until <= now),
            )
        )
        .order_by(CaseRow.id)
        .limit(BATCH)
    )
    return [
        Due(case_id, version, "wake" if state == "snoozed" else "lease_expired") for case_id, version, state in rows
    ]


def move(database: sessionmaker[Session], loop: Loop, found: Due, now: datetime) -> bool:
    """Take the action, unless somebody changed the case since: then there is nothing to do, or it is found again.

    The owner hears that a case is awake. That a lease ran out begins the case's escalation anew.
    """
    try:
        with database.begin() as session:
            case = case_ledger.act(
                session,
                found.case_id,
                found.action,
                actor="system",
                via="system",
                now=now,
                expected_version=found.version,
                calendar_of=calendars(loop),
            )
            if found.action == "lease_expired":
                _begin_anew(session, case)
            elif case.page and case.recovered_at is None:
                person = reader(loop, case.owner, now)
                if person is not None:
                    key = f"{case.id}/wake/{case.version}"
                    add_message(session, loop, case, "wake", f"{PERSON}{person}", key, now)
    except case_ledger.Refused:
        return False
    return True


def reader(loop: Loop, owner: str | None, now: datetime) -> str | None:
    """Who hears what is meant for the owner: they themselves, or who stands in; at worst they, when they are back."""
    if owner is None or owner not in loop.people or present(loop, owner, now):
        return owner
    return instead_of(loop, owner, now) or owner


def _begin_anew(session: Session, case: CaseRow) -> None:
    session.flush()
    plan = session.scalar(select(TimerRow).where(TimerRow.key == plan_key(case.id)).with_for_update())
    if plan is not None:
        plan.detail = {**plan.detail, "marks": msgspec.to_builtins(returned(case, remembered(session, plan)))}
