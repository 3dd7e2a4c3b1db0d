"""The one way to change a case: compare-and-set on its version, its history, and its outbox rows, in one transaction.

Both the desk (alerts) and the gateway (clicks and the API) write cases; they do it through these functions, so that no
change can come without its audit row, its event for ``cx.cases`` and its cards' new version.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import get_args

import msgspec
from msgspec import Struct
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from schemas import case_clock, joining
from schemas.alerts import Alert
from schemas.case_cards import Destination, add_card, add_card_once, tell_owner, tell_previous
from schemas.case_changes import PAST, Change, columns_of
from schemas.case_history import record
from schemas.case_writes import Refusal, Refused, compare_and_set, flagged, holds_event, take_in
from schemas.cases import CLOSED_STATES, TAKEN_STATES, UNASKED, CaseAction, UserAction, Via, after
from schemas.sla import DueOf
from schemas.tables import AlertRow, CaseEventRow, CaseRow
from schemas.working_time import CalendarOf, around_the_clock

__all__ = [
    "Change",
    "Destination",
    "Opening",
    "Refusal",
    "Refused",
    "act",
    "add_card",
    "find_open_case",
    "is_known",
    "join_case",
    "open_case",
    "unpublished",
    "user_action",
]


class Opening(Struct, frozen=True, kw_only=True):
    """What routing and the SLA decided for a new case, or for one that may disturb somebody from now on."""

    receiver: str
    owner: str | None
    destinations: tuple[Destination, ...]
    acknowledge_by: datetime | None
    contact_by: datetime | None
    resolve_by: datetime | None


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


def open_case(
    session: Session, alert: Alert, opening: Opening, now: datetime, calendar_of: CalendarOf = around_the_clock
) -> CaseRow:
    """Open a case with its first alert, its history row and one outbox row a destination.

    ``calendar_of`` gives the working hours of the people.
    """
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
    take_in(session, case, alert, now)
    record(session, case, "opened", None, "system", "system", now, flagged(alert))
    for place in opening.destinations:
        add_card(session, case, place, now, calendar_of)
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
        "answer_count": case.answer_count + (joining.counts(alert) and not holds_event(session, case, alert)),
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
    compare_and_set(session, case, now, **columns)
    take_in(session, case, alert, now)
    record(session, case, "joined", case.state, "system", "system", now, flagged(alert))
    for place in paging.destinations if paging is not None else ():
        add_card_once(session, case, place, now, calendar_of)
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
    due_of: DueOf | None = None,
) -> CaseRow:
    """Take an action on a case. Raises :class:`Refused`; the caller then rolls back and tells the person.

    ``calendar_of`` gives the working hours of the people, in which the case's clocks run; ``due_of`` what is promised
    of a case that is opened again, which begins anew: without it nothing is.
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
        raise Refused("not_allowed", f"C-{case_id} {why}: it cannot be {PAST[action]}", case)
    before, previous = case.state, case.owner
    now = max(now, case.updated_at)  # a clock that is behind turns no case back
    columns = columns_of(case, action, target, said, now, calendar_of, due_of)
    try:
        with session.begin_nested():  # so that the caller's transaction outlives the refusal of the database
            compare_and_set(session, case, now, **columns)
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
        tell_owner(session, case, said.owner, now, calendar_of)
    if before in TAKEN_STATES and previous not in (None, actor, case.owner):
        tell_previous(session, case, previous, now, calendar_of)
    return case


def unpublished(session: Session, limit: int) -> Sequence[CaseEventRow]:
    """The oldest transitions that ``cx.cases`` has not got yet, in order."""
    return session.scalars(
        select(CaseEventRow).where(CaseEventRow.published_at.is_(None)).order_by(CaseEventRow.seq).limit(limit)
    ).all()


def _changed_since(session: Session, case: CaseRow, version: int) -> bool:
    """Whether anything has happened to the case since this version but further answers, or the end of a silence."""
    if version >= case.version:
        return version > case.version
    changed = select(CaseEventRow.seq).where(
        CaseEventRow.case_id == case.id, CaseEventRow.version > version, CaseEventRow.action.not_in(UNASKED)
    )
    return session.scalar(changed.limit(1)) is not None


def user_action(text: str) -> UserAction | None:
    """The action of this name that a person can take, or ``None``."""
    return next((action for action in get_args(UserAction) if action == text), None)
