"""The books, cases and alarms as SQL has them."""

from typing import get_args

import msgspec
from sqlalchemy import func, select
from sqlalchemy.orm import Session, sessionmaker

from schemas.cases import CaseState
from schemas.metrics import Books
from schemas.tables import AlertRow, BooksRow, CaseRow


def stored_books(readers: sessionmaker[Session]) -> dict[str, Books]:
    """The accounts that the recorder has written."""
    with readers() as session:
        rows = session.scalars(select(BooksRow)).all()
    return {row.source: msgspec.convert(row.payload, Books) for row in rows}


def cases_by_state(readers: sessionmaker[Session]) -> dict[str, int]:
    """How many cases are in each state; every state is named."""
    with readers() as session:
        rows = session.execute(select(CaseRow.state, func.count().label("number")).group_by(CaseRow.state)).all()
    return dict.fromkeys(get_args(CaseState), 0) | {row.state: row.number for row in rows}


def metric_alarms(readers: sessionmaker[Session]) -> dict[str, int]:
    """How many alarms of each rule over metrics are in cases: no source partition has them in its accounts."""
    with readers() as session:
        rows = session.execute(
            select(AlertRow.rule, func.count().label("number"))
            .join(CaseRow, CaseRow.id == AlertRow.case_id)
            .where(CaseRow.subject == "metric", AlertRow.payload["recovered"].as_boolean().is_(False))
            .group_by(AlertRow.rule)
        ).all()
    return {row.rule: row.number for row in rows}
