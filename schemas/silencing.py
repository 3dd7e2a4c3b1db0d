"""What a silence does to a case: its messages wait, its promises count from the silence's end, its history says so.

In the caller's transaction: the one that opened, reopened or joined the case, or that ends the silence.
"""

from datetime import datetime

import msgspec
from sqlalchemy import select
from sqlalchemy.orm import Session, sessionmaker

from schemas import case_clock, silences
from schemas.alerts import Alert
from schemas.case_cards import HELD
from schemas.case_history import record
from schemas.case_writes import Refused, compare_and_set
from schemas.config import Loop
from schemas.quiet_hours import morning_after, waits
from schemas.silences import Doer, Silence
from schemas.sla import due_times
from schemas.tables import CaseEventRow, CaseRow, SlackOutboxRow
from schemas.working_time import calendar_of, calendars

RACES = 20
"""How often the end of a silence may lose against another writer of a case before that is taken for a fault."""


def hold(session: Session, loop: Loop, case: CaseRow, silence: Silence, now: datetime, *, promised: bool) -> None:
    """Let the messages that this alert has just made wait. ``promised``: it also made the case's due times."""
    session.flush()
    made = select(SlackOutboxRow).where(
        SlackOutboxRow.case_id == case.id,
        SlackOutboxRow.state.in_(("pending", HELD)),
        SlackOutboxRow.silence_id.is_(None),
        SlackOutboxRow.created_at >= now,
    )
    for row in session.scalars(made):
        row.state, row.silence_id = "pending", silence.id
        row.not_before = _not_before(loop, case, row.destination, silence.ends_at)
    if promised and case.acknowledge_by is not None:
        due = due_times(loop, case.severity, case.owner, silence.ends_at, case.subject)
        case.acknowledge_by, case.contact_by, case.resolve_by = due.acknowledge_by, due.contact_by, due.resolve_by
    _say(session, case, {"silence": silence.id, "silenced_until": silence.ends_at.isoformat()})


def speak(session: Session, loop: Loop, case: CaseRow, now: datetime) -> None:
    """An alert that no silence holds has joined the case: what waited goes out now, and promises count from now."""
    if _let_go(session, loop, case, now):
        _promise_from(loop, case, now)
        _say(session, case, {"silence": None})


def end(session: Session, loop: Loop, number: int, who: Doer, now: datetime) -> tuple[Silence, int] | None:
    """End a silence early: the silence, and how many cases speak now; ``None`` if there is none to end.

    A case that another silence holds as well waits for that one. Raises :class:`schemas.case_writes.Refused`
    (``stale``) where somebody changed a case at the same moment: roll back, try again.
    """
    silence = silences.end(session, number, who, now)
    if silence is None:
        return None
    others = silences.current(session, now)
    waiting = select(SlackOutboxRow.case_id).where(
        SlackOutboxRow.silence_id == number, SlackOutboxRow.state == "pending"
    )
    cases = session.scalars(select(CaseRow).where(CaseRow.id.in_(waiting)).order_by(CaseRow.id).with_for_update()).all()
    spoken = 0
    for case in cases:
        other = silences.holding(others, msgspec.convert(case.latest_alert, Alert), now)
        moment = now if other is None else other.ends_at
        _let_go(session, loop, case, moment, other)
        hours = calendar_of(loop, case.owner)
        at = max(now, case.updated_at)
        columns = case_clock.advanced(case, at, hours, hours)
        if _unmet(case):
            due = due_times(loop, case.severity, case.owner, moment, case.subject)
            columns |= {
                "acknowledge_by": due.acknowledge_by,
                "contact_by": due.contact_by,
                "resolve_by": due.resolve_by,
            }
        compare_and_set(session, case, at, **columns)
        detail: dict[str, object] = {"silence": number}
        if other is not None:
            detail |= {"silenced_by": other.id, "silenced_until": other.ends_at.isoformat()}
        if who.key is not None:
            detail["key"] = who.key
        record(session, case, "unsilenced", case.state, who.name, who.via, at, detail)
        spoken += other is None
    return silence, spoken


def end_in(
    database: sessionmaker[Session], loop: Loop, number: int, who: Doer, now: datetime
) -> tuple[Silence, int] | None:
    """As :func:`end`, in a transaction of its own, tried again where somebody was quicker with one of the cases."""
    for attempt in range(RACES):
        try:
            with database.begin() as session:
                return end(session, loop, number, who, now)
        except Refused as race:
            if race.refusal != "stale" or attempt == RACES - 1:
                raise
    raise AssertionError("the last attempt returns or raises")


def _let_go(session: Session, loop: Loop, case: CaseRow, moment: datetime, other: Silence | None = None) -> bool:
    """Whether messages of the case were waiting for a silence; from now on they wait for ``moment``."""
    waiting = select(SlackOutboxRow).where(
        SlackOutboxRow.case_id == case.id,
        SlackOutboxRow.state == "pending",
        SlackOutboxRow.silence_id.is_not(None),
    )
    rows = session.scalars(waiting).all()
    for row in rows:
        row.silence_id = None if other is None else other.id
        row.not_before = _not_before(loop, case, row.destination, moment)
    session.flush()
    return bool(rows)


def _not_before(loop: Loop, case: CaseRow, destination: str, moment: datetime) -> datetime:
    """When a message goes that waits until ``moment``: a silence that ends at night wakes nobody."""
    if loop.digest is None or not waits(case.severity, destination, calendars(loop), moment):
        return moment
    calendar = calendar_of(loop, destination.removeprefix("person:"))
    return morning_after(calendar, loop.digest.at, moment)[1]


def _unmet(case: CaseRow) -> bool:
    """Whether nothing of what the case promises has been done yet."""
    return case.state == "open" and case.acknowledged_at is None and case.acknowledge_by is not None


def _promise_from(loop: Loop, case: CaseRow, moment: datetime) -> None:
    if _unmet(case):
        due = due_times(loop, case.severity, case.owner, moment, case.subject)
        case.acknowledge_by, case.contact_by, case.resolve_by = due.acknowledge_by, due.contact_by, due.resolve_by


def _say(session: Session, case: CaseRow, more: dict[str, object]) -> None:
    """Let the history's newest row, which this transaction has written, say so."""
    session.flush()
    row = session.scalars(
        select(CaseEventRow).where(CaseEventRow.case_id == case.id, CaseEventRow.version == case.version)
    ).one()
    row.detail = {**row.detail, **more}
