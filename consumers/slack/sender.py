"""The sender: posts what the outbox wants, keeps cards current, and finds out what became of messages in doubt.

One thread decides and writes the database; a small crew makes the calls. A result that the database does not take is
kept and offered again, so an answer of Slack is never forgotten while the process lives; if it dies, the lease runs
out and Slack's own history is asked.
"""

import threading
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import partial

import structlog
from msgspec import Struct
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session, sessionmaker

from consumers.database_errors import is_passing
from consumers.delivery import health
from consumers.delivery.elsewhere import Elsewhere, is_elsewhere
from consumers.measures import Measures
from consumers.parts import Backoff
from consumers.slack import folding, gathering, outbox, roll_ups, surfaces, view
from consumers.slack.client import Posted
from consumers.slack.crew import Crew
from consumers.slack.delivery import (
    Delivery,
    LookUpResult,
    LookUpResults,
    PostResult,
    Result,
    RollUpResult,
    UpdateResult,
)
from consumers.slack.pace import Pace
from consumers.slack.settlement import Settlement
from consumers.slack.traced import sending
from schemas.config import Loop
from schemas.roll_ups import ROLLED_UP
from schemas.tracing import OFF, Tracing
from schemas.waiting import oldest_message

_UPDATE = "update:"


class SenderOptions(Struct, frozen=True, kw_only=True):
    """How the sender works. Times in seconds."""

    pace: float
    """Messages a second a channel."""
    workers: int = 8
    ahead: int = 16
    """Messages claimed at most at once: one transaction for several, and the workers never wait for it."""
    urgent_workers: int = 2
    """For messages of critical cases and answers to a person's own click alone: no slow call of others delays them."""
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
    gathers: float = folding.GATHERS.total_seconds()
    """How long a roll-up's message waits for what comes together with its first case."""
    auth_every: float = 5.0
    last_words: float = 7.0
    """How long a stop waits for calls under way."""


class Sender:
    """Works until told to stop. ``wake`` is set by whoever commits something for Slack to show."""

    def __init__(
        self,
        options: SenderOptions,
        loop: Loop,
        database: sessionmaker[Session],
        readers: sessionmaker[Session],
        delivery: Delivery,
        settlement: Settlement,
        measures: Measures,
        wake: threading.Event,
        stop: threading.Event,
        elsewhere: Elsewhere | None = None,
        tracing: Tracing = OFF,
    ) -> None:
        self._tracing = tracing
        self._options = options
        self._loop = loop
        self._elsewhere = elsewhere
        self._database = database
        self._readers = readers
        self._delivery = delivery
        self._settlement = settlement
        self._measures = measures
        self._wake = wake
        self._stop = stop
        self._pace = Pace(options.pace)
        self._crew: Crew[Result] = Crew(options.workers, wake)
        self._urgent_crew: Crew[Result] = Crew(options.urgent_workers, wake)
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
            if self._settlement.paused is None:
                self._measures.process.succeeded("sender")
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
        for result in [*self._urgent_crew.results(), *self._crew.results()]:
            if isinstance(result, PostResult):
                self._posting -= 1
                self._hold(result.message.destination, result)
            elif isinstance(result, UpdateResult):
                self._updating.discard(result.card.id)
                self._hold(_UPDATE + result.card.channel, result)
            elif isinstance(result, RollUpResult):
                self._hold(_UPDATE + result.roll_up.channel, result)
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
            self._crew.give(partial(self._delivery.take_back, extra))

    def _hold(self, key: str, result: PostResult | UpdateResult | RollUpResult) -> None:
        if result.verdict is not None and result.verdict.kind == "wait":
            self._pace.hold(key, result.verdict.retry_after, time.monotonic())

    def _start_posts(self, now: datetime, clock: float) -> None:
        free = self._options.ahead - self._posting
        with self._readers() as session:
            waiting = outbox.backlog(session, now)
        if not waiting:
            return
        if any(queue.count > queue.urgent for queue in waiting) and self._fold(now):
            return  # the next step sees what is left
        with self._readers() as session:
            broken = {name: row.error for name, row in health.broken(session).items()}
        self._settlement.suspects = frozenset(broken)
        wanted = self._wanted([queue for queue in waiting if queue.destination not in broken], free, clock)
        if any(queue.destination in broken for queue in waiting):
            wanted += self._go_on([queue for queue in waiting if queue.destination in broken], broken, now)
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
            listed = [entry.case for message in claimed for entry in message.entries]
            pictures = view.load(session, [*cases, *listed], now)
            told = view.told_directly(session, cases)
            rolled = roll_ups.load(session, [message.roll_up for message in claimed if message.roll_up is not None])
        for message in claimed:
            self._pace.take(message.destination, 1, clock)
            self._posting += 1
            crew = self._urgent_crew if message.urgent else self._crew
            if self._elsewhere is not None and is_elsewhere(message.destination):
                crew.give(sending(self._tracing, message, partial(self._elsewhere.deliver, message)))
                continue
            if message.roll_up is not None:
                crew.give(partial(self._delivery.post_roll_up, message, rolled[message.roll_up]))
                continue
            picture = pictures[message.case_id]
            mention = message.surface == "channel" and picture.page and message.case_id not in told
            others = {entry.case: pictures[entry.case] for entry in message.entries if entry.case in pictures}
            post = partial(self._delivery.post, message, picture, mention, others)
            crew.give(sending(self._tracing, message, post))

    def _fold(self, now: datetime) -> int:
        """Tell of many cards as one where there are too many; how many were folded."""
        try:
            with self._database.begin() as session:
                folded = folding.fold(session, self._loop, now, timedelta(seconds=self._options.gathers))
                folded += gathering.gather(session, self._loop, now)
        except IntegrityError:  # another process began the same roll-up
            return 0
        self._measures.folded.inc(folded)
        return folded

    def _wanted(self, waiting: list[outbox.Backlog], free: int, clock: float) -> list[tuple[str, int]]:
        """How many messages of which destination to claim: as many as its pace lets, and a fair share of what is free.

        Urgent messages have workers of their own, so they are taken even while nothing else is free.
        """
        share = max(1, free // max(1, len(waiting)))
        reserve = self._options.urgent_workers
        wanted: list[tuple[str, int]] = []
        for queue in waiting:
            room = max(0, free) if not queue.urgent else max(0, free) + reserve
            most = queue.urgent if free <= 0 else max(share, queue.urgent)
            number = min(room, queue.count, most, self._pace.available(queue.destination, clock))
            if number > 0:
                wanted.append((queue.destination, number))
                free -= number
        return wanted

    def _go_on(self, waiting: list[outbox.Backlog], broken: dict[str, str], now: datetime) -> list[tuple[str, int]]:
        """Pass the messages of broken destinations on without a call; now and then one of them is to try it."""
        lease = timedelta(seconds=self._options.lease)
        probes: list[tuple[str, int]] = []
        with self._database.begin() as session:
            for queue in waiting:
                if health.claim_probe(session, queue.destination, now):
                    probes.append((queue.destination, 1))
                    continue
                for message in outbox.claim(session, queue.destination, self._options.look_ups, now, lease):
                    self._settlement.divert_known(session, message, broken[queue.destination], now)
        return probes

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
            pictures = view.load(session, [card.case_id for card in held], now)
        for card in held:
            self._updating.add(card.id)
            plain = self._settlement.is_plain(card.id)
            crew = self._urgent_crew if card.by_person else self._crew
            crew.give(partial(self._delivery.update, card, pictures[card.case_id], plain))

    def _sweep(self, now: datetime) -> None:
        """Lost leases, messages in doubt, and the gauges."""
        lease = timedelta(seconds=self._options.lease)
        with self._readers() as session:
            counts = outbox.states(session)
            behind = surfaces.count_behind(session)
            roll_ups_behind = roll_ups.behind(session, now)
            oldest = oldest_message(session, now)
        for state in {*outbox.STATES, *counts}:
            self._measures.outbox.labels(state).set(counts.get(state, 0))
        self._measures.oldest.set(0.0 if oldest is None else max(0.0, (now - oldest) / timedelta(seconds=1)))
        self._measures.cards_behind.set(behind + len(roll_ups_behind))
        if counts.get(ROLLED_UP):
            with self._database.begin() as session:
                folding.unfold_critical(session, now)
        self._start_roll_ups(roll_ups_behind, now)
        if not counts.get("sending") and not counts.get("in_doubt"):
            return
        with self._database.begin() as session:
            lost = outbox.expire(session, now, timedelta(seconds=self._options.grace))
            doubtful = outbox.claim_doubtful(session, self._options.look_ups, now, lease)
        if lost:
            self._log.warning("posting was broken off: Slack's history will say", messages=lost)
        if doubtful and is_elsewhere(doubtful[0].destination):
            # A mail server and a webhook cannot be asked. They know a repeat by its id, so it is sent again.
            self._unsettled.append(LookUpResults(tuple(LookUpResult(message) for message in doubtful)))
        elif doubtful:
            self._crew.give(partial(self._delivery.look_up, doubtful))

    def _start_roll_ups(self, behind: Sequence[roll_ups.Behind], now: datetime) -> None:
        """Draw roll-ups again, before the cards of their channels: one drawing tells of many cases."""
        clock, lease = time.monotonic(), timedelta(seconds=self._options.lease)
        due = [found for found in behind if not self._pace.held(_UPDATE + found.channel, clock)]
        if not due:
            return
        with self._database.begin() as session:
            held = [mine for found in due if (mine := roll_ups.claim(session, found, now, lease)) is not None]
            pictures = roll_ups.load(session, [mine.id for mine in held])
        for mine in held:
            self._pace.take(_UPDATE + mine.channel, 1, clock)
            self._crew.give(partial(self._delivery.update_roll_up, mine, pictures[mine.id]))

    def _ask_whether_slack_works(self, clock: float) -> None:
        if not self._asking and clock - self._asked >= self._options.auth_every:
            self._asked, self._asking = clock, True
            self._crew.give(self._delivery.check_token)

    def _finish(self) -> None:
        """Keep the answers of calls under way; rows of calls that hang are left to their lease."""
        self._crew.dismiss()
        self._urgent_crew.dismiss()
        end = time.monotonic() + self._options.last_words
        while (self._busy() or self._unsettled) and time.monotonic() < end:
            self._wake.clear()
            try:
                self._settle()
            except Exception as error:
                if not is_passing(error):
                    raise
            if self._busy() or self._unsettled:
                self._wake.wait(0.05)

    def _busy(self) -> int:
        return self._crew.busy + self._urgent_crew.busy
