"""Standing and z against the textbook, computed from the made-up answers themselves."""

import random
import statistics

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.durations import words_of
from schemas.scales import Scale
from streams.alarms.significance import rises_when_good, standing, worse_by
from streams.metrics.measures import Durations, Scored, Share

NPS, CSAT, CES = Scored("nps"), Scored("top_box"), Scored("mean")
FAILURES = Share("failed")
TEN, FIVE, SEVEN = Scale(0, 10), Scale(1, 5), Scale(1, 7)


def histogram(top: int) -> st.SearchStrategy[dict[str, int]]:
    return st.dictionaries(st.integers(1, top).map(str), st.integers(1, 400), min_size=1)


def weighted(values: list[tuple[float, float]]) -> tuple[float, float]:
    """The mean of values with weights, and the variance of that mean: the definition, in two passes."""
    total = sum(weight for _, weight in values)
    mean = sum(value * weight for value, weight in values) / total
    spread = sum(weight * (value - mean) ** 2 for value, weight in values) / total
    return mean, spread / total


@given(histogram(10))
def test_nps_is_the_mean_of_hundreds_with_three_answers_more(counts: dict[str, int]) -> None:
    worth = {score: 100.0 if int(score) >= 9 else -100.0 if int(score) <= 6 else 0.0 for score in counts}
    answers = [(worth[score], float(count)) for score, count in counts.items()]
    mean, variance = weighted([*answers, (100, 0.75), (-100, 0.75), (0, 1.5)])
    found = standing(NPS, TEN, counts)
    assert found is not None
    assert found.n == sum(counts.values())
    assert found.value == pytest.approx(weighted(answers)[0])
    assert (found.estimate, found.variance) == (pytest.approx(mean), pytest.approx(variance))


@given(histogram(5))
def test_a_share_has_a_success_and_a_failure_more(counts: dict[str, int]) -> None:
    answers = [(100.0 if score in "45" else 0.0, float(count)) for score, count in counts.items()]
    mean, variance = weighted([*answers, (100, 1), (0, 1)])
    good = sum(count for score, count in counts.items() if score in "45")
    failed = {"failed": good, "ok": sum(counts.values()) - good}
    for found in (standing(CSAT, FIVE, counts), standing(FAILURES, None, failed)):
        assert found is not None
        assert found.value == pytest.approx(weighted(answers)[0])
        assert (found.estimate, found.variance) == (pytest.approx(mean), pytest.approx(variance))


@given(histogram(7))
def test_a_mean_has_an_answer_more_at_either_end(counts: dict[str, int]) -> None:
    answers = [(float(score), float(count)) for score, count in counts.items()]
    mean, variance = weighted([*answers, (1, 1), (7, 1)])
    found = standing(CES, SEVEN, counts)
    assert found is not None
    assert found.value == pytest.approx(weighted(answers)[0])
    assert (found.estimate, found.variance) == (pytest.approx(mean), pytest.approx(variance))


def test_a_fall_by_hand() -> None:
    """NPS 40 of 400 to 10 of 100, with pencil and paper: z = 3.11."""
    before = standing(NPS, TEN, {"10": 240, "8": 80, "2": 80})
    after = standing(NPS, TEN, {"10": 40, "8": 30, "2": 30})
    assert before is not None
    assert after is not None
    # p, d of 403 and 103: (.597395, .200372) and (.395631, .298544); variances .001589 and .006649 of shares
    z = (0.397022 - 0.097087) / 0.0907635
    assert worse_by(before, after, higher_is_better=True) == pytest.approx(z, rel=1e-4)
    assert worse_by(before, after, higher_is_better=False) == pytest.approx(-z, rel=1e-4)


def test_no_change_gives_a_z_of_the_normal_distribution() -> None:
    """Under no change z has mean 0, deviation 1, and one in forty lies beyond 1.96."""
    rnd = random.Random(20261122)
    found = []
    for _ in range(3000):
        sides = []
        for n in (460, 140):
            scores = rnd.choices(("10", "8", "3"), (50, 30, 20), k=n)
            side = standing(NPS, TEN, {score: scores.count(score) for score in set(scores)})
            assert side is not None
            sides.append(side)
        found.append(worse_by(*sides, higher_is_better=True))
    assert statistics.mean(found) == pytest.approx(0, abs=0.06)  # three standard errors, and the pull to the middle
    assert statistics.stdev(found) == pytest.approx(1, abs=0.05)
    assert 45 <= sum(z > 1.96 for z in found) <= 110


@pytest.mark.parametrize("counts", [{}, {"ok": 0}])
def test_nothing_stands_nowhere(counts: dict[str, int]) -> None:
    assert standing(FAILURES, None, counts) is None
    assert standing(NPS, TEN, {}) is None


def test_where_all_agree_one_answer_is_no_fall() -> None:
    before, after = standing(CES, SEVEN, {"7": 30}), standing(CES, SEVEN, {"7": 29, "6": 1})
    assert before is not None
    assert after is not None
    assert worse_by(before, after, higher_is_better=True) < 1


def test_which_way_is_good() -> None:
    low = Scale(1, 5, higher_is_better=False)
    assert rises_when_good(NPS, TEN)
    assert rises_when_good(CSAT, low)  # the share of the best two, wherever these lie
    assert not rises_when_good(CES, low)
    assert not rises_when_good(FAILURES, None)
    assert rises_when_good(Share("recovered"), None)


def test_durations_are_not_compared() -> None:
    with pytest.raises(ValueError, match="compared"):
        standing(Durations(), None, dict(words_of(60)))
