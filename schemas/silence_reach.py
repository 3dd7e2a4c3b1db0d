"""How much a silence would hold: which open cases and which alerts of the last days its matchers fit."""

from datetime import datetime, timedelta

import msgspec
from sqlalchemy import select
from sqlalchemy.orm import Session

from schemas.alerts import Alert
from schemas.cases import CLOSED_STATES
from schemas.config_owners import Match
from schemas.matching import facts_of, matches
from schemas.reach import DAYS, Reach
from schemas.tables import AlertRow, CaseRow

MAX_ALERTS = 20_000
"""So many of the newest alerts are looked at: a second's work at most."""
_PIECE = 1_000


def reach(session: Session, matchers: Match, now: datetime, most: int = MAX_ALERTS) -> Reach:
    """Look at all open cases, and at the alerts that arrived in the last :data:`DAYS` days. Recoveries do not count.

    ``most``: so many of the newest alerts at most.
    """
    shown = select(CaseRow.latest_alert).where(CaseRow.state.not_in(CLOSED_STATES)).execution_options(yield_per=_PIECE)
    cases = [_fits(matchers, payload) for payload in session.scalars(shown)]
    arrived = (
        select(AlertRow.payload)
        .where(AlertRow.received_at >= now - timedelta(days=DAYS))
        .order_by(AlertRow.received_at.desc())
        .limit(most + 1)
        .execution_options(yield_per=_PIECE)
    )
    alerts: list[bool] = []
    complete = True
    for number, payload in enumerate(session.scalars(arrived)):
        if number == most:
            complete = False
        elif not payload.get("recovered"):
            alerts.append(_fits(matchers, payload))
    return Reach(
        open_cases=sum(cases),
        of_open_cases=len(cases),
        alerts=sum(alerts),
        of_alerts=len(alerts),
        complete=complete,
    )


def _fits(matchers: Match, payload: dict[str, object]) -> bool:
    return matches(matchers, facts_of(msgspec.convert(payload, Alert)))
