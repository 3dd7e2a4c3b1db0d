"""The rules of kind ``stopped`` over the series of one partition: what came hour by hour, and which series stopped.

An hour's count is taken ten minutes after its end, from the panes, and stays as it was seen then: an app that hands in
its answers once a night has no answers in its usual hours, and so none are missed.

Cost for each series, once an hour: the panes of the last hour, a row of some 150 bytes, and a look at the hours before,
a few for a series that comes and 168 at the most; once a day a look at all hours of four weeks. Memory: 3.5 KB for each
series.
"""

from collections.abc import Callable, Sequence

import msgspec

from schemas.alarm_rows import AlarmRow, HourProfile, StopAlarm, alarm_key, profile_key
from schemas.config_rules import StoppedRule
from schemas.metrics import OUTCOME, Series
from schemas.panes import hourly_window
from streams.alarms import metric_alerts
from streams.alarms.hours import HOUR_S, KEPT_DAYS, UNKNOWN, Habits, HourCounts, Week
from streams.alarms.metric_alerts import BEGAN, COMING, metric_alert, subject
from streams.alarms.stopped import GIVEN_UP_HOURS, Rhythm, Verdict, judge, rhythm
from streams.alarms.watch import Judgement, Moment, Watched
from streams.counting.windows import WindowSpec
from streams.plan import Plan

GRACE_S = 600
"""How long after an hour its count is taken, seconds: what comes later was not seen in time."""

_encode = msgspec.json.Encoder().encode


class _Profile:
    """The hours of one series, since which day there are rows of them, and the rhythm that each rule sees in them."""

    __slots__ = ("counts", "first_day", "rhythms", "rhythms_day")

    def __init__(self) -> None:
        self.counts = HourCounts()
        self.first_day: int | None = None
        self.rhythms: dict[str, Rhythm] = {}
        self.rhythms_day = -1


class StopWatch:
    """Counts the hours of every series that a rule names, and remembers which have stopped."""

    def __init__(self, plan: Plan) -> None:
        """Raises ValueError if there is a rule and no window whose panes tell one hour from the next."""
        self._rules = {rule.name: rule for rule in plan.rules if isinstance(rule, StoppedRule)}
        self._metrics = frozenset(plan.metrics)
        self._week = Week(plan.zone)
        self._held: dict[tuple[str, Series], StopAlarm] = {}
        self._profiles: dict[Series, _Profile] = {}
        name = hourly_window({window.name: window.length_s for window in plan.windows})
        if name is None and self._rules:
            raise ValueError("stopped: no window whose panes divide an hour; declare e.g. 24h")
        self._window = next((window for window in plan.windows if window.name == name), None)

    def wants(self, series: Series) -> bool:
        """Whether a rule names what the series counts, and its cut."""
        return any(self._rules_of(series))

    def check(self, watched: Watched, at: Moment, out: Judgement) -> None:
        """Take the hours that are over since the last look, then judge the last one by each rule."""
        assert self._window is not None
        series = watched.series
        hour = int(at.now - GRACE_S) // HOUR_S - 1
        profile = self._profiles.get(series)
        if profile is None:
            profile = self._profiles[series] = _Profile()
        counts = profile.counts
        if counts.newest is not None and hour <= counts.newest:
            return
        rules = self._rules_of(series)
        silent = any((rule.name, series) in self._held for rule in rules)
        taken = _take_hours(counts, self._window, watched, hour, at.now, silent=silent)
        if counts.newest is None:
            del self._profiles[series]
            return
        self._know(profile, rules, hour)
        for rule in rules:
            habits = Habits(counts, self._week, rule.pauses)
            held = self._held.get((rule.name, series))
            verdict = judge(rule.name, series, held, habits, profile.rhythms[rule.name], hour, rule.chance)
            if verdict.said is not None:
                self._say(rule, watched, held, verdict, hour, at.wall, out)
            if verdict.said == "given_up":
                self._drop(series, out)  # what was usual is not usual any more: learn from the beginning
                return
            if verdict.silence is not None:
                taken = min(taken, verdict.silence.since)
                for each in range(verdict.silence.since, hour + 1):
                    counts.unlearn(each)
        self._write(series, profile, range(taken // 24, hour // 24 + 1), out)

    def leave(self, series: Series, out: Judgement) -> None:
        """Forget its alarms and its hours."""
        for name in self._rules:
            if self._held.pop((name, series), None) is not None:
                out.rows.append((alarm_key(name, series), None))
        self._drop(series, out)

    def restore(self, row: AlarmRow) -> None:
        """Take back an alarm or a day of hours."""
        if isinstance(row, StopAlarm):
            self._held[row.rule, row.series] = row
        elif isinstance(row, HourProfile):
            profile = self._profiles.setdefault(row.series, _Profile())
            profile.first_day = row.day if profile.first_day is None else min(profile.first_day, row.day)
            for number, kept in enumerate(row.hours):
                if kept != UNKNOWN:
                    profile.counts.set(24 * row.day + number, kept)

    def sweep(self, living: Callable[[Series], bool], out: Judgement) -> None:
        """Let go of what no rule asks for any more."""
        for (name, series), alarm in list(self._held.items()):
            rule = self._rules.get(name)
            if rule is None or rule not in self._rules_of(series) or not living(series):
                del self._held[name, series]
                out.rows.append((alarm.key(), None))
        for series in list(self._profiles):
            if not living(series) or not self.wants(series):
                self._drop(series, out)

    def _rules_of(self, series: Series) -> Sequence[StoppedRule]:
        of = "touchpoints" if series.metric == OUTCOME else "responses" if series.metric in self._metrics else None
        return [rule for rule in self._rules.values() if rule.of == of and series.cut in rule.cuts]

    def _know(self, profile: _Profile, rules: Sequence[StoppedRule], hour: int) -> None:
        if profile.rhythms_day != hour // 24:
            profile.rhythms_day = hour // 24
            profile.rhythms = {
                rule.name: rhythm(Habits(profile.counts, self._week, rule.pauses), hour + 1) for rule in rules
            }

    def _say(
        self,
        rule: StoppedRule,
        watched: Watched,
        held: StopAlarm | None,
        verdict: Verdict,
        hour: int,
        wall: float,
        out: Judgement,
    ) -> None:
        series, alarm, found = watched.series, verdict.alarm, verdict.silence
        name = subject(series, watched.fields, COMING, higher_is_better=True)
        over = (hour + 1) * HOUR_S
        if alarm is not None and found is not None:
            self._held[rule.name, series] = alarm
            out.rows.append((alarm.key(), _encode(alarm)))
            reason = metric_alerts.silent(name, found.seen, found.expected, found.since)
            out.alerts.append(metric_alert(rule, name, reason, BEGAN, found.since * HOUR_S, over, wall))
            return
        assert held is not None
        del self._held[rule.name, series]
        out.rows.append((held.key(), None))
        if verdict.said == "returned":
            reason = metric_alerts.returned(name, held.since)
        else:
            reason = metric_alerts.given_up(name, held.since, GIVEN_UP_HOURS // 24)
        out.alerts.append(metric_alert(rule, name, reason, verdict.said or "", held.since * HOUR_S, over, wall))

    def _write(self, series: Series, profile: _Profile, days: range, out: Judgement) -> None:
        kept_from = days[-1] - KEPT_DAYS + 1
        for day in range(max(days[0], kept_from), days[-1] + 1):
            row = HourProfile(series=series, day=day, hours=profile.counts.day(day))
            out.rows.append((row.key(), _encode(row)))
            profile.first_day = day if profile.first_day is None else min(profile.first_day, day)
        first = kept_from if profile.first_day is None else profile.first_day
        for day in range(first, kept_from):
            out.rows.append((profile_key(series, day), None))
        profile.first_day = max(first, kept_from)

    def _drop(self, series: Series, out: Judgement) -> None:
        profile = self._profiles.pop(series, None)
        if profile is None or profile.first_day is None or profile.counts.newest is None:
            return
        for day in range(profile.first_day, profile.counts.newest // 24 + 1):
            out.rows.append((profile_key(series, day), None))


def _take_hours(
    counts: HourCounts, window: WindowSpec, watched: Watched, hour: int, now: float, *, silent: bool
) -> int:
    """Take what came in the hours up to and with ``hour``; returns the first one. A first hour has something in it.

    Hours that have begun before the window did are not known any more: nobody was there to see them.
    """
    ring = watched.rings.get(window.name)
    panes = HOUR_S // window.pane_s
    first = -(-window.oldest(now) // panes)
    if counts.newest is not None:
        first = max(first, counts.newest + 1)
    taken = hour
    for at in range(first, hour + 1):
        came = 0 if ring is None else sum(ring.between(at * panes, (at + 1) * panes - 1).values())
        if came or counts.newest is not None:
            counts.set(at, -2 - came if silent else came)
            taken = min(taken, at)
    return taken
