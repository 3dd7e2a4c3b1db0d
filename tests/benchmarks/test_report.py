"""What is told of a run follows from its figures alone."""

import math

import pytest

from benchmarks.latency import Latency, evaluate
from benchmarks.observe import Progression
from benchmarks.pacer import Paced
from benchmarks.report import Results, page
from benchmarks.scaling import Scale
from benchmarks.sizes import Sizes
from benchmarks.state import State
from benchmarks.throughput import Run, Series


def _results() -> Results:
    results = Results(Sizes(), "2 cores", "Apache Kafka 4", "2026-11-22", 24.0, ["closeloop", "faust"])
    results.throughput = {
        "closeloop": Series([Run(100_000, 90_000, 1, 1.1, 0.3), Run(120_000, 95_000, 1, 1.2, 0.3)] * 2),
        "faust": Series([Run(5_000, 4_500, 1, 1.0, 0.1)]),
        "quix": Series([], "a trace\nno metric within 60 s"),
    }
    return results


def test_ratios_are_to_ours_and_the_fastest_comes_first() -> None:
    text = page(_results())
    assert "| closeloop streams | **110,000** (100,000 to 120,000) | 1.00 |" in text
    assert "| plain Faust | **5,000** (5,000 to 5,000) | 0.05 |" in text
    assert "| Quix Streams | not measured: no metric within 60 s |" in text
    assert text.index("| closeloop streams |") < text.index("| plain Faust |")


def test_a_worker_that_fell_behind_is_said_to() -> None:
    results = _results()
    results.latency = {
        "closeloop": [Latency(500, 499.0, 3.4, 11.6, 100, 0), Latency(5_000, 4_000.0, 5.0, 20.0, 1_000, 0)],
        "faust": [Latency(500, 500.0, 900.0, 2_000.0, 60, 40)],
    }
    text = page(results)
    assert "| closeloop streams | 3 / 12 | 5 / 20 (only 4,000/s reached) | not tried |" in text
    assert "does not keep up: 40% of the alerts missing" in text


def test_state_and_two_workers() -> None:
    results = _results()
    results.state = {"closeloop": [State(10_000, 200_000_000, None), State(100_000, 600_000_000, 50_000_000, 4.2)]}
    results.scaling = [Scale(1, 100_000, 90_000, 1.1, 0.4), Scale(2, 130_000, 81_000, 1.6, 0.4)]
    text = page(results)
    assert "| closeloop streams | 200 | 600 | 500 | 4.2 |" in text
    assert "1.30 times" in text
    assert "1.80 times" in text


def test_goals_are_held_against_what_was_measured() -> None:
    results = _results()
    results.throughput["bytewax"] = Series([Run(80_000, 40_000, 1, 1.0, 0.1)])
    results.latency = {"closeloop": [Latency(5_000, 5_000.0, 5.0, 60.0, 1_000, 0)]}
    results.state = {"closeloop": [State(100_000, 600_000_000, None, 4.2)]}
    text = page(results)
    # 110,000 / 80,000 and 92,500 / 40,000
    assert (
        "| 1.5 times the fastest durable Python peer | 1.38 times bytewax, keyed; a core 2.31 times | **no** |" in text
    )
    assert "| p99 under 50 ms at 5,000/s | p50 / p99 in ms: 5 / 60 | **no** |" in text
    assert "| serves within 10 s of a restart with 100,000 keys | 4.2 s | yes |" in text


def test_what_was_not_measured_has_no_section() -> None:
    assert "## State" not in page(_results())
    assert "## Two workers" not in page(_results())


def test_the_rate_leaves_out_the_last_point() -> None:
    seen = Progression([(10.0, 100), (11.0, 1_100), (12.0, 2_100), (20.0, 3_000)], complete=True)
    assert seen.rate(3_000) == pytest.approx(1_000)
    assert seen.span(3_000, skip=0.3) == ((10.0, 100), (20.0, 3_000))  # too few are left: all of them then
    assert math.isnan(Progression([(10.0, 5)]).rate(10))


def test_latency_counts_what_was_acknowledged_after_the_warm_up() -> None:
    acknowledged = {f"e{number}": 100.0 + number for number in range(50)}
    arrived = {f"e{number}": 100.0 + number + number / 1000 for number in range(50) if number != 49}
    found = evaluate(5, Paced(100.0, 5.0, acknowledged), arrived, warm_up_s=10.0)
    assert (found.alerts, found.missing) == (39, 1)
    assert found.p50 == pytest.approx(29.0)
    assert not found.kept_up


def test_sizes_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BENCH_EVENTS", "7")
    monkeypatch.setenv("BENCH_LATENCY_RATES", "10,20")
    sizes = Sizes.from_environment()
    assert (sizes.events, sizes.rates, sizes.rounds) == (7, (10, 20), Sizes().rounds)
