"""When a metric has fallen, and when that is over: one fall is one alarm. Pure: now is an argument.

A metric's window is held against its baseline, the answers from before the window. An alarm begins when the window is
worse by ``z`` standard errors, and ends in one of two ways: the metric is near its level from before the fall again
(within ``recovered_z`` for ``recovered_after_s``), or it has stayed where it fell to for ``settled_after_s``, which is
then its new level. Between the two bounds nothing is said, so a metric that hovers about one of them raises no second
alarm.
"""

from typing import Literal, NamedTuple, Self

from msgspec.structs import replace

from schemas.alarm_rows import FallAlarm, Standing
from schemas.config_base import seconds
from schemas.config_rules import FallRule
from streams.alarms.significance import worse_by
from streams.counting.windows import WindowSpec

Said = Literal["recovered", "settled"]
"""How an alarm ends: the metric is back at its level from before, or stays where it is and is taken as it is."""

_DEFAULT_Z = ((7 * 86_400, 3.5), (86_400, 4.0), (0, 4.5))
"""Shortest window, seconds, and its z."""


class Bounds(NamedTuple):
    """The bounds of one rule: z in standard errors, times in seconds."""

    z: float
    minimum_n: int
    recovered_z: float
    recovered_after_s: int
    settled_after_s: int

    @classmethod
    def of(cls, rule: FallRule) -> Self:
        """The bounds that a rule of loop.yaml states; a new level is settled after the length of the baseline."""
        z = default_z(seconds(rule.window)) if rule.z is None else rule.z
        return cls(z, rule.minimum_n, rule.recovered_z, seconds(rule.recovered_after), seconds(rule.baseline))


def default_z(window_s: int) -> float:
    """The z that keeps a segment below one false alarm in two years of hourly checks, for a window this long, seconds.

    A short window forgets sooner, so that as many hours hold more chances. The figures are those of docs/alarms.md.
    """
    return next(z for shortest_s, z in _DEFAULT_Z if window_s >= shortest_s)


class Verdict(NamedTuple):
    """What becomes of an alarm: it, None once it is over, and what is to be said, None for nothing."""

    alarm: FallAlarm | None
    said: Said | None


def baseline_panes(window: WindowSpec, baseline: WindowSpec, now: float) -> tuple[int, int]:
    """The first and the last pane of ``baseline`` that end before ``window`` begins; ``now`` in seconds UTC.

    The last is before the first where there is none.
    """
    begins = window.oldest(now) * window.pane_s
    return baseline.oldest(now), begins // baseline.pane_s - 1


def has_fallen(bounds: Bounds, before: Standing | None, after: Standing | None, *, higher_is_better: bool) -> bool:
    """Whether a metric has fallen, as far as its baseline and its window tell; None for one that is empty."""
    if before is None or after is None or min(before.n, after.n) < bounds.minimum_n:
        return False
    return worse_by(before, after, higher_is_better=higher_is_better) >= bounds.z


def follow(bounds: Bounds, held: FallAlarm, after: Standing | None, now: int, *, higher_is_better: bool) -> Verdict:
    """What becomes of an alarm at ``now``, seconds UTC. ``after`` is the window, None if it is empty."""
    if now - held.since >= bounds.settled_after_s:
        return Verdict(None, "settled")
    if after is None or after.n < bounds.minimum_n:
        return Verdict(held, None)  # too few to tell: what was said stands
    if worse_by(held.reference, after, higher_is_better=higher_is_better) >= bounds.recovered_z:
        return Verdict(held if held.calm_since is None else replace(held, calm_since=None), None)
    calm_since = now if held.calm_since is None else held.calm_since
    if now - calm_since >= bounds.recovered_after_s:
        return Verdict(None, "recovered")
    return Verdict(held if held.calm_since is not None else replace(held, calm_since=now), None)
