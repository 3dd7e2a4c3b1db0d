"""The smallest state that shows a lost or doubled record: how often each key came. Used by the worker's tests."""

import json
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

from schemas.alerts import Alert
from schemas.deadletters import InvalidEvent, dead_letter
from schemas.metrics import Books, Metric
from streams.alarms.watch import Judgement
from streams.counting.outcome import Flush, Outcome
from streams.counting.panes import PartialRow
from streams.kafka.chunks import Record

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)


def alert(topic: str, partition: int, record: Record) -> Alert:
    return Alert(
        id=f"{topic}/{partition}/{record.offset}",
        rule="every",
        reason="",
        severity="normal",
        programme="p",
        customer_id=(record.key or b"").decode(),
        event_source="s",
        event_id="e",
        event_time=NOON,
        detected_at=NOON,
        metric="nps",
        score=0,
        scale_min=0,
        scale_max=10,
        higher_is_better=True,
    )


class CountingSource:
    """Counts records by key. A value ``alert`` raises one, ``bad`` is a dead letter, ``crash`` a bug if asked for."""

    def __init__(self, topic: str, partition: int, partitions: int, crash: bool = False) -> None:
        self._topic, self._partition = topic, partition
        self._crash = crash
        self.counts: dict[str, int] = {}
        self.position = -1
        self._changed: set[str] = set()
        self.overflowed = self.silenced = 0

    def apply(self, records: Sequence[Record], now: float) -> Outcome:
        outcome = Outcome([], [], [])
        for record in records:
            if record.offset <= self.position:
                continue
            if record.value == b"crash" and self._crash:
                raise RuntimeError("told to crash")
            if record.value == b"alert":
                outcome.alerts.append(alert(self._topic, self._partition, record))
            if record.value == b"bad":
                outcome.dead_letters.append(
                    dead_letter(
                        self._topic,
                        self._partition,
                        record.offset,
                        record.key,
                        record.value,
                        [],
                        InvalidEvent("not_json", "", "told so"),
                        NOON,
                    )
                )
            key = (record.key or b"").decode()
            self.counts[key] = self.counts.get(key, 0) + 1
            self._changed.add(key)
            self.position = record.offset
        return outcome

    def dirty(self, now: float) -> Flush | None:
        if not self._changed:
            return None
        changed, self._changed = self._changed, set()
        rows = [(key.encode(), b"%d" % self.counts[key]) for key in changed]
        source = f"{self._topic}/{self._partition}"
        partials = [
            PartialRow(
                f"{source} {key}".encode(),
                json.dumps([key, source, self.counts[key], self.position]).encode(),
                key.encode(),
            )
            for key in changed
        ]
        books = Books(
            source=source,
            version=self.position,
            watermark=None,
            received=sum(self.counts.values()),
            counted=sum(self.counts.values()),
            duplicates=0,
            late=0,
            forwarded=0,
            dead_letters={},
            alerts={},
        )
        return Flush([*rows, (b"#position", b"%d" % self.position)], partials, books)

    def restore(self, rows: Iterable[tuple[bytes, bytes | None]]) -> None:
        for key, value in rows:
            assert value is not None
            if key == b"#position":
                self.position = int(value)
            else:
                self.counts[key.decode()] = int(value)


class CountingMerge:
    """Adds up what the sources say."""

    def __init__(self) -> None:
        self._totals: dict[str, dict[str, tuple[int, int]]] = {}
        self._changed: set[str] = set()

    def apply(self, key: bytes, value: bytes | None, *, sent: bool = False) -> None:
        if value is None:
            raise ValueError(f"no partial: {key!r}")
        name, source, count, version = json.loads(value)
        sources = self._totals.setdefault(name, {})
        if version > sources.get(source, (0, -1))[1]:
            sources[source] = (count, version)
            if not sent:
                self._changed.add(name)

    @property
    def unsaid(self) -> int:
        return 0

    def emit(self, now: float, windows: int | None = None) -> list[Metric]:
        changed, self._changed = self._changed, set()
        return [
            Metric(
                metric="n",
                window="all",
                cut="key",
                key={"key": name},
                value=None,
                low=None,
                high=None,
                n=sum(count for count, _ in self._totals[name].values()),
                counts={},
                too_few=False,
                as_of=NOON,
                version=sum(version for _, version in self._totals[name].values()),
            )
            for name in changed
        ]

    def judge(self, now: float) -> Judgement:
        return Judgement([], [])
