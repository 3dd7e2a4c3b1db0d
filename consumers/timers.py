"""Timers: what happens to a case because time has passed. Snoozed cases wake, and leases without a contact end."""

import threading
from collections.abc import Callable
from datetime import UTC, datetime

import structlog
from msgspec import Struct
from sqlalchemy import and_, or_, select
from sqlalchemy.orm import Session, sessionmaker

from consumers.database_errors import is_passing
from consumers.measures import Measures
from consumers.parts import Backoff
from schemas import case_ledger
from schemas.cases import CaseAction
from schemas.tables import CaseRow

POLL_S = 1.0
BATCH = 200


class Due(Struct, frozen=True):
    """A case that time moves, as it was when that was seen."""

    case_id: int
    version: int
    action: CaseAction


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


def move(database: sessionmaker[Session], found: Due, now: datetime) -> bool:
    """Take the action, unless somebody changed the case since: then there is nothing to do, or it is found again."""
    try:
        with database.begin() as session:
            case_ledger.act(
                session,
                found.case_id,
                found.action,
                actor="system",
                via="system",
                now=now,
                expected_version=found.version,
            )
    except case_ledger.Refused:
        return False
    return True


class Timers:
    """Looks once a second. ``moved`` is called after a change that cards have to show."""

    def __init__(
        self,
        database: sessionmaker[Session],
        readers: sessionmaker[Session],
        measures: Measures,
        moved: Callable[[], None],
        stop: threading.Event,
    ) -> None:
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
                found = self.tick(datetime.now(UTC))
            except Exception as error:
                if not is_passing(error):
                    raise
                self._measures.retries.labels("timers", "database").inc()
                self._log.warning("waiting, then trying again", cause="database", error=type(error).__name__)
                backoff.wait(self._stop)
                continue
            backoff.reset()
            if found < BATCH:
                self._stop.wait(POLL_S)

    def tick(self, now: datetime) -> int:
        """Move every case that is due at ``now``; how many were found."""
        with self._readers() as session:
            found = due(session, now)
        moved = [item for item in found if move(self._database, item, now)]
        for item in moved:
            self._measures.timers.labels(item.action).inc()
        if moved:
            self._moved()
        return len(found)
