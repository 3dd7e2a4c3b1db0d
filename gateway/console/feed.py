"""The live feed: the newest flags and transitions of all cases, newest first."""

from collections.abc import Mapping
from typing import Any

import msgspec
from msgspec import Struct
from sqlalchemy import select
from sqlalchemy.orm import Session

from gateway.case_shapes import AlertShown, HistoryEntry
from gateway.console.story import Line, Teller, line
from schemas.alerts import Severity, Subject
from schemas.tables import AlertRow, CaseEventRow, CaseRow
from schemas.words import about
from schemas.words.catalogue import words_in

EXCERPT_CHARACTERS = 120


class Item(Struct, frozen=True, kw_only=True):
    """One thing that happened: its case, the line that tells it, and of a flag what the customer said."""

    seq: int
    case_id: int
    severity: Severity
    state: str
    subject: Subject
    who: str
    """The customer, or the series of a metric's alarm."""
    what: str
    touchpoint: str
    comment: str
    is_flag: bool
    line: Line


def newest(session: Session, teller: Teller, limit: int) -> list[Item]:
    """The last ``limit`` entries of all histories."""
    rows = session.execute(
        select(CaseEventRow, CaseRow)
        .join(CaseRow, CaseRow.id == CaseEventRow.case_id)
        .order_by(CaseEventRow.seq.desc())
        .limit(limit)
    ).all()
    named = {str(event.detail["alert"]) for event, _ in rows if "alert" in event.detail}
    alerts = {row.id: row for row in session.scalars(select(AlertRow).where(AlertRow.id.in_(named)))}
    return [_item(event, case, alerts.get(str(event.detail.get("alert"))), teller) for event, case in rows]


def _item(event: CaseEventRow, case: CaseRow, flag: AlertRow | None, teller: Teller) -> Item:
    words = words_in(teller.language)
    subject: Subject = case.subject
    alert = msgspec.convert(case.latest_alert if flag is None else flag.payload, AlertShown)
    severity: Severity = case.severity if flag is None else alert.severity
    return Item(
        seq=event.seq,
        case_id=case.id,
        severity=severity,
        state=event.to_state,
        subject=subject,
        who=about.who(words, subject, case.customer_id),
        what=about.what(words, subject, alert),
        touchpoint=alert.touchpoint or "",
        comment=excerpt(alert.comment, EXCERPT_CHARACTERS) if flag is not None else "",
        is_flag=flag is not None,
        line=line(entry_of(event, teller.people), subject, teller),
    )


def entry_of(event: CaseEventRow, people: Mapping[str, str]) -> HistoryEntry:
    """A row of a history as the API shows it."""
    detail: dict[str, Any] = event.detail
    return HistoryEntry(
        version=event.version,
        action=event.action,
        from_state=event.from_state,
        to_state=event.to_state,
        at=event.at,
        actor=event.actor,
        actor_name=people.get(event.actor, event.actor),
        via=event.via,
        detail=detail,
    )


def excerpt(text: str | None, characters: int) -> str:
    """The beginning of a text."""
    if text is None or len(text) <= characters:
        return text or ""
    return text[: characters - 1].rstrip() + "…"
