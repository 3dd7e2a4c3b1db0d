"""How long a partition takes to recover, by its keys, on a real broker: ``python -m benchmarks.recovery_time``.

A key is one metric of one cut's key, with one answer: five panes, one a window and one for the day. The state is made
by the real classes and written by the real writer; measured is ``recover()`` of a source partition and of a merge, from
taking the partition to the state in memory, in a process of its own each time. The CPU time is that of this process,
which tells more than seconds do where the machine has other work.
"""

import asyncio
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

import msgspec
from prometheus_client import CollectorRegistry

from benchmarks.state_cost import NOW, answer, plan, resident
from closeloop.broker.local import LocalKafka
from closeloop.broker.topics_admin import create_topics
from schemas.kafka_link import KafkaLink
from schemas.topics import PARTIALS, RESPONSES, RESPONSES_STATE, catalogue
from streams.counting.merge import Merge
from streams.counting.source_state import SourcePartition
from streams.instruments import Instruments
from streams.intake_processor import IntakeProcessor
from streams.kafka.changelog import OutRecord
from streams.kafka.emitter import Emitter
from streams.kafka.links import Links
from streams.merge_processor import MergeProcessor

KEYS = (10_000, 100_000, 300_000)
RUNS = 2


def links(bootstrap: str, prefix: str) -> Links:
    counts = dict.fromkeys((RESPONSES, PARTIALS), 1)
    return Links(KafkaLink(bootstrap), f"{prefix}group", counts, prefix=prefix)


def processor(kind: str, where: Links) -> IntakeProcessor | MergeProcessor:
    if kind == "merge":
        return MergeProcessor(0, lambda: Merge(plan()), where)
    emitter = Emitter(where.kafka)
    instruments = Instruments(CollectorRegistry())
    return IntakeProcessor(RESPONSES, 0, lambda: SourcePartition(RESPONSES, 0, 1, plan()), where, emitter, instruments)


async def write(where: Links, keys: int) -> tuple[int, int]:
    """State and partials of so many keys. Returns rows and bytes of the state."""
    partition = SourcePartition(RESPONSES, 0, 1, plan())
    writer = where.writer(RESPONSES, 0)
    await writer.open()
    rows = size = 0
    for start in range(0, keys, 10_000):
        partition.apply([answer(key, key, NOW) for key in range(start, start + 10_000)], NOW)
        flush = partition.dirty(NOW)
        assert flush is not None
        state, partials = where.on_cluster(RESPONSES_STATE), where.on_cluster(PARTIALS)
        records = [OutRecord(state, key, value, 0) for key, value in flush.state_rows]
        rows += len(records)
        size += sum(len(record.key) + len(record.value or b"") for record in records)
        records += [OutRecord(partials, row.key, row.value, 0) for row in flush.partial_rows]
        await writer.flush(records)
    await writer.close()
    return rows, size


class Recovery(NamedTuple):
    """Seconds on the clock and of CPU, rows read, and how many bytes the process has grown by."""

    seconds: float
    cpu_s: float
    rows: int
    grown: int


async def recover(kind: str, where: Links) -> Recovery:
    """Recover once in this process."""
    before = resident()
    worker = processor(kind, where)
    began, cpu = time.perf_counter(), time.process_time()
    rows = await worker.recover()
    took, cpu = time.perf_counter() - began, time.process_time() - cpu
    grown = resident() - before
    await worker.close()
    return Recovery(took, cpu, rows, grown)


def measured(kind: str, bootstrap: str, prefix: str) -> Recovery:
    """:func:`recover` in a new process."""
    command = [sys.executable, "-m", "benchmarks.recovery_time", kind, bootstrap, prefix]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    took, cpu, rows, grown = done.stdout.split()
    return Recovery(float(took), float(cpu), int(rows), int(grown))


def main() -> int:
    if len(sys.argv) > 1:
        kind, bootstrap, prefix = sys.argv[1:]
        print(*asyncio.run(recover(kind, links(bootstrap, prefix))))
        return 0
    print("| keys | state on the changelog | what recovers | rows read | CPU, s | seconds | memory |")
    print("|---:|---:|---|---:|---|---|---:|")
    with tempfile.TemporaryDirectory() as folder, LocalKafka(Path(folder) / "kafka", 1) as broker:
        for keys in KEYS:
            prefix = f"k{keys}."
            create_topics(
                KafkaLink(broker.bootstrap),
                [msgspec.structs.replace(topic, name=prefix + topic.name) for topic in catalogue(1)],
            )
            rows, size = asyncio.run(write(links(broker.bootstrap, prefix), keys))
            for kind in ("source", "merge"):
                runs = [measured(kind, broker.bootstrap, prefix) for _ in range(RUNS)]
                seconds = ", ".join(f"{run.seconds:.1f}" for run in runs)
                cpu = ", ".join(f"{run.cpu_s:.1f}" for run in runs)
                grown = f"{max(run.grown for run in runs) / 1e6:.0f} MB"
                state = f"{rows:,} rows, {size / 1e6:.0f} MB"
                print(f"| {keys:,} | {state} | {kind} | {runs[0].rows:,} | {cpu} | {seconds} | {grown} |", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
