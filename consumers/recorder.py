"""The recorder: metrics, books and dead letters from their topics into SQL.

Every row carries the version of what it counts; it replaces the stored one only if it is newer, so records delivered
again, or late from a worker that was replaced, change nothing.
"""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, TypeVar

import msgspec
import structlog
from sqlalchemy import ColumnElement, Table, and_, or_
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.orm import Session, sessionmaker

from consumers.intake import Record
from consumers.measures import Measures
from consumers.slack.core_tables import table_of
from schemas import erasures
from schemas.deadletters import DeadLetter
from schemas.erasures import Erased
from schemas.letter_names import names_in
from schemas.metrics import DAY, Books, Metric, MetricRecord
from schemas.tables import Base, BooksRow, DeadLetterRow, MetricDayRow, MetricRow
from schemas.topics import DEADLETTERS, RECORDER_GROUP

GROUP = RECORDER_GROUP

T = TypeVar("T")

_metrics = msgspec.json.Decoder(MetricRecord)
_letters = msgspec.json.Decoder(DeadLetter)

Row = dict[str, Any]
"""The columns of one row, by name: what SQLAlchemy's bulk statements take."""


class Recorder:
    """Takes batches of ``cx.metrics`` and ``cx.deadletters``."""

    def __init__(self, database: sessionmaker[Session], measures: Measures) -> None:
        self._database = database
        self._measures = measures
        self._log = structlog.get_logger().bind(part="recorder")

    def handle(self, records: Sequence[Record]) -> None:
        """Write the batch in one transaction."""
        current: dict[str, Metric] = {}
        days: dict[str, Metric] = {}
        books: dict[str, Books] = {}
        letters: dict[str, DeadLetter] = {}
        for record in records:
            if record.value is None:
                continue  # a tombstone: the topic forgets a key that history keeps
            try:
                if record.topic == DEADLETTERS:
                    letter = _letters.decode(record.value)
                    letters[letter.id] = letter
                    continue
                found = _metrics.decode(record.value)
            except msgspec.DecodeError:
                # Both topics are written by this project alone, so this is another version of it, or a stranger.
                self._measures.unreadable.labels(record.topic).inc()
                self._log.error(
                    "record passed over: not of this version",
                    topic=record.topic,
                    partition=record.partition,
                    offset=record.offset,
                )
                continue
            if isinstance(found, Books):
                _keep(books, found.source, found, lambda book: (book.version,))
            else:
                target = days if found.window == DAY else current
                _keep(target, found.record_key().decode(), found, lambda metric: (metric.version, metric.as_of))
        with self._database.begin() as session:
            self._write(session, MetricRow, [_metric_row(key, metric) for key, metric in current.items()])
            self._write(session, MetricDayRow, [_day_row(key, metric) for key, metric in days.items()])
            self._write(session, BooksRow, [_books_row(book) for book in books.values()])
            erased = erasures.known(session, holds=True) if letters else Erased()
            self._write(session, DeadLetterRow, [_letter_row(letter, erased) for letter in letters.values()])

    def _write(self, session: Session, entity: type[Base], rows: list[Row]) -> None:
        if not rows:
            return
        table = table_of(entity)
        key = table.primary_key.columns.keys()[0]
        # In the order of their keys, so that two recorders never wait for each other in a circle.
        rows.sort(key=lambda row: str(row[key]))
        session.execute(upsert(session.get_bind().dialect.name, table), rows)
        self._measures.recorded.labels(table.name).inc(len(rows))


def upsert(dialect: str, table: Table) -> Any:
    """An INSERT that replaces only an older row (``version``, then ``as_of``); tables without them keep the first.

    ``dialect`` is ``sqlite`` or ``postgresql``; their statements have no common type.
    """
    statement: Any = sqlite_insert(table) if dialect == "sqlite" else postgresql_insert(table)
    keys = [column.name for column in table.primary_key.columns]
    if "version" not in table.columns:
        return statement.on_conflict_do_nothing(index_elements=keys)
    newer: ColumnElement[bool] = table.c.version < statement.excluded.version
    if "as_of" in table.columns:
        same_version = table.c.version == statement.excluded.version
        newer = or_(newer, and_(same_version, table.c.as_of < statement.excluded.as_of))
    columns = {column.name: statement.excluded[column.name] for column in table.columns if column.name not in keys}
    return statement.on_conflict_do_update(index_elements=keys, set_=columns, where=newer)


def _keep(kept: dict[str, T], key: str, found: T, order: Callable[[T], tuple[int | datetime, ...]]) -> None:
    before = kept.get(key)
    if before is None or order(before) < order(found):
        kept[key] = found


def _metric_row(key: str, metric: Metric) -> Row:
    return {
        "id": key,
        "metric": metric.metric,
        "window": metric.window,
        "cut": metric.cut,
        "payload": msgspec.to_builtins(metric),
        "version": metric.version,
        "as_of": metric.as_of,
    }


def _day_row(key: str, metric: Metric) -> Row:
    return {
        "id": key,
        "metric": metric.metric,
        "cut": metric.cut,
        "day": metric.day,
        "payload": msgspec.to_builtins(metric),
        "version": metric.version,
        "as_of": metric.as_of,
    }


def _books_row(books: Books) -> Row:
    return {"source": books.source, "payload": msgspec.to_builtins(books), "version": books.version}


def _letter_row(letter: DeadLetter, erased: Erased) -> Row:
    """The row; without the bytes where they may be about somebody who was erased: it counts, and says why it is one."""
    key, value, headers = letter.key_bytes(), letter.value_bytes(), letter.header_bytes()
    gone = bool(erased) and erased.any_of(names_in(key, value, headers), letter.at)
    return {
        "id": letter.id,
        "topic": letter.topic,
        "partition": letter.partition,
        "offset": letter.offset,
        "reason": letter.reason,
        "field": letter.field.replace("\x00", "�"),
        "problem": letter.problem,
        "at": letter.at,
        "key": None if gone else key,
        "value": None if gone else value,
        "headers": [] if gone else [list(header) for header in letter.headers],
    }
