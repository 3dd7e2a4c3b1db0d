"""The whole of counting as one batch over the logs: the oracle, written without panes, totals, offsets or flushes."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

from kafka.partitioner.default import murmur2

from schemas.topics import RESPONSES
from streams.plan import Plan
from tests.streams.survey_events import Rec

WINDOWS = {"1h": (3600, 60), "24h": (86_400, 900)}
"""Window to its length and that of its panes, in seconds."""

MetricKey = tuple[str, str, str, tuple[tuple[str, str], ...], str, date | None]
"""Metric, window, cut, key, scale, day."""


Identity = tuple[str, str]
"""Source and id of an event."""

Counted = list[Any]
"""Metric, dimensions, score or outcome, time."""


@dataclass
class Account:
    """What the books of one source partition have to say."""

    counted: int = 0
    duplicates: int = 0
    late: int = 0
    forwarded: int = 0
    dead: Counter[str] = field(default_factory=Counter)
    alerts: set[tuple[str, str]] = field(default_factory=set)


@dataclass
class Batch:
    """The accounts by source partition, and the distinct events that count."""

    accounts: dict[tuple[str, int], Account] = field(default_factory=dict)
    events: list[tuple[str, dict[str, str], str, float]] = field(default_factory=list)
    """Metric, dimensions, score or outcome, time."""
    latest: float | None = None

    def metrics(self, plan: Plan, now: float) -> dict[MetricKey, Counter[str]]:
        """Every histogram that is not empty at ``now``."""
        today = datetime.fromtimestamp(now, plan.zone).date()
        found: dict[MetricKey, Counter[str]] = {}
        for metric, dimensions, word, when in self.events:
            day = datetime.fromtimestamp(when, plan.zone).date()
            places: list[tuple[str, date | None]] = [
                (name, None) for name, (length, pane) in WINDOWS.items() if when >= now - now % pane - length + pane
            ]
            if day > today - timedelta(days=plan.history_days):
                places.append(("day", day))
            for cut, fields in plan.cuts.items():
                if all(name in dimensions for name in fields):
                    key = tuple((name, dimensions[name]) for name in fields)
                    for window, which in places:
                        found.setdefault((metric, window, cut, key, "", which), Counter())[word] += 1
        return found


def batch(logs: Mapping[tuple[str, int], Sequence[Rec]], partitions: int, plan: Plan, now: float) -> Batch:
    """Recompute from the logs as they stand at the end. ``now`` is the wall clock's, which judges what is late."""
    result = Batch()
    for (topic, partition), log in logs.items():
        account = result.accounts[topic, partition] = Account()
        seen: set[tuple[str, str]] = set()
        forwards: set[bytes] = set()
        answers: dict[Identity, Counted] = {}
        stands_for: dict[Identity, Identity] = {}
        watermark: float | None = None
        for record in log:
            origin = dict(record.headers).get("closeloop-forwarded")
            if origin is not None and origin in forwards:
                continue
            reason = _unreadable(record, topic)
            if reason:
                account.dead[reason] += 1
                continue
            assert record.value is not None
            event = json.loads(record.value)
            data = event["data"]
            home = (murmur2(data["customer_id"].encode()) & 0x7FFFFFFF) % partitions
            if origin is not None:
                forwards.add(origin)
            elif home != partition:
                account.forwarded += 1
                continue
            identity = (event["source"], event["id"])
            if identity in seen:
                account.duplicates += 1
                continue
            seen.add(identity)
            when = datetime.fromisoformat(event["time"]).astimezone(UTC).timestamp()
            judge = now if plan.clock == "wall" else max(when, when if watermark is None else watermark)
            oldest = datetime.fromtimestamp(judge, plan.zone).date() - timedelta(days=plan.history_days - 1)
            if datetime.fromtimestamp(when, plan.zone).date() < oldest:
                account.late += 1
                continue
            watermark = when if watermark is None else max(watermark, when)
            account.counted += 1
            dimensions = {name: data[name] for name in ("touchpoint", "channel") if name in data}
            dimensions |= {f"attributes.{name}": str(value) for name, value in data.get("attributes", {}).items()}
            metric, word = (
                ("outcome", data.get("outcome", "ok"))
                if topic != RESPONSES
                else (
                    data["metric"],
                    str(data["score"]),
                )
            )
            place(answers, stands_for, identity, data.get("revises"), [metric, dimensions, word, when])
            bad = topic == RESPONSES and data["score"] <= {"nps": 6, "csat": 2, "ces": 3}[metric]
            if bad and judge - when <= plan.alert_max_age_s:
                account.alerts.add(identity)
        result.events.extend((metric, dimensions, word, when) for metric, dimensions, word, when in answers.values())
        if watermark is not None:
            result.latest = watermark if result.latest is None else max(result.latest, watermark)
    return result


def place(
    answers: dict[Identity, Counted],
    stands_for: dict[Identity, Identity],
    identity: Identity,
    revises: str | None,
    counted: Counted,
) -> None:
    """Enter an event; one that revises another takes its time and its place, whichever of the two comes first."""

    def standing(one: Identity) -> Identity:
        while one in stands_for:
            one = stands_for[one]
        return one

    if identity in stands_for:
        if standing(identity) in answers:
            answers[standing(identity)][3] = counted[3]
        return
    if revises is not None:
        old = standing((identity[0], revises))
        if old != identity:
            stands_for[old] = identity
            if old in answers:
                counted[3] = answers.pop(old)[3]
    answers[identity] = counted


def _unreadable(record: Rec, topic: str) -> str | None:
    if not record.value:
        return "empty"
    if not record.value.startswith(b"{"):
        return "not_json"
    event = json.loads(record.value)
    if event["type"] != ("closeloop.response.v1" if topic == RESPONSES else "closeloop.touchpoint.v1"):
        return "type"
    if topic == RESPONSES and not 0 <= event["data"]["score"] <= 10:
        return "scale"
    return None
