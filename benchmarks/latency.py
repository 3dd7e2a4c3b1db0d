"""How long from a response's acknowledgement to its alert on the alerts topic, at steady rates."""

import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from statistics import quantiles

import msgspec

from benchmarks.broker import WARM_UP, fresh_kafka, preload, warm
from benchmarks.job import answers
from benchmarks.observe import WorkerDied, progression
from benchmarks.pacer import Paced
from benchmarks.peers import ROOT, Peer
from benchmarks.processes import Process
from benchmarks.progress import Progress
from benchmarks.sizes import Sizes

PRIMING = 300
"""Events that a worker counts before anything is timed, so that it has started."""
DRAIN_S = 2.0
"""How long after the last response its alert may still come."""
LEAST = 20
"""Alerts below which no percentile is told."""


@dataclass(frozen=True, slots=True)
class Latency:
    """Of one worker at one rate, over the alerts after the warm-up. Times in milliseconds."""

    rate: int
    reached: float
    """Responses a second that the broker acknowledged."""
    p50: float
    p99: float
    alerts: int
    missing: int
    """Alerts that had not come two seconds after the last response: the worker does not keep up."""

    @property
    def kept_up(self) -> bool:
        """Whether all but a hundredth of the alerts came."""
        return self.missing <= 0.01 * (self.alerts + self.missing)


def latency(peers: list[Peer], sizes: Sizes, progress: Progress) -> dict[str, list[Latency]]:
    """Every peer at every rate, on one broker a peer; higher rates are left out for one that does not keep up."""
    found: dict[str, list[Latency]] = {peer.name: [] for peer in peers}
    for peer in peers:
        with fresh_kafka([*peer.topics, WARM_UP]) as (kafka, folder):
            progress.now(f"{peer.title}: warming the broker for {sizes.broker_warm_up_seconds} s")
            warm(kafka.bootstrap, sizes.broker_warm_up_seconds)
            preload(kafka.bootstrap, answers(PRIMING, 7, time.time()))
            try:
                with peer.start(kafka.bootstrap, folder) as worker:
                    progression(kafka.bootstrap, peer.metrics, worker, PRIMING, 30.0)
                    for rate in sizes.rates:
                        progress.now(f"{peer.title}: {rate:,} responses/s for {sizes.latency_seconds} s")
                        measured = _measure(peer, kafka.bootstrap, folder, rate, sizes)
                        found[peer.name].append(measured)
                        progress.say(_line(peer, measured))
                        if not measured.kept_up or not worker.running:
                            break
                    worker.kill()
            except (WorkerDied, TimeoutError) as error:
                progress.say(f"{peer.title}: {error}")
    return found


def _line(peer: Peer, of: Latency) -> str:
    kept = "" if of.kept_up else f"; does not keep up, {of.missing:,} alerts missing"
    return f"{peer.title} at {of.rate:,}/s ({of.reached:,.0f} reached): p50 {of.p50:.0f} ms, p99 {of.p99:.0f} ms{kept}"


def _measure(peer: Peer, bootstrap: str, folder: Path, rate: int, sizes: Sizes) -> Latency:
    sent, arrived = folder / f"sent-{rate}.json", folder / f"arrived-{rate}.json"
    log = folder / f"reader-{rate}.log"
    reading = [sys.executable, "-m", "benchmarks.alert_reader", bootstrap, peer.alerts, str(arrived)]
    pacing = [sys.executable, "-m", "benchmarks.pacer", bootstrap, str(rate), str(sizes.latency_seconds), str(sent)]
    with Process(reading, log, cwd=ROOT) as reader:
        _await(lambda: "ready" in log.read_text(), reader, 30)
        with Process(pacing, folder / f"pacer-{rate}.log", cwd=ROOT) as pacer:
            _await(lambda: sent.exists() and not pacer.running, pacer, sizes.latency_seconds * 3 + 30, may_end=True)
        time.sleep(DRAIN_S)
    return evaluate(
        rate,
        msgspec.json.decode(sent.read_bytes(), type=Paced),
        msgspec.json.decode(arrived.read_bytes(), type=dict[str, float]),
        sizes.warm_up_seconds,
    )


def evaluate(rate: int, paced: Paced, arrived: dict[str, float], warm_up_s: float) -> Latency:
    """The percentiles of what was acknowledged after the warm-up. Pure."""
    counted = {name: at for name, at in paced.acknowledged.items() if at >= paced.began + warm_up_s}
    taken = [(arrived[name] - at) * 1000 for name, at in counted.items() if name in arrived]
    p50 = p99 = float("nan")
    if len(taken) >= LEAST:
        cuts = quantiles(taken, n=100, method="inclusive")
        p50, p99 = cuts[49], cuts[98]
    return Latency(rate, paced.rate, p50, p99, len(taken), len(counted) - len(taken))


def _await(done: Callable[[], bool], process: Process, limit_s: float, *, may_end: bool = False) -> None:
    limit = time.monotonic() + limit_s
    while not done():
        if time.monotonic() > limit:
            raise TimeoutError(f"not done within {limit_s:g} s\n{process.last_words()}")
        if not process.running and not may_end:
            raise WorkerDied(process.last_words())
        time.sleep(0.05)
