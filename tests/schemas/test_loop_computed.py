"""loop.yaml: names of computed metrics are taken; the index and the lifecycle are checked with line and field."""

import pytest

from schemas.loop_yaml import ConfigError, parse
from schemas.metrics import LIFECYCLE_METRICS, RESERVED_METRICS

SMALL = """\
people:
  ana: {name: Ana, email: ana@example.com}
receivers:
  care: {person: ana, channel: "#care"}
route:
  receiver: care
"""

MISTAKES = [
    # added text, line of the problem within it (from 1), field, words
    ("metrics: {churn: {kind: mean, scale: [0, 9]}}", 1, "metrics.churn", "computes itself; choose another name"),
    ("metrics:\n  time_to_cry: {kind: mean, scale: [0, 9]}", 2, "metrics.time_to_cry", "computes itself"),
    ("metrics: {in_sla_x: {kind: mean, scale: [0, 9]}}", 1, "metrics.in_sla_x", "computes itself"),
    ("csi: {weights: {}}", 1, "csi.weights", "at least one metric"),
    ("csi:\n  weights: {npx: 1}", 2, "csi.weights.npx", "did you mean nps?"),
    ("csi: {weights: {outcome: 1}}", 1, "csi.weights.outcome", "is not known"),
    ("csi: {weights: {nps: 0}}", 1, "csi.weights.nps", "> 0"),
    ("csi: {weights: {nps: .inf}}", 1, "csi.weights.nps", ""),
    ("csi: {weighs: {nps: 1}}", 1, "csi.weighs", "did you mean weights?"),
    ("lifecycle: {}", 1, "lifecycle.currency", "missing"),
    ("lifecycle: {currency: Euro}", 1, "lifecycle.currency", "does not fit"),
    ("lifecycle: {currency: EUR, gross_margin: 1.5}", 1, "lifecycle.gross_margin", "<= 1"),
    ("lifecycle: {currency: EUR, left: ''}", 1, "lifecycle.left", "1 to 128 characters"),
    ("lifecycle:\n  currency: EUR\n  joined: a\n  left: a", 4, "lifecycle.left", "the same touchpoint as joined"),
    ("lifecycle: {currency: EUR, max_lifetime: 99999d}", 1, "lifecycle.max_lifetime", "a hundred years"),
]


@pytest.mark.parametrize(("added", "line", "field", "words"), MISTAKES)
def test_a_mistake_is_named(added: str, line: int, field: str, words: str) -> None:
    with pytest.raises(ConfigError) as refused:
        parse(f"{SMALL}{added}\n")
    start = f"loop.yaml:{SMALL.count(chr(10)) + line}: {field}: "
    found = refused.value.problems
    assert any(problem.startswith(start) and words in problem for problem in found), found


@pytest.mark.parametrize("name", RESERVED_METRICS)
def test_no_metric_of_your_own_takes_a_computed_one(name: str) -> None:
    with pytest.raises(ConfigError, match=f"metrics.{name}: "):
        parse(f"{SMALL}metrics: {{{name}: {{kind: mean, scale: [1, 5]}}}}\n")


def test_what_is_right_is_read() -> None:
    own = "metrics: {joy: {kind: mean, scale: [1, 5]}, churning: {kind: mean, scale: [1, 5]}}\n"
    loop = parse(f"{SMALL}{own}csi: {{weights: {{nps: 1, joy: 0.5}}}}\nlifecycle: {{currency: EUR}}\n")
    assert loop.csi is not None
    assert loop.csi.weights == {"nps": 1, "joy": 0.5}
    assert loop.lifecycle is not None
    assert (loop.lifecycle.joined, loop.lifecycle.gross_margin, loop.lifecycle.max_lifetime) == (
        "customer.joined",
        1.0,
        "1825d",
    )
    assert set(LIFECYCLE_METRICS) <= set(RESERVED_METRICS)
