"""Cases as the API shows them, read from SQL."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec
from msgspec import UNSET, Struct, UnsetType
from sqlalchemy import select
from sqlalchemy.orm import Session

from gateway.vocabulary import Vocabulary
from schemas.alerts import Severity, Subject
from schemas.cases import CaseState, UserAction, allowed_actions
from schemas.events import AttributeValue
from schemas.tables import AlertRow, CaseEventRow, CaseRow, SlackSurfaceRow

EXCERPT_CHARACTERS = 280
MAX_ALERTS = 200


class AlertShown(Struct, frozen=True, kw_only=True):
    """What was flagged and why: an answer with what the customer said, touchpoints without one, or a metric.

    ``score`` and its scale are null where there is no answer. ``recovered``: what an earlier alert told is over.
    """

    id: str
    rule: str
    reason: str
    severity: Severity
    event_source: str
    event_id: str
    event_time: datetime
    detected_at: datetime
    subject: Subject = "customer"
    page: bool = True
    recovered: bool = False
    metric: str | None = None
    score: int | None = None
    scale_min: int | None = None
    scale_max: int | None = None
    higher_is_better: bool = True
    touchpoint: str | None = None
    channel: str | None = None
    language: str | None = None
    comment: str | None = None
    """In a list of cases cut to 280 characters."""
    contact_requested: bool = False
    attributes: dict[str, AttributeValue] = {}


class HistoryEntry(Struct, frozen=True, kw_only=True):
    """One transition of a case: who, when, from where, and what they said."""

    version: int
    action: str
    from_state: str | None
    to_state: str
    at: datetime
    actor: str
    actor_name: str
    via: str
    detail: dict[str, Any]


class CardPlace(Struct, frozen=True, kw_only=True):
    """Where a Slack card of the case lives; ``permalink`` opens it, where Slack has told it."""

    surface: str
    destination: str
    posted: bool
    channel: str | None
    ts: str | None
    permalink: str | None = None


class Case(Struct, frozen=True, kw_only=True):
    """One customer's complaint, or one metric's alarm, in one programme.

    ``events``, ``alerts`` and ``slack`` only where one case is asked.
    """

    id: int
    version: int
    subject: Subject = "customer"
    customer_id: str
    """Where ``subject`` is ``metric`` the series, such as ``nps 7d region=SP``."""
    programme: str
    state: CaseState
    severity: Severity
    page: bool = True
    """Whether anybody may be disturbed by it."""
    receiver: str
    owner: str | None
    owner_name: str | None
    opened_at: datetime
    updated_at: datetime
    acknowledged_at: datetime | None
    contacted_at: datetime | None
    closed_at: datetime | None
    recovered_at: datetime | None = None
    """Of a metric: since when it is back to normal."""
    recovery_reason: str | None = None
    """What the rule said then."""
    snoozed_until: datetime | None
    lease_until: datetime | None
    acknowledge_by: datetime | None
    contact_by: datetime | None
    resolve_by: datetime | None
    root_cause: str | None
    resolution_note: str | None
    answer_count: int
    """Distinct answers of the customer, or alarms of the metric; 0 where the customer has said nothing."""
    latest_alert: AlertShown
    touchpoint: str | None
    attributes: dict[str, AttributeValue]
    actions: tuple[UserAction, ...]
    """What a person can do with it now."""
    events: list[HistoryEntry] | UnsetType = UNSET
    alerts: list[AlertShown] | UnsetType = UNSET
    slack: list[CardPlace] | UnsetType = UNSET


class CasePage(Struct, frozen=True, kw_only=True):
    """Cases, newest first. ``next`` is the cursor of the page after this one, or null at the end."""

    cases: list[Case]
    next: str | None


class CaseFilter(Struct, frozen=True, kw_only=True):
    """Which cases are asked for; everything given must hold."""

    states: tuple[CaseState, ...] = ()
    owner: str | None = None
    customer: str | None = None
    subject: Subject | None = None
    before: int | None = None
    """Only cases with an id below this one: the cursor."""
    limit: int = 50


def list_cases(session: Session, words: Vocabulary, wanted: CaseFilter) -> CasePage:
    """The newest cases that fit."""
    query = select(CaseRow).order_by(CaseRow.id.desc()).limit(wanted.limit + 1)
    if wanted.states:
        query = query.where(CaseRow.state.in_(wanted.states))
    if wanted.owner is not None:
        query = query.where(CaseRow.owner == wanted.owner)
    if wanted.customer is not None:
        query = query.where(CaseRow.customer_id == wanted.customer)
    if wanted.subject is not None:
        query = query.where(CaseRow.subject == wanted.subject)
    if wanted.before is not None:
        query = query.where(CaseRow.id < wanted.before)
    rows = session.scalars(query).all()
    shown = [show_case(row, words) for row in rows[: wanted.limit]]
    more = len(rows) > wanted.limit
    return CasePage(cases=shown, next=str(shown[-1].id) if more else None)


def cases_by_id(session: Session, words: Vocabulary, ids: Sequence[int]) -> list[Case]:
    """These cases as a list shows them, oldest change first."""
    rows = session.scalars(select(CaseRow).where(CaseRow.id.in_(ids)).order_by(CaseRow.updated_at)).all()
    return [show_case(row, words) for row in rows]


def read_case(session: Session, words: Vocabulary, case_id: int) -> Case | None:
    """One case with its history, its alerts and its Slack cards."""
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
    return msgspec.structs.replace(
        show_case(row, words, excerpt=None),
        events=[_entry(event, words) for event in events],
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
        root_cause=row.root_cause,
        resolution_note=row.resolution_note,
        answer_count=row.answer_count,
        latest_alert=_alert(row.latest_alert, excerpt),
        touchpoint=row.touchpoint,
        attributes=row.attributes,
        actions=allowed_actions(state, subject),
    )


def _alert(payload: dict[str, Any], excerpt: int | None) -> AlertShown:
    alert = msgspec.convert(payload, AlertShown)
    if excerpt is None or alert.comment is None or len(alert.comment) <= excerpt:
        return alert
    return msgspec.structs.replace(alert, comment=alert.comment[: excerpt - 1].rstrip() + "…")


def _entry(event: CaseEventRow, words: Vocabulary) -> HistoryEntry:
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
