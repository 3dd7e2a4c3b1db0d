"""The consumers process: desk, recorder, timelines, publisher, sender, deletions and timers, one thread each."""

import signal
import threading
import time
from datetime import timedelta
from types import FrameType

import structlog
from prometheus_client import CollectorRegistry
from sqlalchemy import Engine, text
from sqlalchemy.exc import SQLAlchemyError

from consumers import desk, kafka_clients, recorder, timeline
from consumers.delivery.configured import ways_out
from consumers.health import HealthServer
from consumers.intake import Intake
from consumers.measures import Measures
from consumers.parts import Part
from consumers.publisher import Publisher
from consumers.slack.addresses import Addresses
from consumers.slack.client import TIMEOUT_S, SlackCalls
from consumers.slack.delivery import Delivery
from consumers.slack.fall_back import Ways
from consumers.slack.sender import Sender, SenderOptions
from consumers.slack.settlement import Settlement
from consumers.slack.taking_back import TakingBack
from consumers.startup import wait_for_database, wait_for_kafka
from consumers.timers import Timers
from schemas.config import Loop
from schemas.database import open_database, readers, sessions
from schemas.database_pulse import DatabasePulse
from schemas.settings import Settings
from schemas.topics import ALERTS, CASES, DEADLETTERS, METRICS, RESPONSES, TOUCHPOINTS
from schemas.tracing import Tracing, start_tracing

STOP_WITHIN_S = 9.0
HISTORY_PAGE = 200
"""Messages a page when Slack's history is read for a message in doubt."""


def run_consumers(settings: Settings, loop: Loop) -> int:
    """Run until SIGTERM or SIGINT (0), or until a part fails (1)."""
    stop, ended = threading.Event(), threading.Event()
    _stop_on_signals(stop, ended)
    tracing = start_tracing(settings.traces, "consumers")
    measures = Measures(CollectorRegistry())
    engine = open_database(settings.database)
    pulse = DatabasePulse(engine, measures.process)
    room = Room(settings, loop, engine, measures, stop, ended, tracing)
    measures.process.watch_readiness(lambda: pulse.answers() and not room.stands_still())
    health = HealthServer(settings.health_host, settings.health_port, measures.registry, room.dead, room.lacks)
    health.start()
    pulse.start()
    try:
        topics = (ALERTS, METRICS, DEADLETTERS, CASES, TOUCHPOINTS, RESPONSES)
        if not (wait_for_database(engine, stop) and wait_for_kafka(settings, topics, stop)):
            return 0 if stop.is_set() else 1
        return room.run()
    finally:
        pulse.stop()
        health.close()
        engine.dispose()
        tracing.close()


class Room:
    """The parts of the process and what holds them together."""

    def __init__(
        self,
        settings: Settings,
        loop: Loop,
        engine: Engine,
        measures: Measures,
        stop: threading.Event,
        ended: threading.Event,
        tracing: Tracing,
    ) -> None:
        self._tracing = tracing
        self._settings = settings
        self._loop = loop
        self._engine = engine
        self._measures = measures
        self._stop = stop
        self._ended = ended
        self._parts: list[Part] = []
        self._intakes: list[Intake] = []
        self._log = structlog.get_logger()

    def run(self) -> int:
        """Start every part, wait until told to stop or one has ended, and stop the others. The exit code."""
        burial = self._build()
        for part in self._parts:
            part.start()
        self._log.info("consumers started", parts=[part.name for part in self._parts])
        self._ended.wait()
        self._stop.set()
        end = time.monotonic() + STOP_WITHIN_S
        slow = [part.name for part in self._parts if not part.join(max(0.1, end - time.monotonic()))]
        burial.close()
        if slow:
            self._log.warning("parts were still busy at the end", parts=slow)
        failed = [part.name for part in self._parts if part.failed]
        self._log.info("consumers stopped", failed=failed)
        return 1 if failed else 0

    def dead(self) -> list[str]:
        """Parts that have ended, in words."""
        return [f"{part.name} has ended" for part in self._parts if not part.alive()]

    def stands_still(self) -> list[str]:
        """Why the room does not work, without asking the database: parts that ended, Kafka's assignment."""
        if not self._parts:
            return ["starting: waiting for Kafka and the database"]
        problems = self.dead()
        if not all(intake.ready() for intake in self._intakes):
            problems.append("Kafka has not assigned the partitions yet")
        return problems

    def lacks(self) -> list[str]:
        """Why the room is not ready: what :meth:`stands_still` says, and the database."""
        if not self._parts:
            return self.stands_still()
        problems = self.stands_still()
        try:
            with self._engine.execution_options(reads_only=True).connect() as connection:
                connection.execute(text("SELECT 1"))
        except SQLAlchemyError as error:
            problems.append(f"the database does not answer ({type(error).__name__})")
        return problems

    def _build(self) -> desk.Burial:
        settings, measures, stop = self._settings, self._measures, self._stop
        writes, reads = sessions(self._engine), readers(self._engine)
        cards, transitions = threading.Event(), threading.Event()

        def changed() -> None:
            cards.set()
            transitions.set()

        burial = desk.Burial(lambda: kafka_clients.safe_producer(settings, "closeloop-desk"), measures, stop)
        taker = desk.Desk(self._loop, writes, burial.bury, measures, changed, self._tracing)
        keeper = recorder.Recorder(writes, measures)
        desk_intake = Intake(settings, desk.GROUP, [ALERTS], taker.handle, measures, stop, max_poll_records=100)
        recorder_intake = Intake(
            settings, recorder.GROUP, [METRICS, DEADLETTERS], keeper.handle, measures, stop, max_poll_records=5_000
        )
        publisher = Publisher(
            writes,
            reads,
            lambda: kafka_clients.safe_producer(settings, "closeloop-publisher"),
            measures,
            transitions,
            stop,
        )
        by_events = settings.clock == "event"
        timers = Timers(self._loop, writes, reads, measures, changed, stop, by_events=by_events)
        runs = {
            "desk": desk_intake.run,
            "recorder": recorder_intake.run,
            "publisher": publisher.run,
            "timers": timers.run,
        }
        self._intakes = [desk_intake, recorder_intake]
        if self._loop.timeline is not None:
            writer = timeline.Timeline(self._loop, writes, measures, stop, by_events=by_events)
            timeline_intake = Intake(
                settings, timeline.GROUP, timeline.TOPICS, writer.handle, measures, stop, max_poll_records=2_000
            )
            self._intakes.append(timeline_intake)
            runs["timeline"] = timeline_intake.run
        calls = self._slack()
        if calls is not None:
            runs["sender"] = self._sender(cards, calls).run
            runs["taking_back"] = TakingBack(calls, writes, reads, measures, stop).run
        self._parts = [Part(name, run, self._ended) for name, run in runs.items()]
        return burial

    def _slack(self) -> SlackCalls | None:
        settings = self._settings
        if settings.slack_bot_token is None:
            self._log.warning("SLACK_BOT_TOKEN is not set: cases are kept, and no card is sent")
            return None
        return SlackCalls(settings.slack_bot_token, settings.slack_api_url, self._measures)

    def _sender(self, wake: threading.Event, calls: SlackCalls) -> Sender:
        settings = self._settings
        options = SenderOptions(pace=settings.slack_pace)
        writes, reads = sessions(self._engine), readers(self._engine)
        delivery = Delivery(
            self._loop,
            calls,
            Addresses(self._loop, calls, writes, reads),
            settings.public_url,
            post_needs=timedelta(seconds=2 * TIMEOUT_S),
            page=HISTORY_PAGE,
        )
        elsewhere = ways_out(settings, self._loop, reads)
        settlement = Settlement(
            self._loop,
            self._measures,
            grace=timedelta(seconds=options.grace),
            look_up_again=timedelta(seconds=options.look_up_again),
            ways=Ways(mail=elsewhere.mails, webhooks=elsewhere.hooks),
        )
        return Sender(
            options,
            self._loop,
            writes,
            reads,
            delivery,
            settlement,
            self._measures,
            wake,
            self._stop,
            elsewhere,
            self._tracing,
        )


def _stop_on_signals(stop: threading.Event, ended: threading.Event) -> None:
    def leave(_number: int, _frame: FrameType | None) -> None:
        stop.set()
        ended.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, leave)
