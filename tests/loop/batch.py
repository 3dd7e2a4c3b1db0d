"""The oracle: what the loop must say about a file of events, counted from the file alone in the plainest way."""

from __future__ import annotations

import gzip
import json
from collections import Counter
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

THRESHOLDS = {"nps": 6, "csat": 2, "ces": 3}


class Batch:
    """Counts over the distinct events of a file."""

    def __init__(self, path: Path, zone: str) -> None:
        self.touchpoints = 0
        self.responses = 0
        self.duplicates = 0
        self.days: dict[tuple[str, str, str, str], Counter[str]] = {}
        """(metric, cut, key, day) to scores."""
        self.detractors: set[tuple[str, str]] = set()
        self.detractor_customers: set[str] = set()
        seen: set[tuple[str, str]] = set()
        local = ZoneInfo(zone)
        with gzip.open(path, "rt", encoding="utf-8") as lines:
            for line in lines:
                event = json.loads(line)
                identity = (event["source"], event["id"])
                if identity in seen:
                    self.duplicates += 1
                    continue
                seen.add(identity)
                if event["type"] == "closeloop.touchpoint.v1":
                    self.touchpoints += 1
                else:
                    self.responses += 1
                    self._count(identity, event["data"], datetime.fromisoformat(event["time"]).astimezone(local))

    def _count(self, identity: tuple[str, str], data: dict[str, Any], at: datetime) -> None:
        for cut, key in (("all", ""), ("region", data["attributes"]["region"])):
            day = (data["metric"], cut, key, at.date().isoformat())
            self.days.setdefault(day, Counter())[str(data["score"])] += 1
        if data["score"] <= THRESHOLDS[data["metric"]]:
            self.detractors.add(identity)
            self.detractor_customers.add(data["customer_id"])


def day_counts(rows: list[dict[str, Any]], dimension: str | None) -> dict[tuple[str, str], dict[str, int]]:
    """The API's history rows as (key, day) to scores, empty scores left out."""
    return {
        (row["key"][dimension] if dimension else "", row["day"]): {
            score: count for score, count in row["counts"].items() if count
        }
        for row in rows
    }
