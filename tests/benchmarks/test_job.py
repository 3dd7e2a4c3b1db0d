"""The events that are measured with, and the plain computation that every worker has to agree with."""

from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest

import benchmarks
from benchmarks import events
from benchmarks.job import SCORE_WEIGHTS, SPAN_S, Answer, answers, many_keys
from benchmarks.oracle import Place, Said, differences, expected
from benchmarks.rolling import Windows
from benchmarks.spec import SCALES, WINDOWS, value_of
from schemas.cloudevents import EventReader
from schemas.events import ResponseEvent
from schemas.loop_yaml import load, metric_specs
from streams.plan import compile_plan

NOW = 1_800_000_000.0
LOOP = Path(benchmarks.__file__).parent / "loop.yaml"


def test_our_reader_and_the_peers_take_every_event_as_what_it_says() -> None:
    plan = compile_plan(load(LOOP), "wall")
    reader = EventReader(plan.metrics)
    clock = datetime.fromtimestamp(NOW, UTC)
    for answer in answers(300, 1, NOW):
        ours = reader.read(answer.encode(), clock)
        theirs = events.read(answer.encode(), clock)
        assert isinstance(ours, ResponseEvent)
        assert theirs is not None
        for event in (ours, theirs):
            assert (event.id, event.data.customer_id) == (answer.id, answer.customer_id)
            assert (event.data.metric, event.data.score) == (answer.metric, answer.score)
            assert event.data.attributes == {"region": answer.region, "segment": answer.segment}
            assert event.time.timestamp() == pytest.approx(answer.at, abs=0.001)
        assert events.is_detractor(theirs) is answer.detractor


def test_the_measured_loop_has_the_windows_and_cuts_of_the_job() -> None:
    plan = compile_plan(load(LOOP), "wall")
    assert {window.name: (window.length_s, window.pane_s) for window in plan.windows} == WINDOWS
    assert {name: spec.scale.maximum for name, spec in metric_specs(load(LOOP)).items()} == {
        name: high for name, (_, high) in SCALES.items()
    }


def test_events_are_of_300_bytes_of_the_last_50_minutes_and_a_fifth_of_them_detractors() -> None:
    drawn = list(answers(4_000, 5, NOW))
    assert len({answer.id for answer in drawn}) == 4_000
    assert all(NOW - SPAN_S <= answer.at < NOW for answer in drawn)
    assert 0.17 < sum(answer.detractor for answer in drawn) / len(drawn) < 0.23
    assert 280 < sum(len(answer.encode()) for answer in drawn) / len(drawn) < 330
    assert all(sum(weights) == 100 for weights in SCORE_WEIGHTS.values())


def test_keys_come_equally_often() -> None:
    drawn = list(many_keys(60, 20, 1, NOW))
    assert {answer.region: sum(other.region == answer.region for other in drawn) for answer in drawn} == {
        f"r{number:06d}": 3 for number in range(20)
    }
    assert all(answer.metric == "nps" and 0 <= answer.score <= 10 for answer in drawn)


def _answer(score: int, at: float, region: str = "SP", metric: str = "nps") -> Answer:
    return Answer("r", "c", at, metric, score, "order.delivered", "app", region, "smb")


def test_the_oracle_counts_by_hand() -> None:
    wanted = expected([_answer(9, NOW - 10), _answer(3, NOW - 20), _answer(9, NOW - 4_000, "RJ")], NOW)
    assert wanted[Place("nps", "1h", "all", ())] == {"9": 1, "3": 1}
    assert wanted[Place("nps", "24h", "all", ())] == {"9": 2, "3": 1}
    assert wanted[Place("nps", "24h", "region", ("RJ",))] == {"9": 1}
    assert Place("nps", "1h", "region", ("RJ",)) not in wanted
    assert wanted[Place("nps", "7d", "touchpoint_channel", ("order.delivered", "app"))] == {"9": 2, "3": 1}


def test_values_by_hand() -> None:
    assert value_of("nps", {"10": 3, "8": 1, "0": 1}) == pytest.approx(40)
    assert value_of("csat", {"5": 1, "4": 1, "1": 2}) == pytest.approx(50)
    assert value_of("ces", {"7": 1, "2": 1}) == pytest.approx(4.5)


def test_every_way_to_differ_is_told() -> None:
    place = Place("nps", "1h", "all", ())
    other = Place("nps", "1h", "region", ("SP",))
    wanted = {place: {"9": 1}}
    assert differences(wanted, {place: Said({"9": 1}, 100.0)}) == []
    assert "never written" in differences(wanted, {})[0]
    assert "instead of" in differences(wanted, {place: Said({"9": 2}, 100.0)})[0]
    assert "value" in differences(wanted, {place: Said({"9": 1}, 99.0)})[0]
    assert "should not be" in differences(wanted, {place: Said({"9": 1}, 100.0), other: Said({}, None)})[0]


def test_the_peers_windows_agree_with_the_oracle_and_let_go() -> None:
    drawn = [_answer(answer.score, answer.at) for answer in answers(500, 3, NOW)]
    windows = Windows()
    for answer in drawn:
        windows.add(int(answer.at) // 60, str(answer.score), 1)
    wanted = expected(drawn, NOW)
    for later in (0.0, 1_800.0, 3_600.0, 86_400.0):
        windows.expire(NOW + later)
        wanted = expected(drawn, NOW + later)
        for window in WINDOWS:
            assert windows.totals[window] == wanted.get(Place("nps", window, "all", ()), {})


def test_a_peers_metric_record() -> None:
    line = msgspec.json.decode(events.metric_json("nps|region|SP", "7d", {"9": 1, "2": 1}))
    assert line == {
        "metric": "nps",
        "cut": "region",
        "key": ["SP"],
        "window": "7d",
        "counts": {"9": 1, "2": 1},
        "n": 2,
        "value": 0.0,
    }
