"""Watches a worker from outside, by the metrics that it writes: how much it has counted at which moment."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import msgspec
from msgspec import Struct

from benchmarks.broker import reader
from benchmarks.processes import Process
from benchmarks.spec import PARTITIONS


class MetricLine(Struct):
    """What all workers' metric records have in common. ``key`` maps dimensions to values, or lists the values."""

    metric: str = ""
    window: str = ""
    cut: str = ""
    key: dict[str, str] | list[str] = []
    n: int = 0
    counts: dict[str, int] = {}
    value: float | None = None

    @property
    def values(self) -> tuple[str, ...]:
        """The values of the cut's dimensions."""
        return tuple(self.key.values()) if isinstance(self.key, dict) else tuple(self.key)


_decode = msgspec.json.Decoder(MetricLine).decode


class WorkerDied(Exception):  # noqa: N818  named for what was found
    """The worker under test ended on its own."""


@dataclass(slots=True)
class Progression:
    """Responses counted over time: (seconds since the epoch at which the record was written, counted until then)."""

    points: list[tuple[float, int]] = field(default_factory=list)
    complete: bool = False

    def span(self, total: int, skip: float = 0.0) -> tuple[tuple[float, int], tuple[float, int]] | None:
        """From where to where the rate is taken: the first point to the last before everything was counted.

        The last point of all is left out where possible: the worker may have been idle before it was written. The
        first ``skip`` of the total is left out too.
        """
        inside = [point for point in self.points if skip * total <= point[1] < total]
        chosen = inside if len(inside) >= 3 else self.points
        if len(chosen) < 2 or chosen[-1][0] <= chosen[0][0]:
            return None
        return chosen[0], chosen[-1]

    def rate(self, total: int) -> float:
        """Responses a second over :meth:`span`; NaN if there was too little to see."""
        span = self.span(total)
        if span is None:
            return float("nan")
        (began, before), (ended, after) = span
        return (after - before) / (ended - began)


def metric_lines(
    bootstrap: str, topic: str, stop: Callable[[], bool], partitions: int = PARTITIONS
) -> Iterator[tuple[float, MetricLine]]:
    """Metric records of a topic from its beginning, with the time they bear, until ``stop`` says so."""
    consumer = reader(bootstrap, topic, partitions=partitions)
    try:
        while not stop():
            for message in consumer.consume(2000, 0.2):
                value = message.value()
                if message.error() or not value:
                    continue
                line = _decode(value)
                if line.metric:
                    yield message.timestamp()[1] / 1000, line
    finally:
        consumer.close()


def progression(
    bootstrap: str,
    topic: str,
    worker: Process,
    total: int,
    limit_s: float,
    start_limit_s: float = 90.0,
    seen: Callable[[int], None] = lambda _: None,
    partitions: int = PARTITIONS,
) -> Progression:
    """Follow a worker until it has counted ``total`` or ``limit_s`` seconds after its first metric.

    The sum over all metrics of n in the widest window of the cut ``all``. Raises WorkerDied if the worker ended, and
    TimeoutError if no metric comes within ``start_limit_s``.
    """
    found = Progression()
    latest: dict[str, int] = {}
    begun = time.monotonic()
    first: list[float] = []

    def over() -> bool:
        if found.complete:
            return True
        if not worker.running:
            raise WorkerDied(worker.last_words())
        if not first:
            if time.monotonic() - begun > start_limit_s:
                raise TimeoutError(f"no metric within {start_limit_s:g} s\n{worker.last_words()}")
            return False
        return time.monotonic() - first[0] > limit_s

    for at, line in metric_lines(bootstrap, topic, over, partitions):
        if line.cut != "all" or line.window != "30d":
            continue
        if not first:
            first.append(time.monotonic())
        latest[line.metric] = line.n
        counted = sum(latest.values())
        if found.points and at - found.points[-1][0] < 0.05:  # one emission, several metrics
            found.points[-1] = (found.points[-1][0], counted)
        else:
            found.points.append((at, counted))
        seen(counted)
        if counted >= total:
            found.complete = True
    return found
