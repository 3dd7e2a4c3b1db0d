"""The job as Faust's manual writes it: an agent over a stream, a table, a timer. Arguments: bootstrap, folder.

In its favour: msgspec in place of Faust's own models, one table entry for each cut key, minute and score (five writes
a response; the windows follow from the minutes, in memory), the partition as part of the table's key in place of a
repartition topic (a second worker would need one), and uvloop.
"""

import sys
import time
from datetime import UTC, datetime

import faust
import mode.loop

from benchmarks.events import cut_keys, is_detractor, metric_json, read
from benchmarks.rolling import Windows
from benchmarks.spec import COMMIT_EVERY_S, EMIT_EVERY_S, PARTITIONS, RESPONSES, SESSION_TIMEOUT_S, out_topics

mode.loop.use("uvloop")
bootstrap, folder = sys.argv[1:3]
sys.argv = ["faust", "worker", "--without-web", "-l", "error"]
METRICS, ALERTS = out_topics("faust")

app = faust.App(
    "bench-faust",
    broker=f"kafka://{bootstrap}",
    datadir=folder,
    consumer_auto_offset_reset="earliest",
    broker_commit_interval=COMMIT_EVERY_S,
    broker_session_timeout=SESSION_TIMEOUT_S,
    broker_heartbeat_interval=1.5,
    topic_partitions=PARTITIONS,
)
source = app.topic(RESPONSES, value_serializer="raw")
alerts = app.topic(ALERTS, value_serializer="raw", key_serializer="raw")
metrics = app.topic(METRICS, value_serializer="raw", key_serializer="raw")
minutes = app.Table("minutes", default=int, partitions=PARTITIONS)
windows: dict[str, Windows] = {}
changed: set[str] = set()


def restore() -> None:
    """Rebuild the windows from the table once it is recovered."""
    for row, count in minutes.items():
        _, minute, word, key = row.split("/", 3)
        windows.setdefault(key, Windows()).add(int(minute), word, count)


@app.agent(source)
async def count(stream: faust.StreamT[bytes]) -> None:
    """Count each response in its cuts; send the detractors."""
    async for message in stream.events():
        if not windows:
            restore()
        event = read(message.value, datetime.now(UTC))
        if event is None:
            continue
        minute, word = int(event.time.timestamp()) // 60, str(event.data.score)
        for key in cut_keys(event):
            minutes[f"{message.message.partition}/{minute}/{word}/{key}"] += 1
            held = windows.get(key)
            if held is None:
                held = windows[key] = Windows()
            held.add(minute, word, 1)
            changed.add(key)
        if is_detractor(event):
            await alerts.send(key=message.key, value=message.value)


@app.timer(interval=EMIT_EVERY_S)
async def write() -> None:
    """Write the metrics that changed."""
    keys = list(changed)
    changed.clear()
    now = time.time()
    for key in keys:
        windows[key].expire(now)
        for window, counts in windows[key].totals.items():
            await metrics.send(key=f"{key}|{window}".encode(), value=metric_json(key, window, counts))


app.main()
