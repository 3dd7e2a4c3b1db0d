"""Flagged answers read from SQL: what customers said, of a period, a segment, a metric or a theme."""

from collections.abc import Mapping
from datetime import UTC, datetime

import msgspec
from msgspec import Struct
from sqlalchemy import ColumnElement, Text, and_, cast, exists, or_, select
from sqlalchemy.orm import Session

from gateway.case_shapes import AlertShown
from schemas.cases import CaseState
from schemas.tables import AlertRow, AnswerTermsRow, CaseRow

EXCERPT_CHARACTERS = 280
_ATTRIBUTE = "attributes."


class AnswerFilter(Struct, frozen=True, kw_only=True):
    """Which answers are asked for; everything given must hold. ``start`` is included, ``end`` is not."""

    start: datetime | None = None
    end: datetime | None = None
    metric: str | None = None
    touchpoint: str | None = None
    language: str | None = None
    term: str | None = None
    """The key of a theme."""
    key: Mapping[str, str] = {}
    """Dimension to value, as in the key of a metric's series."""
    commented: bool = False
    """Only answers with words."""


class Cursor(Struct, frozen=True, array_like=True):
    """Where a page of answers ends."""

    at: datetime
    alert: str


class FlaggedAnswer(Struct, frozen=True, kw_only=True):
    """One answer that was flagged, or touchpoints that were: the alert, and the case it is in.

    The comment is cut to 280 characters. An answer that two rules flagged is there once.
    """

    case: int
    case_state: CaseState
    customer_id: str
    alert: AlertShown


class AnswerPage(Struct, frozen=True, kw_only=True):
    """Answers, newest first. ``next`` is the cursor of the page after this one, or null at the end."""

    answers: list[FlaggedAnswer]
    next: str | None


def read_answers(session: Session, asked: AnswerFilter, after: Cursor | None, limit: int) -> AnswerPage:
    """A page of the answers that fit."""
    query = (
        select(AlertRow.payload, CaseRow.id, CaseRow.state, CaseRow.customer_id)
        .join(CaseRow, CaseRow.id == AlertRow.case_id)
        .where(*_conditions(asked))
        .order_by(AlertRow.event_time.desc(), AlertRow.id)
        .limit(limit + 1)
    )
    if after is not None:
        query = query.where(
            or_(
                AlertRow.event_time < after.at,
                and_(AlertRow.event_time == after.at, AlertRow.id > after.alert),
            )
        )
    rows = session.execute(query).all()
    answers = [
        FlaggedAnswer(case=case, case_state=state, customer_id=customer, alert=_shown(payload))
        for payload, case, state, customer in rows[:limit]
    ]
    last = answers[-1].alert if len(rows) > limit else None
    return AnswerPage(answers=answers, next=written_cursor(last) if last is not None else None)


def written_cursor(last: AlertShown) -> str:
    """The cursor behind an answer, as a word of a query."""
    return f"{last.event_time.astimezone(UTC).isoformat()}~{last.id}"


def read_cursor(text: str) -> Cursor:
    """The cursor that a query gives. Raises ValueError for what is none."""
    at, mark, alert = text.partition("~")
    cursor = Cursor(datetime.fromisoformat(at), alert)
    if not mark or cursor.at.tzinfo is None or "\0" in alert:
        raise ValueError("not a cursor")
    return cursor


def _conditions(asked: AnswerFilter) -> list[ColumnElement[bool]]:
    payload = AlertRow.payload
    found: list[ColumnElement[bool]] = [CaseRow.subject == "customer"]
    if asked.start is not None:
        found.append(AlertRow.event_time >= asked.start)
    if asked.end is not None:
        found.append(AlertRow.event_time < asked.end)
    wanted = {"metric": asked.metric, "touchpoint": asked.touchpoint, **asked.key}
    for dimension, value in wanted.items():
        if value is not None:
            attribute = dimension.removeprefix(_ATTRIBUTE)
            place = payload[("attributes", attribute)] if dimension != attribute else payload[dimension]
            found.append(cast(place.as_string(), Text) == value)
    # The first of the alerts about one answer has its terms; of answers without words all are shown.
    terms = and_(AnswerTermsRow.event_source == AlertRow.event_source, AnswerTermsRow.event_id == AlertRow.event_id)
    if asked.term is not None or asked.language is not None or asked.commented:
        mine = [AnswerTermsRow.alert_id == AlertRow.id]
        if asked.language is not None:
            mine.append(AnswerTermsRow.language == asked.language)
        if asked.term is not None:
            mine.append(AnswerTermsRow.terms.contains(f"\n{asked.term}\n", autoescape=True))
        found.append(exists().where(*mine))
    else:
        found.append(or_(~exists().where(terms), exists().where(AnswerTermsRow.alert_id == AlertRow.id)))
    return found


def _shown(payload: object) -> AlertShown:
    alert = msgspec.convert(payload, AlertShown)
    comment = alert.comment
    if comment is None or len(comment) <= EXCERPT_CHARACTERS:
        return alert
    return msgspec.structs.replace(alert, comment=comment[: EXCERPT_CHARACTERS - 1].rstrip() + "…")
