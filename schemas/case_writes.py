"""What every change of a case writes: the row if nobody was quicker, its cards' new version, the alert taken in."""

from datetime import datetime
from typing import Any, Literal

import msgspec
from sqlalchemy import ColumnElement, or_, select, update
from sqlalchemy.orm import Session

from schemas.alerts import Alert
from schemas.answer_terms import keep_terms
from schemas.cases import CLOSED_STATES
from schemas.tables import AlertRow, CaseRow, RollUpRow, SlackOutboxRow, SlackSurfaceRow

Refusal = Literal["missing", "stale", "not_allowed", "other_open_case"]


class Refused(Exception):  # noqa: N818 - an answer to the caller, not a fault
    """An action that was not taken: why, and how the case stands now."""

    def __init__(self, refusal: Refusal, text: str, case: CaseRow | None = None) -> None:
        super().__init__(text)
        self.refusal: Refusal = refusal
        self.case = case


def compare_and_set(session: Session, case: CaseRow, now: datetime, **columns: Any) -> None:
    """Write the columns and the next version, if the version is still the one that was read.

    What waits to be posted about a case that becomes critical goes before all others from then on.
    """
    reopens = case.state in CLOSED_STATES and columns.get("state", case.state) not in CLOSED_STATES
    done = session.execute(
        update(CaseRow)
        .where(CaseRow.id == case.id, CaseRow.version == case.version)
        .values(version=case.version + 1, updated_at=now, **columns)
        .execution_options(synchronize_session=False)
    )
    session.refresh(case)
    if done.rowcount != 1:  # type: ignore[attr-defined] # an UPDATE's result is a CursorResult
        raise Refused("stale", f"C-{case.id} has changed since: it is {case.state} now", case)
    session.execute(
        update(SlackSurfaceRow)
        .where(SlackSurfaceRow.case_id == case.id)
        .values(wanted_version=case.version)
        .execution_options(synchronize_session=False)
    )
    if columns.get("severity") == "critical":
        session.execute(
            update(SlackOutboxRow)
            .where(SlackOutboxRow.case_id == case.id, SlackOutboxRow.urgent.is_(False))
            .values(urgent=True)
            .execution_options(synchronize_session=False)
        )
    if reopens:
        unsettle(session, case)


def unsettle(session: Session, case: CaseRow) -> None:
    """A roll-up that said that all is done has something to show again."""
    telling = select(SlackOutboxRow.roll_up_id).where(
        SlackOutboxRow.case_id == case.id, SlackOutboxRow.roll_up_id.is_not(None)
    )
    which: ColumnElement[bool] = RollUpRow.id.in_(telling)
    if case.incident_id is not None:
        which = or_(which, RollUpRow.incident_id == case.incident_id)
    session.execute(update(RollUpRow).where(which).values(settled=False).execution_options(synchronize_session=False))


def holds_event(session: Session, case: CaseRow, alert: Alert) -> bool:
    """Whether another rule's alert about the same event is in the case: that is two alerts, and one answer."""
    known = select(AlertRow.id).where(
        AlertRow.case_id == case.id, AlertRow.event_source == alert.event_source, AlertRow.event_id == alert.event_id
    )
    return session.scalar(known.limit(1)) is not None


def flagged(alert: Alert) -> dict[str, Any]:
    """What the history says of an alert."""
    return {"alert": alert.id, "rule": alert.rule} | ({"recovered": True} if alert.recovered else {})


def take_in(session: Session, case: CaseRow, alert: Alert, now: datetime) -> None:
    """Keep the alert in the case, and what its comment is about. A second time the database refuses it."""
    session.add(
        AlertRow(
            id=alert.id,
            case_id=case.id,
            rule=alert.rule,
            severity=alert.severity,
            event_source=alert.event_source,
            event_id=alert.event_id,
            event_time=alert.event_time,
            detected_at=alert.detected_at,
            received_at=now,
            payload=msgspec.to_builtins(alert),
        )
    )
    keep_terms(session, alert, case.id)
