"""An action over the API or in Slack runs the case's clocks in its owner's working hours."""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy import select

from gateway.case_acts import act_within
from gateway.case_requests import ActionRequest
from gateway.vocabulary import vocabulary
from schemas.database import open_database, sessions
from schemas.settings import Settings
from schemas.tables import CaseEventRow
from tests.gateway.examples import configuration, opened


def test_a_contact_on_monday_takes_an_hour_of_anas_week(sqlite_database: str) -> None:
    engine = open_database(sqlite_database)
    writers, loop = sessions(engine), configuration()
    case = opened(writers)  # on a Saturday; Ana works on Mondays from nine
    with writers.begin() as session:
        act_within(
            session, vocabulary(loop, Settings()), loop, case, "contact", ActionRequest(),
            actor="ana", takes_over="ana", via="api", now=datetime(2026, 1, 12, 10, 0, tzinfo=UTC),
        )  # fmt: skip
    with writers() as session:
        told = session.scalars(select(CaseEventRow.payload).order_by(CaseEventRow.seq.desc())).first()
    engine.dispose()
    assert told is not None
    assert told["business_seconds_to_contact"] == told["business_seconds_to_acknowledge"] == 3600.0
    assert told["seconds_to_contact"] == 48 * 3600.0 - 2
