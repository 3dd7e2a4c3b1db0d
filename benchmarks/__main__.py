"""``make bench``: throughput of one streams worker and of a peer, on one real broker, in one run."""

import os
import platform
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

import msgspec
from confluent_kafka import Consumer, TopicPartition

from benchmarks.job import preload, responses
from closeloop.broker.local import LocalKafka
from closeloop.broker.topics_admin import create_topics
from schemas.metrics import Books, MetricRecord
from schemas.topics import METRICS, RESPONSES, catalogue

OURS = 300_000
PEERS = 20_000
"""The peer is slower by far: it gets fewer, so that the run ends; both are rates."""
ROOT = Path(__file__).parents[1]
RESULTS = Path(__file__).parent / "RESULTS.md"


def main() -> None:
    """Measure, print, and write RESULTS.md."""
    rates: dict[str, list[float]] = {"closeloop streams": [], "plain Faust, a table": []}
    for run in range(1, 4):
        for name, measure in (("closeloop streams", ours), ("plain Faust, a table", plain_faust)):
            with tempfile.TemporaryDirectory() as folder, LocalKafka(Path(folder) / "kafka", 1) as broker:
                create_topics(broker.bootstrap, catalogue())
                rate = measure(broker.bootstrap, Path(folder), run)
            rates[name].append(rate)
            print(f"run {run}: {name}: {rate:,.0f} responses/s", flush=True)
    RESULTS.write_text(report(rates))
    print(f"written to {RESULTS.relative_to(ROOT)}")


def ours(bootstrap: str, folder: Path, seed: int) -> float:
    """Responses a second of one worker, from its first flush to its last, by the books it publishes."""
    preload(bootstrap, RESPONSES, responses(OURS, seed))
    environment = {
        **os.environ,
        "KAFKA_BOOTSTRAP_SERVERS": bootstrap,
        "CLOSELOOP_CONFIG": str(ROOT / "loop.yaml"),
        "CLOSELOOP_DATA_DIR": str(folder),
        "CLOSELOOP_LOG_LEVEL": "error",
    }
    with subprocess.Popen([sys.executable, "-m", "closeloop", "streams"], env=environment) as worker:
        try:
            return _rate_by_books(bootstrap, OURS)
        finally:
            worker.terminate()


def _rate_by_books(bootstrap: str, total: int) -> float:
    decoder = msgspec.json.Decoder(MetricRecord)
    reader = Consumer({"bootstrap.servers": bootstrap, "group.id": "bench", "enable.auto.commit": False})
    reader.assign([TopicPartition(METRICS, partition, 0) for partition in range(3)])
    counted: dict[str, int] = {}
    first: tuple[float, int] | None = None
    try:
        while True:
            message = reader.poll(1.0)
            if message is None or message.error() or message.value() is None:
                continue
            record = decoder.decode(message.value() or b"")
            if not isinstance(record, Books):
                continue
            counted[record.source] = record.counted
            now, done = time.monotonic(), sum(counted.values())
            if done and first is None:
                first = (now, done)
            if done >= total and first is not None:
                return (done - first[1]) / (now - first[0])
    finally:
        reader.close()


def plain_faust(bootstrap: str, folder: Path, seed: int) -> float:
    """Responses a second of plain Faust, between its first and its last report."""
    preload(bootstrap, RESPONSES, responses(PEERS, seed))
    command = [sys.executable, "-m", "benchmarks.plain_faust", bootstrap, str(folder / "faust")]
    first: tuple[float, int] | None = None
    last = (0.0, 0)
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as worker:
        assert worker.stdout is not None
        for line in worker.stdout:
            if not line.startswith("processed "):
                continue
            _, count, moment = line.split()
            last = (float(moment), int(count))
            first = first or last
            if last[1] >= PEERS * 0.95:
                break
        worker.kill()
    if first is None:
        raise SystemExit("plain Faust processed nothing")
    return (last[1] - first[1]) / (last[0] - first[0])


def report(rates: dict[str, list[float]]) -> str:
    """The results as a page: every run, the ratio of the medians, the machine and the versions."""
    medians = {name: sorted(values)[len(values) // 2] for name, values in rates.items()}
    base = medians["plain Faust, a table"]
    lines = [
        "# Results",
        "",
        "Written by `make bench`; figures as measured, never edited. The job: decode and validate responses of about",
        "300 bytes, 4 windows (ours also the days) by 5 cuts with durable state, detractors to a topic. One worker",
        "process, one broker, one topic of 3 partitions, preloaded. Ours also remembers ids, keeps books and writes",
        "the metrics; the peer does not. Machines are noisy: take ratios under 1.3 as ties.",
        "",
        "| what | responses/s, each run | median | ratio |",
        "|---|---|---|---|",
    ]
    for name, values in rates.items():
        each = ", ".join(f"{value:,.0f}" for value in values)
        lines.append(f"| {name} | {each} | {medians[name]:,.0f} | {medians[name] / base:.1f} |")
    packages = ("faust-streaming", "aiokafka", "confluent-kafka", "msgspec")
    lines += [
        "",
        f"Measured {datetime.now(UTC):%Y-%m-%d}, {os.cpu_count()} cores ({platform.machine()}), "
        f"Python {platform.python_version()}, " + ", ".join(f"{name} {version(name)}" for name in packages) + ".",
        "",
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    main()
