"""The desk: every alert becomes a case or joins one. A batch is one SQL transaction; the offsets follow it.

Three kinds are special. A customer's alert opens a case again that was closed a short time ago, instead of a new one. A
recovery opens none: a metric's joins the case that told of the alarm, a customer's marks their closed case. An alert
that pages nobody opens a quiet case: a card in the channel, no promise and no message to anybody; whatever its
severity, it stays quiet until an alert that pages joins it.
"""

import threading
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime

import msgspec
import structlog
from kafka import KafkaProducer
from kafka.errors import KafkaError
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session, sessionmaker

from consumers import desk_standing, incidents, kafka_clients, returning
from consumers.intake import Record
from consumers.measures import Measures
from consumers.parts import Backoff
from consumers.routing import Assignment, assign
from consumers.traced import parent_of, taking_in
from schemas import case_ledger, erasures, joining, silencing
from schemas.alerts import Alert
from schemas.case_ledger import Destination, Opening, Refused
from schemas.case_returns import recover_case
from schemas.config import Loop
from schemas.deadletters import DeadLetter, InvalidEvent, dead_letter
from schemas.silences import current as silences_of
from schemas.silences import holding
from schemas.sla import due_times
from schemas.tables import AlertRow, CaseRow
from schemas.topics import DEADLETTERS, DESK_GROUP
from schemas.tracing import OFF, Tracing
from schemas.working_time import calendars

GROUP = DESK_GROUP
RACES = 20
"""How often one batch may lose a race against another writer before that is taken for a fault."""

_decoder = msgspec.json.Decoder(Alert)
_TEXTS = ("id", "rule", "severity", "programme", "customer_id", "event_source", "event_id", "touchpoint", "metric")

Bury = Callable[[Sequence[DeadLetter]], None]
"""Puts dead letters on their topic and returns once they are acknowledged."""


def read_alert(value: bytes | None) -> Alert:
    """Decode one record of ``cx.alerts``. Raises :class:`InvalidEvent` (reason ``alert``) if it is none."""
    if value is None:
        raise InvalidEvent("alert", "", "no value; an alert is a JSON object")
    try:
        alert = _decoder.decode(value)
    except msgspec.DecodeError as error:
        # msgspec names the field and the types, never a value, except for an unknown enum or tag member.
        field = str(error).rpartition(" - at `")[2].rstrip("`") if " - at `" in str(error) else ""
        raise InvalidEvent("alert", field, "not an alert of this version of closeloop") from None
    for name in ("event_time", "detected_at"):
        if getattr(alert, name).tzinfo is None:
            raise InvalidEvent("alert", name, "has no zone; give an RFC 3339 time such as 2026-11-21T10:15:02Z")
    for name in _TEXTS:
        if "\x00" in (getattr(alert, name) or ""):
            raise InvalidEvent("alert", name, "has a NUL character, which no database text can hold")
    return alert


class Desk:
    """Takes batches of ``cx.alerts``. ``opened`` is called after a commit that wrote something for Slack to show."""

    def __init__(
        self,
        loop: Loop,
        database: sessionmaker[Session],
        bury: Bury,
        measures: Measures,
        opened: Callable[[], None],
        tracing: Tracing = OFF,
    ) -> None:
        self._tracing = tracing
        self._loop = loop
        self._database = database
        self._bury = bury
        self._measures = measures
        self._opened = opened
        self._log = structlog.get_logger().bind(part="desk")

    def handle(self, records: Sequence[Record]) -> None:
        """Take the batch in: unreadable records to the dead letters, alerts to their cases."""
        now = datetime.now(UTC)
        alerts: list[Alert] = []
        unreadable: list[DeadLetter] = []
        followed: dict[str, tuple[str, Record]] = {}
        for record in records:
            try:
                alert = read_alert(record.value)
            except InvalidEvent as problem:
                unreadable.append(
                    dead_letter(
                        record.topic,
                        record.partition,
                        record.offset,
                        record.key,
                        record.value,
                        list(record.headers),
                        problem,
                        now,
                    )
                )
                continue
            alerts.append(alert)
            if (parent := parent_of(self._tracing, record)) is not None:
                followed.setdefault(alert.id, (parent, record))
        if unreadable:
            self._bury(unreadable)
            self._count("dead_letter", len(unreadable))
            self._log.error("records of cx.alerts that are no alerts", count=len(unreadable))
        if alerts:
            self._take(alerts, followed, now)

    def _take(self, alerts: Sequence[Alert], followed: Mapping[str, tuple[str, Record]], now: datetime) -> None:
        """Write the batch; where another writer was quicker, read again and write anew."""
        for attempt in range(RACES):
            try:
                with self._database.begin() as session, taking_in(self._tracing, session, followed, now):
                    outcomes = take_in(session, self._loop, alerts, now)
            except (IntegrityError, Refused) as race:
                if attempt == RACES - 1 or (isinstance(race, Refused) and race.refusal != "stale"):
                    raise
                self._measures.retries.labels(GROUP, "race").inc()
                continue
            for outcome, count in outcomes.items():
                self._count(outcome, count)
            if not outcomes["known"]:  # a batch that comes again says nothing about the time that it took
                written = datetime.now(UTC)
                for alert in alerts:
                    self._measures.desk_delay.observe(max(0.0, (written - alert.detected_at).total_seconds()))
            if any(outcomes[shown] for shown in ("opened", "joined", "reopened", "recovered")):
                self._opened()
            return

    def _count(self, outcome: str, count: int) -> None:
        self._measures.alerts.labels(outcome).inc(count)


def take_in(session: Session, loop: Loop, alerts: Sequence[Alert], now: datetime) -> Counter[str]:
    """Give each alert its case; counts what came of them. The caller owns the transaction.

    ``opened``, ``joined``, ``reopened``, ``recovered`` (a customer after their case was closed), ``known``,
    ``over``: a recovery of which no case tells, so there is nothing to say to anybody; and ``erased``: about what
    happened to a customer before they were erased, so there is nobody to help.

    Raises :class:`Refused` (``stale``) or ``IntegrityError`` where another writer came between: roll back, try again.
    """
    outcomes: Counter[str] = Counter()
    drawn: desk_standing.Drawn | None = None
    erased = erasures.known(session, holds=True)
    silences = silences_of(session, now, fixed=True)
    known = set(session.scalars(select(AlertRow.id).where(AlertRow.id.in_({alert.id for alert in alerts}))))
    for alert in alerts:
        if alert.id in known:
            outcomes["known"] += 1
            continue
        known.add(alert.id)
        if alert.subject == "customer" and erased.word(alert.customer_id, alert.event_time) is not None:
            outcomes["erased"] += 1
            continue
        case = case_ledger.find_open_case(session, alert.customer_id, alert.programme)
        silence = holding(silences, alert, now)
        if alert.recovered and alert.subject == "customer":
            back = case is None and recover_case(session, alert, now) is not None
            outcomes["recovered" if back else "over"] += 1
            continue
        if case is not None:
            further = paging(loop, case, alert, now)
            joined = case_ledger.join_case(session, case, alert, now, further, calendars(loop))
            if joined and silence is not None:
                silencing.hold(session, loop, case, silence, now, promised=further is not None)
            elif joined and alert.page and not alert.recovered:
                silencing.speak(session, loop, case, now)
            outcomes["joined" if joined else "over"] += 1
            continue
        if alert.recovered:
            outcomes["over"] += 1
            continue
        closed = returning.closed_case(session, loop, alert, now)
        drawn = drawn or desk_standing.read(session)
        assignment = assign(loop, alert, drawn.standing, now)
        opening = opening_of(loop, alert, assignment, now)
        if closed is not None:
            returning.reopen(session, loop, closed, alert, opening, now)
            incidents.take_part(session, loop, closed, alert, now)
            if silence is not None:
                silencing.hold(session, loop, closed, silence, now, promised=True)
            outcomes["reopened"] += 1
            continue
        opened = case_ledger.open_case(session, alert, opening, now, calendars(loop))
        incidents.take_part(session, loop, opened, alert, now)
        if silence is not None:
            silencing.hold(session, loop, opened, silence, now, promised=True)
        drawn = desk_standing.after(drawn, assignment)
        outcomes["opened"] += 1
    if drawn is not None:
        desk_standing.keep(session, drawn, now)
    return outcomes


def opening_of(loop: Loop, alert: Alert, assignment: Assignment, now: datetime) -> Opening:
    """The case that this alert opens, with its due times. Pure.

    Where nobody is to be disturbed nothing is promised either: somebody looks when there is time.
    """
    if not alert.page:
        return Opening(
            receiver=assignment.receiver,
            owner=assignment.owner,
            destinations=assignment.destinations,
            acknowledge_by=None,
            contact_by=None,
            resolve_by=None,
        )
    due = due_times(loop, alert.severity, assignment.owner, now, alert.subject)
    return Opening(
        receiver=assignment.receiver,
        owner=assignment.owner,
        destinations=assignment.destinations,
        acknowledge_by=due.acknowledge_by,
        contact_by=due.contact_by,
        resolve_by=due.resolve_by,
    )


def paging(loop: Loop, case: CaseRow, alert: Alert, now: datetime) -> Opening | None:
    """What holds where this alert is the first that pages in a quiet case; ``None`` where nothing changes. Pure.

    The promises count from now. The owner gets a card in a direct message: the channel's changed card notifies nobody.
    """
    if case.page or not alert.page or alert.recovered:
        return None
    severity = joining.severity_after(case.severity, alert)
    due = due_times(loop, severity, case.owner, now, alert.subject)
    return Opening(
        receiver=case.receiver,
        owner=case.owner,
        destinations=(Destination("dm", f"person:{case.owner}"),) if case.owner is not None else (),
        acknowledge_by=due.acknowledge_by,
        contact_by=due.contact_by,
        resolve_by=due.resolve_by,
    )


class Burial:
    """A producer for ``cx.deadletters``, made when the first one is needed."""

    def __init__(self, connect: Callable[[], KafkaProducer], measures: Measures, stop: threading.Event) -> None:
        self._connect = connect
        self._measures = measures
        self._stop = stop
        self._producer: KafkaProducer | None = None

    def bury(self, letters: Sequence[DeadLetter]) -> None:
        """Send the letters and wait for their acknowledgement, for as long as Kafka needs.

        Raises ``KafkaError`` when the process stops first: the offsets are not committed then.
        """
        backoff = Backoff()
        while True:
            try:
                self._send(letters)
            except KafkaError as error:
                self.close()
                if self._stop.is_set() or not kafka_clients.is_passing(error):
                    raise
                self._measures.retries.labels(GROUP, "kafka").inc()
                backoff.wait(self._stop)
            else:
                return

    def close(self) -> None:
        """Close the producer; what it had not delivered is sent again by the next one."""
        if self._producer is not None:
            self._producer.close(timeout=1)
            self._producer = None

    def _send(self, letters: Sequence[DeadLetter]) -> None:
        if self._producer is None:
            self._producer = self._connect()
        pending = [
            self._producer.send(DEADLETTERS, key=letter.topic.encode(), value=msgspec.json.encode(letter))
            for letter in letters
        ]
        for future in pending:
            future.get(timeout=kafka_clients.SEND_TIMEOUT_S)
