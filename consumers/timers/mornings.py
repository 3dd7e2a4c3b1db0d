"""What waited outside somebody's hours: one list in the morning, in place of the messages it is about.

There is no timer row for it. The messages that wait are rows already (``held`` in the outbox); when their reader's next
morning is follows from the oldest of them, and whoever makes the list of them takes them out of that state, under a key
of person and day that the outbox has once.
"""

from collections.abc import Mapping
from datetime import date, datetime, timedelta

from msgspec import Struct
from sqlalchemy import CursorResult, func, select, update
from sqlalchemy.orm import Session, sessionmaker

from consumers.slack.digest import Entry
from consumers.timers.chain import default_channel
from consumers.timers.messages import PERSON, add_digest
from consumers.timers.moves import reader
from consumers.timers.presence import instead_of, present
from schemas.case_cards import HELD
from schemas.cases import CLOSED_STATES
from schemas.config import Loop
from schemas.quiet_hours import is_quiet, morning_after
from schemas.tables import CaseRow, SlackOutboxRow, SlackSurfaceRow
from schemas.working_time import calendar_of

CARD = "card"
FOLLOWS_S = 5.0
"""A card that the list does not replace comes so many seconds after it."""


class Morning(Struct, frozen=True):
    """Whose messages wait, for which day's list, and when that is."""

    person: str
    day: date
    at: datetime


def waiting(session: Session) -> dict[str, datetime]:
    """The people for whom anything waits, and since when the oldest of it does."""
    rows = session.execute(
        select(SlackOutboxRow.destination, func.min(SlackOutboxRow.created_at))
        .where(SlackOutboxRow.state == HELD)
        .group_by(SlackOutboxRow.destination)
        .order_by(SlackOutboxRow.destination)
    )
    return {destination.removeprefix(PERSON): oldest for destination, oldest in rows}


def mornings(loop: Loop, oldest: Mapping[str, datetime], now: datetime) -> list[Morning]:
    """The lists that are due at ``now``, of what waits for people since ``oldest``. Pure."""
    found: list[Morning] = []
    for person, since in oldest.items():
        day, at = since.date(), since
        if loop.digest is not None:
            day, at = morning_after(calendar_of(loop, person), loop.digest.at, since)
        if at <= now:
            found.append(Morning(person, day, at))
    return found


def release_critical(database: sessionmaker[Session], now: datetime) -> int:
    """Let go what waits about a case that has become critical; how many messages."""
    with database.begin() as session:
        critical = select(CaseRow.id).where(CaseRow.severity == "critical", CaseRow.state.not_in(CLOSED_STATES))
        done = session.execute(
            update(SlackOutboxRow)
            .where(SlackOutboxRow.state == HELD, SlackOutboxRow.case_id.in_(critical))
            .values(state="pending", not_before=now)
            .execution_options(synchronize_session=False)
        )
        assert isinstance(done, CursorResult)
        return done.rowcount


def critical_waits(session: Session) -> bool:
    """Whether anything waits about a case that has become critical."""
    found = (
        select(SlackOutboxRow.id)
        .join(CaseRow, CaseRow.id == SlackOutboxRow.case_id)
        .where(SlackOutboxRow.state == HELD, CaseRow.severity == "critical", CaseRow.state.not_in(CLOSED_STATES))
        .limit(1)
    )
    return session.scalar(found) is not None


def send_list(database: sessionmaker[Session], loop: Loop, morning: Morning, now: datetime) -> bool:
    """Put what waits for this person into one message. ``False`` where nothing is left to say.

    What comes too late for a day's list, and all that waits for somebody who has no quiet hours any more, goes out by
    itself. Who stands in gets the list of somebody who is absent; where nobody does, the default receiver's channel.
    """
    with database.begin() as session:
        held = session.scalars(
            select(SlackOutboxRow)
            .where(SlackOutboxRow.state == HELD, SlackOutboxRow.destination == f"{PERSON}{morning.person}")
            .order_by(SlackOutboxRow.created_at, SlackOutboxRow.case_id)
            .with_for_update()
        ).all()
        key = f"digest/{morning.person}/{morning.day.isoformat()}"
        made = session.scalar(select(SlackOutboxRow.id).where(SlackOutboxRow.dedupe_key == key)) is not None
        if made or loop.digest is None or calendar_of(loop, morning.person) is None:
            for row in held:
                row.state, row.not_before = "pending", now
            return bool(held)
        entries: list[Entry] = []
        for row in held:
            case = session.get_one(CaseRow, row.case_id)
            theirs = morning.person in (case.owner, reader(loop, case.owner, now))
            if still_so(case, row.kind, theirs=theirs):
                entries.append(Entry(case.id, row.kind, morning.person))
                _replace(session, row, now)
            else:
                _drop(session, row)
        if not entries:
            return False
        destination, not_before = _reader(loop, morning.person, now)
        add_digest(session, entries, destination, key, now, not_before)
        return True


def still_so(case: CaseRow, kind: str, *, theirs: bool) -> bool:
    """Whether what a message was to say of the case still holds. ``theirs``: it is still its reader's case. Pure."""
    if case.state in CLOSED_STATES or case.recovered_at is not None:
        return False
    untouched = case.state == "open" and case.acknowledged_at is None
    holds = {
        "overdue": untouched,
        "lease_expired": case.state == "open",
        "contact_overdue": case.contacted_at is None,
        "due_acknowledge": theirs and untouched,
        "due_contact": theirs and case.contacted_at is None,
        "wake": case.state == "open",
    }
    return holds.get(kind, theirs)


def _reader(loop: Loop, person: str, now: datetime) -> tuple[str, datetime]:
    """Where a person's list goes, and not before when."""
    if present(loop, person, now):
        return f"{PERSON}{person}", now
    other = instead_of(loop, person, now)
    if other is None:
        return default_channel(loop), now
    calendar = calendar_of(loop, other)
    if loop.digest is None or not is_quiet(calendar, now):
        return f"{PERSON}{other}", now
    return f"{PERSON}{other}", morning_after(calendar, loop.digest.at, now)[1]


def _replace(session: Session, row: SlackOutboxRow, now: datetime) -> None:
    """The list says it. A card that is the case's only one is posted all the same, after the list."""
    if row.kind != CARD:
        row.state, row.error_class = "cancelled", "digest"
        return
    another = select(SlackSurfaceRow.id).where(
        SlackSurfaceRow.case_id == row.case_id,
        SlackSurfaceRow.destination != row.destination,
        SlackSurfaceRow.dead_reason.is_(None),
    )
    if session.scalar(another.limit(1)) is None:
        row.state, row.not_before = "pending", now + timedelta(seconds=FOLLOWS_S)
    else:
        _drop(session, row)


def _drop(session: Session, row: SlackOutboxRow) -> None:
    """Nothing is to be posted. A card leaves no trace, so that it can be wanted again."""
    if row.kind != CARD:
        row.state, row.error_class = "cancelled", "digest"
        return
    surface = session.scalar(
        select(SlackSurfaceRow).where(
            SlackSurfaceRow.case_id == row.case_id,
            SlackSurfaceRow.surface == row.surface,
            SlackSurfaceRow.destination == row.destination,
            SlackSurfaceRow.posted.is_(False),
        )
    )
    if surface is not None:
        session.delete(surface)
    session.delete(row)
