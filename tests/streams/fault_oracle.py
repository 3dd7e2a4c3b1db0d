"""What must be on the topics after a run, recomputed in one go from the logs: no panes, totals, offsets or flushes."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from kafka.partitioner.default import murmur2

from schemas.topics import RESPONSES
from tests.streams.survey_events import Rec

ZONE = ZoneInfo("America/Sao_Paulo")
HISTORY_DAYS = 90
ALERT_AGE_S = 72 * 3600
MINIMUM_N = 10
WINDOWS = {"1h": (3600, 60), "24h": (86_400, 900), "7d": (604_800, 6_300), "30d": (2_592_000, 27_000)}
"""Window to its length and that of its panes, in seconds."""
CUTS: dict[str, tuple[str, ...]] = {
    "all": (),
    "touchpoint": ("touchpoint",),
    "touchpoint_channel": ("touchpoint", "channel"),
    "region": ("attributes.region",),
    "segment": ("attributes.segment",),
}
SCALES = {"nps": (0, 10), "csat": (1, 5), "ces": (1, 7)}
DETRACTOR_AT = {"nps": 6, "csat": 2, "ces": 3}
LOOP_YAML = f"""
windows: [{", ".join(WINDOWS)}]
history: {{zone: {ZONE.key}, days: {HISTORY_DAYS}}}
minimum_n: {MINIMUM_N}
cuts:
{"".join(f"  {name}: [{', '.join(fields)}]" + chr(10) for name, fields in CUTS.items())}
rules:
  - {{name: detractor, kind: threshold, at_or_below: {{nps: 6, csat: 2, ces: 3}}}}
  - {{name: contact_me, kind: contact_requested}}
alert_max_age: 72h
deduplication: {{responses: 24h, touchpoints: 24h}}
people: {{ana: {{name: Ana, email: ana@example.com}}}}
receivers: {{care: {{person: ana, channel: "#care"}}}}
route: {{receiver: care}}
"""
"""The same for the workers."""

MetricKey = tuple[str, str, str, tuple[tuple[str, str], ...], str | None]
"""Metric, window, cut, key, day."""
AlertKey = tuple[str, str]
"""Event id and rule."""


@dataclass
class Account:
    """What the books of one source partition have to say."""

    counted: int = 0
    duplicates: int = 0
    late: int = 0
    forwarded: int = 0
    repeated_forwards: int = 0
    revised: int = 0
    """Counted, and replaced by a revision."""
    dead: Counter[str] = field(default_factory=Counter)
    alerts: Counter[str] = field(default_factory=Counter)

    @property
    def received(self) -> int:
        return self.counted + self.duplicates + self.late + self.dead.total()


@dataclass
class Truth:
    """All that a run has to end with."""

    accounts: dict[str, Account]
    metrics: dict[MetricKey, Counter[str]]
    alerts: set[AlertKey]
    dead_letters: set[tuple[str, int, int, str]]
    """Topic, partition, offset and reason."""
    today: str
    oldest_day: str


@dataclass(slots=True)
class Counted:
    """An event that counts: ``when`` in seconds UTC, ``dimensions`` by their names in loop.yaml."""

    metric: str
    dimensions: tuple[tuple[str, str], ...]
    word: str
    when: float


class Answers:
    """What one partition's events count as, by their ids, once each revision has taken its earlier answer's place."""

    def __init__(self) -> None:
        self.counted: dict[str, Counted] = {}
        self._revised_by: dict[str, str] = {}

    def _latest(self, name: str) -> str:
        while name in self._revised_by:
            name = self._revised_by[name]
        return name

    def enter(self, name: str, revises: str | None, counted: Counted) -> None:
        if name in self._revised_by:  # it came after its revision, which counts in its time
            if (stands := self.counted.get(self._latest(name))) is not None:
                stands.when = counted.when
            return
        earlier = None if revises is None else self._latest(revises)
        if earlier is not None and earlier != name:
            self._revised_by[earlier] = name
            if (replaced := self.counted.pop(earlier, None)) is not None:
                counted.when = replaced.when
        self.counted[name] = counted


class Oracle:
    """Reads each source partition's log once, in its order."""

    def __init__(self, partitions: int) -> None:
        self._partitions = partitions
        self._truth = Truth({}, {}, set(), set(), "", "")
        self._counted: list[Counted] = []
        self._latest = 0.0

    def read(self, logs: Mapping[tuple[str, int], Sequence[Rec]]) -> Truth:
        for (topic, partition), log in logs.items():
            self._read(topic, partition, log)
        self._metrics()
        return self._truth

    def _read(self, topic: str, partition: int, log: Sequence[Rec]) -> None:
        account = self._truth.accounts[f"{topic}/{partition}"] = Account()
        seen: set[tuple[str, str]] = set()
        forwards: set[bytes | None] = set()
        answers = Answers()
        watermark = 0.0
        for record in log:
            reason = unreadable(topic, record.value)
            if reason is not None:
                account.dead[reason] += 1
                self._truth.dead_letters.add((topic, partition, record.offset, reason))
                continue
            assert record.value is not None
            event = json.loads(record.value)
            origin = dict(record.headers).get("closeloop-forwarded")
            home = (murmur2(event["data"]["customer_id"].encode()) & 0x7FFFFFFF) % self._partitions
            if origin is None and home != partition:
                account.forwarded += 1
                continue
            if origin is not None and origin in forwards:
                account.repeated_forwards += 1
                continue
            forwards.add(origin)
            identity = (event["source"], event["id"])
            if identity in seen:
                account.duplicates += 1
                continue
            seen.add(identity)
            when = datetime.fromisoformat(event["time"]).timestamp()
            # The clock is the events' own: what is late, and what is too old to alert, is judged by the latest so far.
            watermark = max(watermark, when)
            if local_day(when) <= local_day(watermark) - timedelta(days=HISTORY_DAYS):
                account.late += 1
                continue
            account.counted += 1
            answers.enter(event["id"], event["data"].get("revises"), counted_as(topic, event["data"], when))
            if topic == RESPONSES and watermark - when <= ALERT_AGE_S:
                for rule in rules_met(event["data"]):
                    account.alerts[rule] += 1
                    self._truth.alerts.add((event["id"], rule))
        self._latest = max(self._latest, watermark)
        account.revised = account.counted - len(answers.counted)
        self._counted.extend(answers.counted.values())

    def _metrics(self) -> None:
        """Every histogram that is not empty at the end: the latest event's time is now."""
        now = self._latest
        today = local_day(now)
        oldest = today - timedelta(days=HISTORY_DAYS - 1)
        self._truth.today, self._truth.oldest_day = today.isoformat(), oldest.isoformat()
        begins = {name: now - now % pane - length + pane for name, (length, pane) in WINDOWS.items()}
        # Windows and days begin on whole minutes, so that events of one minute lie in the same ones.
        minutes = Counter((e.metric, e.dimensions, e.word, int(e.when // 60)) for e in self._counted)
        for (metric, dimensions, word, minute), count in minutes.items():
            places: list[tuple[str, str | None]] = [
                (name, None) for name, begin in begins.items() if minute * 60 >= begin
            ]
            day = local_day(minute * 60)
            if day >= oldest:
                places.append(("day", day.isoformat()))
            known = dict(dimensions)
            for cut, fields in CUTS.items():
                if all(name in known for name in fields):
                    key = tuple((name, known[name]) for name in fields)
                    for window, which in places:
                        self._truth.metrics.setdefault((metric, window, cut, key, which), Counter())[word] += count


def counted_as(topic: str, data: dict[str, Any], when: float) -> Counted:
    dimensions = {name: data[name] for name in ("touchpoint", "channel") if name in data}
    dimensions |= {f"attributes.{name}": value for name, value in data["attributes"].items()}
    metric, word = (data["metric"], str(data["score"])) if topic == RESPONSES else ("outcome", data["outcome"])
    return Counted(metric, tuple(dimensions.items()), word, when)


def local_day(when: float) -> Any:
    return datetime.fromtimestamp(when, ZONE).date()


def unreadable(topic: str, value: bytes | None) -> str | None:
    """The reason why a record of this traffic cannot be taken, None if it can."""
    if not value:
        return "empty"
    try:
        event = json.loads(value)
    except ValueError:
        return "not_json"
    data = event["data"]
    reasons = {
        "future": event["time"] > "2100",
        "type": (event["type"] == "closeloop.response.v1") != (topic == RESPONSES),
        "metric": topic == RESPONSES and data["metric"] not in SCALES,
    }
    if not any(reasons.values()) and topic == RESPONSES:
        low, high = SCALES[data["metric"]]
        reasons["scale"] = not low <= data["score"] <= high
    return next((reason for reason, holds in reasons.items() if holds), None)


def rules_met(data: dict[str, Any]) -> list[str]:
    met = ["detractor"] if data["score"] <= DETRACTOR_AT[data["metric"]] else []
    return met + (["contact_me"] if data.get("contact_requested") else [])


def value_of(metric: str, counts: Mapping[str, int]) -> float:
    """The number that a histogram stands for, by its textbook formula."""
    n = sum(counts.values())
    match metric:
        case "nps":
            promoters = counts.get("9", 0) + counts.get("10", 0)
            return 100 * (promoters - sum(counts.get(str(score), 0) for score in range(7))) / n
        case "csat":
            return 100 * (counts.get("4", 0) + counts.get("5", 0)) / n
        case "ces":
            return sum(int(score) * count for score, count in counts.items()) / n
        case _:
            return 100 * counts.get("failed", 0) / n
