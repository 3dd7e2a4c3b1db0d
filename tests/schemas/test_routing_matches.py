"""What a match of loop.yaml means, against a plain oracle; and how a wrong one is named."""

from __future__ import annotations

import re
import time
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.config_base import Scalar
from schemas.config_owners import Condition, Wanted
from schemas.loop_yaml import ConfigError, parse
from schemas.matching import facts_of, holds, in_words, matches
from tests.schemas.examples import alert
from tests.schemas.test_loop_yaml import SMALL

_values = st.sampled_from(["SP", "RJ", "", "7", 7, 7.0, 1, 0, -3, 2.5, True, False])
_facts = st.none() | _values


def _same(fact: Scalar | None, value: Scalar) -> bool:
    """Equal as JSON sees it: true is no 1, 7 and 7.0 are one number."""
    kinds = [bool if isinstance(one, bool) else str if isinstance(one, str) else type(None) if one is None else float
             for one in (fact, value)]  # fmt: skip
    return kinds[0] is kinds[1] and fact == value


@given(_facts, st.lists(_values, max_size=4))
def test_sets_and_their_opposite(fact: Scalar | None, values: list[Scalar]) -> None:
    expected = [value for value in values if _same(fact, value)] != []
    assert holds(values, fact) is expected
    assert holds(Condition(not_=values), fact) is not expected


@given(_facts, st.none() | st.integers(-5, 10), st.none() | st.floats(-5, 10))
def test_ranges(fact: Scalar | None, low: int | None, high: float | None) -> None:
    if low is None and high is None:
        return
    expected = type(fact) in (int, float)
    if expected and low is not None:
        expected = float(str(fact)) >= low
    if expected and high is not None:
        expected = float(str(fact)) <= high
    assert holds(Condition(at_least=low, at_most=high), fact) is expected


@given(_facts | st.text("abSP/."), st.sampled_from(["S.", "(a|b)*", "[^/]+/.*", "(?i)sp", "", "SP|RJ", r"\."]))
def test_patterns_fit_the_whole_text(fact: Scalar | None, pattern: str) -> None:
    expected = isinstance(fact, str) and re.compile(pattern + r"\Z").match(fact) is not None
    if "|" in pattern and "(" not in pattern:
        expected = isinstance(fact, str) and fact in pattern.split("|")
    assert holds(Condition(matches=pattern), fact) is expected


@given(_facts, st.integers(0, 9), st.lists(_values, min_size=1, max_size=3))
def test_what_is_given_together_must_all_hold(fact: Scalar | None, low: int, values: list[Scalar]) -> None:
    both = holds(Condition(at_least=low, not_=values), fact)
    assert both == (holds(Condition(at_least=low), fact) and holds(Condition(not_=values), fact))


def test_every_field_of_the_alert_can_be_named() -> None:
    one = alert(
        score=2, contact_requested=True, page=False, customer_id="c7", comment="where is my refund", metric="csat"
    )
    fact = facts_of(one)
    assert matches(
        {
            "score": Condition(at_most=3),
            "contact_requested": True,
            "page": False,
            "customer_id": ["c7", "c8"],
            "comment": Condition(matches=".*refund.*"),
            "attributes.nothing": Condition(not_="SP"),
        },
        fact,
    )
    assert not matches({"contact_requested": False}, fact)
    with pytest.raises(ValueError, match=r"match\.colour: not a field"):
        fact("colour")


def test_a_pattern_that_would_take_forever_takes_no_time() -> None:
    began = time.monotonic()
    assert not holds(Condition(matches="(a+)+b"), "a" * 10_000)  # 2**10000 steps for a backtracking matcher
    assert time.monotonic() - began < 60


def test_conditions_in_words() -> None:
    match: dict[str, Wanted] = {
        "score": Condition(at_least=7, at_most=10),
        "page": True,
        "attributes.region": Condition(not_=["SP", "RJ"], matches="[A-Z]+"),
        "scale_max": Condition(at_least=7),
        "metric": ["nps", "csat"],
    }
    assert in_words(match) == (
        "7<=score<=10 and page=true and attributes.region!=SP|RJ and attributes.region~/[A-Z]+/ and scale_max>=7 "
        "and metric=nps|csat"
    )
    assert in_words({}) == "everything"


@pytest.mark.parametrize(
    ("match", "field", "words"),
    [
        ("score: {at_least: 7, at_most: 3}", "score", "an empty range: nothing is at least 7 and at most 3"),
        ("score: {at_lest: 7}", "score.at_lest", "did you mean at_least?"),
        ("score: {at_least: high}", "score.at_least", "a number"),
        ("score: {}", "score", "says nothing"),
        ("score: low", "score", "score is a number"),
        ("score: true", "score", "score is a number"),
        ("page: 1", "page", "page is true or false"),
        ("page: {not: [true, 0]}", "page.not[1]", "page is true or false"),
        ("page: {at_least: 1}", "page", "a range is about numbers"),
        ("language: {at_most: 3}", "language", "a range is about numbers"),
        ("language: {not: 3}", "language.not", "language is text"),
        ("severity: {not: urgent}", "severity.not", "known: critical, high, normal"),
        ("touchpoint: {not: []}", "touchpoint.not", "an empty list"),
        ("touchpoint: {matches: '(order'}", "touchpoint.matches", "no regular expression of RE2: missing )"),
        ("touchpoint: {matches: '(?=order)'}", "touchpoint.matches", "no regular expression of RE2"),
        (f"touchpoint: {{matches: {'a' * 501}}}", "touchpoint.matches", "give at most 500"),
        ("touchpoint: {matches: 7}", "touchpoint.matches", "expected text"),
        ("score: {matches: '7'}", "score.matches", "a pattern is about text"),
        ("attributes.a: {matches: '7', at_least: 7}", "attributes.a", "keep one of them"),
    ],
)
def test_a_wrong_condition_is_named_with_its_line(match: str, field: str, words: str) -> None:
    text = SMALL + f"  routes:\n    - match: {{{match}}}\n"
    line = text.count("\n")
    with pytest.raises(ConfigError) as error:
        parse(text)
    problem = error.value.problems[0]
    assert problem.startswith(f"loop.yaml:{line}: route.routes[0].match.{field}: ")
    assert words in problem


def test_conditions_come_out_of_yaml_as_they_look() -> None:
    text = SMALL + "  routes:\n    - match: {score: {at_least: 7, at_most: 10.5}, attributes.a: {not: ['7', true]}}\n"
    found: dict[str, Any] = msgspec.to_builtins(parse(text).route.routes[0].match)
    assert found["score"] == {"at_least": 7, "at_most": 10.5, "not": None, "matches": None}
    assert found["attributes.a"]["not"] == ["7", True]
