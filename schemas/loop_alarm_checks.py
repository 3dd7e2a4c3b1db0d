"""What is wrong with the rules over metrics in loop.yaml: metrics, cuts, windows that are not there or do not fit."""

from collections.abc import Iterator

from schemas.config import Loop
from schemas.config_base import seconds
from schemas.config_rules import FallRule, StoppedRule
from schemas.metrics import OUTCOME, RECOVERED
from schemas.panes import hourly_window
from schemas.scales import DEFAULT_METRICS
from schemas.typed_walk import Misfit, unknown_word
from schemas.yaml_source import Path

SHARES = (OUTCOME, RECOVERED, "in_sla_acknowledge", "in_sla_contact", "in_sla_resolve")
"""Metrics besides those of answers whose fall can be told from chance."""


def check_fall(loop: Loop, rule: FallRule, path: Path) -> Iterator[Misfit]:
    """Everything that is wrong with a rule of kind fall: the path, what is wrong, what would be right."""
    known = [*DEFAULT_METRICS, *loop.metrics, *SHARES]
    if rule.metric not in known:
        yield (*path, "metric"), unknown_word(rule.metric, known)
    yield from _check_cuts(loop, rule.cuts, path)
    for field, window in (("window", rule.window), ("baseline", rule.baseline)):
        if window not in loop.windows:
            yield (*path, field), unknown_word(window, loop.windows)
    if seconds(rule.baseline) < 2 * seconds(rule.window):
        yield (
            (*path, "baseline"),
            f"`{rule.baseline}` is not twice as long as the window ({rule.window}); give a longer",
        )
    if rule.z is not None and rule.recovered_z >= rule.z:
        yield (*path, "recovered_z"), f"not below z ({rule.z:g}): an alarm would be over as it begins; give e.g. 1"
    if seconds(rule.recovered_after) > seconds(rule.baseline):
        yield (*path, "recovered_after"), f"longer than the baseline ({rule.baseline}); give e.g. 24h"


def check_stopped(loop: Loop, rule: StoppedRule, path: Path) -> Iterator[Misfit]:
    """Everything that is wrong with a rule of kind stopped: the path, what is wrong, what would be right."""
    yield from _check_cuts(loop, rule.cuts, path)
    if hourly_window({window: seconds(window) for window in loop.windows}) is None:
        yield path, "needs a window of 3h or more whose panes divide an hour; add e.g. 24h to windows"
    for number, day in enumerate(rule.pauses):
        if day in rule.pauses[:number]:
            yield (*path, "pauses", number), f"{day} is named twice; name each day once"


def _check_cuts(loop: Loop, cuts: list[str], path: Path) -> Iterator[Misfit]:
    if not cuts:
        yield (*path, "cuts"), "give at least one of the cuts above, e.g. [all]"
    for number, cut in enumerate(cuts):
        if cut not in loop.cuts:
            yield (*path, "cuts", number), unknown_word(cut, loop.cuts)
        elif cut in cuts[:number]:
            yield (*path, "cuts", number), f"`{cut}` is named twice; name each cut once"
