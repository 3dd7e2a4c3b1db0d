"""The timelines of customers: touchpoints and answers from their topics into SQL, for the pages about cases.

It reads in a group of its own and takes at most half of a processor's time, so that a month of touchpoints that waits
for it holds up neither the desk nor Slack. What is no event the streams have made a dead letter of: it is passed over.
"""

import threading
import time
from collections import Counter
from collections.abc import Callable, Collection, Sequence
from datetime import UTC, datetime
from typing import Any, Literal

from msgspec import Struct
from sqlalchemy.orm import Session, sessionmaker

from consumers.intake import Record
from consumers.measures import Measures
from consumers.recorder import upsert
from consumers.slack.core_tables import table_of
from schemas import erasures
from schemas.cloudevents import EventReader, arrival, context_attributes
from schemas.config import Loop
from schemas.deadletters import InvalidEvent
from schemas.erasures import Erased
from schemas.events import Event, ResponseEvent, TouchpointEvent
from schemas.loop_yaml import metric_specs
from schemas.signals import SIGNAL
from schemas.tables import TimelineRow
from schemas.timeline_retention import kept_since, newest_kept
from schemas.topics import RESPONSES, TIMELINE_GROUP, TOUCHPOINTS

GROUP = TIMELINE_GROUP
TOPICS = (TOUCHPOINTS, RESPONSES)
ROWS = 500
"""A transaction: SQLite has one writer at a time, and the others wait for its end."""
SHARE = 0.5
"""Of a processor's time that writing may take while much is waiting."""
MAX_DURATION_MS = 2**63 - 1
"""The largest number that a database's column holds; a longer duration is none."""

Row = dict[str, Any]
"""The columns of one row, by name: what SQLAlchemy's bulk statements take."""
Outcome = Literal["kept", "old", "left_out", "erased", "unreadable"]


class Sorted(Struct, frozen=True):
    """What came of a batch: rows to write, and how many records came to which end."""

    rows: list[Row]
    counts: Counter[Outcome]
    newest: datetime | None
    """The latest event of all, also of those before the batch."""


class Timeline:
    """Takes batches of ``cx.touchpoints`` and ``cx.responses``; ``loop.timeline`` must be there."""

    def __init__(
        self,
        loop: Loop,
        database: sessionmaker[Session],
        measures: Measures,
        stop: threading.Event,
        *,
        by_events: bool = False,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        """``by_events``: under ``--clock event`` what is old is old beside the newest event, not beside the clock."""
        self._loop = loop
        self._database = database
        self._measures = measures
        self._stop = stop
        self._by_events = by_events
        self._clock = clock
        self._reader = EventReader(metric_specs(loop))
        self._newest: datetime | None = None
        self._asked = not by_events

    def handle(self, records: Sequence[Record]) -> None:
        """Write the batch in short transactions, and rest as long as it took. A repeat of a batch changes nothing."""
        if not self._asked:
            with self._database() as session:
                self._newest = newest_kept(session)
            self._asked = True
        began = time.perf_counter()
        found = self._sort(records)
        for start in range(0, len(found.rows), ROWS):
            with self._database.begin() as session:
                rows = without(erasures.known(session, holds=True), found.rows[start : start + ROWS], found.counts)
                if rows:
                    session.execute(upsert(session.get_bind().dialect.name, table_of(TimelineRow)), rows)
            self._rest(time.perf_counter() - began)
            began = time.perf_counter()
        self._newest = found.newest
        for outcome, count in found.counts.items():
            self._measures.timeline.labels(outcome).inc(count)

    def _sort(self, records: Sequence[Record]) -> Sorted:
        timeline = self._loop.timeline
        leave_out = frozenset(timeline.leave_out) if timeline is not None else frozenset()
        now = self._clock()
        events, unreadable = read_events(self._reader, records, now)
        newest = max((event.time for event in events), default=None)
        if newest is None or (self._newest is not None and self._newest > newest):
            newest = self._newest
        since = kept_since(timeline, now, newest, by_events=self._by_events)
        rows, counts = rows_of(self._reader, events, since, leave_out)
        counts["unreadable"] += unreadable
        return Sorted(rows, counts, newest)

    def _rest(self, worked: float) -> None:
        self._stop.wait(worked * (1 / SHARE - 1))


def without(erased: Erased, rows: list[Row], counts: Counter[Outcome]) -> list[Row]:
    """The rows of customers who are not erased; ``counts`` is told of the others."""
    if not erased:
        return rows
    left = [row for row in rows if erased.word(row["customer_id"], row["at"]) is None]
    counts["erased"] += len(rows) - len(left)
    counts["kept"] -= len(rows) - len(left)
    return left


def read_events(reader: EventReader, records: Sequence[Record], now: datetime) -> tuple[list[Event], int]:
    """The events of the records as the streams read them, and how many records are none. Pure.

    Signals on ``cx.responses`` are neither: they repeat what other records tell.
    """
    events: list[Event] = []
    unreadable = 0
    now_ms = now.timestamp() * 1000
    for record in records:
        # A broker without arrival times says -1, and a sender's clock may be ahead: as the streams take them.
        arrived = arrival(record.timestamp_ms) if 0 <= record.timestamp_ms <= now_ms else now
        if record.value is None or any(name == SIGNAL for name, _ in record.headers):
            continue
        expected = ResponseEvent if record.topic == RESPONSES else TouchpointEvent
        try:
            attributes = context_attributes(list(record.headers)) if record.headers else None
            event = reader.read(record.value, arrived, attributes)
        except InvalidEvent:
            unreadable += 1
            continue
        if isinstance(event, expected):
            events.append(event)
        else:
            unreadable += 1
    return events, unreadable


def rows_of(
    reader: EventReader, events: Sequence[Event], since: datetime, leave_out: Collection[str]
) -> tuple[list[Row], Counter[Outcome]]:
    """The rows of events that are kept, and what became of all. Pure.

    In the order of their keys, so that two processes never wait for each other in a circle.
    """
    counts: Counter[Outcome] = Counter()
    rows: dict[tuple[str, str, str], Row] = {}
    for event in events:
        if event.time < since:
            counts["old"] += 1
        elif isinstance(event, TouchpointEvent) and event.data.touchpoint in leave_out:
            counts["left_out"] += 1
        else:
            row = _touchpoint(event) if isinstance(event, TouchpointEvent) else _answer(reader, event)
            rows.setdefault((event.source, event.id, str(row["kind"])), row)
            counts["kept"] += 1
    return [rows[key] for key in sorted(rows)], counts


def _touchpoint(event: TouchpointEvent) -> Row:
    data = event.data
    money = data.value
    long = data.duration_ms is not None and data.duration_ms > MAX_DURATION_MS
    return _row(
        event,
        kind="touchpoint",
        touchpoint=data.touchpoint,
        channel=data.channel,
        outcome=data.outcome,
        duration_ms=None if long else data.duration_ms,
        amount=money.amount if money is not None else None,
        currency=money.currency if money is not None else None,
    )


def _answer(reader: EventReader, event: ResponseEvent) -> Row:
    data, scale = event.data, reader.scale_of(event.data)
    return _row(
        event,
        kind="answer",
        touchpoint=data.touchpoint,
        channel=data.channel,
        metric=data.metric,
        score=data.score,
        scale_min=scale.minimum,
        scale_max=scale.maximum,
        higher_is_better=scale.higher_is_better,
    )


_COLUMNS = tuple(column.name for column in table_of(TimelineRow).columns)


def _row(event: Event, **given: Any) -> Row:
    row: Row = dict.fromkeys(_COLUMNS)
    row.update(event_source=event.source, event_id=event.id, customer_id=event.data.customer_id, at=event.time, **given)
    return row
