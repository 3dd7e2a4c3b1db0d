"""A closed case whose customer is heard of again: opened again by a bad answer, or marked as recovered by a good one.

Beside the ledger, and by its rules: compare-and-set, history row, outbox rows, in the caller's one transaction.
"""

from datetime import datetime

import msgspec
from sqlalchemy import select
from sqlalchemy.orm import Session

from schemas import joining
from schemas.alerts import Alert
from schemas.case_cards import add_card_once
from schemas.case_changes import begun_anew
from schemas.case_history import record
from schemas.case_ledger import Opening
from schemas.case_writes import compare_and_set, flagged, holds_event, take_in
from schemas.cases import CLOSED_STATES
from schemas.tables import CaseRow
from schemas.working_time import CalendarOf, around_the_clock


def find_closed_case(session: Session, customer_id: str, programme: str) -> CaseRow | None:
    """The customer's case in this programme that was closed last, held for this transaction."""
    return session.scalar(
        select(CaseRow)
        .where(
            CaseRow.customer_id == customer_id,
            CaseRow.programme == programme,
            CaseRow.state.in_(CLOSED_STATES),
        )
        .order_by(CaseRow.closed_at.desc(), CaseRow.id.desc())
        .limit(1)
        .with_for_update()
        .execution_options(populate_existing=True)
    )


def reopen_case(
    session: Session,
    case: CaseRow,
    alert: Alert,
    opening: Opening,
    now: datetime,
    calendar_of: CalendarOf = around_the_clock,
) -> None:
    """Open a closed case again, because its customer is unhappy again.

    It begins anew: its promises are those of ``opening``, and what is measured of it counts from now. Its history, its
    answers and its cards stay. Raises :class:`schemas.case_writes.Refused` (``stale``) where somebody was quicker.
    """
    now = max(now, case.updated_at)  # a clock that is behind turns no case back
    before = case.state
    further = joining.counts(alert) and not holds_event(session, case, alert)
    compare_and_set(
        session,
        case,
        now,
        page=case.page or alert.page,
        severity=joining.severity_after(case.severity, alert),
        receiver=opening.receiver,
        owner=opening.owner,
        answer_count=case.answer_count + further,
        latest_alert=msgspec.to_builtins(joining.shown(msgspec.convert(case.latest_alert, Alert), alert)),
        acknowledge_by=opening.acknowledge_by,
        contact_by=opening.contact_by,
        resolve_by=opening.resolve_by,
        **begun_anew(case, now),
    )
    take_in(session, case, alert, now)
    detail = flagged(alert) | {"why": alert.reason}
    if opening.owner is not None:
        detail["owner"] = opening.owner
    record(session, case, "reopen", before, "system", "system", now, detail)
    for place in opening.destinations:
        add_card_once(session, case, place, now, calendar_of)


def recover_case(session: Session, alert: Alert, now: datetime) -> CaseRow | None:
    """Mark the customer's closed case as recovered, because of an answer that is no longer bad.

    ``None``, and nothing has changed, where there is nothing to mark: the case was no complaint, is recovered already,
    or was closed after the answer. The caller knows that the customer has no open one. Raises
    :class:`schemas.case_writes.Refused` (``stale``).
    """
    case = find_closed_case(session, alert.customer_id, alert.programme)
    if case is None or case.subject != "customer" or case.state != "resolved" or case.recovered_at is not None:
        return None
    if case.closed_at is None or alert.event_time < case.closed_at:
        return None
    now = max(now, case.updated_at)
    # No clock is advanced: what was measured of the case ended when it was resolved.
    compare_and_set(session, case, now, recovered_at=alert.event_time, recovery_reason=joining.won_back(alert))
    take_in(session, case, alert, now)
    record(session, case, "recovered", case.state, "system", "system", now, flagged(alert))
    return case
