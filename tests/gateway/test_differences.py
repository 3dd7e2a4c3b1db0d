"""Differences of two values against what shuffling the answers says, and against many made-up worlds."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Sequence
from statistics import fmean

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.explore.differences import Difference, any_of, difference, once_in
from schemas.alarm_rows import Standing
from schemas.durations import words_of
from schemas.scales import Scale
from schemas.standings import duration_standing, score_standing, share_standing

NPS, CSAT, CES = Scale(0, 10), Scale(1, 5), Scale(1, 7)


def counted(answers: Sequence[int]) -> dict[str, int]:
    return {str(score): n for score, n in Counter(answers).items()}


def nps(answers: Sequence[int]) -> float:
    return 100 * fmean((score >= 9) - (score <= 6) for score in answers)


def top(answers: Sequence[int]) -> float:
    return 100 * fmean(score >= 4 for score in answers)


STANDINGS: dict[str, tuple[Callable[[Sequence[int]], Standing | None], Callable[[Sequence[int]], float], range]] = {
    "nps": (lambda answers: score_standing("nps", NPS, counted(answers)), nps, range(11)),
    "csat": (lambda answers: score_standing("top_box", CSAT, counted(answers)), top, range(1, 6)),
    "ces": (lambda answers: score_standing("mean", CES, counted(answers)), fmean, range(1, 8)),
}


def told(one: Standing | None, other: Standing | None, *, pairs: int = 1, too_few: bool = False) -> Difference:
    found = difference(one, other, too_few=too_few, pairs=pairs, higher_is_better=True)
    assert found is not None
    return found


@pytest.mark.parametrize("kind", STANDINGS)
@pytest.mark.parametrize("seed", range(4))
def test_the_p_value_is_near_that_of_shuffling(kind: str, seed: int) -> None:
    standing, value, scores = STANDINGS[kind]
    chance = random.Random(seed)
    one = chance.choices(scores, k=80)
    other = chance.choices(scores, weights=[1 + seed * place / len(scores) for place in range(len(scores))], k=120)
    found = told(standing(one), standing(other))
    assert found.value == pytest.approx(value(one) - value(other))
    everyone, larger = one + other, 0
    for _ in range(1500):
        chance.shuffle(everyone)
        shuffled = abs(value(everyone[:80]) - value(everyone[80:]))
        # Shares take few values: one that is as large counts half (mid-p).
        larger += (shuffled > abs(found.value) - 1e-9) / 2 + (shuffled > abs(found.value) + 1e-9) / 2
    assert found.p == pytest.approx(larger / 1500, abs=0.05)


@pytest.mark.parametrize("kind", STANDINGS)
@pytest.mark.parametrize("n", [12, 40])
def test_alike_segments_are_told_apart_no_more_often_than_it_says(kind: str, n: int) -> None:
    standing, _, scores = STANDINGS[kind]
    chance = random.Random(11)
    weights = [1 if place < len(scores) - 2 else 6 for place in range(len(scores))]
    differ = 0
    for _ in range(700):
        one, other = (chance.choices(scores, weights, k=n) for _ in range(2))
        differ += told(standing(one), standing(other)).verdict in ("above", "below")
    assert differ / 700 < 0.07


@pytest.mark.parametrize("kind", STANDINGS)
def test_the_interval_holds_the_true_difference_as_often_as_it_says(kind: str) -> None:
    standing, value, scores = STANDINGS[kind]
    chance = random.Random(5)
    better = [1 + place for place in range(len(scores))]
    flat = [1] * len(scores)
    truth = value([score for score, weight in zip(scores, better, strict=True) for _ in range(weight)]) - value(scores)
    held = 0
    for _ in range(500):
        found = told(standing(chance.choices(scores, better, k=60)), standing(chance.choices(scores, flat, k=90)))
        held += found.low <= truth <= found.high
    assert 0.92 <= held / 500 <= 0.985


def test_verdicts() -> None:
    low, high = share_standing(400, 40), share_standing(400, 90)
    assert (told(low, high).verdict, told(low, high).better) == ("below", False)
    assert (told(high, low).verdict, told(high, low).better) == ("above", True)
    assert (told(low, low).verdict, told(low, low).better) == ("not_told", None)
    assert told(low, high, too_few=True).verdict == "too_few"
    assert told(low, share_standing(400, 60)).verdict == "below"
    assert told(low, share_standing(400, 60), pairs=351).verdict == "picked"
    assert told(low, high, pairs=351).verdict == "below"
    worse = difference(low, high, too_few=False, pairs=1, higher_is_better=False)
    assert worse is not None
    assert worse.better is True
    assert difference(None, low, too_few=True, pairs=1, higher_is_better=True) is None


def test_durations_by_a_reckoning_by_hand() -> None:
    """Two of 100 and 200 s: mean 150, variance 5000, so 2500 for the mean; the buckets are good to 1 %."""
    counts: Counter[str] = Counter()
    for seconds in (100, 200):
        for word, n in words_of(seconds):
            counts[word] += n
    found = duration_standing(counts)
    assert found is not None
    assert (found.n, found.value) == (2, 150)
    assert found.variance == pytest.approx(2500, rel=0.05)
    assert duration_standing(Counter(dict(words_of(100)))) is None


@pytest.mark.parametrize(
    ("p", "expected"),
    [(1.0, 1), (0.5, 2), (0.0025, 400), (0.00249, 400), (0.1, 10), (1 / 1234, 1200), (0.0, 1_000_000)],
)
def test_once_in_is_a_round_number(p: float, expected: int) -> None:
    assert once_in(p) == expected


@given(st.floats(0, 1), st.integers(1, 10_000))
def test_one_of_many_is_at_least_as_likely_as_one(p: float, tests: int) -> None:
    assert p - 1e-12 <= any_of(p, tests) <= min(1.0, p * tests) + 1e-12
    assert any_of(p, 1) == pytest.approx(p, abs=1e-12)


@given(st.integers(1, 500), st.integers(1, 500), st.data())
def test_the_interval_holds_what_is_shown_and_turns_with_the_sides(n: int, m: int, data: st.DataObject) -> None:
    a, b = data.draw(st.integers(0, n)), data.draw(st.integers(0, m))
    one, other = share_standing(n, a), share_standing(m, b)
    there, back = told(one, other), told(other, one)
    assert there.low <= there.value <= there.high
    assert (back.value, back.low, back.high) == pytest.approx((-there.value, -there.high, -there.low))
    assert back.p == pytest.approx(there.p)
    if there.verdict in ("above", "below"):
        assert not there.low <= 0 <= there.high
