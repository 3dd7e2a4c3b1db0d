"""Terms of flagged answers: taken when the answer's alert is, and of those that were kept before terms were."""

from collections.abc import Iterable

import msgspec
from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.orm import Session

from schemas.alerts import Alert
from schemas.comment_terms import language_of, terms_of
from schemas.tables import AlertRow, AnswerTermsRow


def packed(terms: Iterable[str]) -> str:
    """Terms as the table has them: each between line breaks, so that one can be looked for."""
    return "\n".join(("", *terms, ""))


def unpacked(text: str) -> list[str]:
    """The terms of a row."""
    return text.split("\n")[1:-1]


def keep_terms(session: Session, alert: Alert, case_id: int) -> None:
    """Keep what the comment of this alert is about, if it has one and nothing is kept of the answer yet.

    The row of the alert must be there, or be about to be.
    """
    comment = alert.comment
    if alert.subject != "customer" or not comment or not comment.strip():
        return
    language = language_of(comment, alert.language)
    row = {
        "event_source": alert.event_source,
        "event_id": alert.event_id,
        "alert_id": alert.id,
        "case_id": case_id,
        "at": alert.event_time,
        "metric": alert.metric,
        "touchpoint": alert.touchpoint,
        "language": language or "",
        "terms": packed(terms_of(comment, language) if language is not None else ()),
    }
    session.flush()  # the row points to that of the alert
    on_sqlite = session.get_bind().dialect.name == "sqlite"
    statement = (sqlite_insert if on_sqlite else postgresql_insert)(AnswerTermsRow).values(row)
    session.execute(statement.on_conflict_do_nothing(index_elements=["event_source", "event_id"]))


def keep_terms_of_before(session: Session, after: str, limit: int) -> str | None:
    """Keep the terms of the next alerts that have none, by their ids after ``after``.

    The last id that was looked at, from where to go on; None at the end. The caller owns the transaction.
    """
    rows = session.execute(
        select(AlertRow.id, AlertRow.case_id, AlertRow.payload, AnswerTermsRow.alert_id)
        .outerjoin(
            AnswerTermsRow,
            (AnswerTermsRow.event_source == AlertRow.event_source) & (AnswerTermsRow.event_id == AlertRow.event_id),
        )
        .where(AlertRow.id > after)
        .order_by(AlertRow.id)
        .limit(limit)
    ).all()
    for _, case, payload, known in rows:
        if known is None:
            keep_terms(session, msgspec.convert(payload, Alert), case)
    return rows[-1][0] if len(rows) == limit else None
