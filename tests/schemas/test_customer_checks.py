"""Rules and sections about customers over time: every mistake is named with its line, its field and the remedy."""

from __future__ import annotations

import pytest

from schemas.config_rules import RepeatedRule, SilentRule
from schemas.loop_yaml import ConfigError, parse
from tests.schemas.test_loop_yaml import SMALL

REPEATED = "rules: [{name: a, kind: repeated, count: 3, within: 30d, at_or_below: {nps: 6}}]"
WRONG: list[tuple[str, str, str]] = [
    # what is added to a small file, the field, words
    (REPEATED.replace("{nps: 6}", "{}"), "rules[0].at_or_below", "at least one metric"),
    (REPEATED.replace("nps: 6", "npx: 6"), "rules[0].at_or_below.npx", "mean nps?"),
    (REPEATED.replace("nps: 6", "nps: 11"), "rules[0].at_or_below.nps", "outside the scale 0..10"),
    (REPEATED.replace("nps: 6", "nps: 10"), "rules[0].at_or_below.nps", "the best score"),
    (REPEATED.replace("count: 3", "count: 1"), "rules[0].count", ">= 2"),
    (REPEATED.replace("count: 3", "count: 101"), "rules[0].count", "<= 100"),
    (REPEATED.replace("30d", "401d"), "rules[0].within", "longer than 400d"),
    (REPEATED.replace("30d", "a month"), "rules[0].within", "a whole number and a unit"),
    ("rules: [{name: a, kind: silent, count: 0}]", "rules[0].count", ">= 1"),
    ("rules: [{name: a, kind: silent, within: 9999h}]", "rules[0].within", "longer than 400d"),
    ("rules: [{name: a, kind: silent, touchpoints: [order, order]}]", "rules[0].touchpoints[1]", "named twice"),
    ("rules: [{name: a, kind: silent, touchpoints: ['']}]", "rules[0].touchpoints[0]", "1 to 128 characters"),
    ("invitations: {touchpoint: ''}", "invitations.touchpoint", "1 to 128 characters"),
    ("invitations: {answer_within: 801d}", "invitations.answer_within", "longer than the history (800d)"),
    ("recovered: {answer_within: 801d}", "recovered.answer_within", "longer than the history (800d)"),
    ("recovered: {}", "recovered", "no rule of kind threshold"),
]


@pytest.mark.parametrize(("added", "field", "words"), WRONG)
def test_a_mistake_is_named(added: str, field: str, words: str) -> None:
    with pytest.raises(ConfigError) as refused:
        parse(SMALL + added)
    line = SMALL.count("\n") + 1
    assert any(
        problem.startswith(f"loop.yaml:{line}: {field}: ") and words in problem for problem in refused.value.problems
    ), refused.value.problems


def test_what_is_right_is_read() -> None:
    silent = "{name: b, kind: silent, touchpoints: [order.delivered]}"
    loop = parse(f"{SMALL}{REPEATED[:-1]}, {silent}]\nhistory: {{days: 14}}\ninvitations: {{answer_within: 14d}}\n")
    assert loop.rules == [
        RepeatedRule(name="a", at_or_below={"nps": 6}, count=3, within="30d"),
        SilentRule(name="b", touchpoints=["order.delivered"], count=3, within="72h"),
    ]
    assert loop.invitations is not None
    assert loop.invitations.touchpoint == "survey.sent"
    recovered = parse(
        f"{SMALL}recovered: {{}}\nrules: [{{name: a, kind: threshold, at_or_below: {{nps: 6}}}}]\n"
    ).recovered
    assert recovered is not None
    assert recovered.answer_within == "90d"
