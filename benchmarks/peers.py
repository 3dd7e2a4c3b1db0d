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
    ready_log: str = ""


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
    command = [str(java), "-Xmx1g", "-jar", str(JAR), bootstrap, str(folder), metrics, alerts]
    return Process(command, folder / "log")


def _peer(name: str, title: str, start: Start, durable: str, caveat: str) -> Peer:
    metrics, alerts = out_topics(name)
    return Peer(name, title, start, metrics, alerts, durable, caveat)


CLOSELOOP = Peer(
    "closeloop",
    "closeloop streams",
    _ours,
    METRICS,
    ALERTS,
    "compacted topic, one fenced transaction a second together with its position",
    "also remembers every id for 24 h, keeps books and 800 calendar days, and computes 95 % intervals",
)
PEERS: dict[str, Peer] = {peer.name: peer for peer in (CLOSELOOP,)}
