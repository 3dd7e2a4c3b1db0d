"""What is wrong with the parts of loop.yaml that say what is bad, and what is remembered of customers over time."""

from collections.abc import Iterator

from schemas.config import Loop
from schemas.config_base import seconds
from schemas.config_rules import RepeatedRule, SilentRule, ThresholdRule
from schemas.scales import DEFAULT_METRICS, Scale
from schemas.typed_walk import Misfit, show_value, unknown_word
from schemas.yaml_source import Path

MAX_WITHIN_DAYS = 400
"""The longest time that customers' bad answers and failures are remembered for a rule."""

_MAX_TOUCHPOINT = 128


def check_thresholds(loop: Loop, rule: ThresholdRule | RepeatedRule, path: Path) -> Iterator[Misfit]:
    """The scores that a rule calls bad."""
    thresholds = rule.at_or_below
    if not thresholds:
        yield (*path, "at_or_below"), "give at least one metric and its score, e.g. nps: 6"
    yield from _check_scores(loop, thresholds, (*path, "at_or_below"))
    if isinstance(rule, ThresholdRule):
        yield from _check_scores(loop, rule.critical_at_or_below, (*path, "critical_at_or_below"))
        yield from _check_critical(loop, rule, (*path, "critical_at_or_below"))
    else:
        yield from _check_within(rule.within, (*path, "within"))


def check_silent(rule: SilentRule, path: Path) -> Iterator[Misfit]:
    """The touchpoints of a rule of kind ``silent``, and its time."""
    for number, name in enumerate(rule.touchpoints):
        yield from _check_touchpoint(name, (*path, "touchpoints", number))
        if name in rule.touchpoints[:number]:
            yield (*path, "touchpoints", number), f"{show_value(name)} is named twice; name each touchpoint once"
    yield from _check_within(rule.within, (*path, "within"))


def check_waiting(loop: Loop) -> Iterator[Misfit]:
    """The sections that let something wait for an answer: it has to come while what waits for it is still counted."""
    for name, section in (("invitations", loop.invitations), ("recovered", loop.recovered)):
        if section is not None and seconds(section.answer_within) > loop.history.days * 86_400:
            given = section.answer_within[:40]
            yield (name, "answer_within"), f"`{given}` is longer than the history ({loop.history.days}d); give less"
    if loop.invitations is not None:
        yield from _check_touchpoint(loop.invitations.touchpoint, ("invitations", "touchpoint"))
    if loop.recovered is not None and not any(isinstance(rule, ThresholdRule) for rule in loop.rules):
        yield ("recovered",), "no rule of kind threshold says what a bad answer is; add one, or leave recovered out"


def scales(loop: Loop) -> dict[str, Scale]:
    """The scale of every metric that answers can be given for."""
    declared = {name: Scale(*metric.scale, metric.higher_is_better) for name, metric in loop.metrics.items()}
    return {**{name: spec.scale for name, spec in DEFAULT_METRICS.items()}, **declared}


def _check_scores(loop: Loop, thresholds: dict[str, int], path: Path) -> Iterator[Misfit]:
    known = scales(loop)
    for metric, score in thresholds.items():
        scale = known.get(metric)
        if scale is None:
            yield (*path, metric), unknown_word(metric, known)
        elif not scale.holds(score):
            yield (*path, metric), f"{score} is outside the scale {scale.minimum}..{scale.maximum}"
        elif score == (scale.maximum if scale.higher_is_better else scale.minimum):
            yield (*path, metric), f"{score} is the best score: every answer would be flagged; give a worse one"


def _check_critical(loop: Loop, rule: ThresholdRule, path: Path) -> Iterator[Misfit]:
    known, thresholds = scales(loop), rule.at_or_below
    for metric, score in rule.critical_at_or_below.items():
        if metric not in known:
            continue
        if metric not in thresholds:
            yield (*path, metric), f"at_or_below does not name {metric}; add it there, or remove it here"
        elif score > thresholds[metric] if known[metric].higher_is_better else score < thresholds[metric]:
            yield (*path, metric), f"milder than at_or_below ({thresholds[metric]}); give a worse score, or the same"


def _check_within(within: str, path: Path) -> Iterator[Misfit]:
    if seconds(within) > MAX_WITHIN_DAYS * 86_400:
        yield path, f"`{within[:40]}` is longer than {MAX_WITHIN_DAYS}d; give less"


def _check_touchpoint(name: str, path: Path) -> Iterator[Misfit]:
    if not 1 <= len(name) <= _MAX_TOUCHPOINT:
        yield path, f"give the name of a touchpoint, 1 to {_MAX_TOUCHPOINT} characters"
