"""When a series has stopped coming, and when it is back: a dead-man's switch that knows the hours of the week. Pure.

From the last weeks follows how many are usual for each hour of the week (:mod:`streams.hours`). Silence is judged over
the shortest stretch of hours up to now whose usual number makes so few improbable: an hour where thousands come, half
a day where twenty come, never for a series that usually has fewer than about twenty a week. Night hours and weekends
add what is usual for them, which is little.

Near-silence counts as silence: at most a tenth of the usual. A lull above that is not what this switch is for.

How improbable so few are is told by the negative binomial distribution: counts vary more than Poisson's, from day to
day above all, and what is usual is itself known from a few weeks only. For a stretch with the expected number E its
variance is E + E² / r, with 1 / r = a (1 + 1 / k) + 1 / (k E): ``a`` is the series' overdispersion, k the weeks learnt
from. With a = 0 that is the predictive distribution of a Poisson count after k others.
"""

from math import exp, inf, lgamma, log
from typing import Literal, NamedTuple

from schemas.alarm_rows import StopAlarm
from schemas.metrics import Series
from streams.hours import WEEK_HOURS, Habits

NEAR_SILENCE = 0.1
"""The share of the usual number up to which a stretch is silent."""

_JUDGED_FROM = 5.0
"""From this expected number on a stretch has to be silent for a longer one to be looked at."""

RETURNED_SHARE = 0.5
RETURNED_FROM = 10.0
"""A series is back once at least half of the usual number came in the last hours, for which ten are usual."""

GIVEN_UP_HOURS = 14 * 24
"""After so long in alarm a series is no longer expected. Until then two of the weeks before it are remembered."""

MIN_OVERDISPERSION = 0.05
"""No series is taken to be more regular than this, which is days that vary by 22 %: four weeks cannot tell."""

Said = Literal["stopped", "returned", "given_up"]
"""What is to be told: a silence, its end, or that nothing is expected any more."""


class Rhythm(NamedTuple):
    """What changes slowly about a series: its overdispersion, and how many are usual in a week."""

    overdispersion: float
    weekly: float


class Silence(NamedTuple):
    """A stretch that is too silent: its first hour, what came in it, and what is usual for it."""

    since: int
    seen: int
    expected: float


class Verdict(NamedTuple):
    """What holds from now on, None for no alarm; what is to be said, None for nothing; and the silence it is about."""

    alarm: StopAlarm | None
    said: Said | None
    silence: Silence | None = None


def rhythm(habits: Habits, hour: int) -> Rhythm:
    """What the weeks before ``hour`` say about a series. Looks at every hour of them: for once a day.

    The overdispersion is estimated by moments, from hours and from days that are alike; the larger of the two counts,
    because days that vary as a whole (a campaign, a holiday) show in their sums only.
    """
    hours, days = _Spread(), _Spread()
    weekly = 0.0
    for first in range(hour, hour + WEEK_HOURS, 24):
        alike = [habits.alike(at) for at in range(first, first + 24)]
        for counts in alike:
            known = [count for count in counts if count >= 0]
            hours.add(known)
            weekly += sum(known) / len(known) if known else 0
        by_week = list(zip(*alike, strict=True))
        days.add([sum(counts) for counts in by_week if min(counts) >= 0])
    return Rhythm(max(hours.overdispersion(), days.overdispersion(), MIN_OVERDISPERSION), weekly)


class _Spread:
    """Pools the spread of counts that are alike, over groups of them."""

    def __init__(self) -> None:
        self._excess = 0.0
        self._squares = 0.0

    def add(self, counts: list[int]) -> None:
        k = len(counts)
        if k < 2:
            return
        mean = sum(counts) / k
        variance = sum((count - mean) ** 2 for count in counts) / (k - 1)
        self._excess += variance - mean
        self._squares += mean * mean - variance / k  # without bias for the square of the true mean

    def overdispersion(self) -> float:
        if self._excess <= 0:
            return 0.0
        return self._excess / self._squares if self._squares > 0 else inf


def silence(habits: Habits, known: Rhythm, hour: int, chance: float) -> Silence | None:
    """The silence up to and with ``hour``, or None. ``chance`` is how improbable it has to be."""
    needed = -log(chance)  # even without any overdispersion fewer expected make no silence improbable
    if known.weekly < needed:
        return None
    expected = learnt = 0.0
    seen = 0
    for at in range(hour, hour - WEEK_HOURS, -1):
        count = habits.count(at)
        usual = habits.usual(at)
        if count < 0 or usual is None:
            continue
        seen += count
        expected += usual.mean
        learnt += usual.mean / usual.weeks
        if expected >= _JUDGED_FROM and seen > NEAR_SILENCE * expected:
            return None
        if expected < needed or not usual.mean:
            continue
        weeks = expected / learnt
        spread = known.overdispersion * (1 + 1 / weeks) + 1 / (weeks * expected)
        if seen <= NEAR_SILENCE * expected and at_most(seen, expected, spread) < chance:
            return Silence(at, seen, expected)
    return None


def has_returned(habits: Habits, since: int, hour: int) -> bool:
    """Whether a series that is silent since an hour is back at ``hour``."""
    expected = 0.0
    seen = 0
    for at in range(hour, max(since, hour - WEEK_HOURS) - 1, -1):
        count = habits.count(at)
        usual = habits.usual(at)
        if count < 0 or usual is None:
            continue
        seen += count
        expected += usual.mean
        if expected >= RETURNED_FROM:
            return seen >= RETURNED_SHARE * expected
    return False


def judge(
    rule: str, series: Series, held: StopAlarm | None, habits: Habits, known: Rhythm, hour: int, chance: float
) -> Verdict:
    """Judge one series once ``hour`` is over."""
    if held is None:
        found = silence(habits, known, hour, chance)
        if found is None:
            return Verdict(None, None)
        return Verdict(StopAlarm(rule=rule, series=series, since=found.since), "stopped", found)
    if has_returned(habits, held.since, hour):
        return Verdict(None, "returned")
    if hour - held.since >= GIVEN_UP_HOURS:
        return Verdict(None, "given_up")
    return Verdict(held, None)


def at_most(seen: int, expected: float, spread: float) -> float:
    """The chance of ``seen`` or fewer, negative binomial with this mean and the variance mean + mean² x ``spread``.

    Summed from ``seen`` downwards until what is left cannot matter; a mean above 0.
    """
    r = 1 / spread
    log_p = lgamma(seen + r) - lgamma(r) - lgamma(seen + 1) - r * log(1 + expected / r) - seen * log(1 + r / expected)
    term = total = exp(log_p)
    ratio = 1 + r / expected
    for at in range(seen, 0, -1):
        term *= at / (at - 1 + r) * ratio
        total += term
        if total >= 1 or term < total * 1e-12:
            break
    return min(total, 1.0)
