"""The rules of kind ``fall`` over the series of one partition: what they hold against what, and what they remember.

Cost for each series and rule, once an hour: a look at the panes of the baseline, about 70 (times the source partitions
that count for them). Memory: an alarm, while there is one.
"""

from collections.abc import Callable, Sequence

import msgspec

from schemas.alarm_rows import AlarmRow, FallAlarm, Standing, alarm_key
from schemas.config_rules import FallRule
from schemas.metrics import Series
from streams.alarms import metric_alerts
from streams.alarms.falls import Bounds, baseline_panes, follow, has_fallen
from streams.alarms.metric_alerts import BEGAN, metric_alert, subject
from streams.alarms.significance import rises_when_good, standing, worse_by
from streams.alarms.watch import Judgement, Moment, Watched
from streams.metrics.readings import Counted, Reading
from streams.plan import Plan

_encode = msgspec.json.Encoder().encode


class FallWatch:
    """Judges every series that a rule names, and remembers which have fallen."""

    def __init__(self, plan: Plan) -> None:
        self._rules = {rule.name: rule for rule in plan.rules if isinstance(rule, FallRule)}
        self._bounds = {name: Bounds.of(rule) for name, rule in self._rules.items()}
        self._windows = {window.name: window for window in plan.windows}
        self._held: dict[tuple[str, Series], FallAlarm] = {}

    def wants(self, series: Series) -> bool:
        """Whether a rule names the metric and the cut of this series."""
        return any(self._rules_of(series))

    def check(self, watched: Watched, at: Moment, out: Judgement) -> None:
        """Judge a series by each of its rules."""
        for rule in self._rules_of(watched.series):
            self._judge(rule, watched, at, out)

    def leave(self, series: Series, out: Judgement) -> None:
        """Forget its alarms."""
        for rule in self._rules_of(series):
            if self._held.pop((rule.name, series), None) is not None:
                out.rows.append((alarm_key(rule.name, series), None))

    def restore(self, row: AlarmRow) -> None:
        """Take back an alarm."""
        if isinstance(row, FallAlarm):
            self._held[row.rule, row.series] = row

    def sweep(self, living: Callable[[Series], bool], out: Judgement) -> None:
        """Let go of alarms whose rule now says something else."""
        for (name, series), alarm in list(self._held.items()):
            rule = self._rules.get(name)
            same = rule is not None and (rule.window, rule.baseline) == (alarm.window, alarm.baseline)
            if not same or rule not in self._rules_of(series) or not living(series):
                del self._held[name, series]
                out.rows.append((alarm.key(), None))

    def _rules_of(self, series: Series) -> Sequence[FallRule]:
        return [rule for rule in self._rules.values() if rule.metric == series.metric and series.cut in rule.cuts]

    def _judge(self, rule: FallRule, watched: Watched, at: Moment, out: Judgement) -> None:
        series, measure, scale = watched.series, watched.measure, watched.scale
        bounds = self._bounds[rule.name]
        better = rises_when_good(measure, scale)
        name = subject(series, watched.fields, rule.window, higher_is_better=better)
        ring = watched.rings.get(rule.window)
        window = {} if ring is None else ring.total()
        after = standing(measure, scale, window)
        now = int(at.now) // 3600 * 3600  # an alarm begins on the hour: a second look at the same hour says the same
        held = self._held.get((rule.name, series))
        if held is not None:
            verdict = follow(bounds, held, after, now, higher_is_better=better)
            if verdict.alarm is held:
                return
            if verdict.said is not None:
                reading = measure(Counted(window, scale))
                say = metric_alerts.recovered if verdict.said == "recovered" else metric_alerts.settled
                reason = say(rule, name, reading, held.reference.value)
                out.alerts.append(metric_alert(rule, name, reason, verdict.said, held.since, now, at.wall))
            self._keep(rule.name, series, verdict.alarm, out)
            return
        baseline = self._baseline(rule, watched, at.now)
        before = standing(measure, scale, baseline)
        if not has_fallen(bounds, before, after, higher_is_better=better):
            return
        assert before is not None
        assert after is not None
        z = worse_by(before, after, higher_is_better=better)
        reason = metric_alerts.fallen(rule, name, _read(watched, window), _read(watched, baseline), z)
        out.alerts.append(metric_alert(rule, name, reason, BEGAN, now, now, at.wall))
        self._keep(rule.name, series, self._alarm(rule, series, now, before), out)

    def _baseline(self, rule: FallRule, watched: Watched, now: float) -> dict[str, int]:
        ring = watched.rings.get(rule.baseline)
        if ring is None:
            return {}
        return ring.between(*baseline_panes(self._windows[rule.window], self._windows[rule.baseline], now))

    @staticmethod
    def _alarm(rule: FallRule, series: Series, now: int, before: Standing) -> FallAlarm:
        return FallAlarm(
            rule=rule.name, series=series, window=rule.window, baseline=rule.baseline, since=now, reference=before
        )

    def _keep(self, rule: str, series: Series, alarm: FallAlarm | None, out: Judgement) -> None:
        if alarm is None:
            del self._held[rule, series]
            out.rows.append((alarm_key(rule, series), None))
        else:
            self._held[rule, series] = alarm
            out.rows.append((alarm.key(), _encode(alarm)))


def _read(watched: Watched, counts: dict[str, int]) -> Reading:
    return watched.measure(Counted(counts, watched.scale))
