"""Timers: what happens to a case because time has passed.

Snoozed cases wake, leases without a contact end, and a case that nobody took in time is told to the lead.
"""

import threading
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Literal

import structlog
from msgspec import Struct
from sqlalchemy import String, and_, cast, exists, or_, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session, sessionmaker

from consumers.database_errors import is_passing
from consumers.measures import Measures
from consumers.parts import Backoff
from consumers.reminders import add_reminder, recipient
from schemas import case_ledger
from schemas.config import Loop
from schemas.tables import CaseRow, SlackOutboxRow, SlackSurfaceRow
from schemas.working_time import calendars

POLL_S = 1.0
BATCH = 200


class Due(Struct, frozen=True):
    """A case that time moves, as it was when that was seen."""

    case_id: int
    version: int
    action: Literal["wake", "lease_expired"]


def due(session: Session, now: datetime) -> list[Due]:
    """The cases whose snooze or lease is over at ``now``, at most :data:`BATCH`."""
    rows = session.execute(
        select(CaseRow.id, CaseRow.version, CaseRow.state)
        .where(
            or_(
                and_(CaseRow.state == "snoozed", CaseRow.snoozed_until <= now),
                and_(CaseRow.state == "acknowledged", CaseRow.lease_until <= now),
            )
        )
        .order_by(CaseRow.id)
        .limit(BATCH)
    )
    return [
        Due(case_id, version, "wake" if state == "snoozed" else "lease_expired") for case_id, version, state in rows
    ]


def overdue(session: Session, now: datetime) -> list[int]:
    """Open cases that nobody acknowledged in time and whose lead has not been told, at most :data:`BATCH`.

    Not those that disturb nobody, nor those of a metric that is back to normal.
    """
    told = exists().where(SlackOutboxRow.dedupe_key == cast(CaseRow.id, String).concat("/overdue"))
    return list(
        session.scalars(
            select(CaseRow.id)
            .where(CaseRow.state == "open", CaseRow.acknowledge_by <= now, CaseRow.acknowledged_at.is_(None), ~told)
            .where(CaseRow.page.is_(True), CaseRow.recovered_at.is_(None))
            .order_by(CaseRow.id)
            .limit(BATCH)
        )
    )


def move(database: sessionmaker[Session], loop: Loop, found: Due, now: datetime) -> bool:
    """Take the action, unless somebody changed the case since: then there is nothing to do, or it is found again."""
    try:
        with database.begin() as session:
            case = case_ledger.act(
                session,
                found.case_id,
                found.action,
                actor="system",
                via="system",
                now=now,
                expected_version=found.version,
                calendar_of=calendars(loop),
            )
            person = recipient(loop, case.receiver, case.owner, found.action) if case.page else None
            if person is not None:
                add_reminder(session, case, found.action, person, now)
    except case_ledger.Refused:
        return False
    return True


def escalate(database: sessionmaker[Session], loop: Loop, case_id: int, now: datetime) -> bool:
    """Tell the lead that nobody took the case in time, and draw its cards again: they say so now."""
    try:
        with database.begin() as session:
            case = session.get(CaseRow, case_id)
            person = recipient(loop, case.receiver, case.owner, "overdue") if case is not None else None
            if case is None or person is None:
                return False
            add_reminder(session, case, "overdue", person, now)
            session.execute(
                update(SlackSurfaceRow)
                .where(SlackSurfaceRow.case_id == case_id, SlackSurfaceRow.posted.is_(True))
                .values(rendered_version=0)
                .execution_options(synchronize_session=False)
            )
    except IntegrityError:
        return False  # another process told them
    return True


class Timers:
    """Looks once a second. ``moved`` is called after a change that cards have to show."""

    def __init__(
        self,
        loop: Loop,
        database: sessionmaker[Session],
        readers: sessionmaker[Session],
        measures: Measures,
        moved: Callable[[], None],
        stop: threading.Event,
    ) -> None:
        self._loop = loop
        self._database = database
        self._readers = readers
        self._measures = measures
        self._moved = moved
        self._stop = stop
        self._log = structlog.get_logger().bind(part="timers")

    def run(self) -> None:
        """Look and move until told to stop. Passing database errors are waited out."""
        backoff = Backoff()
        while not self._stop.is_set():
            try:
                moved = self.tick(datetime.now(UTC))
            except Exception as error:
                if not is_passing(error):
                    raise
                self._measures.retries.labels("timers", "database").inc()
                self._log.warning("waiting, then trying again", cause="database", error=type(error).__name__)
                backoff.wait(self._stop)
                continue
            backoff.reset()
            if moved < BATCH:
                self._stop.wait(POLL_S)

    def tick(self, now: datetime) -> int:
        """Move every case that is due at ``now``, and tell who has to know; how many."""
        with self._readers() as session:
            found, late = due(session, now), overdue(session, now)
        moved: list[str] = [item.action for item in found if move(self._database, self._loop, item, now)]
        moved += ["overdue" for case_id in late if escalate(self._database, self._loop, case_id, now)]
        for action in moved:
            self._measures.timers.labels(action).inc()
        if moved:
            self._moved()
        return len(moved)
