"""The outbox's rows: who may post a message, and what became of it. Every change is a compare-and-set.

``pending`` -> ``sending`` (claimed, with a lease) -> ``sent``. Where nobody knows whether Slack took the message, the
row is ``in_doubt`` until Slack's own history has been read; only then it is adopted as sent, or pending again.
``attempts`` counts the claims: a claimer whose lease was lost recognises by it that the row is another's now.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Literal
from uuid import UUID, uuid5

import msgspec
from msgspec import Struct
from sqlalchemy import ColumnElement, CursorResult, Update, and_, case, exists, func, select, update
from sqlalchemy.orm import Session

from consumers.slack import roll_ups
from consumers.slack.core_tables import table_of
from consumers.slack.digest import Entry
from schemas.case_cards import HELD
from schemas.case_erasure import TAKEN_BACK, TAKING_BACK
from schemas.cases import CLOSED_STATES
from schemas.roll_ups import ROLL_UP, ROLLED_UP
from schemas.tables import CaseRow, DeliveryStepRow, SlackOutboxRow, SlackSurfaceRow

# The tables themselves: statements over them skip the identity map, which this hot path has no use for.
_OUTBOX = table_of(SlackOutboxRow)
_SURFACES = table_of(SlackSurfaceRow)
_CASES = table_of(CaseRow)
_STEPS = table_of(DeliveryStepRow)
_REFUSED = exists().where(_STEPS.c.outbox_id == _OUTBOX.c.id).correlate(_OUTBOX).label("refused")
_NAMESPACE = UUID("3b8fd6a0-59b0-5d0e-9c55-0a6f0f0c7f11")


STATES = ("pending", HELD, ROLLED_UP, "sending", "in_doubt", "sent", "dead", "cancelled", TAKING_BACK, TAKEN_BACK)
"""Every state of a message."""


class Claimed(Struct, frozen=True, kw_only=True):
    """A message that this process may post, or look up, until ``lease_until``."""

    id: str
    case_id: int
    surface: str
    destination: str
    attempts: int
    started_at: datetime
    lease_until: datetime
    plain: bool
    """The full card was refused as wrongly built: post the text alone."""
    receiver: str
    kind: str
    """``card``, or the occasion of a reminder."""
    urgent: bool = False
    diverted: bool = False
    """Another destination has refused it."""
    entries: tuple[Entry, ...] = ()
    """Of a digest: the cases that it lists."""
    roll_up: int | None = None
    """Of a roll-up's message: its number."""
    due_since: datetime | None = None
    """Of a channel's card that nothing held back: when it was to be posted."""
    traceparent: str | None = None
    """The step that wanted it, where its trace is sampled."""


class Backlog(Struct, frozen=True):
    """A destination with messages to post now: how many, and how many of them are urgent."""

    destination: str
    count: int
    urgent: int


def backlog(session: Session, now: datetime) -> list[Backlog]:
    """The destinations with messages to post now: those with urgent ones first, then by how long they have waited."""
    urgent = func.sum(case((_OUTBOX.c.urgent, 1), else_=0))
    rows = session.execute(
        select(_OUTBOX.c.destination, func.count(), urgent)
        .where(_OUTBOX.c.state == "pending", _OUTBOX.c.not_before <= now)
        .group_by(_OUTBOX.c.destination)
        .order_by(case((urgent > 0, 0), else_=1), func.min(_OUTBOX.c.created_at))
    )
    return [Backlog(destination, count, int(hurry)) for destination, count, hurry in rows]


def states(session: Session) -> dict[str, int]:
    """How many messages are in each state."""
    rows = session.execute(select(_OUTBOX.c.state, func.count()).group_by(_OUTBOX.c.state))
    return {str(state): int(count) for state, count in rows}


def claim(session: Session, destination: str, limit: int, now: datetime, lease: timedelta) -> list[Claimed]:
    """Claim pending messages of a destination, urgent ones first, then the oldest; no two processes get the same."""
    due = (
        select(_OUTBOX.c.id)
        .where(_OUTBOX.c.state == "pending", _OUTBOX.c.not_before <= now, _OUTBOX.c.destination == destination)
        .order_by(_OUTBOX.c.urgent.desc(), _OUTBOX.c.created_at, _OUTBOX.c.case_id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    ids = session.scalars(due).all()
    values = {"state": "sending", "started_at": now, "lease_until": now + lease, "attempts": _OUTBOX.c.attempts + 1}
    return _claim(session, ids, _OUTBOX.c.state == "pending", values, now + lease)


def claim_doubtful(session: Session, limit: int, now: datetime, lease: timedelta) -> list[Claimed]:
    """Claim messages in doubt whose grace is over, all of the destination that has waited longest.

    One reading of its history answers for all of them. They stay in doubt meanwhile.
    """
    free = and_(_OUTBOX.c.state == "in_doubt", _OUTBOX.c.not_before <= now)
    longest = select(_OUTBOX.c.destination).where(free).order_by(_OUTBOX.c.not_before).limit(1)
    destination = session.scalar(longest)
    due = (
        select(_OUTBOX.c.id)
        .where(free, _OUTBOX.c.destination == destination)
        .order_by(_OUTBOX.c.started_at)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    ids = session.scalars(due).all()
    return _claim(session, ids, free, {"not_before": now + lease}, now + lease)


def expire(session: Session, now: datetime, grace: timedelta) -> int:
    """Messages whose poster has not come back (it crashed, or hangs) are in doubt; how many."""
    return _count(
        session,
        update(_OUTBOX)
        .where(_OUTBOX.c.state == "sending", _OUTBOX.c.lease_until < now)
        .values(state="in_doubt", not_before=now + grace, last_error="lease_expired"),
    )


def settle_sent(session: Session, message: Claimed, channel: str, ts: str, version: int, now: datetime) -> bool:
    """Slack has the message: mark the row and its surface. ``False``: another process made it its own meanwhile."""
    won = _changed(
        session,
        update(_OUTBOX)
        .where(
            _OUTBOX.c.id == message.id,
            _OUTBOX.c.attempts == message.attempts,
            _OUTBOX.c.state.in_(("sending", "in_doubt", "pending")),
        )
        .values(state="sent", channel=channel, ts=ts, lease_until=None, error_class=None, last_error=None),
    )
    if won and message.roll_up is not None:
        roll_ups.posted(session, message.roll_up, channel, ts, version, now)
        return True
    if won:
        _surface_posted(session, message, channel, ts, version)
        return True
    return session.scalar(select(_OUTBOX.c.ts).where(_OUTBOX.c.id == message.id)) == ts


def settle_elsewhere(session: Session, message: Claimed) -> bool:
    """Somebody has the message by e-mail or webhook: mark the row; there is no card to keep current."""
    won = _changed(
        session,
        update(_OUTBOX)
        .where(
            _OUTBOX.c.id == message.id,
            _OUTBOX.c.attempts == message.attempts,
            _OUTBOX.c.state.in_(("sending", "in_doubt", "pending")),
        )
        .values(state="sent", channel=message.destination, lease_until=None, error_class=None, last_error=None),
    )
    if won:
        _surface(session, message, dead_reason="told_elsewhere")
    return won


def settle(
    session: Session,
    message: Claimed,
    state: Literal["pending", "in_doubt", "dead"],
    not_before: datetime,
    error_class: str,
    code: str,
) -> bool:
    """The message was not posted (``pending``, ``dead``), or nobody knows (``in_doubt``)."""
    return _changed(
        session,
        update(_OUTBOX)
        .where(
            _OUTBOX.c.id == message.id,
            _OUTBOX.c.attempts == message.attempts,
            _OUTBOX.c.state.in_(("sending", "in_doubt")),
        )
        .values(state=state, not_before=not_before, lease_until=None, error_class=error_class, last_error=code),
    )


def bury(session: Session, message: Claimed, now: datetime, error_class: str, code: str) -> None:
    """No destination is left: the message is dead, and its surface with it."""
    if settle(session, message, "dead", now, error_class, code):
        _surface(session, message, dead_reason=code)


def whose(session: Session, case_id: int) -> tuple[str, str | None]:
    """The receiver that routing chose for the case, and its owner."""
    row = session.execute(select(_CASES.c.receiver, _CASES.c.owner).where(_CASES.c.id == case_id)).first()
    return (row.receiver, row.owner) if row is not None else ("", None)


def divert(session: Session, message: Claimed, destination: str, now: datetime, code: str) -> bool:
    """Send the message elsewhere instead. ``False`` where the case has a card there already: that one does."""
    card = message.kind == "card"
    surface = surface_of(destination)
    there = card and session.scalar(
        select(_SURFACES.c.id).where(
            _SURFACES.c.case_id == message.case_id,
            _SURFACES.c.surface == surface,
            _SURFACES.c.destination == destination,
        )
    )
    mine = (
        _OUTBOX.c.id == message.id,
        _OUTBOX.c.attempts == message.attempts,
        _OUTBOX.c.state.in_(("sending", "in_doubt")),
    )
    if there:
        _changed(
            session,
            update(_OUTBOX)
            .where(*mine)
            .values(state="cancelled", lease_until=None, error_class="divert", last_error=code),
        )
        _surface(session, message, dead_reason=code)
        return False
    won = _changed(
        session,
        update(_OUTBOX)
        .where(*mine)
        .values(
            state="pending",
            # A reminder has no card to keep current, wherever it goes.
            surface=surface if card else message.surface,
            destination=destination,
            not_before=now,
            lease_until=None,
            error_class="divert",
            last_error=code,
        ),
    )
    if won and card:
        _surface(session, message, surface=surface, destination=destination)
    return True


def surface_of(destination: str) -> str:
    """The kind of place that a destination is: ``dm``, ``channel``, ``mail`` or ``webhook``."""
    kind, colon, _ = destination.partition(":")
    return {"person": "dm", "mail": "mail", "webhook": "webhook"}.get(kind, "channel") if colon else "channel"


def post_again(session: Session, surface: SlackSurfaceRow, destination: str, now: datetime, code: str) -> bool:
    """The card of this surface is gone: an open case gets a new one, unless it has one there. Whether it gets one."""
    case = session.get(CaseRow, surface.case_id)
    if case is None or case.state in CLOSED_STATES:
        surface.dead_reason = code
        surface.lease_until = None
        return False
    kind = surface_of(destination)
    another = session.scalar(
        select(SlackSurfaceRow.id).where(
            SlackSurfaceRow.case_id == case.id,
            SlackSurfaceRow.surface == kind,
            SlackSurfaceRow.destination == destination,
            SlackSurfaceRow.id != surface.id,
        )
    )
    if another is not None:
        surface.dead_reason = code
        surface.lease_until = None
        return False
    key = f"{case.id}/{kind}/{destination}/card/after/{surface.ts}"
    surface.destination = destination
    surface.surface = kind
    surface.posted = False
    surface.rendered_version = 0
    surface.lease_until = None
    session.add(
        SlackOutboxRow(
            id=str(uuid5(_NAMESPACE, key)),
            case_id=case.id,
            surface=surface.surface,
            kind="card",
            dedupe_key=key,
            destination=destination,
            state="pending",
            created_at=now,
            not_before=now,
            urgent=case.severity == "critical",
        )
    )
    surface.ts = None
    return True


def _surface_posted(session: Session, message: Claimed, channel: str, ts: str, version: int) -> None:
    _surface(session, message, posted=True, channel=channel, ts=ts, rendered_version=version, dead_reason=None)


def _surface(session: Session, message: Claimed, **values: Any) -> None:
    session.execute(
        update(_SURFACES)
        .where(
            _SURFACES.c.case_id == message.case_id,
            _SURFACES.c.surface == message.surface,
            _SURFACES.c.destination == message.destination,
        )
        .values(**values)
    )


def _claim(
    session: Session, ids: Sequence[str], free: ColumnElement[bool], values: dict[str, Any], lease_until: datetime
) -> list[Claimed]:
    """Compare-and-set these rows; the ones that were still free, in the order given."""
    if not ids:
        return []
    won = set(
        session.scalars(update(_OUTBOX).where(_OUTBOX.c.id.in_(ids), free).values(**values).returning(_OUTBOX.c.id))
    )
    rows = session.execute(
        select(_OUTBOX, CaseRow.receiver, _REFUSED)
        .join(CaseRow, CaseRow.id == _OUTBOX.c.case_id)
        .where(_OUTBOX.c.id.in_(won))
    )
    found = {
        row.id: Claimed(
            id=row.id,
            case_id=row.case_id,
            surface=row.surface,
            destination=row.destination,
            attempts=row.attempts,
            started_at=row.started_at,
            lease_until=lease_until,
            plain=row.error_class == "plain",
            receiver=row.receiver,
            kind=row.kind,
            urgent=row.urgent,
            diverted=bool(row.refused),
            entries=msgspec.convert(row.content or (), tuple[Entry, ...]),
            roll_up=row.roll_up_id if row.kind == ROLL_UP else None,
            due_since=row.created_at
            if (row.kind, row.surface, row.silence_id, row.roll_up_id) == ("card", "channel", None, None)
            else None,
            traceparent=row.traceparent,
        )
        for row in rows
    }
    return [found[message_id] for message_id in ids if message_id in found]


def _changed(session: Session, statement: Update) -> bool:
    return _count(session, statement) == 1


def _count(session: Session, statement: Update) -> int:
    result = session.execute(statement)
    assert isinstance(result, CursorResult)
    return result.rowcount
