"""The intervals against published values, known cases, and formulas written another way."""

import math
import statistics as stdlib
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.scales import Scale
from schemas.statistics import Z95, summarise, top_boxes, wilson

calm = settings(deadline=None, max_examples=60)  # a loaded machine is no failure

NPS = Scale(0, 10)
CSAT = Scale(1, 5)


def test_z_is_the_normal_quantile() -> None:
    assert pytest.approx(stdlib.NormalDist().inv_cdf(0.975), abs=1e-12) == Z95


@pytest.mark.parametrize(
    ("successes", "n", "low", "high"),
    [
        # Newcombe, Statistics in Medicine 17 (1998), table I, method 3 (Wilson without continuity correction).
        (81, 263, 25.53, 36.62),
        (15, 148, 6.24, 16.05),
        (0, 20, 0.0, 16.11),
        (1, 29, 0.61, 17.18),
        (29, 29, 88.30, 100.0),
    ],
)
def test_wilson_matches_published_intervals(successes: int, n: int, low: float, high: float) -> None:
    value, lower, upper = wilson(successes, n)
    assert value == pytest.approx(100 * successes / n)
    assert lower == pytest.approx(low, abs=0.006)
    assert upper == pytest.approx(high, abs=0.006)


@calm
@given(st.integers(1, 10_000), st.data())
def test_wilson_ends_are_where_the_score_test_rejects(n: int, data: st.DataObject) -> None:
    successes = data.draw(st.integers(0, n))
    p = successes / n
    for end in wilson(successes, n)[1:]:
        share = end / 100
        if end not in {0.0, 100.0}:
            assert abs(p - share) / math.sqrt(share * (1 - share) / n) == pytest.approx(Z95, rel=1e-6)


def test_nps_margin_of_error_as_published() -> None:
    # At 50 % promoters, 20 % detractors: Wald's margins that survey handbooks print; three answers more narrow them.
    for n, margin in ((50, 22), (100, 15), (200, 11), (400, 8), (1000, 5)):
        summary = summarise("nps", NPS, {"9": n // 2, "7": n * 3 // 10, "2": n // 5}, 10)
        assert summary.value == pytest.approx(30)
        assert summary.high is not None
        assert summary.low is not None
        assert (summary.high - summary.low) / 2 == pytest.approx(margin, abs=1)


@calm
@given(st.lists(st.integers(0, 10), min_size=1, max_size=60))
def test_nps_is_the_mean_of_signs_with_three_answers_more(scores: list[int]) -> None:
    signs = [100 * ((score >= 9) - (score <= 6)) for score in scores]
    summary = summarise("nps", NPS, _histogram(scores), 10)
    assert summary.value == pytest.approx(sum(signs) / len(signs))
    weights = [(100, signs.count(100) + Fraction(3, 4)), (-100, signs.count(-100) + Fraction(3, 4))]
    m = len(scores) + 3
    centre = sum(points * weight for points, weight in weights) / m
    spread = sum(points**2 * weight for points, weight in weights) / m - centre**2
    reach = Z95 * math.sqrt(spread / m)
    assert summary.low == pytest.approx(min(max(-100.0, float(centre) - reach), summary.value), abs=1e-9)
    assert summary.high == pytest.approx(max(min(100.0, float(centre) + reach), summary.value), abs=1e-9)


@calm
@given(st.lists(st.integers(1, 7), min_size=2, max_size=80))
def test_mean_and_standard_error(scores: list[int]) -> None:
    summary = summarise("mean", Scale(1, 7), _histogram(scores), 10)
    error = stdlib.stdev(scores) / math.sqrt(len(scores))
    assert summary.value == pytest.approx(stdlib.fmean(scores))
    assert summary.low == pytest.approx(max(1, stdlib.fmean(scores) - Z95 * error))
    assert summary.high == pytest.approx(min(7, stdlib.fmean(scores) + Z95 * error))


def test_mean_of_one_answer_says_nothing_of_the_spread() -> None:
    assert summarise("mean", Scale(1, 7), {"6": 1}, 10)[:3] == (6, 1, 7)


@pytest.mark.parametrize(
    ("scale", "best"),
    [
        (CSAT, (4, 5)),
        (Scale(1, 7), (6, 7)),
        (Scale(1, 10), (9, 10)),
        (Scale(1, 3), (3,)),
        (Scale(0, 1), (1,)),
        (Scale(1, 5, higher_is_better=False), (1, 2)),
        (Scale(-1, 1, higher_is_better=False), (-1,)),
    ],
)
def test_top_boxes(scale: Scale, best: tuple[int, ...]) -> None:
    assert top_boxes(scale) == best


def test_csat_counts_the_best_two() -> None:
    summary = summarise("top_box", CSAT, {"5": 60, "4": 14, "3": 20, "1": 13}, 30)
    assert summary.value == pytest.approx(100 * 74 / 107)
    assert (summary.n, summary.too_few) == (107, False)


def test_failed_share() -> None:
    summary = summarise("failed_share", None, {"ok": 247, "failed": 1, "slow": 15}, 10)
    assert summary.value == pytest.approx(100 / 263)


@pytest.mark.parametrize("kind", ["nps", "top_box", "mean", "failed_share"])
def test_nothing_counted_is_no_value(kind: str) -> None:
    assert summarise(kind, CSAT, {}, 1) == (None, None, None, 0, True)  # type: ignore[arg-type] # parametrised


def test_too_few_ends_at_the_minimum() -> None:
    assert summarise("top_box", CSAT, {"5": 9}, 10).too_few
    assert not summarise("top_box", CSAT, {"5": 10}, 10).too_few


@calm
@given(st.lists(st.integers(0, 10), min_size=1, max_size=30), st.sampled_from(["nps", "top_box", "mean"]))
def test_the_value_lies_in_its_interval_on_its_scale(scores: list[int], kind: str) -> None:
    value, low, high, n, _ = summarise(kind, NPS, _histogram(scores), 1)  # type: ignore[arg-type] # sampled
    ends = {"nps": (-100, 100), "top_box": (0, 100), "mean": (0, 10)}[kind]
    assert value is not None
    assert low is not None
    assert high is not None
    assert ends[0] <= low <= value <= high <= ends[1]
    assert n == len(scores)


def _histogram(scores: list[int]) -> dict[str, int]:
    return {str(score): scores.count(score) for score in set(scores)}
