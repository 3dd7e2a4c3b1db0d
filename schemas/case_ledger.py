"""The one way to change a case: compare-and-set on its version, its history, and its outbox rows, in one transaction.

Both the desk (alerts) and the gateway (clicks and the API) write cases; they do it through these functions, so that no
change can come without its audit row, its event for ``cx.cases`` and its cards' new version.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Literal, get_args
from uuid import uuid5

import msgspec
from msgspec import Struct
from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from schemas import case_clock, joining
from schemas.alerts import Alert
from schemas.case_history import NAMESPACE, record
from schemas.cases import CLOSED_STATES, CaseAction, CaseState, UserAction, Via, after
from schemas.tables import AlertRow, CaseEventRow, CaseRow, SlackOutboxRow, SlackSurfaceRow
from schemas.working_time import CalendarOf, around_the_clock

Refusal = Literal["missing", "stale", "not_allowed", "other_open_case"]


class Refused(Exception):  # noqa: N818 - an answer to the caller, not a fault
    """An action that was not taken: why, and how the case stands now."""

    def __init__(self, refusal: Refusal, text: str, case: CaseRow | None = None) -> None:
        super().__init__(text)
        self.refusal: Refusal = refusal
        self.case = case


class Destination(Struct, frozen=True):
    """A place for the card: the surface (``channel`` or ``dm``) and ``#channel``, an id or ``person:KEY``."""

    surface: Literal["channel", "dm"]
    destination: str


class Opening(Struct, frozen=True, kw_only=True):
    """What routing and the SLA decided for a new case, or for one that may disturb somebody from now on."""

    receiver: str
    owner: str | None
    destinations: tuple[Destination, ...]
    acknowledge_by: datetime | None
    contact_by: datetime | None
    resolve_by: datetime | None


class Change(Struct, frozen=True, kw_only=True):
    """What an action brings with it. Only the fields that the action uses are given."""

    note: str | None = None
    root_cause: str | None = None
    until: datetime | None = None
    owner: str | None = None
    lease_until: datetime | None = None
    channel: str | None = None
    """How the customer was contacted: phone, email, ..."""
    key: str | None = None
    """The name of the API key through which somebody else acted."""


def find_open_case(session: Session, customer_id: str, programme: str) -> CaseRow | None:
    """The customer's open case in this programme, if there is one, held for this transaction."""
    return session.scalar(
        select(CaseRow)
        .where(
            CaseRow.customer_id == customer_id,
            CaseRow.programme == programme,
            CaseRow.state.not_in(CLOSED_STATES),
        )
        .with_for_update()
        .execution_options(populate_existing=True)
    )


def is_known(session: Session, alert: Alert) -> bool:
    """Whether this alert is in a case already."""
    return session.get(AlertRow, alert.id) is not None


def open_case(session: Session, alert: Alert, opening: Opening, now: datetime) -> CaseRow:
    """Open a case with its first alert, its history row and one outbox row a destination."""
    case = CaseRow(
        version=1,
        subject=alert.subject,
        customer_id=alert.customer_id,
        programme=alert.programme,
        state="open",
        severity=alert.severity,
        page=alert.page,
        receiver=opening.receiver,
        owner=opening.owner,
        opened_at=now,
        updated_at=now,
        acknowledge_by=opening.acknowledge_by,
        contact_by=opening.contact_by,
        resolve_by=opening.resolve_by,
        answer_count=int(joining.counts(alert)),
        latest_alert=msgspec.to_builtins(alert),
        seconds_on_hold=0.0,
        business_seconds=0.0,
        touchpoint=alert.touchpoint,
        channel=alert.channel,
        language=alert.language,
        attributes=dict(alert.attributes),
    )
    case.entered = case_clock.entered(case, "opened", "open", now)
    session.add(case)
    session.flush()
    _take_in(session, case, alert, now)
    record(session, case, "opened", None, "system", "system", now, _flagged(alert))
    for place in opening.destinations:
        add_card(session, case, place, now)
    return case


def join_case(
    session: Session,
    case: CaseRow,
    alert: Alert,
    now: datetime,
    paging: Opening | None = None,
    calendar_of: CalendarOf = around_the_clock,
) -> bool:
    """Add a further alert to an open case; ``False`` for a recovery that ends nothing of this case, which changes none.

    It can raise the severity; a newer answer becomes the one shown. ``paging`` is what holds from now on where a case
    that disturbed nobody gets an alert that pages: due times, and further places for the card. ``calendar_of`` gives
    the working hours of the people.
    """
    now = max(now, case.updated_at)  # a clock that is behind turns no case back
    hours = calendar_of(case.owner)
    held: list[Alert] = []
    if alert.subject == "metric":
        rows = session.scalars(select(AlertRow.payload).where(AlertRow.case_id == case.id))
        held = [msgspec.convert(payload, Alert) for payload in rows]
        if alert.recovered and not joining.ends_an_alarm(held, alert):
            return False
    over = joining.recovery([*held, alert])
    columns = case_clock.advanced(case, now, hours, hours) | {
        "answer_count": case.answer_count + (joining.counts(alert) and not _holds_event(session, case, alert)),
        "severity": joining.severity_after(case.severity, alert),
        "latest_alert": msgspec.to_builtins(joining.shown(msgspec.convert(case.latest_alert, Alert), alert)),
        "recovered_at": None if over is None else over.event_time,
        "recovery_reason": None if over is None else over.reason,
    }
    if paging is not None:
        columns |= {
            "page": True,
            "acknowledge_by": paging.acknowledge_by,
            "contact_by": paging.contact_by,
            "resolve_by": paging.resolve_by,
        }
    _compare_and_set(session, case, now, **columns)
    _take_in(session, case, alert, now)
    record(session, case, "joined", case.state, "system", "system", now, _flagged(alert))
    for place in paging.destinations if paging is not None else ():
        _add_card_once(session, case, place, now)
    return True


def act(
    session: Session,
    case_id: int,
    action: CaseAction,
    *,
    actor: str,
    via: Via,
    now: datetime,
    change: Change | None = None,
    expected_version: int | None = None,
    calendar_of: CalendarOf = around_the_clock,
) -> CaseRow:
    """Take an action on a case. Raises :class:`Refused`; the caller then rolls back and tells the person.

    ``calendar_of`` gives the working hours of the people, in which the case's clocks run.
    ``expected_version`` is the version the person saw: with it, an action on an older picture of the case is refused.
    A further answer of the customer alone does not make a picture old: what the person means to do still holds.
    """
    said = change or Change()
    case = session.get(CaseRow, case_id, with_for_update=True, populate_existing=True)
    if case is None:
        raise Refused("missing", f"there is no case C-{case_id}")
    if expected_version is not None and _changed_since(session, case, expected_version):
        raise Refused("stale", f"C-{case_id} has changed since: it is {case.state} now", case)
    target = after(action, case.state, case.subject)
    if target is None:
        why = "is about a metric" if action == "contact" and case.subject == "metric" else f"is {case.state}"
        raise Refused("not_allowed", f"C-{case_id} {why}: it cannot be {_PAST[action]}", case)
    before = case.state
    now = max(now, case.updated_at)  # a clock that is behind turns no case back
    columns = _columns(case, action, target, said, now, calendar_of)
    try:
        with session.begin_nested():  # so that the caller's transaction outlives the refusal of the database
            _compare_and_set(session, case, now, **columns)
    except IntegrityError:
        other = find_open_case(session, case.customer_id, case.programme)
        who = "this metric" if case.subject == "metric" else "this customer"
        text = f"{who} has an open case already: C-{other.id}" if other else "the case has changed since"
        raise Refused("other_open_case", text, session.get(CaseRow, case_id)) from None
    detail = {
        name: value.isoformat() if isinstance(value, datetime) else value
        for name, value in msgspec.structs.asdict(said).items()
        if value is not None
    }
    record(session, case, action, before, actor, via, now, detail)
    if action == "reassign" and said.owner is not None and said.owner != actor:
        _tell(session, case, said.owner, now)
    return case


def add_card(session: Session, case: CaseRow, place: Destination, now: datetime) -> None:
    """Want a card of the case at this place: a surface to keep current, and a message to post exactly once."""
    session.add(
        SlackSurfaceRow(
            case_id=case.id,
            surface=place.surface,
            destination=place.destination,
            wanted_version=case.version,
            rendered_version=0,
            posted=False,
        )
    )
    dedupe_key = f"{case.id}/{place.surface}/{place.destination}/card"
    session.add(
        SlackOutboxRow(
            id=str(uuid5(NAMESPACE, f"outbox/{dedupe_key}/{case.opened_at.isoformat()}")),
            case_id=case.id,
            surface=place.surface,
            kind="card",
            dedupe_key=dedupe_key,
            destination=place.destination,
            state="pending",
            created_at=now,
            not_before=now,
        )
    )


def unpublished(session: Session, limit: int) -> Sequence[CaseEventRow]:
    """The oldest transitions that ``cx.cases`` has not got yet, in order."""
    return session.scalars(
        select(CaseEventRow).where(CaseEventRow.published_at.is_(None)).order_by(CaseEventRow.seq).limit(limit)
    ).all()


_PAST: dict[CaseAction, str] = {
    "acknowledge": "acknowledged",
    "contact": "marked as contacted",
    "resolve": "resolved",
    "reassign": "reassigned",
    "snooze": "snoozed",
    "wake": "woken",
    "reopen": "reopened",
    "dismiss": "dismissed",
    "opened": "opened",
    "joined": "joined",
    "lease_expired": "returned",
}


def _columns(
    case: CaseRow, action: CaseAction, target: CaseState, said: Change, now: datetime, calendar_of: CalendarOf
) -> dict[str, Any]:
    owner = said.owner if action in ("acknowledge", "reassign") and said.owner is not None else case.owner
    columns = case_clock.advanced(case, now, calendar_of(case.owner), calendar_of(owner))
    columns |= {"state": target, "owner": owner, "entered": case_clock.entered(case, action, target, now)}
    worked = columns.get("business_seconds", case.business_seconds)
    if action in ("acknowledge", "contact") and case.acknowledged_at is None:
        columns |= {"acknowledged_at": now, "business_seconds_to_acknowledge": worked}
    if action == "contact" and case.contacted_at is None:
        columns |= {"contacted_at": now, "business_seconds_to_contact": worked}
    if action in ("resolve", "dismiss"):
        columns |= {"closed_at": now, "root_cause": said.root_cause, "resolution_note": said.note}
    if action == "reopen":
        columns |= {"closed_at": None, "root_cause": None, "resolution_note": None}
    if action == "acknowledge":
        columns["lease_until"] = _lease(case, said, columns.get("resolve_by", case.resolve_by))
    if action in ("contact", "resolve", "dismiss", "reassign", "lease_expired", "snooze"):
        columns["lease_until"] = None
    columns["snoozed_until"] = said.until if action == "snooze" else None if target != "snoozed" else case.snoozed_until
    return columns


def _lease(case: CaseRow, said: Change, resolve_by: datetime | None) -> datetime | None:
    """How long the case is theirs. Nobody is contacted about a metric, so its lease holds until the case is due."""
    if case.subject == "metric" and said.lease_until is not None and resolve_by is not None:
        return max(said.lease_until, resolve_by)
    return said.lease_until


def _holds_event(session: Session, case: CaseRow, alert: Alert) -> bool:
    """Whether another rule's alert about the same event is in the case: that is two alerts, and one answer."""
    known = select(AlertRow.id).where(
        AlertRow.case_id == case.id, AlertRow.event_source == alert.event_source, AlertRow.event_id == alert.event_id
    )
    return session.scalar(known.limit(1)) is not None


def _changed_since(session: Session, case: CaseRow, version: int) -> bool:
    """Whether anything but further answers has happened to the case since this version."""
    if version >= case.version:
        return version > case.version
    changed = select(CaseEventRow.seq).where(
        CaseEventRow.case_id == case.id, CaseEventRow.version > version, CaseEventRow.action != "joined"
    )
    return session.scalar(changed.limit(1)) is not None


def _compare_and_set(session: Session, case: CaseRow, now: datetime, **columns: Any) -> None:
    """Write the columns and the next version, if the version is still the one that was read."""
    done = session.execute(
        update(CaseRow)
        .where(CaseRow.id == case.id, CaseRow.version == case.version)
        .values(version=case.version + 1, updated_at=now, **columns)
        .execution_options(synchronize_session=False)
    )
    session.refresh(case)
    if done.rowcount != 1:  # type: ignore[attr-defined] # an UPDATE's result is a CursorResult
        raise Refused("stale", f"C-{case.id} has changed since: it is {case.state} now", case)
    session.execute(
        update(SlackSurfaceRow)
        .where(SlackSurfaceRow.case_id == case.id)
        .values(wanted_version=case.version)
        .execution_options(synchronize_session=False)
    )


def _tell(session: Session, case: CaseRow, owner: str, now: datetime) -> None:
    """A new owner gets a card in a direct message: a changed card notifies nobody."""
    _add_card_once(session, case, Destination("dm", f"person:{owner}"), now)


def _add_card_once(session: Session, case: CaseRow, place: Destination, now: datetime) -> None:
    there = select(SlackSurfaceRow.id).where(
        SlackSurfaceRow.case_id == case.id,
        SlackSurfaceRow.surface == place.surface,
        SlackSurfaceRow.destination == place.destination,
    )
    if session.scalar(there) is None:
        add_card(session, case, place, now)


def _flagged(alert: Alert) -> dict[str, Any]:
    """What the history says of an alert."""
    return {"alert": alert.id, "rule": alert.rule} | ({"recovered": True} if alert.recovered else {})


def _take_in(session: Session, case: CaseRow, alert: Alert, now: datetime) -> None:
    session.add(
        AlertRow(
            id=alert.id,
            case_id=case.id,
            rule=alert.rule,
            severity=alert.severity,
            event_source=alert.event_source,
            event_id=alert.event_id,
            event_time=alert.event_time,
            detected_at=alert.detected_at,
            received_at=now,
            payload=msgspec.to_builtins(alert),
        )
    )


def user_action(text: str) -> UserAction | None:
    """The action of this name that a person can take, or ``None``."""
    return next((action for action in get_args(UserAction) if action == text), None)
