"""The peer: the same job as Faust's manual writes it. Arguments: bootstrap, folder. Prints ``processed N``."""

import sys
import time
from datetime import datetime

import faust

from schemas.topics import RESPONSES

bootstrap, folder = sys.argv[1:3]
sys.argv = ["faust", "worker", "--without-web", "-l", "error"]

app = faust.App(
    "bench-plain-faust",
    broker=f"kafka://{bootstrap}",
    datadir=folder,
    consumer_auto_offset_reset="earliest",
    topic_partitions=3,
)
source = app.topic(RESPONSES, value_serializer="json", value_type=bytes)
alerts = app.topic("bench-plain-alerts", value_serializer="json", partitions=3)
panes = app.Table("bench-plain-panes", default=int, partitions=3)
WINDOWS = {"1h": 60, "24h": 900, "7d": 7200, "30d": 28800}
THRESHOLDS = {"nps": 6, "csat": 2, "ces": 3}


@app.agent(source)
async def count(events: faust.StreamT) -> None:  # type: ignore[type-arg]
    """Count each response in every window and cut; send the detractors."""
    processed = 0
    async for event in events:
        data = event["data"]
        at = datetime.fromisoformat(event["time"]).timestamp()
        attributes = data["attributes"]
        cuts = (
            "all",
            data["touchpoint"],
            f"{data['touchpoint']}|{data['channel']}",
            attributes["region"],
            attributes["segment"],
        )
        for cut in cuts:
            for window, pane in WINDOWS.items():
                panes[f"{data['metric']}|{cut}|{window}|{int(at // pane)}|{data['score']}"] += 1
        if data["score"] <= THRESHOLDS[data["metric"]]:
            await alerts.send(key=data["customer_id"], value=data)
        processed += 1
        if processed % 200 == 0:
            print(f"processed {processed} {time.monotonic()}", file=sys.__stdout__, flush=True)


app.main()
