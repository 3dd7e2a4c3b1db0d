"""The load of the merge stage over event rate, partitions, cuts and keys: ``python -m benchmarks.merge_load``.

What the sources send is drawn at random: in a second of ``rate`` events a series of a source partition changes with
probability 1 - exp(-rate of the series), by Zipf's law over the keys of a cut, and then sends one partial for each of
the four windows and the day. The partials are encoded as they are on the wire and merged by the real ``Merge``; its CPU
time is measured, without Kafka and without encoding. Everything is a second's worth, over all partitions together.
"""

import math
import random
import sys
import time
from collections.abc import Iterator
from typing import NamedTuple

import msgspec

from schemas.config import Loop
from schemas.loop_yaml import parse
from schemas.metrics import Partial, Series, Tick
from schemas.panes import pane_seconds
from streams.counting.merge import Merge
from streams.counting.windows import Calendar
from streams.plan import Plan, compile_plan

NOW = 1_795_000_020.0
PANES = {"1h": 60, "24h": 900, "7d": pane_seconds(604_800) or 0, "30d": pane_seconds(2_592_000) or 0, "day": 86_400}
METRICS = {"nps": (0, 10), "csat": (1, 5), "ces": (1, 7)}
WARM_S, MEASURED_S = 1, 2
"""Seconds simulated before and while the CPU is measured."""
HALF_EMPTY = 0.5
"""On average a pane is half filled when its total is sent."""


class Case(NamedTuple):
    """One run: responses a second, source partitions, cuts besides the one without dimensions, keys a cut."""

    rate: int
    partitions: int
    cuts: int
    keys: int

    @property
    def series(self) -> int:
        return len(METRICS) * (1 + self.cuts * self.keys)


class Load(NamedTuple):
    """What a second of a case comes to."""

    partials: float
    partial_bytes: float
    metrics: float
    metric_bytes: float
    cpu_s: float


def plan_of(cuts: int) -> Plan:
    lines = "".join(f"  c{number}: [attributes.d{number}]\n" for number in range(cuts))
    text = f"cuts:\n  all: []\n{lines}people: {{a: {{name: A, email: a@example.com}}}}\n"
    text += "receivers: {r: {person: a, channel: '#r'}}\nroute: {receiver: r}\n"
    loop: Loop = parse(text)
    return compile_plan(loop, "wall")


def rates(case: Case) -> list[tuple[Series, float]]:
    """Every series, and how many of a second's events fall on it in one source partition."""
    here = case.rate / case.partitions / len(METRICS)
    shares = [1 / rank for rank in range(1, case.keys + 1)]
    total = sum(shares)
    found = []
    for metric in METRICS:
        found.append((Series(metric, "all", ()), here))
        for cut in range(case.cuts):
            for key, share in enumerate(shares):
                found.append((Series(metric, f"c{cut}", (f"k{key}",)), here * share / total))
    return found


def counts(series: Series, expected: float, draw: random.Random) -> dict[str, int]:
    """A pane's histogram with about so many answers; at least one."""
    low, high = METRICS[series.metric]
    words = range(low, high + 1)
    mean = expected / len(words)
    if mean > 10:
        return {str(word): max(1, round(draw.gauss(mean, math.sqrt(mean)))) for word in words}
    made: dict[str, int] = {}
    for _ in range(max(1, round(expected))):
        word = str(draw.choice(words))
        made[word] = made.get(word, 0) + 1
    return made


def second(case: Case, number: int, draw: random.Random) -> Iterator[tuple[bytes, bytes]]:
    """The records that all source partitions send in one second: their changed panes, each set closed by its tick."""
    encode = msgspec.json.Encoder().encode
    now = NOW + number
    day = Calendar(plan_of(0).zone).day(now)
    series_rates = rates(case)
    for partition in range(case.partitions):
        source = f"cx.responses/{partition}"
        for series, rate in series_rates:
            if draw.random() >= -math.expm1(-rate):
                continue
            for window, length in PANES.items():
                pane = day if window == "day" else int(now // length)
                held = counts(series, rate * length * HALF_EMPTY + 1, draw)
                partial = Partial(series, source, window, pane, held, number)
                yield partial.key(), encode(partial)
        tick = Tick(source, now, number)
        yield tick.key(), encode(tick)


def run(case: Case, seed: int = 1) -> Load:
    """Simulate a case and measure the real merge."""
    draw = random.Random(seed)
    merge = Merge(plan_of(case.cuts))
    encode = msgspec.json.Encoder().encode
    partials = sizes = metrics = metric_sizes = 0
    cpu = 0.0
    for number in range(WARM_S + MEASURED_S):
        rows = list(second(case, number, draw))
        began = time.process_time()
        for key, value in rows:
            merge.apply(key, value)
        changed = merge.emit(NOW + number)
        spent = time.process_time() - began
        if number >= WARM_S:
            cpu += spent
            partials += len(rows)
            sizes += sum(len(key) + len(value) for key, value in rows)
            metrics += len(changed)
            metric_sizes += sum(len(metric.record_key()) + len(encode(metric)) for metric in changed)
    return Load(*(total / MEASURED_S for total in (partials, sizes, metrics, metric_sizes, cpu)))


def table(title: str, cases: list[Case]) -> None:
    columns = ("responses/s", "source partitions", "cuts x keys", "series", "partials/s", "MB/s", "metrics/s", "MB/s")
    print(f"\n{title}\n\n| {' | '.join(columns)} | merge CPU, s a second |\n{'|---:' * 9}|")
    for case in cases:
        load = run(case)
        shown = (
            f"{case.rate:,}",
            f"{case.partitions}",
            f"{case.cuts} x {case.keys}",
            f"{case.series:,}",
            f"{load.partials:,.0f}",
            f"{load.partial_bytes / 1e6:.2f}",
            f"{load.metrics:,.0f}",
            f"{load.metric_bytes / 1e6:.2f}",
            f"{load.cpu_s:.2f}",
        )
        print(f"| {' | '.join(shown)} |", flush=True)


def main() -> int:
    traffic = (100, 1_000, 10_000, 100_000, 1_000_000)
    table("Traffic grows:", [Case(rate, 12, 5, 20) for rate in traffic])
    table("Partitions grow, at 100,000/s:", [Case(100_000, partitions, 5, 20) for partitions in (1, 3, 12, 48)])
    table("Keys grow, at 100,000/s:", [Case(100_000, 12, 1, keys) for keys in (10, 100, 1_000)])
    table("Cuts grow, at 100,000/s:", [Case(100_000, 12, cuts, 20) for cuts in (0, 1, 5, 20)])
    return 0


if __name__ == "__main__":
    sys.exit(main())
