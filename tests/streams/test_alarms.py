"""Alarms at the merge: one fall is one alert whatever crashes when, its recovery is said once, nothing is left over."""

import os
import random
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.alerts import Alert, alert_id
from schemas.config_rules import FallRule, StoppedRule
from schemas.metrics import DAY, Clock, Partial, Series, Tick, partial_key
from streams.alarms.judge import LOOKS, QUIET_S
from streams.counting.merge import Merge
from streams.counting.windows import WindowSpec
from streams.plan import Plan
from tests.streams.survey_events import plan

HOUR, DAY_S = 3600, 86_400
START = int(datetime(2026, 10, 5, tzinfo=UTC).timestamp())  # a Monday
SP = Series("nps", "region", ("SP",))
EXAMPLES = int(os.environ.get("ALARM_EXAMPLES", "3"))
"""Worlds tried with crashes: a few in the suite, more by hand."""
FALL = FallRule(name="nps_fell", metric="nps", cuts=["region"], window="24h", baseline="7d", z=4.0)
STOP = StoppedRule(name="no_answers", of="responses", cuts=["region"])
WINDOWS = tuple(WindowSpec.of(name) for name in ("24h", "7d"))
GOOD, BAD = {"10": 40, "8": 8, "3": 12}, {"10": 20, "8": 10, "3": 30}
"""Sixty answers an hour: NPS 47 and NPS -17."""


@cache
def warm(hours: int, rule: str, clock: Clock) -> "Bench":
    bench = Bench(rules({"fall": FALL, "stop": STOP}[rule], clock=clock))
    bench.run(range(hours), GOOD)
    assert bench.alerts == []
    bench.crash()
    return bench


def after(hours: int, rule: str, clock: Clock = "wall") -> "Bench":
    """A bench that has seen so many good hours. Made once; what is given is a new owner of its topic."""
    known = warm(hours, rule, clock)
    bench = Bench(known.plan, list(known.log), version=known.version)
    bench.totals = {place: dict(total) for place, total in known.totals.items()}
    bench.crash()
    return bench


def rules(*found: FallRule | StoppedRule, clock: Clock = "wall", **changes: Any) -> Plan:
    return plan(clock, windows=WINDOWS, rules=found, **changes)


@dataclass
class Bench:
    """A merge with its topic, a source that counts by the hour, and what has been sent for good."""

    plan: Plan
    log: list[tuple[bytes, bytes | None]] = field(default_factory=list)
    alerts: list[Alert] = field(default_factory=list)
    version: int = 0
    totals: dict[tuple[Series, str, int], dict[str, int]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.merge = Merge(self.plan)
        self.read = 0

    def count(self, when: float, counts: dict[str, int], series: Series = SP, source: str = "cx.responses/0") -> None:
        """A flush of the source: answers of one moment in every window and day."""
        self.version += 1
        panes = [(window.name, window.pane(when)) for window in WINDOWS]
        panes.append((DAY, datetime.fromtimestamp(when, UTC).astimezone(self.plan.zone).toordinal()))
        for window, pane in panes:
            total = self.totals.setdefault((series, window, pane), {})
            for word, count in counts.items():
                total[word] = total.get(word, 0) + count
            partial = Partial(series, source, window, pane, dict(total), self.version)
            self.log.append((partial.key(), msgspec.json.encode(partial)))
        self.tick(when, source)

    def tick(self, when: float, source: str = "cx.responses/0") -> None:
        tick = Tick(source, when, self.version)
        self.log.append((tick.key(), msgspec.json.encode(tick)))

    def flush(self, now: float, *, lost: bool = False) -> list[Alert]:
        """What the processor does: read on, judge, write in one transaction. ``lost``: the transaction is undone."""
        for key, value in self.log[self.read :]:
            if not key.startswith((b'["alarm"', b'["profile"')):
                self.merge.apply(key, value)
        self.read = len(self.log)
        self.merge.emit(now)
        alerts, rows = self.merge.judge(now)
        if lost:
            self.crash()
            return []
        self.log += rows
        self.alerts += alerts
        return alerts

    def crash(self, plan: Plan | None = None, rnd: random.Random | None = None) -> None:
        """A new owner reads the topic, perhaps compacted."""
        if rnd is None or rnd.random() < 0.8:
            last = {key: number for number, (key, _) in enumerate(self.log)}
            keep = rnd is not None and rnd.random() < 0.5
            self.log = [self.log[n] for n in sorted(last.values()) if keep or self.log[n][1] is not None]
        self.plan = plan or self.plan
        self.merge = Merge(self.plan)
        for key, value in self.log:
            self.merge.apply(key, value)
        self.read = len(self.log)

    def kept(self) -> set[bytes]:
        """The keys of alarms and profiles that are not deleted."""
        living = dict(self.log)
        prefixes = (b'["alarm"', b'["profile"')
        return {key for key, value in living.items() if value is not None and key.startswith(prefixes)}

    def run(self, hours: range, counts: dict[str, int] | None, first: float = START) -> None:
        """Hour by hour: answers at twenty past, a look a quarter past the next hour, when others have come as well."""
        for hour in hours:
            if counts:
                self.count(first + hour * HOUR + 1200, counts)
                self.tick(first + (hour + 1) * HOUR + 60)
            self.flush(first + (hour + 1) * HOUR + 900)


def test_a_fall_is_told_once_and_its_recovery_once() -> None:
    bench = after(72, "fall")
    bench.run(range(72, 90), BAD)
    assert len(bench.alerts) == 1
    fell = bench.alerts[0]
    bench.run(range(90, 170), GOOD)
    assert len(bench.alerts) == 2
    back = bench.alerts[1]
    assert (fell.subject, fell.rule, fell.programme, fell.severity) == ("metric", "nps_fell", "metrics", "high")
    assert (fell.customer_id, fell.metric, fell.score) == ("nps 24h region=SP", "nps", None)
    assert (fell.attributes, fell.touchpoint, fell.comment) == ({"region": "SP"}, None, None)
    assert (fell.recovered, back.recovered) == (False, True)
    assert (back.customer_id, back.programme, back.rule) == (fell.customer_id, fell.programme, fell.rule)
    assert fell.id != back.id
    since = int(fell.event_time.timestamp())
    assert fell.id == alert_id("/closeloop/metrics", f"nps 24h region=SP@{since}:began", "nps_fell")
    assert back.id == alert_id("/closeloop/metrics", f"nps 24h region=SP@{since}:recovered", "nps_fell")
    assert fell.reason.startswith("nps over 24h fell to ")
    assert " from 46.7 (95 % interval " in fell.reason
    # The window holds 23 hours of sixty answers, 4 of them bad: (19 x 28 - 4 x 10) / 1380.
    assert "fell to 35.7 (95 % interval 31.1 to 40.1, n = 1380)" in fell.reason
    assert back.reason.startswith("nps over 24h is back at 46.7 (95 % interval ")
    assert bench.kept() == set()


def test_a_level_that_stays_is_told_and_a_second_fall_is_another_one() -> None:
    bench = Bench(rules(FALL))
    bench.run(range(72), GOOD)
    bench.run(range(72, 72 + 8 * 24), BAD)
    assert [alert.recovered for alert in bench.alerts] == [False, True]
    assert "taken as its level from now on" in bench.alerts[1].reason
    bench.run(range(72 + 8 * 24, 72 + 10 * 24), {"3": 60})
    assert [alert.recovered for alert in bench.alerts] == [False, True, False]
    assert len({alert.id for alert in bench.alerts}) == 3


def test_it_is_looked_at_once_an_hour() -> None:
    bench = Bench(rules(FALL))
    bench.run(range(72), GOOD)
    now = START + 72 * HOUR
    bench.count(now + 960, {"3": 2000})
    for minute in range(16, 69):
        assert bench.flush(now + minute * 60) == []
    assert len(bench.flush(now + HOUR + 600)) == 1


def test_under_the_event_clock_the_watermark_is_the_clock() -> None:
    bench = Bench(rules(FALL, clock="event"))
    for hour in range(96):
        bench.count(START + hour * HOUR + 1200, GOOD if hour < 72 else BAD)
        bench.flush(4e9)
    assert [alert.recovered for alert in bench.alerts] == [False]
    assert bench.alerts[0].event_time < datetime.fromtimestamp(START + 96 * HOUR, UTC)
    assert bench.alerts[0].detected_at == datetime.fromtimestamp(4e9, UTC)


def test_a_rise_of_failures_is_bad_and_a_fall_of_them_is_not() -> None:
    delivered = Series("outcome", "touchpoint", ("order.delivered",))
    rule = FallRule(name="failures", metric="outcome", cuts=["touchpoint"], window="24h", baseline="7d")
    bench = Bench(rules(rule))
    for hour in range(140):
        failed = 3 if hour < 72 else 15 if hour < 80 else 0
        bench.count(START + hour * HOUR, {"failed": failed, "ok": 57}, delivered, "cx.touchpoints/0")
        bench.flush(START + (hour + 1) * HOUR + 900)
    assert [alert.recovered for alert in bench.alerts] == [False, True]
    assert bench.alerts[0].touchpoint == "order.delivered"
    assert bench.alerts[0].reason.startswith("The share of failed touchpoints over 24h rose to ")
    assert not bench.alerts[0].higher_is_better


@settings(max_examples=EXAMPLES, deadline=None)
@given(st.randoms(use_true_random=False), st.sampled_from(["wall", "event"]))
def test_one_fall_is_one_alert_whatever_crashes_when(rnd: random.Random, clock: Clock) -> None:
    bench = after(72, "fall", clock)
    falls = rnd.randint(73, 80)
    back = falls + rnd.randint(10, 14)
    # The last bad hour leaves the window of a day at 94 + 24, and the metric then has to stay near its level for a day.
    for hour in range(72, 150):
        bench.count(START + hour * HOUR + 1200, BAD if falls <= hour < back else GOOD)
        now = START + (hour + 1) * HOUR + 900
        for _ in range(rnd.choice([1, 1, 2])):
            match rnd.randrange(6):
                case 0:
                    bench.flush(now, lost=True)
                case 1:
                    bench.crash(rnd=rnd)
        bench.flush(now)
    assert [alert.recovered for alert in bench.alerts] == [False, True]
    assert bench.kept() == set()


def test_a_series_that_stopped_and_came_back() -> None:
    bench = after(3 * 168, "stop")
    assert bench.alerts == []
    bench.run(range(3 * 168, 3 * 168 + 30), None)
    assert len(bench.alerts) == 1
    stopped = bench.alerts[0]
    assert (stopped.customer_id, stopped.metric, stopped.recovered) == ("nps answers region=SP", "nps", False)
    assert stopped.reason == "0 answers to nps came since 2026-10-26 00:00 UTC, where about 120 are usual."
    assert stopped.event_time == datetime(2026, 10, 26, 2, tzinfo=UTC)
    bench.run(range(3 * 168 + 30, 3 * 168 + 40), GOOD)
    assert [alert.recovered for alert in bench.alerts] == [False, True]
    assert bench.alerts[1].reason == (
        "answers to nps are coming again after a silence that began at 2026-10-26 00:00 UTC."
    )


@settings(max_examples=EXAMPLES, deadline=None)
@given(st.randoms(use_true_random=False))
def test_one_silence_is_one_alert_whatever_crashes_when(rnd: random.Random) -> None:
    bench = after(2 * 168 + 24, "stop")
    for hour in range(2 * 168 + 24, 2 * 168 + 60):
        now = START + (hour + 1) * HOUR + 900
        if not 2 * 168 + 30 <= hour < 2 * 168 + 50:
            bench.count(START + hour * HOUR + 1200, GOOD)
        for _ in range(rnd.choice([0, 1, 2])):
            if rnd.random() < 0.5:
                bench.flush(now, lost=True)
            else:
                bench.crash(rnd=rnd)
        bench.flush(now)
        bench.flush(now + QUIET_S)
    assert [alert.recovered for alert in bench.alerts] == [False, True]


def test_while_a_source_catches_up_nothing_has_stopped() -> None:
    """An outage of the loop itself: at the start the hours that are not counted yet look silent."""
    bench = after(3 * 168, "stop")
    bench.crash()
    now = START + (3 * 168 + 12) * HOUR + 900
    for hour in range(3 * 168, 3 * 168 + 12):
        assert bench.flush(now) == []
        bench.count(START + hour * HOUR + 1200, GOOD)
        now += 60
    bench.flush(now)
    bench.run(range(3 * 168 + 12, 3 * 168 + 20), GOOD)
    assert bench.alerts == []


def test_a_source_that_says_nothing_is_silent_in_the_end() -> None:
    bench = after(3 * 168, "stop")
    bench.crash()
    now = START + (3 * 168 + 12) * HOUR + 900
    assert bench.flush(now) == []
    assert bench.flush(now + QUIET_S - 1) == []
    assert len(bench.flush(now + QUIET_S)) == 1


def test_rows_of_a_rule_that_is_gone_are_let_go() -> None:
    bench = Bench(rules(FALL, STOP))
    bench.run(range(72), GOOD)
    bench.run(range(72, 90), BAD)
    assert any(key.startswith(b'["alarm","nps_fell"') for key in bench.kept())
    assert any(key.startswith(b'["profile"') for key in bench.kept())
    bench.crash(rules(FALL))
    bench.flush(START + 91 * HOUR)
    assert [key[:18] for key in bench.kept()] == [b'["alarm","nps_fell']
    bench.crash(rules())
    bench.flush(START + 91 * HOUR)
    assert bench.kept() == set()
    assert len(bench.alerts) == 1


def test_a_rule_with_another_window_does_not_take_over_the_alarm() -> None:
    bench = Bench(rules(FALL))
    bench.run(range(72), GOOD)
    bench.run(range(72, 90), BAD)
    other = msgspec.structs.replace(FALL, window="1h", baseline="24h", z=9.0)
    bench.crash(plan(windows=(WindowSpec.of("1h"), *WINDOWS), rules=(other,)))
    bench.flush(START + 91 * HOUR)
    assert bench.kept() == set()


def test_a_series_that_vanishes_takes_its_rows_along() -> None:
    bench = Bench(rules(FALL, STOP, history_days=10))
    bench.run(range(72), GOOD)
    bench.run(range(72, 90), BAD)
    assert bench.kept()
    for key, _ in list(bench.log):
        if key.startswith(b"[["):
            bench.log.append((key, None))
    bench.tick(START + 90 * HOUR)
    bench.flush(START + 91 * HOUR)
    bench.flush(START + 91 * HOUR + 1)
    assert bench.merge.series == 0
    assert bench.kept() == set()


def test_old_days_of_a_profile_are_deleted() -> None:
    bench = Bench(rules(STOP))
    bench.run(range(38 * 24), GOOD)
    days = [msgspec.json.decode(key)[2] for key in bench.kept()]
    today = (START + 38 * DAY_S) // DAY_S
    assert sorted(days) == list(range(today - 36, today))


def test_many_series_are_spread_over_the_flushes() -> None:
    bench = Bench(rules(FALL))
    many = [Series("nps", "region", (f"r{number}",)) for number in range(3 * LOOKS)]
    for series in many:
        bench.count(START, {"10": 1000}, series)
        bench.count(START + 3 * DAY_S, {"3": 1000}, series)
    now = START + 3 * DAY_S + 900
    assert [len(bench.flush(now + second)) for second in range(5)] == [LOOKS, LOOKS, LOOKS, 0, 0]


@pytest.mark.parametrize(
    ("series", "label"),
    [
        (Series("nps", "all", ()), "nps 24h"),
        (Series("nps", "region", ("São Paulo",)), 'nps 24h region="São Paulo"'),
        (Series("nps", "touchpoint", ('a="b"',)), 'nps 24h touchpoint="a=\\"b\\""'),
        (Series("nps", "region", ("SP",), "1..5-"), "nps(1..5-) 24h region=SP"),
    ],
)
def test_series_have_readable_names(series: Series, label: str) -> None:
    rule = msgspec.structs.replace(FALL, cuts=["all", "region", "touchpoint"])
    bench = Bench(rules(rule))
    bad, good = ("5", "1") if series.scale else ("3", "10")
    bench.count(START, {good: 1000}, series)
    bench.count(START + 3 * DAY_S, {bad: 1000}, series)
    alerts = bench.flush(START + 3 * DAY_S + 900)
    assert [alert.customer_id for alert in alerts] == ([] if series.scale else [label])


@pytest.mark.parametrize("value", [b"{}", b"[", b'{"type":"metric"}'])
def test_what_is_no_row_is_refused(value: bytes) -> None:
    with pytest.raises(ValueError, match="not a row of alarms"):
        Merge(rules(FALL)).apply(b'["alarm","nps_fell",["nps","region",["SP"],""]]', value)


def test_a_tombstone_of_a_pane_is_no_row_of_alarms() -> None:
    merge = Merge(rules(FALL))
    merge.apply(partial_key(SP, "cx.responses/0", "24h", 1), None)
    merge.apply(b'["alarm","nps_fell",["nps","region",["SP"],""]]', None)
    merge.emit(START)
    assert merge.judge(START).alerts == []
