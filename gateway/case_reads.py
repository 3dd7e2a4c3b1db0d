"""Cases as the API shows them, read from SQL."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from gateway.case_filter import CaseFilter
from gateway.case_shapes import AlertShown, CardPlace, Case, CasePage, HistoryEntry, MessageShown
from gateway.silence_reads import silences_of_cases
from gateway.vocabulary import Vocabulary
from schemas.alerts import Severity, Subject
from schemas.cases import CaseState, allowed_actions
from schemas.tables import AlertRow, CaseEventRow, CaseRow, SlackOutboxRow, SlackSurfaceRow

__all__ = [
    "AlertShown",
    "CardPlace",
    "Case",
    "CasePage",
    "HistoryEntry",
    "cases_by_id",
    "count_cases",
    "list_cases",
    "read_case",
    "show_case",
    "show_entry",
]

EXCERPT_CHARACTERS = 280
MAX_ALERTS = 200


def list_cases(
    session: Session, words: Vocabulary, wanted: CaseFilter, now: datetime, before: int | None = None, limit: int = 50
) -> CasePage:
    """The newest cases that fit, with an id below ``before`` if that is given: the cursor."""
    query = select(CaseRow).where(*wanted.conditions()).order_by(CaseRow.id.desc()).limit(limit + 1)
    if before is not None:
        query = query.where(CaseRow.id < before)
    rows = session.scalars(query).all()
    shown = _show_now(session, words, rows[:limit], now)
    more = len(rows) > limit
    return CasePage(cases=shown, next=str(shown[-1].id) if more else None)


def count_cases(session: Session, wanted: CaseFilter) -> int:
    """How many cases fit."""
    return session.scalar(select(func.count()).select_from(CaseRow).where(*wanted.conditions())) or 0


def cases_by_id(session: Session, words: Vocabulary, ids: Sequence[int], now: datetime) -> list[Case]:
    """These cases as a list shows them, oldest change first."""
    rows = session.scalars(select(CaseRow).where(CaseRow.id.in_(ids)).order_by(CaseRow.updated_at)).all()
    return _show_now(session, words, rows, now)


def read_case(session: Session, words: Vocabulary, case_id: int, now: datetime) -> Case | None:
    """One case with its history, its alerts, its Slack cards and the messages about it."""
    row = session.get(CaseRow, case_id)
    if row is None:
        return None
    events = session.scalars(
        select(CaseEventRow).where(CaseEventRow.case_id == case_id).order_by(CaseEventRow.seq)
    ).all()
    alerts = session.scalars(
        select(AlertRow).where(AlertRow.case_id == case_id).order_by(AlertRow.event_time.desc()).limit(MAX_ALERTS)
    ).all()
    cards = session.scalars(
        select(SlackSurfaceRow).where(SlackSurfaceRow.case_id == case_id).order_by(SlackSurfaceRow.id)
    ).all()
    messages = session.scalars(
        select(SlackOutboxRow)
        .where(SlackOutboxRow.case_id == case_id)
        .order_by(SlackOutboxRow.created_at, SlackOutboxRow.id)
    ).all()
    return msgspec.structs.replace(
        show_case(row, words, excerpt=None),
        silence=silences_of_cases(session, words, [row], now).get(row.id),
        events=[show_entry(event, words) for event in events],
        alerts=[_alert(alert.payload, None) for alert in alerts],
        slack=[
            CardPlace(
                surface=card.surface,
                destination=card.destination,
                posted=card.posted,
                channel=card.channel,
                ts=card.ts,
            )
            for card in cards
        ],
        messages=[
            MessageShown(
                kind=message.kind,
                surface=message.surface,
                destination=message.destination,
                state=message.state,
                created_at=message.created_at,
                attempts=message.attempts,
                problem=None if message.state == "sent" else message.error_class,
            )
            for message in messages
        ],
    )


def show_case(row: CaseRow, words: Vocabulary, excerpt: int | None = EXCERPT_CHARACTERS) -> Case:
    """A row as the API shows it; the comment is cut to ``excerpt`` characters."""
    state: CaseState = row.state
    severity: Severity = row.severity
    subject: Subject = row.subject
    return Case(
        id=row.id,
        version=row.version,
        subject=subject,
        customer_id=row.customer_id,
        programme=row.programme,
        state=state,
        severity=severity,
        page=row.page,
        receiver=row.receiver,
        owner=row.owner,
        owner_name=words.name_of(row.owner),
        opened_at=row.opened_at,
        reopened_at=row.reopened_at,
        updated_at=row.updated_at,
        acknowledged_at=row.acknowledged_at,
        contacted_at=row.contacted_at,
        closed_at=row.closed_at,
        recovered_at=row.recovered_at,
        recovery_reason=row.recovery_reason,
        snoozed_until=row.snoozed_until,
        lease_until=row.lease_until,
        acknowledge_by=row.acknowledge_by,
        contact_by=row.contact_by,
        resolve_by=row.resolve_by,
        undelivered_at=row.undelivered_at,
        root_cause=row.root_cause,
        resolution_note=row.resolution_note,
        answer_count=row.answer_count,
        latest_alert=_alert(row.latest_alert, excerpt),
        touchpoint=row.touchpoint,
        attributes=row.attributes,
        incident=row.incident_id,
        actions=allowed_actions(state, subject),
    )


def _show_now(session: Session, words: Vocabulary, rows: Sequence[CaseRow], now: datetime) -> list[Case]:
    silences = silences_of_cases(session, words, rows, now)
    return [msgspec.structs.replace(show_case(row, words), silence=silences.get(row.id)) for row in rows]


def _alert(payload: dict[str, Any], excerpt: int | None) -> AlertShown:
    alert = msgspec.convert(payload, AlertShown)
    if excerpt is None or alert.comment is None or len(alert.comment) <= excerpt:
        return alert
    return msgspec.structs.replace(alert, comment=alert.comment[: excerpt - 1].rstrip() + "…")


def show_entry(event: CaseEventRow, words: Vocabulary) -> HistoryEntry:
    """A row of a case's history as the API shows it."""
    return HistoryEntry(
        version=event.version,
        action=event.action,
        from_state=event.from_state,
        to_state=event.to_state,
        at=event.at,
        actor=event.actor,
        actor_name=words.name_of(event.actor) or event.actor,
        via=event.via,
        detail=event.detail,
    )
