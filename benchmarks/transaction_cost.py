"""What a flush costs the broker by how many partitions it touches: ``python -m benchmarks.transaction_cost``.

A source partition that counted one answer writes five pane rows, its ids and position, and a tick to every partition of
cx.partials, in one transaction; each partition touched gets a marker besides. Measured on one broker is the CPU time of
its process and how much its logs grow, both a flush; and how long a flush takes.
"""

import asyncio
import os
import statistics
import sys
import tempfile
import time
from pathlib import Path

import msgspec

from benchmarks.recovery_time import links
from closeloop.broker.local import LocalKafka
from closeloop.broker.topics_admin import create_topics
from schemas.kafka_link import KafkaLink
from schemas.topics import PARTIALS, RESPONSES_STATE, catalogue
from streams.kafka.changelog import OutRecord

FLUSHES = 200
ROW = 200
"""Bytes of a row, key and value together, about those of a pane with few answers."""
OWN_ROWS = 7


def cpu_seconds(pid: int) -> float:
    """CPU time that a process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(") ", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def log_bytes(folder: Path) -> int:
    return sum(file.stat().st_size for file in folder.rglob("*.log"))


async def flushes(bootstrap: str, prefix: str, partitions: int, count: int) -> list[float]:
    """Seconds that each flush took."""
    where = links(bootstrap, prefix)
    writer = where.writer("cx.responses", 0)
    await writer.open()
    took = []
    for number in range(count):
        rows = [OutRecord(where.on_cluster(RESPONSES_STATE), b"k%d" % key, b"v" * ROW, 0) for key in range(OWN_ROWS)]
        rows += [
            OutRecord(where.on_cluster(PARTIALS), b"k%d" % key, b"v" * ROW, key % partitions)
            for key in range(OWN_ROWS - 2)
        ]
        tick = b'{"type":"tick","source":"cx.responses/0","watermark":1795000020.0,"version":%d}' % number
        rows += [
            OutRecord(where.on_cluster(PARTIALS), b'["tick","cx.responses/0"]', tick, p) for p in range(partitions)
        ]
        began = time.perf_counter()
        await writer.flush(rows)
        took.append(time.perf_counter() - began)
    await writer.close()
    return took


def main() -> int:
    print("| partitions of cx.partials | broker CPU, ms a flush | log growth, bytes a flush | flush, median ms |")
    print("|---:|---:|---:|---:|")
    with tempfile.TemporaryDirectory() as folder, LocalKafka(Path(folder) / "kafka", 1) as broker:
        (node,) = broker.node_ids
        for partitions in (3, 12, 48):
            prefix = f"p{partitions}."
            wanted = [topic for topic in catalogue(partitions) if topic.name in (RESPONSES_STATE, PARTIALS)]
            topics = [msgspec.structs.replace(topic, name=prefix + topic.name) for topic in wanted]
            create_topics(KafkaLink(broker.bootstrap), topics)
            asyncio.run(flushes(broker.bootstrap, prefix, partitions, 50))  # warm
            pid = broker.pid(node)
            assert pid is not None
            cpu, size = cpu_seconds(pid), log_bytes(Path(folder))
            took = asyncio.run(flushes(broker.bootstrap, prefix, partitions, FLUSHES))
            spent = (cpu_seconds(pid) - cpu) / FLUSHES * 1000
            grown = (log_bytes(Path(folder)) - size) / FLUSHES
            print(f"| {partitions} | {spent:.1f} | {grown:,.0f} | {statistics.median(took) * 1000:.0f} |", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
