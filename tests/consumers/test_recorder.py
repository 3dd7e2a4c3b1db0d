"""The recorder on both databases: only newer rows replace older ones, whatever the order of arrival."""

from __future__ import annotations

import itertools
from datetime import UTC, date, datetime
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, select, text

from consumers.intake import Record
from consumers.measures import Measures
from consumers.recorder import Recorder
from schemas.database import sessions
from schemas.deadletters import DeadLetter, InvalidEvent, dead_letter
from schemas.metrics import Books, Metric
from schemas.tables import BooksRow, DeadLetterRow, MetricDayRow, MetricRow
from schemas.topics import DEADLETTERS, METRICS

AT = datetime(2026, 11, 21, 12, tzinfo=UTC)


def a_metric(**changes: Any) -> Metric:
    base = Metric(
        metric="csat", window="7d", cut="region", key={"attributes.region": "SP"}, value=50.0, low=30.0, high=70.0,
        n=20, counts={"1": 10, "5": 10}, too_few=False, as_of=AT, version=5,
    )  # fmt: skip
    return msgspec.structs.replace(base, **changes)


def records(*values: Metric | Books | DeadLetter | bytes | None) -> list[Record]:
    return [
        Record(
            DEADLETTERS if isinstance(value, DeadLetter) else METRICS, 0, offset, 0, b"k",
            value if isinstance(value, bytes) or value is None else msgspec.json.encode(value),
        )
        for offset, value in enumerate(values)
    ]  # fmt: skip


@pytest.fixture
def recorder(engine: Engine, measures: Measures) -> Recorder:
    return Recorder(sessions(engine), measures)


def rows(engine: Engine, entity: type[Any]) -> list[Any]:
    with sessions(engine)() as session:
        return list(session.scalars(select(entity)))


def test_metrics_days_books_and_dead_letters(engine: Engine, recorder: Recorder, measures: Measures) -> None:
    books = Books(
        source="cx.responses/1", version=9, watermark=1.5, received=10, counted=8, duplicates=1, late=0, forwarded=0,
        dead_letters={"scale": 1}, alerts={"low_score": 3},
    )  # fmt: skip
    letter = dead_letter(
        "cx.responses", 1, 7, None, b"\x00\xff", [("h", b"1"), ("n", None)],
        InvalidEvent("scale", "data.score", "is 11"), AT
    )  # fmt: skip
    recorder.handle(records(a_metric(), a_metric(window="day", day=date(2026, 11, 20)), books, letter, b"{bad", None))
    (metric,) = rows(engine, MetricRow)
    assert (metric.metric, metric.window, metric.cut, metric.version, metric.as_of) == ("csat", "7d", "region", 5, AT)
    assert msgspec.convert(metric.payload, Metric) == a_metric()
    (day,) = rows(engine, MetricDayRow)
    assert (day.day, day.cut) == (date(2026, 11, 20), "region")
    (book,) = rows(engine, BooksRow)
    assert msgspec.convert(book.payload, Books) == books
    (buried,) = rows(engine, DeadLetterRow)
    assert (buried.id, buried.value, buried.key, buried.offset) == (letter.id, b"\x00\xff", None, 7)
    assert buried.headers == [["h", "MQ=="], ["n", None]]
    assert measures.unreadable.labels(METRICS)._value.get() == 1


def test_every_order_ends_with_the_newest(engine: Engine, recorder: Recorder) -> None:
    versions = [a_metric(version=6, n=1), a_metric(version=6, as_of=AT.replace(hour=13), n=2), a_metric(version=5, n=3)]
    for number, order in enumerate(itertools.permutations(versions)):
        cut = f"cut{number}"
        for metric in order:
            recorder.handle(records(msgspec.structs.replace(metric, cut=cut)))
    assert [row.payload["n"] for row in rows(engine, MetricRow)] == [2] * 6


def test_a_repeated_dead_letter_keeps_what_was_done_with_the_first(engine: Engine, recorder: Recorder) -> None:
    letter = dead_letter("t", 0, 1, None, b"x", [], InvalidEvent("empty", "", ""), AT)
    recorder.handle(records(letter))
    with sessions(engine).begin() as session:
        session.execute(text("UPDATE dead_letters SET replayed_at = :at"), {"at": "2026-11-21 12:00:00.000000"})
    recorder.handle(records(letter, letter))
    (row,) = rows(engine, DeadLetterRow)
    assert row.replayed_at is not None


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.sampled_from("ab"), st.integers(1, 4), st.integers(0, 3)), min_size=1), st.integers(1, 4))
def test_batches_of_any_size_and_order_end_alike(
    sqlite_engine: Engine, found: list[tuple[str, int, int]], size: int
) -> None:
    from prometheus_client import CollectorRegistry

    recorder = Recorder(sessions(sqlite_engine), Measures(CollectorRegistry()))
    with sessions(sqlite_engine).begin() as session:
        session.execute(text("DELETE FROM metrics"))
    every = [
        a_metric(cut=cut, version=version, as_of=AT.replace(minute=minute), n=version * 10 + minute)
        for cut, version, minute in found
    ]
    for start in range(0, len(every), size):
        recorder.handle(records(*every[start : start + size]))
    newest = {cut: max((v, m) for c, v, m in found if c == cut) for cut in {c for c, _, _ in found}}
    kept = {row.cut: (row.version, row.as_of.minute) for row in rows(sqlite_engine, MetricRow)}
    assert kept == newest
