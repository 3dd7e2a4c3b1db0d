"""How often the rules over metrics cry wolf, and how soon they see what is true: a simulation of years of hours.

    python -m benchmarks.false_alarms [--segments 200] [--seed 20261122] [--jobs 2] [--write docs/alarms.md]

The decisions are those of the streams themselves: `streams.alarms.falls` on `streams.alarms.significance`, and the
whole `streams.alarms.stop_watch` on real rings. Simulated are the answers alone. With --write the tables go into the
page, between its two marks.
"""

import argparse
import statistics
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from math import exp, sqrt
from pathlib import Path
from random import Random
from time import monotonic
from zoneinfo import ZoneInfo

from schemas.alarm_rows import FallAlarm
from schemas.config_rules import FallRule, StoppedRule
from schemas.metrics import Series
from schemas.scales import DEFAULT_METRICS
from schemas.standings import nps_standing
from streams.alarms.falls import Bounds, baseline_panes, follow, has_fallen
from streams.alarms.stop_watch import GRACE_S, StopWatch
from streams.alarms.watch import Judgement, Moment, Watched
from streams.counting.windows import Ring, WindowSpec
from streams.metrics.measures import Scored
from streams.plan import Plan

HOUR, DAY = 3600, 86_400
YEARS = 2
STEADY = (0.5, 0.2)
"""Promoters and detractors: NPS 30."""
FALLEN = (0.4, 0.3)
"""Twenty points less."""
RATES = (20, 100, 500)
SERIES = Series("nps", "all", ())
MARKS = ("<!-- figures -->", "<!-- end of figures -->")


class Sums:
    """Answers, promoters and detractors of a run of panes that moves on."""

    def __init__(self) -> None:
        self.panes: dict[int, list[int]] = {}
        self.sum = [0, 0, 0]
        self.first = self.after = 0

    def move(self, first: int, last: int) -> None:
        """Hold the panes from ``first`` to ``last``; what lies before is forgotten."""
        for pane in range(self.after, last + 1):
            self._add(pane, 1)
        self.after = max(self.after, last + 1)
        for pane in range(self.first, min(first, self.after)):
            self._add(pane, -1)
            self.panes.pop(pane, None)
        self.first = max(self.first, first)

    def _add(self, pane: int, sign: int) -> None:
        for place, count in enumerate(self.panes.get(pane, ())):
            self.sum[place] += sign * count


def falls(rule: FallRule, a_day: float, days: int, rnd: Random, fallen_from: float = 1e18) -> Iterator[tuple[int, str]]:
    """When a fall, or its end, is told of one segment, in seconds: the rule looked at every hour."""
    bounds = Bounds.of(rule)
    window, baseline = WindowSpec.of(rule.window), WindowSpec.of(rule.baseline)
    now_sums, base_sums = Sums(), Sums()
    held: FallAlarm | None = None
    gap = DAY / a_day
    at = rnd.expovariate(1 / gap)
    warm = baseline.length_s + DAY
    for now in range(HOUR, days * DAY + warm, HOUR):
        while at < now:
            promoters, detractors = FALLEN if at >= fallen_from + warm else STEADY
            drawn = rnd.random()
            place = 1 if drawn < promoters else 2 if drawn >= 1 - detractors else 0
            for sums, pane_s in ((now_sums, window.pane_s), (base_sums, baseline.pane_s)):
                pane = sums.panes.setdefault(int(at // pane_s), [0, 0, 0])
                pane[0] += 1
                if place:
                    pane[place] += 1
            at += rnd.expovariate(1 / gap)
        # The pane of now is still being filled: it is added as it stands, and taken out again.
        now_sums.move(window.oldest(now), window.pane(now) - 1)
        base_sums.move(*baseline_panes(window, baseline, now))
        if now < warm:
            continue
        open_pane = now_sums.panes.get(window.pane(now), (0, 0, 0))
        n, promoters_n, detractors_n = (a + b for a, b in zip(now_sums.sum, open_pane, strict=True))
        after = nps_standing(n, promoters_n, detractors_n) if n else None
        if held is None:
            before = nps_standing(*base_sums.sum) if base_sums.sum[0] else None
            if before is not None and has_fallen(bounds, before, after, higher_is_better=True):
                held = FallAlarm(
                    rule="r", series=SERIES, window=rule.window, baseline=rule.baseline, since=now, reference=before
                )
                yield now - warm, "fell"
        else:
            held, said = follow(bounds, held, after, now, higher_is_better=True)
            if said is not None:
                yield now - warm, said


def poisson(mean: float, rnd: Random) -> int:
    """A Poisson count (Knuth; the normal approximation above 60)."""
    if mean > 60:
        return max(0, round(rnd.gauss(mean, sqrt(mean))))
    limit, count, product = exp(-mean), 0, rnd.random()
    while product > limit:
        count += 1
        product *= rnd.random()
    return count


@dataclass(frozen=True)
class Traffic:
    """How answers come over the week: by the hour, and how much days and hours vary beyond chance."""

    name: str
    hourly: Callable[[int], float]
    """Hour of the week to its weight; on the mean 1."""
    days_vary: float = 0.0
    hours_vary: float = 0.0

    def draw(self, a_day: float, hours: int, rnd: Random) -> Iterator[int]:
        """A count for each hour."""
        factor = 1.0
        for hour in range(hours):
            if hour % 24 == 0:
                factor = _gamma(self.days_vary, rnd)
            yield poisson(a_day / 24 * self.hourly(hour % 168) * factor * _gamma(self.hours_vary, rnd), rnd)


def _gamma(varies: float, rnd: Random) -> float:
    """A factor of mean 1 with this coefficient of variation."""
    return rnd.gammavariate(1 / varies**2, varies**2) if varies else 1.0


def _shop(hour: int) -> float:
    """Nothing at night, most in the evening, less at weekends."""
    by_day = (0, 0, 0, 0, 0, 0, 0.2, 0.6, 1, 1.4, 1.6, 1.6, 1.5, 1.5, 1.4, 1.4, 1.5, 1.7, 2, 2.2, 1.8, 1.2, 0.6, 0.3)
    weekday, hour_of_day = divmod(hour, 24)
    return by_day[hour_of_day] * (0.5 if weekday >= 5 else 1.0) / (sum(by_day) / 24 * 6 / 7)


TRAFFICS = (
    Traffic("even", lambda _hour: 1.0),
    Traffic("shop hours", _shop),
    Traffic("shop hours, days vary by 40 %", _shop, 0.4),
    Traffic("shop hours, days by 60 %, hours by 60 %", _shop, 0.6, 0.6),
)


def stops(a_day: float, traffic: Traffic, hours: int, rnd: Random, silent_from: int = 1 << 60) -> Iterator[int]:
    """The hours at which one segment is told to have stopped, by the watch itself on a real ring."""
    window = WindowSpec.of("24h")
    rule = StoppedRule(name="r", of="responses", cuts=["all"])
    watch = StopWatch(
        Plan(
            metrics=DEFAULT_METRICS,
            cuts={"all": ()},
            windows=(window,),
            zone=ZoneInfo("UTC"),
            history_days=800,
            max_keys_per_cut=1,
            minimum_n=1,
            remember_s={},
            rules=(rule,),
            alert_max_age_s=DAY,
            clock="wall",
        )
    )
    ring = Ring()
    watched = Watched(SERIES, (), DEFAULT_METRICS["nps"].scale, Scored("nps"), {"24h": ring})
    start = 24 * 7 * 2900  # some hour that begins a week
    panes = HOUR // window.pane_s
    for hour, count in enumerate(traffic.draw(a_day, hours, rnd), start):
        if count and hour - start < silent_from:
            ring.set(hour * panes, "s", {"5": count}, 1)
        ring.drop((hour - 24) * panes)
        out = Judgement([], [])
        now = float((hour + 1) * HOUR + GRACE_S)
        watch.check(watched, Moment(now, now), out)
        if any(not alert.recovered for alert in out.alerts):
            yield hour - start


def told(found: list[int]) -> str:
    """Cells of a table: how many false alarms a segment had."""
    at_most_one = 100 * sum(count <= 1 for count in found) / len(found)
    return f"{len(found)} | {statistics.mean(found):.2f} | {at_most_one:.1f} % | {max(found)}"


def false_falls(window: str, baseline: str, a_day: float, segments: int, seed: int) -> str:
    """A row: false alarms of `fall` under no change."""
    rnd = Random(f"{seed} falls {window} {a_day}")
    rule = FallRule(name="r", metric="nps", cuts=["all"], window=window, baseline=baseline)
    found = [sum(said == "fell" for _, said in falls(rule, a_day, YEARS * 365, rnd)) for _ in range(segments)]
    return f"| {window}, {baseline} | {Bounds.of(rule).z} | {a_day:,} | {told(found)} |"


def power(window: str, a_day: float, segments: int, seed: int) -> str:
    """A row: how soon `fall` sees a fall from NPS 30 to NPS 10 that lasts."""
    rnd = Random(f"{seed} power {window} {a_day}")
    rule = FallRule(name="r", metric="nps", cuts=["all"], window=window)
    begins = 3 * DAY
    seen: list[float] = []
    for _ in range(segments):
        when = (at for at, said in falls(rule, a_day, 34, rnd, begins) if said == "fell" and at >= begins)
        seen.append((next(when, 10**9) - begins) / DAY)
    within = [f"{100 * sum(days <= limit for days in seen) / len(seen):.0f} %" for limit in (1, 3, 7, 30)]
    some = [days for days in seen if days <= 31]
    median = f"{statistics.median(some):.1f} days" if some else "-"
    return f"| {window}, 30d | {a_day:,} | {segments} | {' | '.join(within)} | {median} |"


def false_stops(traffic: int, a_day: float, segments: int, seed: int) -> str:
    """A row: false alarms of `stopped`, and how soon it sees a silence."""
    kind = TRAFFICS[traffic]
    rnd = Random(f"{seed} stops {kind.name} {a_day}")
    found = [sum(1 for _ in stops(a_day, kind, YEARS * 365 * 24, rnd)) for _ in range(segments)]
    late: list[int] = []
    for _ in range(4 * segments):
        silent_from = 5 * 168 + rnd.randrange(168)
        hours = stops(a_day, kind, silent_from + 2 * 168, rnd, silent_from)
        late.append(next((hour - silent_from + 1 for hour in hours if hour >= silent_from), 999))
    late.sort()
    middle, nine = statistics.median(late), late[int(0.9 * (len(late) - 1))]
    return f"| {kind.name} | {a_day:,} | {told(found)} | {_hours(middle)} | {_hours(nine)} |"


def _hours(hours: float) -> str:
    return f"{hours:.0f} h" if hours < 999 else "not in a week"


Job = tuple[Callable[..., str], tuple[object, ...]]


def tables(segments: int, seed: int) -> list[tuple[str, list[str], list[Job]]]:
    """Each table: its title, its head, and what makes its rows."""
    half, tenth = max(1, segments // 2), max(1, segments // 10)
    no_change: list[Job] = [
        (false_falls, ("7d", "30d", rate, segments if rate < 500 else half, seed)) for rate in RATES
    ]
    no_change += [(false_falls, ("24h", "30d", rate, half, seed)) for rate in (100, 500)]
    no_change += [(false_falls, ("1h", "24h", 2000, tenth, seed))]
    return [
        (
            "**`fall`: false alarms while nothing changes.** 50 % promoters, 30 % passives, 20 % detractors: NPS 30.",
            [
                "| window, baseline | z | answers a day | segments | false alarms in two years | at most one | most |",
                "|---|---|---|---|---|---|---|",
            ],
            no_change,
        ),
        (
            "**`fall`: how soon a true fall of 20 points is seen.** NPS 30 becomes NPS 10 and stays there.",
            [
                "| window, baseline | answers a day | falls | in 1 day | 3 days | 7 days | 30 days | median, if seen |",
                "|---|---|---|---|---|---|---|---|",
            ],
            [(power, (window, rate, segments, seed)) for window in ("24h", "7d") for rate in RATES],
        ),
        (
            "**`stopped`: false alarms while nothing stops, and how soon a silence is seen** that begins at any hour.",
            [
                "| traffic | answers a day | segments | false alarms in two years | at most one | most "
                "| silence seen, median | nine in ten |",
                "|---|---|---|---|---|---|---|---|",
            ],
            [(false_stops, (kind, rate, tenth, seed)) for kind in range(len(TRAFFICS)) for rate in RATES],
        ),
    ]


def main() -> None:
    """Simulate, show each row as it is there, and write them down."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0] if __doc__ else None)
    parser.add_argument("--segments", type=int, default=200)
    parser.add_argument("--seed", type=int, default=20261122)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--write", type=Path)
    asked = parser.parse_args()
    began = monotonic()
    lines: list[str] = []
    with ProcessPoolExecutor(asked.jobs) as pool:
        shown = [
            (title, head, [pool.submit(row, *arguments) for row, arguments in jobs])
            for title, head, jobs in tables(asked.segments, asked.seed)
        ]
        for title, head, rows in shown:
            print("", title, "", *head, sep="\n", flush=True)
            lines += [title, "", *head]
            for row in rows:
                lines.append(row.result())
                print(lines[-1], flush=True)
            lines.append("")
    lines.append(f"Seed {asked.seed}. A segment of the first and the third table is two years of hours.")
    print(f"{monotonic() - began:.0f} s", file=sys.stderr)
    if asked.write is not None:
        page = asked.write.read_text(encoding="utf-8")
        before, _, rest = page.partition(MARKS[0])
        _, _, after = rest.partition(MARKS[1])
        text = "\n".join([f"{before}{MARKS[0]}", "", *lines, "", f"{MARKS[1]}{after}"])
        asked.write.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
