"""What state costs: resident memory and bytes a key, and how long a worker that was killed needs to serve again."""

import time
from dataclasses import dataclass
from pathlib import Path

from benchmarks.broker import fresh_kafka, preload, reader
from benchmarks.job import answers, many_keys
from benchmarks.observe import WorkerDied, metric_lines, progression
from benchmarks.peers import CLOSELOOP, Peer
from benchmarks.processes import Process
from benchmarks.progress import Progress
from benchmarks.sizes import Sizes
from schemas.topics import RESPONSES_STATE

ANSWERS_A_KEY = 1
TIME_LIMIT_S = 60.0
SETTLE_S = 2.5
"""After the last count: the last flush and snapshot are then over."""
RESTART_LIMIT_S = 60.0


@dataclass(frozen=True, slots=True)
class State:
    """Of one worker with so many keys. Bytes and seconds; None where it could not be had."""

    keys: int
    resident: int
    state_bytes: int | None
    """Of its durable state: rows living in the state topic, or the files of its local store."""
    restart_s: float | None = None
    """From the start of the process after ``kill -9`` to its first metric."""


def state(peers: list[Peer], sizes: Sizes, progress: Progress) -> dict[str, list[State]]:
    """Every peer with every number of keys; the restart with the most of them."""
    found: dict[str, list[State]] = {peer.name: [] for peer in peers}
    for keys in sizes.key_counts:
        for peer in peers:
            with fresh_kafka(peer.topics) as (kafka, folder):
                total = preload(kafka.bootstrap, many_keys(keys * ANSWERS_A_KEY, keys, 3, time.time()))
                progress.now(f"{peer.title}: {keys:,} keys")
                try:
                    measured = _measure(
                        peer, kafka.bootstrap, folder, keys, total, restart=keys == max(sizes.key_counts)
                    )
                except (WorkerDied, TimeoutError) as error:
                    progress.say(f"{peer.title} with {keys:,} keys: {error}")
                    continue
            found[peer.name].append(measured)
            each = "" if measured.state_bytes is None else f", {measured.state_bytes / keys:,.0f} bytes of state a key"
            again = "" if measured.restart_s is None else f", serving {measured.restart_s:.1f} s after a kill"
            progress.say(f"{peer.title}, {keys:,} keys: {measured.resident / 1e6:,.0f} MB resident{each}{again}")
    return found


def _measure(peer: Peer, bootstrap: str, folder: Path, keys: int, total: int, *, restart: bool) -> State:
    home = folder / peer.name
    home.mkdir()
    worker = peer.start(bootstrap, home)
    try:
        seen = progression(bootstrap, peer.metrics, worker, total, TIME_LIMIT_S)
        if not seen.complete:
            raise TimeoutError(f"{seen.points[-1][1]:,} of {total:,} counted within {TIME_LIMIT_S:g} s")
        time.sleep(SETTLE_S)
        resident = worker.resident()
    finally:
        worker.kill()
    kept = _living_bytes(bootstrap) if peer is CLOSELOOP else folder_bytes(home)
    again = _restart(peer, bootstrap, home) if restart else None
    return State(keys, resident, kept or None, again)


def _restart(peer: Peer, bootstrap: str, folder: Path) -> float | None:
    """Seconds from the start of the process to its first metric; there are a few more answers for it to count."""
    preload(bootstrap, answers(100, 11, time.time(), 60.0))
    began = time.time()
    with peer.start(bootstrap, folder) as worker:
        try:
            return _first_metric(peer, bootstrap, worker, began) - began
        except TimeoutError:
            return None
        finally:
            worker.kill()


def _first_metric(peer: Peer, bootstrap: str, worker: Process, began: float) -> float:
    def over() -> bool:
        if not worker.running:
            raise WorkerDied(worker.last_words())
        if time.time() - began > RESTART_LIMIT_S:
            raise TimeoutError(f"no metric within {RESTART_LIMIT_S:g} s of a restart")
        return False

    for at, _ in metric_lines(bootstrap, peer.metrics, over):
        if at >= began:
            return at
    raise TimeoutError("the metrics ended")


def folder_bytes(folder: Path) -> int:
    """Bytes of all files in a folder, logs aside."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file() and path.name != "log")


def _living_bytes(bootstrap: str) -> int:
    """Bytes of the last value of every key of our state topic, keys included."""
    rows: dict[tuple[int, bytes], int] = {}
    consumer = reader(bootstrap, RESPONSES_STATE)
    quiet = 0
    try:
        while quiet < 3:
            messages = consumer.consume(10_000, 0.5)
            quiet = 0 if messages else quiet + 1
            for message in messages:
                if message.error() is None:
                    key, value = message.key() or b"", message.value()
                    rows[message.partition() or 0, key] = len(key) + len(value) if value else 0
    finally:
        consumer.close()
    return sum(rows.values())
