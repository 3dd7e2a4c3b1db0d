"""One worker of ours against two, on a topic of four partitions.

Two workers and the broker share the machine's cores. Where there are fewer than three cores the wall clock shows what
the machine has left for them, so the work a CPU second is measured as well: if two workers need as much CPU for a
response as one does, two on cores of their own do twice the work.
"""

import time
from dataclasses import dataclass
from statistics import median

from benchmarks.broker import fresh_kafka, preload
from benchmarks.job import answers
from benchmarks.observe import WorkerDied, progression
from benchmarks.peers import CLOSELOOP
from benchmarks.processes import cpu_seconds
from benchmarks.progress import Progress
from benchmarks.sizes import Sizes

PARTITIONS = 4
SKIP = 0.2
"""The share of the responses that pass before the rate is taken: by then all workers have joined."""


@dataclass(frozen=True, slots=True)
class Scale:
    """So many workers together. Responses a second, and a CPU second of all of them."""

    workers: int
    rate: float
    per_core: float
    cores: float
    broker_cores: float


def scaling(sizes: Sizes, progress: Progress) -> list[Scale]:
    """One worker and two, each on a fresh broker, in turn; the median of each."""
    runs: dict[int, list[Scale]] = {1: [], 2: []}
    for number in range(2 * sizes.rounds):
        workers = 1 + (number + number // 2) % 2  # 1 2 2 1: a machine that grows slower favours neither
        try:
            measured = _measure(workers, sizes)
        except (WorkerDied, TimeoutError) as error:
            progress.say(f"{workers} worker(s): {error}")
            continue
        runs[workers].append(measured)
        progress.say(
            f"{workers} worker(s): {measured.rate:,.0f}/s, {measured.per_core:,.0f}/s a core "
            f"({measured.cores:.2f} cores, the broker {measured.broker_cores:.2f})"
        )
    return [_middle(measured) for measured in runs.values() if measured]


def _middle(runs: list[Scale]) -> Scale:
    """The median of each figure."""
    return Scale(
        runs[0].workers,
        median(run.rate for run in runs),
        median(run.per_core for run in runs),
        median(run.cores for run in runs),
        median(run.broker_cores for run in runs),
    )


def _measure(workers: int, sizes: Sizes) -> Scale:
    with fresh_kafka(partitions=PARTITIONS) as (kafka, folder):
        total = preload(kafka.bootstrap, answers(sizes.events, 21, time.time()))
        broker = kafka.pid(1)
        assert broker is not None
        started = []
        marks: list[tuple[float, int, float]] = []
        try:
            for number in range(workers):
                home = folder / f"worker-{number}"
                home.mkdir()
                started.append(CLOSELOOP.start(kafka.bootstrap, home))
            seen = progression(
                kafka.bootstrap,
                CLOSELOOP.metrics,
                started[0],
                total,
                sizes.run_seconds * 2,
                seen=lambda counted: marks.append((time.time(), counted, cpu_seconds(broker))),
                partitions=PARTITIONS,
            )
        finally:
            for worker in started:
                worker.stop()
        span = seen.span(total, SKIP)
        if span is None:
            raise TimeoutError("too few metrics to tell a rate")
        (began, before), (ended, after) = span
        used = sum(worker.cpu_at(ended) - worker.cpu_at(began) for worker in started)
        inside = [mark for mark in marks if before <= mark[1] <= after]
        broker_span = max(inside[-1][0] - inside[0][0], 1e-9)
        return Scale(
            workers,
            (after - before) / (ended - began),
            (after - before) / used if used else float("nan"),
            used / (ended - began),
            (inside[-1][2] - inside[0][2]) / broker_span,
        )
