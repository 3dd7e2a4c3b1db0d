"""Removing what the database has of a person, in short transactions: nothing is half done, and any may be the last.

What a sweep meets it does; what has been done is not met again. So whatever breaks it off, it goes on from there.
"""

from collections.abc import Callable, Sequence
from datetime import datetime

from msgspec import Struct
from sqlalchemy import ColumnElement, delete, func, null, select, update
from sqlalchemy.orm import Session, sessionmaker

from closeloop.erasing.places import Found, look
from closeloop.erasing.silenced import named_by, renamed
from schemas.audit import Act, Who, forget, record
from schemas.case_erasure import NOT_TAKEN_BACK, TAKING_BACK, erase_case, is_about, take_back
from schemas.case_writes import Refused
from schemas.config import Loop
from schemas.erased_shapes import counted_attributes
from schemas.erasures import begin, finish
from schemas.tables import CaseRow, DeadLetterRow, SilenceRow, SlackOutboxRow, SlackSurfaceRow, TimelineRow
from schemas.working_time import calendars

MOST_SWEEPS = 10
"""A customer for whom more comes all the time is still being written to: the next run goes on."""
ROWS = 500
_TRIES = 20

Clock = Callable[[], datetime]
Step = Callable[[], None]


class Erasing(Struct, frozen=True):
    """One erasure that is under way."""

    word: str
    names: tuple[str, ...]
    who: Who


class Left(Struct, frozen=True, kw_only=True):
    """What is still to be done in Slack, by the consumers, or by somebody."""

    under_way: int
    """Messages about the person that are being posted at this moment, or of which nobody knows whether they were."""
    to_delete: int
    to_redraw: int
    cannot: int
    """Messages and cards that Slack lets nobody change any more."""


def start(database: sessionmaker[Session], names: Sequence[str], who: Who, found: Found, now: datetime) -> Erasing:
    """Let everybody who reads topics know, and begin."""
    with database.begin() as session:
        word = begin(session, names, now, anew=found.total() > 0)
    return Erasing(word, tuple(names), who)


def sweep(
    database: sessionmaker[Session], loop: Loop, erasing: Erasing, found: Found, now: datetime, step: Step
) -> None:
    """Remove what was found. ``step`` is called after each transaction."""
    counted, hours = counted_attributes(loop.cuts), calendars(loop)
    for case in found.cases:
        for attempt in range(_TRIES):
            try:
                with database.begin() as session:
                    erase_case(session, case, erasing.word, counted, now, hours)
            except Refused:
                if attempt == _TRIES - 1:
                    raise
                continue
            break
        step()
    for name in erasing.names:
        while _timeline(database, name):
            step()
    for start_at in range(0, len(found.letters), ROWS):
        with database.begin() as session:
            session.execute(
                update(DeadLetterRow)
                .where(DeadLetterRow.id.in_(found.letters[start_at : start_at + ROWS]))
                .values(key=null(), value=null(), headers=[])
                .execution_options(synchronize_session=False)
            )
        step()
    with database.begin() as session:
        for number in found.silences:
            _silence(session, number, erasing)
        for name in erasing.names:
            forget(session, name, erasing.word)
        take_back(session, _cases(session, erasing.word))
    step()


def erase(
    database: sessionmaker[Session],
    readers: sessionmaker[Session],
    loop: Loop,
    erasing: Erasing,
    found: Found,
    clock: Clock,
    step: Step = lambda: None,
) -> bool:
    """Sweep until nothing of the person is met any more; whether it came to that. Records it in the audit trail."""
    first = found
    for _ in range(MOST_SWEEPS):
        sweep(database, loop, erasing, found, clock(), step)
        with readers() as session:
            found = look(session, erasing.names)
        if not found.total():
            break
    detail: dict[str, str | int] = {place.name: place.count for place in first.places()}
    with database.begin() as session:
        if not found.total():
            finish(session, erasing.word, clock())
        outcome = Act(
            action="customer_erased",
            customer=erasing.word,
            outcome="failed" if found.total() else "done",
            detail=detail,
        )
        record(session, erasing.who, outcome, clock())
    return not found.total()


def left_in_slack(session: Session, word: str) -> Left:
    """How far Slack is behind."""
    cases = _cases(session, word)
    posted = (SlackSurfaceRow.case_id.in_(cases), SlackSurfaceRow.posted.is_(True), SlackSurfaceRow.ts.is_not(None))
    behind = (SlackSurfaceRow.dead_reason.is_(None), SlackSurfaceRow.rendered_version < SlackSurfaceRow.wanted_version)
    redraw = session.scalar(select(func.count()).select_from(SlackSurfaceRow).where(*posted, *behind)) or 0
    return Left(
        under_way=_messages(session, cases, SlackOutboxRow.state.in_(("sending", "in_doubt"))),
        to_delete=_messages(session, cases, SlackOutboxRow.state == TAKING_BACK),
        to_redraw=redraw,
        cannot=_messages(session, cases, SlackOutboxRow.error_class == NOT_TAKEN_BACK),
    )


def _messages(session: Session, cases: list[int], which: ColumnElement[bool]) -> int:
    """How many messages of these are about the cases, or name one of them in a list."""
    asked = select(SlackOutboxRow.case_id, SlackOutboxRow.content).where(which)
    return sum(is_about(row.case_id, row.content, cases) for row in session.execute(asked))


def told_elsewhere(session: Session, word: str) -> int:
    """Messages about the person's cases that went out by e-mail or webhook: nobody can take them back."""
    sent = (
        SlackOutboxRow.case_id.in_(_cases(session, word)),
        SlackOutboxRow.state == "sent",
        SlackOutboxRow.channel == SlackOutboxRow.destination,
        SlackOutboxRow.ts.is_(None),
    )
    return session.scalar(select(func.count()).select_from(SlackOutboxRow).where(*sent)) or 0


def _cases(session: Session, word: str) -> list[int]:
    return list(session.scalars(select(CaseRow.id).where(CaseRow.customer_id == word)))


def _timeline(database: sessionmaker[Session], name: str) -> int:
    """Remove some rows; how many."""
    keys = (TimelineRow.event_source, TimelineRow.event_id, TimelineRow.kind)
    with database.begin() as session:
        rows = session.execute(select(*keys).where(TimelineRow.customer_id == name).limit(ROWS)).all()
        for row in rows:
            session.execute(
                delete(TimelineRow).where(
                    *(key == value for key, value in zip(keys, row, strict=True)), TimelineRow.customer_id == name
                )
            )
    return len(rows)


def _silence(session: Session, number: int, erasing: Erasing) -> None:
    """It goes on for whomever else it names: what it holds back of this person is nothing any more."""
    row = session.get(SilenceRow, number, with_for_update=True, populate_existing=True)
    if row is None or not named_by(row, erasing.names):
        return
    row.matchers, row.reason = renamed(row.matchers, erasing.names, erasing.word), "the customer was erased"
