"""The statistics of themes against exact reckoning: Fisher's test by whole numbers, the interval by simulation."""

from __future__ import annotations

import random
from fractions import Fraction
from math import comb

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.themes.lifts import lift, p_value, told


def exactly(a: int, n: int, b: int, m: int) -> Fraction:
    """Fisher's two-sided p-value in whole numbers."""
    met = a + b
    ways = {k: comb(n, k) * comb(m, met - k) for k in range(max(0, met - m), min(met, n) + 1)}
    return Fraction(sum(way for way in ways.values() if way <= ways[a]), sum(ways.values()))


@settings(max_examples=300, deadline=None)
@given(st.integers(1, 60), st.integers(1, 300), st.data())
def test_few_answers_are_tested_exactly(n: int, m: int, data: st.DataObject) -> None:
    a, b = data.draw(st.integers(0, n)), data.draw(st.integers(0, m))
    expected = Fraction(min(a + b, n + m - a - b) * min(n, m), n + m)
    if expected < 5:
        assert p_value(a, n, b, m) == pytest.approx(float(exactly(a, n, b, m)), rel=1e-6)
    else:
        assert p_value(a, n, b, m) == pytest.approx(float(exactly(a, n, b, m)), abs=0.25)


def test_many_answers_agree_with_the_exact_test() -> None:
    assert p_value(300, 1000, 250, 1000) == pytest.approx(float(exactly(300, 1000, 250, 1000)), rel=0.15)


def test_the_interval_of_a_lift_holds_the_truth_as_often_as_it_says() -> None:
    chance = random.Random(7)
    held = 0
    for _ in range(600):
        a = sum(chance.random() < 0.10 for _ in range(200))
        b = sum(chance.random() < 0.05 for _ in range(400))
        found = lift(a, 200, b, 400)
        assert found is not None
        held += found.low <= 2.0 <= found.high
    assert 0.92 <= held / 600 <= 0.98


def test_no_answers_on_a_side_have_no_lift() -> None:
    assert lift(0, 0, 3, 10) is None
    assert lift(3, 10, 0, 0) is None
    found = lift(3, 10, 0, 10)
    assert found is not None
    assert found.low < found.value < found.high


def test_of_a_thousand_terms_that_do_not_differ_none_is_told() -> None:
    """Without the rule for many tests about fifty of them would be."""
    chance = random.Random(3)
    p_values = {number: chance.random() for number in range(1000)}
    assert sum(p < 0.05 for p in p_values.values()) > 30
    assert not told(p_values, 1000)
    assert told({**p_values, 1000: 1e-6}, 1001) == {1000}


def test_benjamini_and_hochbergs_own_example() -> None:
    """The fifteen p-values of section 4.1 of their paper: four are told at 5 %, where Bonferroni's rule tells three."""
    values = [0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344, 0.0459, 0.3240, 0.4262, 0.5719, 0.6528,
              0.7590, 1.0]  # fmt: skip
    assert told(dict(enumerate(values)), len(values)) == {0, 1, 2, 3}
