"""Made-up events in order of time, for checks that must not depend on data that may not be there."""

from __future__ import annotations

import gzip
import json
import random
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

REGIONS = ("SP", "RJ", "MG", "BA", "AM")


def write_events(path: Path, orders: int, seed: int) -> None:
    """Write orders with a purchase, a delivery and mostly an answer, each in 40 sent a second time at once."""
    draw = random.Random(seed)
    began = datetime(2018, 1, 1, tzinfo=UTC)
    events: list[tuple[datetime, dict[str, Any]]] = []
    for number in range(orders):
        customer, region = f"c{draw.randrange(orders * 2 // 3)}", draw.choice(REGIONS)
        at = began + timedelta(minutes=draw.randrange(100 * 24 * 60))
        attributes = {"region": region, "order_id": f"o{number}"}
        steps = [("order.purchased", timedelta(0)), ("order.delivered", timedelta(hours=draw.randrange(1, 200)))]
        for touchpoint, later in steps:
            data = {"customer_id": customer, "touchpoint": touchpoint, "outcome": "ok", "attributes": attributes}
            events.append((at + later, _event(f"{number}:{touchpoint}", "touchpoint", "/orders", at + later, data)))
        metric, top = draw.choice([("nps", 10), ("csat", 5), ("ces", 7)])
        answer = at + steps[1][1] + timedelta(minutes=draw.randrange(1, 5000))
        data = {
            "customer_id": customer,
            "metric": metric,
            "score": draw.randrange(0 if metric == "nps" else 1, top + 1),
            "touchpoint": "order.delivered",
            "comment": draw.choice(["atrasou <!channel> & quebrou", "тільки завтра", "等了两个星期", ""]),
            "attributes": attributes,
        }
        events.append((answer, _event(f"{number}:answer", "response", "/surveys", answer, data)))
    events.sort(key=lambda pair: (pair[0], pair[1]["id"]))
    with gzip.open(path, "wt", encoding="utf-8") as lines:
        for _, event in events:
            line = json.dumps(event, ensure_ascii=False) + "\n"
            lines.write(line)
            if draw.random() < 1 / 40:
                lines.write(line)


def _event(name: str, kind: str, source: str, at: datetime, data: dict[str, Any]) -> dict[str, Any]:
    return {
        "specversion": "1.0",
        "id": name,
        "source": source,
        "type": f"closeloop.{kind}.v1",
        "time": at.isoformat(),
        "data": data,
    }
