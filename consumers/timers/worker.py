"""The timers' thread: looks once a second at what time has made due, and does it. Any number of them may run."""

import threading
from collections.abc import Callable
from datetime import UTC, datetime

import structlog
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session, sessionmaker

from consumers.database_errors import is_passing
from consumers.measures import Measures
from consumers.parts import Backoff
from consumers.timers.firing import adopt, due_timers, fire, plan, unplanned
from consumers.timers.forgetting import EVERY, forget, prune_timeline
from consumers.timers.mornings import critical_waits, mornings, release_critical, send_list, waiting
from consumers.timers.moves import BATCH, due, move
from schemas.answer_terms import keep_terms_of_before
from schemas.config import Loop
from schemas.silenced_cards import show, to_show

POLL_S = 1.0


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
        *,
        by_events: bool = False,
    ) -> None:
        """``by_events``: under ``--clock event`` a timeline is old beside its newest event, not beside the clock."""
        self._loop = loop
        self._database = database
        self._readers = readers
        self._measures = measures
        self._moved = moved
        self._stop = stop
        self._adopted = False
        self._by_events = by_events
        self._forgot: datetime | None = None
        self._timeline_pruned: datetime | None = None
        self._read_until: str | None = ""
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
            self._measures.process.succeeded("timers")
            if moved < BATCH:
                self._stop.wait(POLL_S)

    def tick(self, now: datetime) -> int:
        """Do all that is due at ``now``: moves, plans, timers, mornings; how many cases were moved or spoken of.

        Each is a transaction of its own, so a worker that dies in between leaves the rest for the next.
        """
        if not self._adopted:
            adopt(self._database, self._loop, now)
            self._adopted = True
        if self._forgot is None or abs(now - self._forgot) >= EVERY:
            forget(self._database, self._loop, now)
            self._forgot = now
        if self._timeline_pruned is None or abs(now - self._timeline_pruned) >= EVERY:
            more = prune_timeline(self._database, self._loop, now, by_events=self._by_events)
            self._timeline_pruned = None if more else now
        if self._read_until is not None:
            # Comments that were kept by a version without themes: a batch at a time, so that no due time waits.
            with self._database.begin() as session:
                self._read_until = keep_terms_of_before(session, self._read_until, BATCH)
        done: list[str] = []
        with self._readers() as session:
            found, unplanned_cases = due(session, now), unplanned(session)
        done += [item.action for item in found if move(self._database, self._loop, item, now)]
        unplanned_cases += [item.case_id for item in found if item.case_id not in unplanned_cases]
        for case in unplanned_cases:
            plan(self._database, self._loop, case, now)
        with self._readers() as session:
            timers = due_timers(session, now)
        for timer, case in timers:
            fired = fire(self._database, self._loop, timer, case, now)
            if fired is not None and fired.told:
                done.append(fired.kind)
        done += self._mornings(now)
        done += self._silences(now)
        for action in done:
            self._measures.timers.labels(action).inc()
        if done:
            self._moved()
        return max(len(done), len(unplanned_cases))

    def _silences(self, now: datetime) -> list[str]:
        """Let cards say that a silence has begun or is over."""
        with self._readers() as session:
            unseen = to_show(session, now)
        done: list[str] = []
        for number in unseen:
            with self._database.begin() as session:
                done += ["silence"] * min(1, show(session, number, now))
        return done

    def _mornings(self, now: datetime) -> list[str]:
        with self._readers() as session:
            oldest = waiting(session)
            urgent = bool(oldest) and critical_waits(session)
        done = ["released"] * release_critical(self._database, now) if urgent else []
        for morning in mornings(self._loop, oldest, now):
            try:
                if send_list(self._database, self._loop, morning, now):
                    done.append("digest")
            except IntegrityError:
                continue  # another worker made the list of this day: what is left is found again
        return done
