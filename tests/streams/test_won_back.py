"""A customer who answers well after their case was closed is told of once, whatever crashes and comes again."""

from __future__ import annotations

import json

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.alerts import Alert
from schemas.config import Recovered
from schemas.config_rules import ThresholdRule
from schemas.signals import Signal, SignalEvent
from schemas.topics import CASES, RESPONSES
from streams.counting.source_state import SourcePartition
from tests.streams.survey_events import Rec, plan, response, rfc3339

NOW = 1_795_000_000.0
HOUR = 3600.0
RULES = (ThresholdRule(name="detractor", at_or_below={"nps": 6, "csat": 2}, programme="care"),)


def partition() -> SourcePartition:
    return SourcePartition(RESPONSES, 0, 1, plan(rules=RULES, recovered=Recovered(answer_within="3d")))


def closing(name: str, when: float, programme: str | None = "care") -> bytes:
    event = {
        "specversion": "1.0", "id": f"closed:{name}", "source": CASES, "type": "closeloop.signal.v1",
        "time": rfc3339(when), "data": {"kind": "closed", "customer_id": "c1", "programme": programme},
    }  # fmt: skip
    return json.dumps(event).encode()


def records(*values: bytes, first: int = 0) -> list[Rec]:
    signed = (("closeloop-signal", b"cx.cases/0/1"),)
    return [
        Rec(first + number, int(NOW * 1000), None, value, signed if b"closeloop.signal" in value else ())
        for number, value in enumerate(values)
    ]


def recoveries(alerts: list[Alert]) -> list[Alert]:
    return [alert for alert in alerts if alert.recovered]


def heard(*values: bytes) -> list[Alert]:
    return recoveries(partition().apply(records(*values), NOW).alerts)


def test_a_good_answer_after_the_end_is_told_small_and_quiet() -> None:
    (alert,) = heard(
        closing("1", NOW - 5 * HOUR),
        response("good", NOW - HOUR, metric="nps", score=9, comment="well done", attributes={"region": "SP"}),
    )
    assert (alert.rule, alert.programme, alert.customer_id, alert.page, alert.subject) == (
        "recovered", "care", "c1", False, "customer",
    )  # fmt: skip
    assert (alert.metric, alert.score, alert.scale_max) == ("nps", 9, 10)
    assert alert.event_time.timestamp() == NOW - HOUR
    assert alert.reason == "The customer's next answer is no longer bad: nps 9 on 0..10."
    assert (alert.comment, alert.attributes) == (None, {})


def test_what_does_not_follow_or_is_still_bad_is_not_told() -> None:
    end = closing("1", NOW - 5 * HOUR)
    assert heard(end) == []
    assert heard(response("good", NOW - HOUR, score=5)) == []
    assert heard(end, response("before", NOW - 6 * HOUR, score=5)) == []
    assert heard(end, response("bad", NOW - 2 * HOUR, score=1), response("good", NOW - HOUR, score=5)) == []
    assert heard(end, response("unjudged", NOW - HOUR, metric="ces", score=7)) == []
    assert heard(closing("1", NOW - 5 * HOUR, programme=None), response("good", NOW - HOUR, score=5)) == []


def test_an_answer_that_was_quicker_than_the_word_of_the_end_is_found() -> None:
    (alert,) = heard(response("good", NOW - HOUR, score=5), closing("1", NOW - 2 * HOUR))
    assert (alert.event_time.timestamp(), alert.score, alert.event_id) == (NOW - HOUR, None, "closed:1")


def test_one_answer_ends_the_cases_of_each_programme_once() -> None:
    ends = [closing("1", NOW - 5 * HOUR), closing("2", NOW - 4 * HOUR), closing("3", NOW - 4 * HOUR, "delivery")]
    found = heard(*ends, response("good", NOW - HOUR, score=5), response("better", NOW - HOUR / 2, score=5))
    assert sorted(alert.programme for alert in found) == ["care", "delivery"]
    assert len({alert.id for alert in found}) == 2
    assert {alert.event_id for alert in found} == {"good"}


def test_it_is_in_no_book_and_history_is_told_too() -> None:
    """The books count what calls for somebody; this wakes nobody, so its age does not matter."""
    state = partition()
    outcome = state.apply(
        records(closing("1", NOW - 20 * HOUR), response("good", NOW - HOUR, score=5)), NOW
    )  # fmt: skip
    assert len(recoveries(outcome.alerts)) == 1
    flush = state.dirty(NOW)
    assert flush is not None
    assert flush.books.alerts == {}
    assert state.silenced == 0


def test_a_signal_of_an_earlier_version_can_be_read() -> None:
    told = Signal(kind="closed", customer_id="c1")
    assert b"programme" not in msgspec.json.encode(told)
    assert msgspec.json.decode(closing("1", NOW), type=SignalEvent).data.programme == "care"


EVENTS = st.lists(
    st.tuples(st.sampled_from(["care", "delivery", "good", "bad"]), st.integers(1, 20)), min_size=1, max_size=12
)


@settings(max_examples=60, deadline=None)
@given(EVENTS, st.data())
def test_a_crash_and_what_is_read_again_tell_nothing_twice_and_lose_nothing(
    events: list[tuple[str, int]], data: st.DataObject
) -> None:
    """The same records through a worker that dies after some flush, and through one that does not."""
    values = [
        closing(str(number), NOW - hours * HOUR, kind)
        if kind in ("care", "delivery")
        else response(f"r{number}", NOW - hours * HOUR - number, score=5 if kind == "good" else 1)
        for number, (kind, hours) in enumerate(events)
    ]
    whole = {alert.id: alert for alert in recoveries(partition().apply(records(*values), NOW).alerts)}

    flushed = data.draw(st.integers(0, len(values)), label="flushed")
    seen = data.draw(st.integers(flushed, len(values)), label="seen before the crash")
    first = partition()
    told = recoveries(first.apply(records(*values[:flushed]), NOW).alerts)
    flush = first.dirty(NOW)
    told += recoveries(first.apply(records(*values[flushed:seen], first=flushed), NOW).alerts)
    second = partition()
    second.restore(flush.state_rows if flush is not None else [])
    told += recoveries(second.apply(records(*values[flushed:], first=flushed), NOW).alerts)
    assert {alert.id for alert in told} == set(whole)


@settings(max_examples=60, deadline=None)
@given(EVENTS)
def test_in_the_order_of_time_the_first_answer_after_an_end_decides(events: list[tuple[str, int]]) -> None:
    ordered = sorted(enumerate(events), key=lambda one: (-one[1][1], one[0]))
    values, expected = [], set()
    waiting: set[str] = set()
    for place, (number, (kind, _)) in enumerate(ordered):
        when = NOW - 30 * HOUR / 2 + place * 60  # a minute apart, so that the order is that of time
        if kind in ("care", "delivery"):
            values.append(closing(str(number), when, kind))
            waiting.add(kind)
        else:
            values.append(response(f"r{number}", when, score=5 if kind == "good" else 1))
            if kind == "good":
                expected |= {(f"r{number}", programme) for programme in waiting}
            waiting.clear()
    assert {(alert.event_id, alert.programme) for alert in heard(*values)} == expected
