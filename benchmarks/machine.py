"""What was measured on, in words: the machine, and the versions of everything that decides."""

import os
import platform
import re
import subprocess
from importlib.metadata import version
from pathlib import Path

from benchmarks.peers import BENCH_PYTHON, ROOT
from closeloop.broker.jars import KAFKA_VERSION

_OURS = ("faust-streaming", "aiokafka", "confluent-kafka", "msgspec")
_THEIRS = ("bytewax", "quixstreams", "faust-streaming", "confluent-kafka", "matplotlib")


def machine() -> str:
    """Cores, memory, processor and system."""
    processor = re.search(r"model name\s*:\s*(.+)", _read("/proc/cpuinfo"))
    memory = re.search(r"MemTotal:\s*(\d+) kB", _read("/proc/meminfo"))
    size = f"{int(memory[1]) / 2**20:.0f} GiB" if memory else "memory unknown"
    name = processor[1].strip() if processor else platform.machine()
    return f"{os.cpu_count()} cores ({name}), {size}, {platform.system()} {platform.release().split('-')[0]}"


def versions() -> str:
    """Of the broker, of Python and Java, of our libraries and of the peers'."""
    ours = ", ".join(f"{name} {version(name)}" for name in _OURS)
    script = "import importlib.metadata as m, sys; print(', '.join(n + ' ' + m.version(n) for n in sys.argv[1:]))"
    asked = subprocess.run([BENCH_PYTHON, "-c", script, *_THEIRS[:-1]], capture_output=True, text=True, check=False)
    java = subprocess.run(["java", "-version"], capture_output=True, text=True, check=False).stderr.partition("\n")[0]
    streams = re.search(
        r"<artifactId>kafka-streams</artifactId>\s*<version>([^<]+)", _read(ROOT / "benchmarks/kafka_streams/pom.xml")
    )
    return (
        f"Apache Kafka {KAFKA_VERSION}, Python {platform.python_version()}, {java}; ours: {ours}; "
        f"peers: {asked.stdout.strip()}, Kafka Streams {streams[1] if streams else 'unknown'}"
    )


def _read(path: str | Path) -> str:
    try:
        return Path(path).read_text()
    except OSError:
        return ""
