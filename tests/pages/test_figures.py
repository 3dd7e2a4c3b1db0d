"""What is said of a value, and which step is the weakest. Expected values are computed by hand."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.console.figures import axis, clearly_worse, figure, histogram, short_name, standing, title
from gateway.console.journey import MOST_STEPS, journey
from gateway.console.loop_health import quantile
from schemas.metric_catalogue import CatalogueEntry
from schemas.metrics import OUTCOME, Metric
from schemas.scales import MetricSpec, Scale

NPS = MetricSpec("nps", Scale(0, 10))
EFFORT = MetricSpec("mean", Scale(1, 5, higher_is_better=False))
POINTS = CatalogueEntry(unit="points", higher_is_better=True, topic="scores", title="")
SHARE = CatalogueEntry(unit="percent", higher_is_better=False, topic="touchpoints", title="Failed touchpoints")
MEAN = CatalogueEntry(unit="scale", higher_is_better=False, topic="scores", title="")


def row(value: float | None, low: float | None, high: float | None, **more: Any) -> Metric:
    made = Metric(
        metric="nps", window="24h", cut="touchpoint", key={"touchpoint": "a"}, value=value, low=low, high=high, n=40,
        counts={}, too_few=False, as_of=datetime(2026, 11, 22, tzinfo=UTC), version=1,
    )  # fmt: skip
    return msgspec.structs.replace(made, **more)


ALL = row(30, 28, 32)


@pytest.mark.parametrize(
    ("one", "rises", "worse"),
    [
        (row(10, 0, 20), True, True),
        (row(25, 15, 35), True, False),
        (row(60, 50, 70), True, False),
        (row(10, 0, 20, too_few=True), True, False),
        (row(60, 50, 70), False, True),
        (row(10, 0, 20), False, False),
        (row(10, None, None), True, False),
    ],
)
def test_a_row_is_worse_only_when_its_interval_excludes_the_whole(one: Metric, rises: bool, worse: bool) -> None:
    assert clearly_worse(one, ALL, rises=rises) is worse
    assert clearly_worse(one, None, rises=rises) is False


def test_the_standing_is_counted_in_standard_errors_of_the_row() -> None:
    # 20 below the whole; the interval of +-19.59964 is 1.959964 standard errors of 10.
    one = row(10, 10 - 19.59964, 10 + 19.59964)
    assert standing(one, ALL, rises=True) == pytest.approx(-2, abs=1e-4)
    assert standing(one, ALL, rises=False) == pytest.approx(2, abs=1e-4)
    assert standing(row(10, 10, 10), ALL, rises=True) is None
    assert standing(row(10, 0, 20, too_few=True), ALL, rises=True) is None


def test_an_axis_lies_on_round_numbers_inside_the_scale_and_leaves_out_what_is_too_few() -> None:
    rows = [row(10, -3, 33), row(90, 80, 99), row(-90, -100, -80, too_few=True), None]
    assert axis(rows, POINTS, NPS) == (-20, 100)
    assert axis([row(3.2, 2.9, 3.6)], MEAN, EFFORT) == (2.5, 4.0)
    assert axis([row(1, 0.2, 4.1)], SHARE, None) == (0, 5)
    assert axis([], POINTS, NPS) == (-100, 100)


@given(st.lists(st.tuples(st.floats(-100, 100), st.floats(0, 50)), max_size=8))
def test_every_interval_lies_on_its_axis(found: list[tuple[float, float]]) -> None:
    rows = [row(value, max(-100, value - wide), min(100, value + wide)) for value, wide in found]
    low, high = axis(rows, POINTS, NPS)
    assert -100 <= low < high <= 100
    assert all(low <= one.low and one.high <= high for one in rows if one.low is not None and one.high is not None)


def test_a_histogram_goes_from_worst_to_best() -> None:
    bars = histogram({"0": 2, "10": 5}, NPS)
    assert [tone for _, _, tone in bars] == ["bad"] * 7 + ["middle"] * 2 + ["good"] * 2
    assert (bars[0], bars[10]) == (("0", 2, "bad"), ("10", 5, "good"))
    assert [score for score, _, _ in histogram({}, EFFORT)] == ["5", "4", "3", "2", "1"]
    assert [tone for _, _, tone in histogram({}, EFFORT)] == ["bad", "bad", "middle", "good", "good"]


def test_a_figure_says_value_interval_and_unit_in_the_language() -> None:
    one = figure(row(59.68, 40.04, 73.75), POINTS, NPS, "en")
    assert (one.text, one.interval) == ("+59.7", "95 %: +40.0 to +73.8")
    assert figure(row(59.68, 40.04, 73.75), POINTS, NPS, "ru").interval == "95 %: от +40,0 до +73,8"
    mean = figure(row(2.5, 2.25, 2.75), MEAN, EFFORT, "en")
    assert (mean.text, mean.unit) == ("2.50", "of 5")
    none = figure(None, POINTS, NPS, "en", name="nps")
    assert (none.text, none.n, none.too_few, none.metric) == ("–", 0, True, "nps")
    assert short_name("nps", "en") == "NPS"
    assert short_name("support_quality", "en") == "Support quality"
    assert title("nps", POINTS, "ru") == "Индекс готовности рекомендовать"


def steps_of(*rows: Metric, declared: tuple[str, ...] = ()) -> list[tuple[str, bool]]:
    whole = {"nps": ALL, OUTCOME: row(5, 4, 6, metric=OUTCOME)}
    found = journey(rows, whole, {"nps": True, OUTCOME: False, "csi": True}, declared, ["nps"])
    return [(step.touchpoint, step.weakest) for step in found]


def test_the_weakest_step_is_the_one_farthest_below_the_whole_if_any_is_beyond_chance() -> None:
    pay = row(10, 4, 16, key={"touchpoint": "pay"})
    deliver = row(12, 11, 13, key={"touchpoint": "deliver"})
    visit = row(31, 28, 34, key={"touchpoint": "visit"})
    assert steps_of(pay, deliver, visit, declared=("visit", "pay")) == [
        ("visit", False), ("pay", False), ("deliver", True),
    ]  # fmt: skip
    assert steps_of(visit) == [("visit", False)]
    failing = row(9, 8, 10, metric=OUTCOME, key={"touchpoint": "visit"})
    assert steps_of(visit, failing, row(29, 27, 31, key={"touchpoint": "pay"})) == [("pay", False), ("visit", True)]


def test_a_journey_of_many_touchpoints_shows_the_declared_and_the_busiest() -> None:
    many = [row(30, 20, 40, n=100 + number, key={"touchpoint": f"t{number:03d}"}) for number in range(500)]
    names = [name for name, _ in steps_of(*many, declared=("t003", "gone"))]
    assert len(names) == MOST_STEPS
    assert names == ["t003", *(f"t{number:03d}" for number in range(500 - MOST_STEPS + 1, 500))]


@given(st.lists(st.floats(0, 1e6), min_size=1, max_size=50), st.sampled_from([0.0, 0.5, 0.9, 1.0]))
def test_a_quantile_lies_where_its_share_of_the_values_is_below(values: list[float], share: float) -> None:
    found = quantile(values, share)
    assert found is not None
    assert min(values) <= found <= max(values)
    # Type 7: at least this share of the steps between neighbours lies at or below it.
    assert sum(value <= found for value in values) >= share * (len(values) - 1)
    assert quantile([], share) is None


def test_the_median_of_an_even_number_lies_between_the_two_in_the_middle() -> None:
    assert quantile([4, 1, 3, 2], 0.5) == 2.5
    assert quantile([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11], 0.9) == 10
