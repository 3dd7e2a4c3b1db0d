"""The sketch of durations: its error bound against exact quantiles, that it merges, and that it takes back."""

from __future__ import annotations

import math
import os
import statistics
from collections import Counter
from collections.abc import Iterable

import pytest
from ddsketch import DDSketch
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.durations import MOST_S, durations_in, rank_of, summarise_durations, words_of

examples = settings(deadline=None, max_examples=int(os.environ.get("CLOSELOOP_EXAMPLES", "60")))
# From seconds to weeks, as a case takes them, and anything at all.
some = st.one_of(st.integers(0, 90), st.integers(0, 8 * 86_400), st.integers(0, MOST_S))


def counted(durations: Iterable[float]) -> Counter[str]:
    counts: Counter[str] = Counter()
    for seconds in durations:
        counts.update(dict(words_of(seconds)))
    return counts


@examples
@given(st.lists(some, min_size=1, max_size=200))
def test_quantiles_are_within_one_percent_and_the_mean_is_exact(durations: list[int]) -> None:
    found = summarise_durations(counted(durations))
    exact = sorted(durations)
    assert found.n == len(durations)
    assert found.mean == pytest.approx(statistics.fmean(durations), rel=1e-12)
    for percent, value in ((50, found.p50), (90, found.p90)):
        position = percent * (len(exact) - 1) / 100  # the lower of the two that a quantile falls between
        wanted = exact[math.floor(position + 1e-9)]
        assert value is not None
        assert abs(value - wanted) <= 0.01 * wanted * (1 + 1e-9)


@examples
@given(st.lists(some, min_size=1, max_size=100))
def test_it_says_what_the_librarys_own_sketch_says(durations: list[int]) -> None:
    sketch = DDSketch(relative_accuracy=0.01)
    for seconds in durations:
        sketch.add(seconds)
    found = summarise_durations(counted(durations))
    exact = sorted(durations)
    for percent, value in ((50, found.p50), (90, found.p90)):
        if percent * (len(exact) - 1) % 100 == 0:  # else the library may round to the other neighbour
            assert value == pytest.approx(sketch.get_quantile_value(percent / 100), rel=1e-12)


@examples
@given(st.lists(some, max_size=60), st.lists(some, max_size=60))
def test_merging_is_union_and_taking_back_leaves_nothing(one: list[int], other: list[int]) -> None:
    together = counted(one) + counted(other)
    assert together == counted([*one, *other])
    back = Counter(together)
    back.subtract(counted(other))
    assert summarise_durations(back) == summarise_durations(counted(one))
    assert durations_in(back) == len(one)


@examples
@given(st.lists(some, min_size=2, max_size=100))
def test_the_interval_of_the_mean(durations: list[int]) -> None:
    found = summarise_durations(counted(durations))
    assert found.low is not None
    assert found.high is not None
    mean, n = statistics.fmean(durations), len(durations)
    reach = 1.959963984540054 * statistics.stdev(durations) / math.sqrt(n)
    root_mean_square = math.sqrt(statistics.fmean(seconds**2 for seconds in durations))
    slack = 1.96 * 0.01 * root_mean_square / math.sqrt(n - 1) + 1e-6
    assert found.high - mean == pytest.approx(reach, abs=slack)
    assert found.low == pytest.approx(max(0.0, mean - reach), abs=slack)


def test_by_hand() -> None:
    # 10, 20, 30, 40 and 100 minutes: the mean is 40, the median 30, and rank 3 of 0..4 is the 90th percentile's.
    found = summarise_durations(counted(minutes * 60 for minutes in (10, 20, 30, 40, 100)))
    assert (found.n, found.mean) == (5, 2400.0)
    assert found.p50 == pytest.approx(1800, rel=0.01)
    assert found.p90 == pytest.approx(2400, rel=0.01)
    # Deviations -30, -20, -10, 0, 60 minutes: variance 5000 / 4, standard error sqrt(1250 / 5) = 15.81 minutes.
    assert found.high == pytest.approx((40 + 1.96 * 15.81) * 60, rel=0.01)


def test_nothing_and_one_and_none_at_all() -> None:
    assert summarise_durations({}) == (0, None, None, None, None, None)
    assert summarise_durations({"sum": 0, "b12": 0}) == (0, None, None, None, None, None)
    assert summarise_durations(counted([0])) == (1, 0.0, None, None, 0.0, 0.0)
    assert summarise_durations(counted([0.4, 0.2])) == (2, 0.0, 0.0, 0.0, 0.0, 0.0)


def test_ranks() -> None:
    assert [rank_of(90, n) for n in (1, 2, 10, 11, 101)] == [0, 0, 8, 9, 90]
    assert [rank_of(50, n) for n in (1, 2, 3, 4)] == [0, 0, 1, 1]


@pytest.mark.parametrize("seconds", [-1, -0.6, MOST_S + 1, math.inf, math.nan])
def test_what_is_no_duration(seconds: float) -> None:
    with pytest.raises(ValueError, match="between 0 and"):
        words_of(seconds)


def test_buckets_are_bounded() -> None:
    # ln(10 * 366 * 86,400) / ln(1.01 / 0.99) = 978.6
    assert {words_of(1)[0][0], words_of(MOST_S)[0][0]} == {"b0", "b979"}
