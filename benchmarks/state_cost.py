"""What state costs in memory and on the changelog, by the real classes: ``python -m benchmarks.state_cost``.

Each figure comes from a process of its own: the growth of its resident memory after one warm-up.
"""

import gc
import os
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime

import msgspec

from schemas.config import Loop
from schemas.loop_yaml import parse
from schemas.topics import RESPONSES
from streams.counting import id_memory, panes
from streams.counting.merge import Merge
from streams.counting.source_state import SourcePartition
from streams.plan import Plan, compile_plan

NOW = 1_795_000_020.0
LOOP = """
cuts: {key: [attributes.key]}
max_keys_per_cut: 1000000
people: {a: {name: A, email: a@example.com}}
receivers: {r: {person: a, channel: '#r'}}
route: {receiver: r}
"""


class Record(msgspec.Struct, frozen=True):
    """What a source partition reads of a Kafka record."""

    offset: int
    timestamp: int
    key: bytes | None
    value: bytes
    headers: tuple[tuple[str, bytes], ...] = ()


def plan() -> Plan:
    loop: Loop = parse(LOOP)
    return compile_plan(loop, "wall")


def answer(number: int, key: int, when: float) -> Record:
    event = {
        "specversion": "1.0",
        "id": f"r-{number}",
        "source": "/shop/surveys",
        "type": "closeloop.response.v1",
        "time": datetime.fromtimestamp(when, UTC).isoformat(),
        "data": {
            "customer_id": f"c{number % 20_000}",
            "metric": "nps",
            "score": number % 11,
            "attributes": {"key": f"key-{key}"},
        },
    }
    return Record(number, int(NOW * 1000), None, msgspec.json.encode(event))


def resident() -> int:
    """Bytes of memory that this process holds."""
    gc.collect()
    with open("/proc/self/statm") as statm:  # noqa: PTH123  a kernel's file
        return int(statm.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def sizes(rows: list[tuple[bytes, bytes | None]]) -> int:
    return sum(len(key) + len(value or b"") for key, value in rows)


def ids(count: int) -> dict[str, float]:
    """A source partition with one key, few panes and ``count`` ids, flushed 10,000 at a time."""
    before = _warm()
    partition = SourcePartition(RESPONSES, 0, 1, plan())
    written = 0
    for start in range(0, count, 10_000):
        partition.apply([answer(number, 0, NOW) for number in range(start, start + 10_000)], NOW)
        written += sizes([row for row in _flushed(partition) if row[0].startswith(id_memory.PREFIX)])
    return {"memory": (resident() - before) / count, "changelog": written / count}


def _warm() -> int:
    """Resident memory after everything has been used once."""
    warm = SourcePartition(RESPONSES, 0, 1, plan())
    warm.apply([answer(number, number, NOW) for number in range(5_000)], NOW)
    _flushed(warm)
    merged = Merge(plan())
    merged.emit(NOW)
    del warm, merged
    return resident()


def _flushed(partition: SourcePartition) -> list[tuple[bytes, bytes | None]]:
    flush = partition.dirty(NOW)
    assert flush is not None
    return flush.state_rows


def source(keys: int, answers: int = 1) -> dict[str, float]:
    """A source partition with ``keys`` keys, each with ``answers`` answers a minute apart, and the ids of these."""
    before = _warm()
    partition = SourcePartition(RESPONSES, 0, 1, plan())
    rows = written = 0
    for turn in range(answers):
        for start in range(0, keys, 5_000):
            batch = range(start, min(start + 5_000, keys))
            partition.apply([answer(turn * keys + key, key, NOW - 60 * turn) for key in batch], NOW)
            flushed = [row for row in _flushed(partition) if row[0].startswith(panes.PREFIX)]
            rows += len({key for key, _ in flushed})
            written += sizes(flushed)
            del flushed
    return {"memory": (resident() - before) / keys, "rows": rows / keys, "changelog": written / keys}


def merge(keys: int, sources: int = 1) -> dict[str, float]:
    """A merge of ``keys`` keys with one answer each in every source partition."""
    flushes = []
    for number in range(sources):
        partition = SourcePartition(RESPONSES, number, sources, plan())
        partition._placement = _Everywhere(number)  # type: ignore[assignment]  # noqa: SLF001  whoever answers is at home
        partition.apply([answer(key, key, NOW) for key in range(keys)], NOW)
        flush = partition.dirty(NOW)
        assert flush is not None
        flushes.append([(row.key, row.value) for row in flush.partial_rows])
        del partition, flush
    before = _warm()
    merged = Merge(plan())
    for rows in flushes:
        for key, value in rows:
            merged.apply(key, value)
    merged.emit(NOW)
    return {"memory": (resident() - before) / keys, "rows": sum(map(len, flushes)) / keys}


class _Everywhere:
    def __init__(self, partition: int) -> None:
        self._partition = partition

    def of(self, _key: str) -> int:
        return self._partition

    def all_at(self, partition: int, keys: list[str]) -> bool:  # noqa: ARG002  the shape of what it stands in for
        return True


CASES: dict[str, Callable[[], dict[str, float]]] = {
    "a remembered id, of 500,000": lambda: ids(500_000),
    "a key of a source partition, one answer, of 10,000": lambda: source(10_000),
    "a key of a source partition, one answer, of 100,000": lambda: source(100_000),
    "a key of a source partition, 50 answers in 50 minutes, of 2,000": lambda: source(2_000, 50),
    "a key of a merge, one source, of 10,000": lambda: merge(10_000),
    "a key of a merge, one source, of 100,000": lambda: merge(100_000),
    "a key of a merge, 12 sources, of 10,000": lambda: merge(10_000, 12),
}


def main() -> int:
    if len(sys.argv) > 1:
        print(msgspec.json.encode(CASES[sys.argv[1]]()).decode())
        return 0
    print("| what | resident memory, bytes | rows | bytes of rows |")
    print("|---|---:|---:|---:|")
    for name in CASES:
        done = subprocess.run(
            [sys.executable, "-m", "benchmarks.state_cost", name], check=True, capture_output=True, text=True
        )
        found: dict[str, float] = msgspec.json.decode(done.stdout)
        shown = [f"{found[column]:,.1f}" if column in found else "" for column in ("memory", "rows", "changelog")]
        print(f"| {name} | {' | '.join(shown)} |", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
