"""How the loop stands by its tables, as metrics: cases, broken promises, and what waits to be done.

It is here and not where the work is done, because whoever should do it may be the one that hangs or is gone.
"""

import threading
import time
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

import structlog
from msgspec import Struct
from prometheus_client import CollectorRegistry
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector
from sqlalchemy import ColumnElement, func, select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session, sessionmaker

from gateway.book_reads import cases_by_state
from gateway.case_filter import broken_promises
from gateway.keys import ending_keys, list_keys
from schemas.cases import CLOSED_STATES
from schemas.tables import CaseRow
from schemas.waiting import oldest_case_event, oldest_message, oldest_timer

EVERY_S = 5.0
HOLDS_S = 60.0
"""What was read longer ago is not told any more: the database does not answer."""

_log = structlog.get_logger("gateway.standing")


class Waiting(Struct, frozen=True):
    """How long the oldest of each kind has waited, seconds; 0 where nothing waits."""

    message: float
    case_event: float
    timer: float


class Standing(Struct, frozen=True):
    """One look at the tables. ``cases`` by state, ``overdue`` by the promise that is broken."""

    cases: dict[str, int]
    overdue: dict[str, int]
    undelivered: int
    waiting: Waiting
    keys: dict[str, float]
    """Name to when the last API key of this name expires, seconds of the epoch; of those that do."""


def read_standing(readers: sessionmaker[Session], now: datetime) -> Standing:
    """Look at the tables. Raises ``SQLAlchemyError``."""

    def age(moment: datetime | None) -> float:
        return 0.0 if moment is None else max(0.0, (now - moment) / timedelta(seconds=1))

    def count(session: Session, condition: ColumnElement[bool]) -> int:
        return session.scalar(select(func.count()).select_from(CaseRow).where(condition)) or 0

    with readers() as session:
        overdue = {name: count(session, condition) for name, condition in broken_promises(now).items()}
        undelivered = count(session, CaseRow.undelivered_at.is_not(None) & CaseRow.state.not_in(CLOSED_STATES))
        waiting = Waiting(
            message=age(oldest_message(session, now)),
            case_event=age(oldest_case_event(session)),
            timer=age(oldest_timer(session, now)),
        )
    ends = {
        key.name: key.expires_at.timestamp()
        for key in ending_keys(list_keys(readers), now)
        if key.expires_at is not None
    }
    return Standing(cases_by_state(readers), overdue, undelivered, waiting, ends)


def standing_metrics(standing: Standing | None) -> list[Metric]:
    """The families, without samples where nothing is known. Pure."""
    cases = GaugeMetricFamily("closeloop_cases", "Cases by state, closed ones included.", labels=["state"])
    overdue = GaugeMetricFamily(
        "closeloop_cases_overdue",
        "Open cases whose promise to the customer is broken, by the promise: acknowledge, contact, resolve.",
        labels=["promise"],
    )
    undelivered = GaugeMetricFamily(
        "closeloop_cases_undelivered", "Open cases of which nobody could be told: only the console shows them."
    )
    message = GaugeMetricFamily(
        "closeloop_waiting_slack_message_seconds",
        "How long the oldest message has waited that Slack should have by now; 0 if none waits.",
    )
    case_event = GaugeMetricFamily(
        "closeloop_waiting_case_event_seconds",
        "How long the oldest change of a case has waited to be put on cx.cases; 0 if none waits.",
    )
    timer = GaugeMetricFamily(
        "closeloop_waiting_timer_seconds",
        "How long ago the oldest reminder or escalation was due that nobody has been sent; 0 if none is late.",
    )
    keys = GaugeMetricFamily(
        "closeloop_gateway_key_expires_timestamp_seconds",
        "When the last valid API key of a name expires; keys without an end are left out.",
        labels=["key"],
    )
    if standing is not None:
        for name, ends in standing.keys.items():
            keys.add_metric([name], ends)
        for state, number in standing.cases.items():
            cases.add_metric([state], number)
        for promise, number in standing.overdue.items():
            overdue.add_metric([promise], number)
        undelivered.add_metric([], standing.undelivered)
        message.add_metric([], standing.waiting.message)
        case_event.add_metric([], standing.waiting.case_event)
        timer.add_metric([], standing.waiting.timer)
    return [cases, overdue, undelivered, message, case_event, timer, keys]


class StandingMetrics(Collector):
    """Looks every few seconds on a thread of its own, so that no scrape waits for the database."""

    def __init__(self, readers: sessionmaker[Session], registry: CollectorRegistry) -> None:
        self._readers = readers
        self._seen: tuple[Standing, float] | None = None
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="standing", daemon=True)
        registry.register(self)

    def describe(self) -> Iterable[Metric]:
        """The families without samples."""
        return standing_metrics(None)

    def collect(self) -> Iterable[Metric]:
        """What was seen last, if that is not too long ago."""
        seen = self._seen
        fresh = seen is not None and time.monotonic() - seen[1] <= HOLDS_S
        return standing_metrics(seen[0] if seen is not None and fresh else None)

    def start(self) -> None:
        """Begin to look."""
        self._thread.start()

    def stop(self) -> None:
        """Stop looking; a look under way is left to itself."""
        self._stop.set()
        if self._thread.ident is not None:
            self._thread.join(1)

    def look(self) -> None:
        """Look once."""
        try:
            self._seen = (read_standing(self._readers, datetime.now(UTC)), time.monotonic())
        except SQLAlchemyError as error:
            _log.warning("waits_for_database", error=type(error).__name__)

    def _run(self) -> None:
        while not self._stop.is_set():
            self.look()
            self._stop.wait(EVERY_S)
