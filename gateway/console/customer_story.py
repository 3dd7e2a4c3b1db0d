"""What else is known of a case's customer: every flagged answer of theirs, and their other cases, in order of time.

SQL keeps what was flagged. Touchpoints and answers that no rule flagged are counted by the streams and kept on their
topics alone: nothing here tells of them.
"""

from datetime import datetime
from typing import Literal

import msgspec
from msgspec import Struct
from sqlalchemy import select
from sqlalchemy.orm import Session

from gateway.case_shapes import AlertShown, Case
from gateway.console.case_lines import Reading, Said, said_of
from schemas.cases import CaseState
from schemas.tables import AlertRow, CaseRow
from schemas.words import about

MOST_CASES = 30
MOST_ALERTS = 60


class Happening(Struct, frozen=True, kw_only=True):
    """A flagged answer of the customer, or the end of one of their cases."""

    id: str
    kind: Literal["flagged", "closed"]
    at: datetime
    case_id: int
    is_this: bool
    """Whether it belongs to the case that is looked at."""
    said: Said | None
    state_words: str
    root_cause: str


def around(session: Session, case: Case, reading: Reading) -> list[Happening]:
    """The newest happenings, newest first; a metric's case tells of its series' alarms."""
    cases = {
        row.id: row
        for row in session.scalars(
            select(CaseRow)
            .where(CaseRow.customer_id == case.customer_id, CaseRow.subject == case.subject)
            .order_by(CaseRow.id.desc())
            .limit(MOST_CASES)
        )
    }
    alerts = session.scalars(
        select(AlertRow)
        .where(AlertRow.case_id.in_(list(cases)))
        .order_by(AlertRow.event_time.desc(), AlertRow.id)
        .limit(MOST_ALERTS)
    ).all()
    found = [
        Happening(
            id=f"around-{alert.id}",
            kind="flagged",
            at=alert.event_time,
            case_id=alert.case_id,
            is_this=alert.case_id == case.id,
            said=said_of(shown := msgspec.convert(alert.payload, AlertShown), shown.severity, reading, 200),
            state_words="",
            root_cause="",
        )
        for alert in alerts
    ]
    found += [_closed(row, row.closed_at, case, reading) for row in cases.values() if row.closed_at is not None]
    return sorted(found, key=lambda one: one.at, reverse=True)


def _closed(row: CaseRow, at: datetime, case: Case, reading: Reading) -> Happening:
    state: CaseState = row.state
    return Happening(
        id=f"around-closed-{row.id}",
        kind="closed",
        at=at,
        case_id=row.id,
        is_this=row.id == case.id,
        said=None,
        state_words=about.state_name(reading.words, state, case.subject),
        root_cause=row.root_cause or "",
    )
