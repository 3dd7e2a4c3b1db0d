"""Customers' timelines on both databases: what is written, once, and what is taken away again."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, select

from consumers.intake import Record
from consumers.measures import Measures
from consumers.timeline import Timeline
from consumers.timers import Timers, forgetting
from schemas.config import Loop
from schemas.database import readers, sessions
from schemas.signals import SIGNAL, Signal, SignalEvent
from schemas.tables import TimelineRow
from schemas.topics import RESPONSES, TOUCHPOINTS
from tests.consumers.alerts import LOOP

NOW = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
DAY = timedelta(days=1)


def loop(**timeline: Any) -> Loop:
    return msgspec.structs.replace(LOOP, timeline=msgspec.convert(timeline, type(LOOP.timeline)))


def event(name: str, kind: str, at: datetime = NOW, **data: Any) -> dict[str, Any]:
    return {
        "specversion": "1.0",
        "id": name,
        "source": "/shop",
        "type": f"closeloop.{kind}.v1",
        "time": at.isoformat(),
        "data": {"customer_id": "c42", **data},
    }


def touchpoint(name: str, at: datetime = NOW, **data: Any) -> dict[str, Any]:
    return event(name, "touchpoint", at, **{"touchpoint": "order.delivered", **data})


def answer(name: str, at: datetime = NOW, **data: Any) -> dict[str, Any]:
    return event(name, "response", at, **{"metric": "nps", "score": 3, "comment": "a secret", **data})


def record(value: Any, topic: str | None = None, headers: Any = ()) -> Record:
    raw = value if isinstance(value, bytes) or value is None else msgspec.json.encode(value)
    if topic is None:
        topic = RESPONSES if raw is not None and b"response" in raw else TOUCHPOINTS
    return Record(topic, 0, 0, int(NOW.timestamp() * 1000), b"c42", raw, tuple(headers))


def writer(engine: Engine, measures: Measures, of: Loop = LOOP, *, by_events: bool = False) -> Timeline:
    stop = threading.Event()
    stop.set()  # it rests after its work until it is told to stop
    return Timeline(of, sessions(engine), measures, stop, by_events=by_events, clock=lambda: NOW)


def kept(engine: Engine) -> dict[str, TimelineRow]:
    with sessions(engine)() as session:
        return {row.event_id: row for row in session.scalars(select(TimelineRow))}


def counted(measures: Measures, outcome: str) -> float:
    return float(measures.timeline.labels(outcome)._value.get())


def test_touchpoints_and_answers_are_kept_without_words_and_once(engine: Engine, measures: Measures) -> None:
    failed = touchpoint(
        "t1", NOW - DAY, channel="parcel", outcome="failed", duration_ms=83_000,
        value={"amount": "129.90", "currency": "EUR"}, attributes={"region": "SP"},
    )  # fmt: skip
    effort = answer("r2", metric="csat", score=2, scale_min=1, scale_max=7, higher_is_better=False)
    binary = [(f"ce_{name}", str(touchpoint("t3")[name]).encode()) for name in ("id", "source", "type", "time")]
    binary += [("ce_specversion", b"1.0"), ("content-type", b"application/json")]
    batch = [
        record(failed), record(answer("r1")), record(effort), record(failed),
        record(touchpoint("t3")["data"], TOUCHPOINTS, binary),
    ]  # fmt: skip
    taker = writer(engine, measures)
    taker.handle(batch)
    taker.handle(batch[::-1])
    taker.handle([record(answer("r1", score=9)), record(touchpoint("t1", outcome="ok"))])  # the same events for us
    rows = kept(engine)
    assert sorted(rows) == ["r1", "r2", "t1", "t3"]
    one = rows["t1"]
    assert (one.kind, one.customer_id, one.event_source, one.at) == ("touchpoint", "c42", "/shop", NOW - DAY)
    assert (one.touchpoint, one.channel, one.outcome) == ("order.delivered", "parcel", "failed")
    assert (one.duration_ms, one.amount, one.currency, one.score) == (83_000, "129.90", "EUR", None)
    said = rows["r1"]
    assert (said.kind, said.metric, said.score, said.scale_min, said.scale_max) == ("answer", "nps", 3, 0, 10)
    assert (said.higher_is_better, said.outcome, said.duration_ms) == (True, None, None)
    assert (rows["r2"].scale_max, rows["r2"].higher_is_better) == (7, False)
    assert "a secret" not in str([vars(row) for row in rows.values()])
    assert counted(measures, "kept") == 12


def test_one_id_of_a_touchpoint_and_of_an_answer_are_two_events(engine: Engine, measures: Measures) -> None:
    writer(engine, measures).handle([record(touchpoint("7")), record(answer("7"))])
    with sessions(engine)() as session:
        assert sorted(session.scalars(select(TimelineRow.kind))) == ["answer", "touchpoint"]


def test_what_is_old_left_out_or_no_event_is_not_written(sqlite_engine: Engine, measures: Measures) -> None:
    signal = SignalEvent(
        specversion="1.0", id="failed:t1", source="/shop", time=NOW, data=Signal(kind="failed", customer_id="c42")
    )
    of = loop(keep="7d", leave_out=["shop.visited"])
    writer(sqlite_engine, measures, of).handle(
        [
            record(touchpoint("edge", NOW - 7 * DAY)),
            record(touchpoint("old", NOW - 7 * DAY - timedelta(seconds=1))),
            record(touchpoint("visit", touchpoint="shop.visited")),
            record(answer("r1", touchpoint="shop.visited")),
            record(answer("future", NOW + timedelta(minutes=6))),
            record(answer("scale", score=11)),
            record(answer("lost"), TOUCHPOINTS),
            record(msgspec.json.encode(signal), RESPONSES, [(SIGNAL, b"cx.touchpoints/0/1")]),
            record(b"\xff{"),
            record(b""),
            record(None, TOUCHPOINTS),
        ]
    )
    assert sorted(kept(sqlite_engine)) == ["edge", "r1"]
    assert [counted(measures, outcome) for outcome in ("kept", "old", "left_out", "unreadable")] == [2, 1, 1, 5]


def test_under_the_clock_of_events_what_is_old_is_old_beside_the_newest(engine: Engine, measures: Measures) -> None:
    long_ago = NOW - 3000 * DAY
    of = loop(keep="2d")
    writer(engine, measures, of, by_events=True).handle(
        [record(touchpoint("a", long_ago)), record(touchpoint("b", long_ago + 3 * DAY)), record(answer("c", long_ago))]
    )
    assert sorted(kept(engine)) == ["b"]
    # Another process goes on from what is there.
    next_one = writer(engine, measures, of, by_events=True)
    next_one.handle([record(touchpoint("late", long_ago)), record(touchpoint("d", long_ago + 2 * DAY))])
    assert sorted(kept(engine)) == ["b", "d"]


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.fixed_dictionaries(
        {},
        optional={
            "touchpoint": st.text(min_size=1, max_size=128),
            "channel": st.text(min_size=1, max_size=128) | st.none(),
            "outcome": st.text(min_size=1, max_size=128),
            "customer_id": st.text(min_size=1, max_size=256),
            "duration_ms": st.integers(min_value=-1),
            "value": st.fixed_dictionaries({"amount": st.from_regex(r"-?\d{1,18}(\.\d{1,6})?", fullmatch=True)})
            .map(lambda money: money | {"currency": "EUR"}),
        },
    ),
    st.datetimes(min_value=datetime(1969, 1, 1), max_value=datetime(9999, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001
)  # fmt: skip
def test_nothing_that_an_app_sends_stops_it(
    engine: Engine, measures: Measures, data: dict[str, Any], at: datetime
) -> None:
    """A database that refuses a row would end the process over and over, and the desk with it."""
    of = loop(keep="3660d")
    writer(engine, measures, of).handle([record(touchpoint("any", at, **data), TOUCHPOINTS)])


def test_a_duration_that_no_column_holds_is_none(engine: Engine, measures: Measures) -> None:
    writer(engine, measures).handle(
        [record(touchpoint("t", duration_ms=2**63)), record(touchpoint("u", duration_ms=2**63 - 1))]
    )
    assert (kept(engine)["t"].duration_ms, kept(engine)["u"].duration_ms) == (None, 2**63 - 1)


@pytest.mark.parametrize(("of", "left"), [(loop(keep="7d"), 3), (msgspec.structs.replace(LOOP, timeline=None), 0)])
def test_the_timers_take_away_what_is_too_old_a_little_at_a_time(
    engine: Engine, measures: Measures, monkeypatch: pytest.MonkeyPatch, of: Loop, left: int
) -> None:
    monkeypatch.setattr(forgetting, "ROWS", 2)
    monkeypatch.setattr(forgetting, "TRANSACTIONS", 2)
    old = [touchpoint(f"old-{n}", NOW - timedelta(days=20 if n < 5 else 10 + n)) for n in range(9)]
    young = [touchpoint(f"young-{n}", NOW - 6 * DAY) for n in range(3)]
    writer(engine, measures).handle([record(one) for one in old + young])
    clock = Timers(of, sessions(engine), readers(engine), measures, lambda: None, threading.Event())
    clock.tick(NOW)
    after_one = len(kept(engine))
    assert left < after_one < 12, "so much in one look"
    for second in range(1, 9):
        clock.tick(NOW + timedelta(seconds=second))
    assert len(kept(engine)) == left
    writer(engine, measures).handle([record(touchpoint("again", NOW - 8 * DAY))])
    clock.tick(NOW + timedelta(minutes=59))
    assert len(kept(engine)) == left + 1
    clock.tick(NOW + timedelta(minutes=61))
    assert len(kept(engine)) == left


def test_a_replays_timeline_ends_with_its_newest_event(engine: Engine, measures: Measures) -> None:
    long_ago = NOW - 3000 * DAY
    taker = writer(engine, measures, loop(keep="30d"), by_events=True)
    taker.handle([record(touchpoint("a", long_ago)), record(touchpoint("b", long_ago + 20 * DAY))])
    taker.handle([record(touchpoint("c", long_ago + 40 * DAY))])
    of = loop(keep="30d")
    clock = Timers(of, sessions(engine), readers(engine), measures, lambda: None, threading.Event(), by_events=True)
    clock.tick(NOW)
    assert sorted(kept(engine)) == ["b", "c"]
