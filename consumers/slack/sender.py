"""The sender: posts what the outbox wants, keeps cards current, and finds out what became of messages in doubt.

One thread decides and writes the database; a small crew makes the calls. A result that the database does not take is
kept and offered again, so an answer of Slack is never forgotten while the process lives; if it dies, the lease runs
out and Slack's own history is asked.
"""

import threading
import time
from datetime import UTC, datetime, timedelta
from functools import partial

import structlog
from msgspec import Struct
from sqlalchemy.orm import Session, sessionmaker

from consumers.database_errors import is_passing
from consumers.measures import Measures
from consumers.parts import Backoff
from consumers.slack import outbox, surfaces, view
from consumers.slack.client import Posted
from consumers.slack.crew import Crew
from consumers.slack.delivery import Delivery, PostResult, Result, UpdateResult
from consumers.slack.pace import Pace
from consumers.slack.settlement import Settlement

_UPDATE = "update:"


class SenderOptions(Struct, frozen=True, kw_only=True):
    """How the sender works. Times in seconds."""

    pace: float
    """Messages a second a channel."""
    workers: int = 8
    ahead: int = 16
    """Messages claimed at most at once: one transaction for several, and the workers never wait for it."""
    updates: int = 8
    look_ups: int = 500
    lease: float = 30.0
    """How long a claimed message may take: several times the client's timeout."""
    grace: float = 20.0
    """A call that timed out here may still be carried out there: wait before looking."""
    look_up_again: float = 30.0
    poll: float = 0.1
    sweep: float = 1.0
    """How often messages in doubt and lost leases are looked for."""
    auth_every: float = 5.0
    last_words: float = 7.0
    """How long a stop waits for calls under way."""


class Sender:
    """Works until told to stop. ``wake`` is set by whoever commits something for Slack to show."""

    def __init__(
        self,
        options: SenderOptions,
        database: sessionmaker[Session],
        readers: sessionmaker[Session],
        delivery: Delivery,
        settlement: Settlement,
        measures: Measures,
        wake: threading.Event,
        stop: threading.Event,
    ) -> None:
        self._options = options
        self._database = database
        self._readers = readers
        self._delivery = delivery
        self._settlement = settlement
        self._measures = measures
        self._wake = wake
        self._stop = stop
        self._pace = Pace(options.pace)
        self._crew: Crew[Result] = Crew(options.workers, wake)
        self._unsettled: list[Result] = []
        self._posting = 0
        self._updating: set[int] = set()
        self._swept = 0.0
        self._asked = 0.0
        self._asking = False
        self._log = structlog.get_logger().bind(part="sender")

    def run(self) -> None:
        """Send until told to stop; then wait a little for calls under way and keep their answers."""
        backoff = Backoff()
        while not self._stop.is_set():
            self._wake.clear()
            try:
                self.step()
            except Exception as error:
                if not is_passing(error):
                    raise
                self._measures.retries.labels("sender", "database").inc()
                self._log.warning("waiting, then trying again", cause="database", error=type(error).__name__)
                backoff.wait(self._stop)
                continue
            backoff.reset()
            self._wake.wait(self._options.poll)
        self._finish()

    def step(self) -> None:
        """Settle what came back, then start what is due and allowed."""
        self._settle()
        now, clock = datetime.now(UTC), time.monotonic()
        if self._settlement.paused is not None:
            self._ask_whether_slack_works(clock)
            return
        if clock - self._swept >= self._options.sweep:
            self._sweep(now)
            self._swept = clock
        self._start_updates(now, clock)
        self._start_posts(now, clock)

    def _settle(self) -> None:
        for result in self._crew.results():
            if isinstance(result, PostResult):
                self._posting -= 1
                self._hold(result.message.destination, result)
            elif isinstance(result, UpdateResult):
                self._updating.discard(result.card.id)
                self._hold(_UPDATE + result.card.channel, result)
            self._unsettled.append(result)
        if not self._unsettled:
            return
        extras: list[Posted] = []
        now = datetime.now(UTC)
        with self._database.begin() as session:
            for result in self._unsettled:
                extras += self._settlement.settle(session, result, now)
        self._unsettled.clear()
        self._asking = False
        for extra in extras:
            self._crew.give(partial(self._take_back, extra))

    def _hold(self, key: str, result: PostResult | UpdateResult) -> None:
        if result.verdict is not None and result.verdict.kind == "wait":
            self._pace.hold(key, result.verdict.retry_after, time.monotonic())

    def _take_back(self, extra: Posted) -> None:
        self._delivery.take_back(extra)

    def _start_posts(self, now: datetime, clock: float) -> None:
        free = self._options.ahead - self._posting
        if free <= 0:
            return
        with self._readers() as session:
            waiting = outbox.backlog(session, now)
        share = max(1, free // max(1, len(waiting)))
        wanted: list[tuple[str, int]] = []
        for destination, count in waiting:
            number = min(free, count, share, self._pace.available(destination, clock))
            if number > 0:
                wanted.append((destination, number))
                free -= number
        if not wanted:
            return
        lease = timedelta(seconds=self._options.lease)
        with self._database.begin() as session:
            claimed = [
                message
                for destination, number in wanted
                for message in outbox.claim(session, destination, number, now, lease)
            ]
            cases = [message.case_id for message in claimed]
            pictures = view.load(session, cases)
            told = view.told_directly(session, cases)
        for message in claimed:
            self._pace.take(message.destination, 1, clock)
            self._posting += 1
            picture = pictures[message.case_id]
            mention = message.surface == "channel" and picture.page and message.case_id not in told
            self._crew.give(partial(self._delivery.post, message, picture, mention))

    def _start_updates(self, now: datetime, clock: float) -> None:
        free = self._options.updates - len(self._updating)
        if free <= 0:
            return
        with self._readers() as session:
            candidates = surfaces.behind(session, now, limit=50, busy=self._pace.exhausted(_UPDATE, clock))
        chosen: list[surfaces.Behind] = []
        for card in candidates:
            key = _UPDATE + card.channel
            if len(chosen) < free and card.id not in self._updating and self._pace.available(key, clock) > 0:
                self._pace.take(key, 1, clock)
                chosen.append(card)
        if not chosen:
            return
        lease = timedelta(seconds=self._options.lease)
        held: list[surfaces.Behind] = []
        with self._database.begin() as session:
            for card in chosen:
                until = surfaces.claim(session, card.id, now, lease)
                if until is not None:
                    held.append(surfaces.held(card, until))
            pictures = view.load(session, [card.case_id for card in held])
        for card in held:
            self._updating.add(card.id)
            plain = self._settlement.is_plain(card.id)
            self._crew.give(partial(self._delivery.update, card, pictures[card.case_id], plain))

    def _sweep(self, now: datetime) -> None:
        """Lost leases, messages in doubt, and the gauges."""
        lease = timedelta(seconds=self._options.lease)
        with self._readers() as session:
            counts = outbox.states(session)
            behind = surfaces.count_behind(session)
        for state in ("pending", "sending", "in_doubt", "sent", "dead", "cancelled"):
            self._measures.outbox.labels(state).set(counts.get(state, 0))
        self._measures.cards_behind.set(behind)
        if not counts.get("sending") and not counts.get("in_doubt"):
            return
        with self._database.begin() as session:
            lost = outbox.expire(session, now, timedelta(seconds=self._options.grace))
            doubtful = outbox.claim_doubtful(session, self._options.look_ups, now, lease)
        if lost:
            self._log.warning("posting was broken off: Slack's history will say", messages=lost)
        if doubtful:
            self._crew.give(partial(self._delivery.look_up, doubtful))

    def _ask_whether_slack_works(self, clock: float) -> None:
        if not self._asking and clock - self._asked >= self._options.auth_every:
            self._asked, self._asking = clock, True
            self._crew.give(self._delivery.check_token)

    def _finish(self) -> None:
        """Keep the answers of calls under way; rows of calls that hang are left to their lease."""
        self._crew.dismiss()
        end = time.monotonic() + self._options.last_words
        while (self._crew.busy or self._unsettled) and time.monotonic() < end:
            self._wake.clear()
            try:
                self._settle()
            except Exception as error:
                if not is_passing(error):
                    raise
            if self._crew.busy or self._unsettled:
                self._wake.wait(0.05)
