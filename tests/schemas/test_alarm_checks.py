"""The rules over metrics in loop.yaml: every mistake is named with its line, its field and the remedy."""

from datetime import date
from pathlib import Path

import pytest

from schemas.config_rules import FallRule, StoppedRule
from schemas.loop_yaml import ConfigError, load, parse
from schemas.panes import hourly_window

SMALL = """\
people: {ana: {name: Ana, email: ana@example.com}}
receivers: {care: {person: ana, channel: "#care"}}
route: {receiver: care}
cuts: {all: [], region: [attributes.region]}
rules:
"""
FALL = "name: f, kind: fall, metric: nps, cuts: [all]"
STOPPED = "name: s, kind: stopped, of: responses, cuts: [all]"


@pytest.mark.parametrize(
    ("rule", "field", "words"),
    [
        ("name: f, kind: fall, metric: npx, cuts: [all]", "metric", "did you mean nps?"),
        ("name: f, kind: fall, metric: response_rate, cuts: [all]", "metric", "`response_rate` is not known"),
        ("name: f, kind: fall, metric: nps, cuts: []", "cuts", "give at least one"),
        ("name: f, kind: fall, metric: nps, cuts: [all, regoin]", "cuts[1]", "did you mean region?"),
        ("name: f, kind: fall, metric: nps, cuts: [all, all]", "cuts[1]", "named twice"),
        (f"{FALL}, window: 6d", "window", "`6d` is not known; "),
        (f"{FALL}, baseline: 90d", "baseline", "did you mean 30d?"),
        (f"{FALL}, window: 30d", "baseline", "not twice as long as the window (30d)"),
        (f"{FALL}, window: 30d, baseline: 7d", "baseline", "`7d` is not twice as long"),
        (f"{FALL}, z: 0.5", "z", ">= 1"),
        (f"{FALL}, z: 3, recovered_z: 3", "recovered_z", "not below z (3)"),
        (f"{FALL}, minimum_n: 5", "minimum_n", ">= 10"),
        (f"{FALL}, recovered_after: 31d", "recovered_after", "longer than the baseline (30d)"),
        ("name: s, kind: stopped, of: answers, cuts: [all]", "of", "responses, touchpoints"),
        ("name: s, kind: stopped, of: responses, cuts: [segment]", "cuts[0]", "`segment` is not known"),
        (f"{STOPPED}, chance: 0.5", "chance", "<= 0.01"),
        (f"{STOPPED}, pauses: [2026-12-25, 2026-12-25]", "pauses[1]", "named twice"),
        (f"{STOPPED}, pauses: [2026-02-30]", "pauses[0]", "is no date"),
    ],
)
def test_a_mistake_is_named(rule: str, field: str, words: str) -> None:
    with pytest.raises(ConfigError) as refused:
        parse(f"{SMALL}  - {{{rule}}}\n")
    found = refused.value.problems
    assert any(problem.startswith(f"loop.yaml:6: rules[0].{field}: ") and words in problem for problem in found), found


def test_a_dead_mans_switch_needs_hours() -> None:
    with pytest.raises(ConfigError) as refused:
        parse(f"{SMALL}  - {{{STOPPED}}}\nwindows: [1h, 7d]\n")
    assert refused.value.problems == [
        "loop.yaml:6: rules[0]: needs a window of 3h or more whose panes divide an hour; add e.g. 24h to windows"
    ]


def test_the_window_that_tells_hours_apart() -> None:
    hour = 3600
    assert hourly_window({"1h": hour, "24h": 24 * hour, "7d": 168 * hour, "30d": 720 * hour}) == "24h"
    assert hourly_window({"6h": 6 * hour, "48h": 48 * hour}) == "48h"
    assert hourly_window({"1h": hour, "7d": 168 * hour}) is None


def test_good_rules_are_read() -> None:
    loop = parse(f"{SMALL}  - {{{FALL}, z: 3.3}}\n  - {{{STOPPED}, pauses: [2026-12-25]}}\n")
    assert loop.rules == [
        FallRule(name="f", metric="nps", cuts=["all"], window="7d", baseline="30d", z=3.3),
        StoppedRule(name="s", of="responses", cuts=["all"], chance=1e-6, pauses=[date(2026, 12, 25)]),
    ]


@pytest.mark.parametrize("metric", ["outcome", "recovered", "in_sla_contact", "csat"])
def test_shares_and_scores_can_fall(metric: str) -> None:
    assert parse(f"{SMALL}  - {{name: f, kind: fall, metric: {metric}, cuts: [all]}}\n").rules


def test_the_example_watches_metrics() -> None:
    rules = load(Path(__file__).parents[2] / "loop.yaml").rules
    assert {rule.name for rule in rules if isinstance(rule, FallRule | StoppedRule)} == {
        "nps_fell", "failures_rose", "answers_stopped", "touchpoints_stopped",
    }  # fmt: skip
