"""The timers of a case as rows: planned anew after each change, each fired once by one of many workers.

A timer fires in one transaction: the case is held, its version compared with the timer's, the row compared and set as
fired, and what it causes written. A row that has fired stays and keeps its key, so that nothing, not even a clock that
jumps back, makes a second of it.
"""

import hashlib
from datetime import datetime

import msgspec
from msgspec import Struct
from sqlalchemy import CursorResult, exists, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session, sessionmaker

from consumers.timers.chain import Told, next_told
from consumers.timers.forgetting import remembered
from consumers.timers.messages import PERSON, Occasion, add_message
from consumers.timers.moves import BATCH, reader
from consumers.timers.timetable import PROMISES, chain_of, marked, timetable
from schemas.case_history import note
from schemas.case_plan import PLAN, ask_for_plan, plan_key
from schemas.cases import CLOSED_STATES, Notice
from schemas.config import Loop
from schemas.tables import CaseRow, SlackSurfaceRow, TimerRow
from schemas.working_time import calendar_of


class Fired(Struct, frozen=True):
    """A timer that fired: its kind, and whether anybody was told."""

    kind: str
    told: bool


def unplanned(session: Session) -> list[int]:
    """Cases that changed since their timers were planned, at most :data:`BATCH`."""
    return list(
        session.scalars(
            select(TimerRow.case_id)
            .where(TimerRow.kind == PLAN, TimerRow.fired_at.is_(None))
            .order_by(TimerRow.id)
            .limit(BATCH)
        )
    )


def due_timers(session: Session, now: datetime) -> list[tuple[int, int]]:
    """Timers (id, case) that are due at ``now`` and belong to the present version of their case, in order of time."""
    rows = session.execute(
        select(TimerRow.id, TimerRow.case_id)
        .join(CaseRow, CaseRow.id == TimerRow.case_id)
        .where(
            TimerRow.kind.in_(("remind", "escalate")),
            TimerRow.fired_at.is_(None),
            TimerRow.due_at <= now,
            TimerRow.case_version == CaseRow.version,
        )
        .order_by(TimerRow.due_at, TimerRow.id)
        .limit(BATCH)
    )
    return [(timer, case) for timer, case in rows]


def plan(database: sessionmaker[Session], loop: Loop, case_id: int, now: datetime) -> None:
    """Make the case's timers those of its present version: new ones written, moved ones moved, void ones deleted."""
    with database.begin() as session:
        case = _held(session, case_id)
        wish = session.scalar(select(TimerRow).where(TimerRow.key == plan_key(case_id)).with_for_update())
        if case is None or wish is None or wish.fired_at is not None:
            return
        calendar = calendar_of(loop, case.owner)
        marks = marked(loop, case, remembered(session, wish), calendar)
        wanted = {timer.key: timer for timer in timetable(loop, case, marks, calendar)}
        for row in session.scalars(select(TimerRow).where(TimerRow.case_id == case_id, TimerRow.kind != PLAN)):
            timer = wanted.pop(row.key, None)
            if row.fired_at is not None:
                continue
            if timer is None:
                session.delete(row)
            else:
                row.due_at, row.case_version = timer.due_at, case.version
        for timer in wanted.values():
            session.add(
                TimerRow(
                    key=timer.key,
                    kind=timer.kind,
                    case_id=case_id,
                    case_version=case.version,
                    due_at=timer.due_at,
                    detail={"round": timer.round, "slot": timer.slot},
                )
            )
        wish.detail = {"marks": msgspec.to_builtins(marks), "loop": fingerprint(loop)}
        wish.case_version, wish.fired_at = case.version, now


def fire(database: sessionmaker[Session], loop: Loop, timer_id: int, case_id: int, now: datetime) -> Fired | None:
    """Fire a timer; ``None`` where another worker did, or the case has changed since."""
    with database.begin() as session:
        case = _held(session, case_id)
        if case is None:
            return None
        taken = session.execute(
            update(TimerRow)
            .where(TimerRow.id == timer_id, TimerRow.fired_at.is_(None), TimerRow.case_version == case.version)
            .values(fired_at=now)
            .execution_options(synchronize_session=False)
        )
        assert isinstance(taken, CursorResult)
        if taken.rowcount != 1:
            return None
        timer = session.get_one(TimerRow, timer_id, populate_existing=True)
        told = _remind(session, loop, case, timer, now) if timer.kind == "remind" else None
        if timer.kind == "escalate":
            told = _escalate(session, loop, case, timer, now)
        if told is not None:
            timer.detail = {**timer.detail, **told}
            _write_down(session, case, timer, now)
        return Fired(timer.kind, told is not None)


def adopt(database: sessionmaker[Session], loop: Loop, now: datetime) -> None:
    """Plan cases anew that another version of closeloop, or another loop.yaml, has left behind. At a worker's start."""
    mine = fingerprint(loop)
    planned = exists().where(TimerRow.case_id == CaseRow.id, TimerRow.kind == PLAN)
    live = CaseRow.state.not_in(CLOSED_STATES)
    with database() as session:
        strays = list(session.scalars(select(CaseRow.id).where(live, CaseRow.page.is_(True), ~planned)))
        plans = session.execute(
            select(TimerRow.id, TimerRow.detail)
            .join(CaseRow, CaseRow.id == TimerRow.case_id)
            .where(TimerRow.kind == PLAN, TimerRow.fired_at.is_not(None), live)
        )
        others = [timer_id for timer_id, detail in plans if detail.get("loop") != mine]
    for case_id in strays:
        try:
            with database.begin() as session:
                case = _held(session, case_id)
                if case is not None:
                    ask_for_plan(session, case, now)
        except IntegrityError:
            continue  # another worker asked
    for start in range(0, len(others), BATCH):
        with database.begin() as session:
            session.execute(
                update(TimerRow)
                .where(TimerRow.id.in_(others[start : start + BATCH]))
                .values(fired_at=None)
                .execution_options(synchronize_session=False)
            )


def fingerprint(loop: Loop) -> str:
    """A short name for all of loop.yaml that timers follow from."""
    parts = (loop.sla, loop.escalations, loop.reminders, loop.calendars, loop.receivers)
    calendars = {key: person.calendar for key, person in loop.people.items()}
    return hashlib.sha256(msgspec.json.encode((*parts, calendars))).hexdigest()[:16]


def _held(session: Session, case_id: int) -> CaseRow | None:
    """The case, before any of its timers: everybody takes them in this order, or two could wait for each other."""
    return session.get(CaseRow, case_id, with_for_update=True, populate_existing=True)


def _remind(session: Session, loop: Loop, case: CaseRow, timer: TimerRow, now: datetime) -> dict[str, str | int] | None:
    """Tell the owner that a promise is about to break; not once it is broken."""
    promise = str(timer.detail["round"])
    breaks = case.acknowledge_by if promise == "acknowledge" else case.contact_by
    person = reader(loop, case.owner, now)
    if person is None or breaks is None or now >= breaks:
        return None
    occasion: Occasion = "due_acknowledge" if promise == "acknowledge" else "due_contact"
    add_message(session, loop, case, occasion, f"{PERSON}{person}", f"timer/{timer.key}", now)
    return {"told": f"{PERSON}{person}"}


def _write_down(session: Session, case: CaseRow, timer: TimerRow, now: datetime) -> None:
    """Let the case's history say who was told, and of what: a promise, or a lease that ran out without a contact."""
    action: Notice = "reminded" if timer.kind == "remind" else "escalated"
    name = str(timer.detail["round"])
    of = name if name in PROMISES else "lease"
    step = {"step": int(timer.detail["step"]) + 1} if "step" in timer.detail else {}
    note(session, case, action, timer.key, now, {"of": of, "told": timer.detail["told"], **step})


def _escalate(
    session: Session, loop: Loop, case: CaseRow, timer: TimerRow, now: datetime
) -> dict[str, str | int] | None:
    """Tell the next of the chain, and draw the case's cards again: they say now that it is overdue."""
    name, slot = str(timer.detail["round"]), int(timer.detail["slot"])
    chain = chain_of(loop, case.receiver)
    if slot >= len(chain):
        return None  # the chain has become shorter
    life = timer.key.split("/")[1]
    fired = select(TimerRow.key, TimerRow.detail).where(
        TimerRow.case_id == case.id, TimerRow.kind == "escalate", TimerRow.fired_at.is_not(None)
    )
    told = [
        Told(str(detail["round"]), int(detail["step"]), str(detail["told"]))
        for key, detail in session.execute(fired)
        if "told" in detail and key.split("/")[1] == life
    ]
    following = next_told(loop, case.receiver, case.owner, chain, told, name, slot, now)
    if following is None:
        return None
    occasion: Occasion = (
        "overdue" if name == "acknowledge" else "contact_overdue" if name == "contact" else "lease_expired"
    )
    add_message(session, loop, case, occasion, following.destination, f"timer/{timer.key}", now)
    session.execute(
        update(SlackSurfaceRow)
        .where(SlackSurfaceRow.case_id == case.id, SlackSurfaceRow.posted.is_(True))
        .values(rendered_version=0)
        .execution_options(synchronize_session=False)
    )
    return {"step": following.step, "told": following.destination}
