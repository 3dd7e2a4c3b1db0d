"""A customer who is heard of after their case was closed: whose it is then, what is promised, and who is told."""

from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from schemas import joining
from schemas.alerts import Alert
from schemas.case_cards import Destination, add_message
from schemas.case_ledger import Opening
from schemas.case_returns import find_closed_case, reopen_case
from schemas.config import Loop
from schemas.config_base import seconds
from schemas.duty import present, stand_in
from schemas.sla import due_times
from schemas.tables import CaseRow
from schemas.working_time import calendars

REOPENED = "reopen"
"""The outbox kind of the short message that a case is open again."""


def closed_case(session: Session, loop: Loop, alert: Alert, now: datetime) -> CaseRow | None:
    """The customer's closed case that this alert is to open again, if there is one."""
    case = find_closed_case(session, alert.customer_id, alert.programme)
    if case is None or not joining.reopens(alert, case.state, case.closed_at, paged=case.page):
        return None
    assert case.closed_at is not None  # or it would not be opened again
    within = timedelta(seconds=seconds(loop.sla.reopen_within))
    return case if now - case.closed_at <= within else None


def reopen(session: Session, loop: Loop, case: CaseRow, alert: Alert, chosen: Opening, now: datetime) -> None:
    """Open the case again for its owner, or for their deputy while they are away.

    ``chosen`` is what routing says of the alert: it holds where neither is there. A card that is only redrawn notifies
    nobody: the owner gets a direct message, or the channel where there is none.
    """
    receiver, owner, places = chosen.receiver, chosen.owner, chosen.destinations
    holder = holder_of(loop, case.owner, now)
    if holder is not None:
        places = () if holder == case.owner else (Destination("dm", f"person:{holder}"),)
        receiver, owner = case.receiver, holder
    page = case.page or alert.page
    due = due_times(loop, joining.severity_after(case.severity, alert), owner, now, alert.subject) if page else None
    opening = Opening(
        receiver=receiver,
        owner=owner,
        destinations=places,
        acknowledge_by=due.acknowledge_by if due is not None else None,
        contact_by=due.contact_by if due is not None else None,
        resolve_by=due.resolve_by if due is not None else None,
    )
    reopen_case(session, case, alert, opening, now, calendars(loop))
    if page:
        told = f"person:{owner}" if owner is not None else loop.receivers[receiver].channel
        place = Destination("dm" if owner is not None else "channel", told)
        add_message(session, case, REOPENED, place, now, calendars(loop))


def holder_of(loop: Loop, owner: str | None, now: datetime) -> str | None:
    """Who has the case of this owner: they, their deputy while they are away, ``None`` if neither is there. Pure."""
    if owner is None or owner not in loop.people:
        return None
    return owner if present(loop, owner, now) else stand_in(loop, owner, now)
