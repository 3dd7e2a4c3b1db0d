"""Those under test: how each is started, and in what form it writes its metrics."""

import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from benchmarks.processes import Process
from benchmarks.spec import out_topics
from schemas.topics import ALERTS, METRICS

ROOT = Path(__file__).parents[1]
BENCH_PYTHON = ROOT / ".venv-bench" / "bin" / "python"
"""The peers' own environment: what they need has no place in the product's."""
KAFKA_STREAMS_TOTALS = "bench.kafka_streams.totals"
"""Between the two stages of the Kafka Streams topology: its repartition topic."""
JAR = ROOT / "benchmarks" / "kafka_streams" / "target" / "kafka-streams-peer.jar"

Start = Callable[[str, Path], Process]
"""Takes the broker and a folder for this worker; returns it started."""


@dataclass(frozen=True, slots=True)
class Peer:
    """One system under test."""

    name: str
    title: str
    start: Start
    metrics: str
    alerts: str
    durable: str
    """Where its state is safe."""
    caveat: str
    """Where it does less or more than the others, in fairness."""
    more_topics: tuple[str, ...] = ()
    variant: bool = False
    """A second way to write another one: measured for throughput alone."""

    @property
    def topics(self) -> tuple[str, ...]:
        """The topics that have to be there before it starts."""
        return (self.metrics, self.alerts, *self.more_topics)


def _ours(bootstrap: str, folder: Path) -> Process:
    return Process([sys.executable, "-m", "closeloop", "streams"], folder / "log", environment(bootstrap, folder), ROOT)


def profiled(bootstrap: str, folder: Path, out: Path) -> Process:
    """Our worker under the sampling profiler, which writes ``out`` when the worker is stopped."""
    command = [sys.executable, "-m", "benchmarks.sampler", str(out)]
    return Process(command, folder / "log", environment(bootstrap, folder), ROOT)


def environment(bootstrap: str, folder: Path) -> dict[str, str]:
    """The settings of our worker: the measured job's loop.yaml, everything else as it is by default."""
    return {
        "KAFKA_BOOTSTRAP_SERVERS": bootstrap,
        "CLOSELOOP_CONFIG": str(ROOT / "benchmarks" / "loop.yaml"),
        "CLOSELOOP_DATA_DIR": str(folder / "data"),
        "CLOSELOOP_LOG_LEVEL": "warning",
    }


def _in_bench(module: str, *variant: str) -> Start:
    def start(bootstrap: str, folder: Path) -> Process:
        command = [str(BENCH_PYTHON), "-m", f"benchmarks.{module}", bootstrap, str(folder), *variant]
        return Process(command, folder / "log", {"PYTHONPATH": str(ROOT)}, ROOT)

    return start


def _kafka_streams(bootstrap: str, folder: Path) -> Process:
    java = Path(os.environ["JAVA_HOME"]) / "bin" / "java" if os.environ.get("JAVA_HOME") else Path("java")
    metrics, alerts = out_topics("kafka_streams")
    quiet = "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn"
    command = [
        str(java),
        "-Xmx1g",
        quiet,
        "-jar",
        str(JAR),
        bootstrap,
        str(folder),
        metrics,
        alerts,
        KAFKA_STREAMS_TOTALS,
    ]
    return Process(command, folder / "log")


def _peer(
    name: str,
    title: str,
    start: Start,
    durable: str,
    caveat: str,
    more_topics: tuple[str, ...] = (),
    *,
    variant: bool = False,
) -> Peer:
    metrics, alerts = out_topics(name)
    return Peer(name, title, start, metrics, alerts, durable, caveat, more_topics, variant)


CLOSELOOP = Peer(
    "closeloop",
    "closeloop streams",
    _ours,
    METRICS,
    ALERTS,
    "compacted topic, one fenced transaction a second together with its position",
    "also remembers every id for 24 h, keeps books and 800 calendar days, and computes 95 % intervals",
)
PEERS: dict[str, Peer] = {
    peer.name: peer
    for peer in (
        CLOSELOOP,
        _peer(
            "bytewax_combined",
            "bytewax, combining batches",
            _in_bench("peer_bytewax", "combined"),
            "SQLite recovery partitions on the worker's disk, a snapshot every second",
            "counts a fetched batch together before the stateful step; a lost disk loses the state; no ids, no books",
        ),
        _peer(
            "bytewax",
            "bytewax, keyed",
            _in_bench("peer_bytewax", "keyed"),
            "SQLite recovery partitions on the worker's disk, a snapshot every second",
            "as its guides draw it, one item for each cut; a lost disk loses the state; no ids, no books",
            variant=True,
        ),
        _peer(
            "quix",
            "Quix Streams",
            _in_bench("peer_quix"),
            "RocksDB and a changelog topic, a checkpoint every second",
            "keeps minutes alone, windows follow in memory; at least once; "
            "five rows a response go through its repartition topic; no ids, no books",
        ),
        _peer(
            "faust",
            "plain Faust",
            _in_bench("peer_faust"),
            "table changelog, not in step with the offsets",
            "keeps minutes alone, windows follow in memory; no repartition; counts again what a crash repeats",
        ),
        _peer(
            "kafka_streams",
            "Kafka Streams (Java)",
            _kafka_streams,
            "RocksDB and changelog topics, a commit every second",
            "counts before its repartition topic, as closeloop does; at least once, so a crash may count again; no ids",
            (KAFKA_STREAMS_TOTALS,),
        ),
    )
}
