"""The timeline of a case's customer, read from SQL: what they met with, what they said, what was done about it."""

from collections.abc import Sequence
from datetime import datetime, timedelta

import msgspec
from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from gateway.case_reads import show_entry
from gateway.case_shapes import AlertShown, Case
from gateway.timeline_shapes import (
    CaseTimeline,
    FlaggedAs,
    TimelineAction,
    TimelineAlarm,
    TimelineAnswer,
    TimelineEntry,
    TimelineTouchpoint,
)
from gateway.vocabulary import Vocabulary
from schemas.events import Money
from schemas.tables import AlertRow, CaseEventRow, CaseRow, TimelineRow

BEFORE = timedelta(days=14)
"""How long before the first alert of the case the timeline begins."""
MOST_UNTIL = 60
"""Touchpoints and answers up to the case's last alert: what led to it is never crowded out by what came after."""
MOST_AFTER = 40
MOST_ALERTS = 60
MOST_CASES = 30
MOST_ACTIONS = 60
ACTIONS = ("contact", "resolve", "dismiss", "reopen", "recovered")
"""What is told of other cases, and of this one, whose whole history stands elsewhere."""

_ORDER = (TimelineTouchpoint, TimelineAnswer, TimelineAlarm, TimelineAction)
"""How things of one instant follow each other."""


def read_timeline(session: Session, words: Vocabulary, case: Case, *, kept: bool) -> CaseTimeline:
    """The timeline around a case; of a metric's case the alarms of its series. ``kept``: whether rows are written."""
    cases = session.scalars(
        select(CaseRow.id)
        .where(CaseRow.customer_id == case.customer_id, CaseRow.subject == case.subject)
        .order_by(CaseRow.id.desc())
        .limit(MOST_CASES)
    ).all()
    alerts = session.scalars(
        select(AlertRow)
        .where(AlertRow.case_id.in_(cases))
        .order_by(AlertRow.event_time.desc(), AlertRow.id)
        .limit(MOST_ALERTS)
    ).all()
    span = select(func.min(AlertRow.event_time), func.max(AlertRow.event_time)).where(AlertRow.case_id == case.id)
    times: tuple[datetime | None, ...] = tuple(session.execute(span).one())
    first, last = times[0] or case.opened_at, times[1] or case.opened_at
    since = first - BEFORE
    rows: list[TimelineRow] = []
    left_out = 0
    if kept and case.subject == "customer":
        rows, left_out = _rows(session, case.customer_id, since, last)
    entries = [*_told(rows, alerts), *_actions(session, words, cases)]
    entries.sort(key=lambda one: (one.at, _ORDER.index(type(one))), reverse=True)
    return CaseTimeline(case=case.id, since=since, kept=kept, entries=entries, left_out=left_out)


def _rows(session: Session, customer: str, since: datetime, last: datetime) -> tuple[list[TimelineRow], int]:
    """The rows on both sides of the last alert, and how many more there are."""
    theirs = TimelineRow.customer_id == customer
    until = (theirs, TimelineRow.at >= since, TimelineRow.at <= last)
    after = (theirs, TimelineRow.at > last)
    found: list[TimelineRow] = []
    left_out = 0
    for wanted, most in ((after, MOST_AFTER), (until, MOST_UNTIL)):
        some = _newest(session, wanted, most)
        found += some
        if len(some) == most:
            left_out += (session.scalar(select(func.count()).select_from(TimelineRow).where(*wanted)) or 0) - most
    return found, left_out


def _newest(session: Session, wanted: Sequence[ColumnElement[bool]], most: int) -> Sequence[TimelineRow]:
    newest = select(TimelineRow).where(*wanted).order_by(TimelineRow.at.desc(), TimelineRow.event_id).limit(most)
    return session.scalars(newest).all()


def _told(rows: Sequence[TimelineRow], alerts: Sequence[AlertRow]) -> list[TimelineEntry]:
    """Touchpoints, answers with the rules that flagged them, and what was flagged without an answer. Pure."""
    flagged: dict[tuple[str, str], list[FlaggedAs]] = {}
    entries: list[TimelineEntry] = []
    for row in alerts:
        one = FlaggedAs(case=row.case_id, alert=msgspec.convert(row.payload, AlertShown))
        if one.alert.score is None:
            entries.append(TimelineAlarm(at=row.event_time, flagged=one))
        else:
            flagged.setdefault((row.event_source, row.event_id), []).append(one)
    for told in rows:
        if told.kind == "touchpoint":
            entries.append(_touchpoint(told))
        else:
            entries.append(_answer(told, flagged.pop((told.event_source, told.event_id), [])))
    # Flagged answers that the timeline does not have: older than it goes back, or not written yet.
    entries += [_flagged_answer(ones) for ones in flagged.values()]
    return entries


def _touchpoint(row: TimelineRow) -> TimelineTouchpoint:
    money = Money(row.amount, row.currency) if row.amount is not None and row.currency is not None else None
    return TimelineTouchpoint(
        at=row.at,
        event_source=row.event_source,
        event_id=row.event_id,
        touchpoint=row.touchpoint,
        channel=row.channel,
        outcome=row.outcome,
        duration_ms=row.duration_ms,
        value=money,
    )


def _answer(row: TimelineRow, flagged: list[FlaggedAs]) -> TimelineAnswer:
    return TimelineAnswer(
        at=row.at,
        event_source=row.event_source,
        event_id=row.event_id,
        metric=row.metric,
        score=row.score,
        scale_min=row.scale_min,
        scale_max=row.scale_max,
        higher_is_better=row.higher_is_better is not False,
        touchpoint=row.touchpoint,
        channel=row.channel,
        flagged=flagged,
    )


def _flagged_answer(flagged: list[FlaggedAs]) -> TimelineAnswer:
    alert = flagged[0].alert
    return TimelineAnswer(
        at=alert.event_time,
        event_source=alert.event_source,
        event_id=alert.event_id,
        metric=alert.metric,
        score=alert.score,
        scale_min=alert.scale_min,
        scale_max=alert.scale_max,
        higher_is_better=alert.higher_is_better,
        touchpoint=alert.touchpoint,
        channel=alert.channel,
        flagged=flagged,
    )


def _actions(session: Session, words: Vocabulary, cases: Sequence[int]) -> list[TimelineAction]:
    done = session.scalars(
        select(CaseEventRow)
        .where(CaseEventRow.case_id.in_(cases), CaseEventRow.action.in_(ACTIONS))
        .order_by(CaseEventRow.at.desc(), CaseEventRow.seq.desc())
        .limit(MOST_ACTIONS)
    ).all()
    return [TimelineAction(at=row.at, case=row.case_id, entry=show_entry(row, words)) for row in done]
