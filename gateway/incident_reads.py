"""Incidents and how many of their cases are open, read from the database."""

from datetime import datetime

from sqlalchemy import ColumnElement, Select, case, func, select
from sqlalchemy.orm import Session

from gateway.incident_shapes import IncidentPage, IncidentShown
from schemas.cases import CLOSED_STATES
from schemas.config import Loop
from schemas.incidents import is_over
from schemas.tables import CaseRow, IncidentRow


def list_incidents(
    session: Session, loop: Loop, now: datetime, *, unresolved: bool, before: int | None, limit: int
) -> IncidentPage:
    """A page, newest first; ``unresolved``: only those with an open case."""
    live = _live()
    wanted = _counted(live).order_by(IncidentRow.id.desc()).limit(limit + 1)
    if before is not None:
        wanted = wanted.where(IncidentRow.id < before)
    if unresolved:
        wanted = wanted.having(live > 0)
    rows = session.execute(wanted).all()
    found = [_shown(row, count, unclosed, loop, now) for row, count, unclosed in rows[:limit]]
    return IncidentPage(incidents=found, next=str(found[-1].id) if len(rows) > limit else None)


def find_incident(session: Session, loop: Loop, number: int, now: datetime) -> IncidentShown | None:
    """One incident; ``None`` if there is none of this number."""
    row = session.execute(_counted(_live()).where(IncidentRow.id == number)).first()
    return None if row is None else _shown(row[0], row[1], row[2], loop, now)


def _live() -> ColumnElement[int]:
    """How many of an incident's cases are not closed."""
    return func.sum(case((CaseRow.state.in_(CLOSED_STATES), 0), else_=1))


def _counted(live: ColumnElement[int]) -> Select[IncidentRow, int, int]:
    return (
        select(IncidentRow, func.count(), live)
        .join(CaseRow, CaseRow.incident_id == IncidentRow.id)
        .group_by(IncidentRow.id)
    )


def _shown(row: IncidentRow, count: int, unclosed: int, loop: Loop, now: datetime) -> IncidentShown:
    rules = loop.grouping.incidents
    return IncidentShown(
        id=row.id,
        shared=row.shared,
        opened_at=row.opened_at,
        declared_at=row.declared_at,
        last_case_at=row.last_case_at,
        running=row.running_key is not None and rules is not None and not is_over(rules, row.last_case_at, now),
        cases=int(count),
        open=int(unclosed),
    )
