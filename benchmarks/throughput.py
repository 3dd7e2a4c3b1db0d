"""How many responses a second one worker takes from a topic that lies ready, and at what cost in CPU."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from benchmarks.broker import fresh_kafka, preload
from benchmarks.job import answers
from benchmarks.observe import WorkerDied, progression
from benchmarks.peers import Peer
from benchmarks.processes import cpu_seconds
from benchmarks.progress import Progress
from benchmarks.sizes import Sizes


@dataclass(frozen=True, slots=True)
class Run:
    """One worker over one preloaded topic. Rates in responses a second."""

    rate: float
    per_core: float
    """Responses a second of CPU time of the worker's processes."""
    counted: int
    cores: float
    """CPU seconds a second of the worker."""
    broker_cores: float
    """CPU seconds a second of the broker meanwhile."""


@dataclass(slots=True)
class Series:
    """The runs of one worker, one a round."""

    runs: list[Run]
    problem: str | None = None

    def of(self, what: Callable[[Run], float]) -> tuple[float, float, float]:
        """Median, lowest and highest of a figure."""
        figures = [what(run) for run in self.runs]
        return median(figures), min(figures), max(figures)


def throughput(peers: list[Peer], sizes: Sizes, progress: Progress) -> dict[str, Series]:
    """Every peer once a round, each round on a fresh broker with the same events for all, in turning order."""
    found = {peer.name: Series([]) for peer in peers}
    for number in range(sizes.rounds):
        turned = peers[number % len(peers) :] + peers[: number % len(peers)]
        with fresh_kafka(topic for peer in peers for topic in peer.topics) as (kafka, folder):
            progress.now(f"round {number + 1}: laying {sizes.events:,} responses ready")
            total = preload(kafka.bootstrap, answers(sizes.events, number + 1, time.time()))
            broker = kafka.pid(1)
            assert broker is not None
            for peer in turned:
                home = folder / peer.name
                home.mkdir()
                if found[peer.name].problem is not None:
                    continue
                try:
                    run = measure(peer, kafka.bootstrap, home, total, sizes.run_seconds, broker, progress)
                except (WorkerDied, TimeoutError) as error:
                    found[peer.name].problem = str(error)
                    progress.say(f"round {number + 1}: {peer.title}: {error}")
                    continue
                found[peer.name].runs.append(run)
                progress.say(
                    f"round {number + 1}: {peer.title}: {run.rate:,.0f}/s, {run.per_core:,.0f}/s a core "
                    f"({run.cores:.2f} cores, the broker {run.broker_cores:.2f})"
                )
    return found


def measure(
    peer: Peer, bootstrap: str, folder: Path, total: int, limit_s: float, broker: int, progress: Progress
) -> Run:
    """One run. Raises WorkerDied or TimeoutError."""
    broker_used: list[tuple[float, float]] = []

    def seen(counted: int) -> None:
        broker_used.append((time.time(), cpu_seconds(broker)))
        progress.now(f"{peer.title}: {counted:,} of {total:,}")

    with peer.start(bootstrap, folder) as worker:
        found = progression(bootstrap, peer.metrics, worker, total, limit_s, seen=seen)
        span = found.span(total)
        if span is None:
            raise TimeoutError("too few metrics to tell a rate")
        (began, before), (ended, after) = span
        used = worker.cpu_at(ended) - worker.cpu_at(began)
        worker.kill()  # nobody reads on: stopping in good order would only take time
    (broker_began, broker_before), (broker_ended, broker_after) = broker_used[0], broker_used[-1]
    broker_span = max(broker_ended - broker_began, 1e-9)
    return Run(
        rate=(after - before) / (ended - began),
        per_core=(after - before) / used if used else float("nan"),
        counted=found.points[-1][1],
        cores=used / (ended - began),
        broker_cores=(broker_after - broker_before) / broker_span,
    )
