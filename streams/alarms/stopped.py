"""When a series has stopped coming, and when it is back: a dead-man's switch that knows the hours of the week. Pure.

From the last weeks follows how many are usual for each hour of the week (:mod:`streams.alarms.hours`). Silence is
judged over the shortest stretch of hours up to now whose usual number makes so few improbable: an hour where thousands
come, half a day where twenty come, never for a series that usually has fewer than about twenty a week. Night hours and
weekends add what is usual for them, which is little.

Near-silence counts as silence: at most a tenth of the usual. A lull above that is not what this switch is for.

How improbable so few are is told by the negative binomial distribution: counts vary more than Poisson's, and what is
usual is itself known from a few weeks only. With the expected number E of a stretch its variance is E + E² / r, where
r follows from how much whole days vary beyond chance (a campaign, a holiday), how much hours vary within their day,
and the k weeks learnt from:

    1 / r = (days' x sum of Ed² + hours' x sum of Eh²) / E² x (1 + 1 / k) + 1 / (k E)

Ed and Eh are what is expected in each day and each hour of the stretch, days being counted back from its end: one bad
day explains a day's silence sooner than three bad days explain three. With no variation beyond chance it is the
predictive distribution of a Poisson count after k others.
"""

from math import exp, lgamma, log
from typing import Literal, NamedTuple

from schemas.alarm_rows import StopAlarm
from schemas.metrics import Series
from streams.alarms.hours import WEEK_HOURS, Habits

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
"""Of days: no series is taken to be more regular than this, which is 22 % up and down. Four weeks cannot tell."""

Said = Literal["stopped", "returned", "given_up"]
"""What is to be told: a silence, its end, or that nothing is expected any more."""


class Rhythm(NamedTuple):
    """What changes slowly about a series: how many are usual in a week, and how much they vary beyond chance.

    ``days`` and ``hours`` are squares of coefficients of variation: of whole days, and of hours within their day.
    """

    weekly: float
    days: float
    hours: float


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

    The variation is estimated by moments, from days and from hours that are alike.
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
    of_days = days.overdispersion()
    return Rhythm(weekly, max(of_days, MIN_OVERDISPERSION), max(hours.overdispersion() - of_days, 0.0))


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
        return self._excess / self._squares if self._squares > 0 else 1.0  # so few that nothing can be judged


def silence(habits: Habits, known: Rhythm, hour: int, chance: float) -> Silence | None:
    """The silence up to and with ``hour``, or None. ``chance`` is how improbable it has to be."""
    needed = -log(chance)  # even without any overdispersion fewer expected make no silence improbable
    if known.weekly < needed:
        return None
    expected = learnt = of_day = day_squares = hour_squares = 0.0
    seen = 0
    for back in range(WEEK_HOURS):
        at = hour - back
        if back % 24 == 0:
            day_squares += of_day * of_day
            of_day = 0.0
        count = habits.count(at)
        usual = habits.usual(at)
        if count < 0 or usual is None:
            continue
        seen += count
        expected += usual.mean
        of_day += usual.mean
        hour_squares += usual.mean * usual.mean
        learnt += usual.mean / usual.weeks
        if expected >= _JUDGED_FROM and seen > NEAR_SILENCE * expected:
            return None
        if expected < needed or not usual.mean or seen > NEAR_SILENCE * expected:
            continue
        weeks = expected / learnt
        varies = (known.days * (day_squares + of_day * of_day) + known.hours * hour_squares) / expected**2
        if at_most(seen, expected, varies * (1 + 1 / weeks) + 1 / (weeks * expected)) < chance:
            return _from_its_beginning(habits, Silence(at, seen, expected), hour)
    return None


def _from_its_beginning(habits: Habits, found: Silence, hour: int) -> Silence:
    """The silence with the silent hours before it in which something is usual: it began before it was beyond chance."""
    since, seen, expected = found
    for at in range(since - 1, hour - WEEK_HOURS, -1):
        if habits.count(at) > 0:
            break
        usual = habits.usual(at)
        if usual is not None and usual.mean and habits.count(at) == 0:
            since = at
            expected += usual.mean
    return Silence(since, seen, expected)


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
