"""Whether a worker computes the right metrics and alerts: asked before anything is timed."""

import time
from collections import Counter
from pathlib import Path

from benchmarks.broker import fresh_kafka, preload, reader
from benchmarks.job import Answer, answers
from benchmarks.observe import WorkerDied, metric_lines
from benchmarks.oracle import Counts, Place, Said, differences, expected
from benchmarks.peers import Peer
from benchmarks.progress import Progress
from benchmarks.spec import WINDOWS

TIME_LIMIT_S = 60.0


def agree(peers: list[Peer], events: int, progress: Progress) -> tuple[list[Peer], dict[str, str]]:
    """Those that compute what they should, and why the others do not."""
    passed: list[Peer] = []
    failed: dict[str, str] = {}
    with fresh_kafka(topic for peer in peers for topic in peer.topics) as (kafka, folder):
        now = time.time()
        drawn = list(answers(events, 99, now))
        preload(kafka.bootstrap, drawn)
        wanted = expected(drawn, now)
        for peer in peers:
            progress.now(f"checking {peer.title} against the plain computation")
            home = folder / peer.name
            home.mkdir()
            try:
                problem = _problem(peer, kafka.bootstrap, home, wanted, drawn)
            except (WorkerDied, TimeoutError) as error:
                problem = str(error)
            if problem is None:
                passed.append(peer)
                progress.say(f"{peer.title}: all {len(wanted):,} metrics and every alert as computed in plain Python")
            else:
                failed[peer.name] = problem
                progress.say(f"{peer.title} does not agree and is not timed: {problem}")
    return passed, failed


def _problem(peer: Peer, bootstrap: str, folder: Path, wanted: dict[Place, Counts], drawn: list[Answer]) -> str | None:
    said: dict[Place, Said] = {}
    limit = time.monotonic() + TIME_LIMIT_S
    with peer.start(bootstrap, folder) as worker:

        def over() -> bool:
            if not worker.running:
                raise WorkerDied(worker.last_words())
            return time.monotonic() > limit or not differences(wanted, said)

        for _, line in metric_lines(bootstrap, peer.metrics, over):
            if line.window in WINDOWS:
                said[Place(line.metric, line.window, line.cut, line.values)] = Said(line.counts, line.value)
        found = differences(wanted, said)
        if found:
            return f"{len(found)} of {len(wanted)} metrics differ; the first: {found[0]}"
        problem = _alerts_problem(peer, bootstrap, drawn)
        worker.kill()
        return problem


def _alerts_problem(peer: Peer, bootstrap: str, drawn: list[Answer]) -> str | None:
    """One alert for each detractor, by customer. Repeats count as a difference: nothing has crashed."""
    wanted = Counter(event.customer_id for event in drawn if event.detractor)
    seen: Counter[str] = Counter()
    consumer = reader(bootstrap, peer.alerts)
    limit = time.monotonic() + 5
    try:
        while seen.total() < wanted.total() and time.monotonic() < limit:
            seen.update(
                (message.key() or b"").decode() for message in consumer.consume(2000, 0.2) if not message.error()
            )
    finally:
        consumer.close()
    return None if seen == wanted else f"{seen.total()} alerts instead of {wanted.total()}, or of other customers"
