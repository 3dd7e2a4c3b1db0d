"""Many cases at once that share what loop.yaml names become one incident, and their cases are linked to it.

In the transaction that opens a case, or opens it again. A click on a card that has been linked meanwhile still holds.
"""

from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from schemas import case_clock, incidents
from schemas.alerts import Alert
from schemas.case_history import record
from schemas.case_writes import compare_and_set
from schemas.cases import CLOSED_STATES
from schemas.config import Loop
from schemas.config_base import seconds
from schemas.config_grouping import Incidents
from schemas.tables import CaseEventRow, CaseRow, IncidentRow
from schemas.working_time import calendar_of

_KEPT_FRESH = 10
"""The time of an incident's newest case is written this often within its quiet time: not with every case, or the desks
would wait for each other."""


def take_part(session: Session, loop: Loop, case: CaseRow, alert: Alert, now: datetime) -> bool:
    """Link the case, just opened by this alert, to the running incident of its kind, or declare one.

    ``True`` where it is linked. Raises :class:`schemas.case_writes.Refused` (``stale``) or ``IntegrityError`` where
    another writer came between: roll back, try again.
    """
    rules = loop.grouping.incidents
    if rules is None:
        return False
    shared = incidents.shared_of(rules.by, alert)
    if shared is None:
        return False
    case.burst_key = key = incidents.burst_key(shared)
    running = session.scalar(select(IncidentRow).where(IncidentRow.running_key == key))
    if running is not None and not incidents.is_over(rules, running.last_case_at, now):
        _join(session, rules, running, case, now)
        return True
    session.flush()
    began = func.coalesce(CaseRow.reopened_at, CaseRow.opened_at)
    burst = session.scalars(
        select(CaseRow)
        .where(
            CaseRow.burst_key == key,
            CaseRow.state.not_in(CLOSED_STATES),
            began > incidents.burst_began_after(rules, now),
        )
        .order_by(CaseRow.id)
        .with_for_update()
    ).all()
    if len(burst) < rules.at_least:
        return False
    if running is not None:
        running.running_key = None
        session.flush()
    declared = IncidentRow(
        shared=shared,
        opened_at=min(member.reopened_at or member.opened_at for member in burst),
        declared_at=now,
        last_case_at=now,
        running_key=key,
    )
    session.add(declared)
    session.flush()
    for member in burst:
        if member.id == case.id:
            _join(session, rules, declared, case, now)
        else:
            _link(session, loop, declared, member, now)
    return True


def _join(session: Session, rules: Incidents, incident: IncidentRow, case: CaseRow, now: datetime) -> None:
    """The case is new in this transaction: its incident stands in the step that opened it."""
    case.incident_id = incident.id
    if now - incident.last_case_at > timedelta(seconds=seconds(rules.quiet)) / _KEPT_FRESH:
        incident.last_case_at = now
    session.flush()
    row = session.scalars(
        select(CaseEventRow).where(CaseEventRow.case_id == case.id, CaseEventRow.version == case.version)
    ).one()
    row.detail = {**row.detail, "incident": incident.id}


def _link(session: Session, loop: Loop, incident: IncidentRow, case: CaseRow, now: datetime) -> None:
    """The case has been there: that it is part of an incident is news, so its cards are drawn again."""
    at = max(now, case.updated_at)  # a clock that is behind turns no case back
    hours = calendar_of(loop, case.owner)
    columns = case_clock.advanced(case, at, hours, hours)
    compare_and_set(session, case, at, **columns, incident_id=incident.id)
    record(session, case, "linked", case.state, "system", "system", at, {"incident": incident.id})
