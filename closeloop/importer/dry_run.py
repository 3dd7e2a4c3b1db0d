"""``closeloop import --dry-run``: reads a file as the gateway would, and says what an import of it would do."""

import sys
from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import TextIO

import msgspec
from rich.console import Console

from closeloop.importer.mapping import load_mapping
from closeloop.importer.opened import is_table, opened
from closeloop.importer.rejected import ReportError, need_place, report_beside, report_of
from closeloop.importer.repeats import Repeats
from closeloop.importer.report import Report
from closeloop.importer.run import NEEDS_MAPPING
from closeloop.importer.source import STANDARD_INPUT, Line, Rejected, SourceError
from schemas.cloudevents import EventReader
from schemas.config import Loop
from schemas.config_base import seconds
from schemas.deadletters import InvalidEvent
from schemas.events import Event, ResponseEvent
from schemas.loop_yaml import ConfigError, metric_specs

TOLD_EVERY = 1_000


class Findings:
    """What the events of a file are, and what the loop would make of them."""

    def __init__(self, loop: Loop, now: datetime) -> None:
        """``now`` is UTC: how old an event is decides whether it can alert."""
        self._alerts_after = now - timedelta(seconds=seconds(loop.alert_max_age))
        self._counts_after = now - timedelta(days=loop.history.days)
        self._kinds: Counter[str] = Counter()
        self._first: datetime | None = None
        self._last: datetime | None = None
        self._young = 0
        self._late = 0
        self._repeats = Repeats()
        self.example: Event | None = None

    def take(self, event: Event) -> None:
        """Count one event."""
        kind = f"answers {event.data.metric}" if isinstance(event, ResponseEvent) else "touchpoints"
        self._kinds[kind] += 1
        self._first = event.time if self._first is None else min(self._first, event.time)
        self._last = event.time if self._last is None else max(self._last, event.time)
        self._young += event.time >= self._alerts_after
        self._late += event.time < self._counts_after
        self._repeats.add(event.source, event.id)
        self.example = self.example or event

    def lines(self) -> list[str]:
        """For a person, a finding a line."""
        if self._first is None or self._last is None:
            return []
        kinds = ", ".join(f"{kind} {count:,}" for kind, count in sorted(self._kinds.items()))
        again = self._repeats.count
        repeats = [f"{again:,} have the id of an earlier one: only the first counts"] if again else []
        return [
            kinds,
            *repeats,
            f"from {self._first:%Y-%m-%d %H:%M} to {self._last:%Y-%m-%d %H:%M} UTC",
            f"{self._young:,} young enough to alert (alert_max_age); older ones count in metrics and page nobody",
            f"{self._late:,} older than the history, counted as late only",
        ]


def run_dry(
    path: str | Path,
    loop: Loop,
    mapping: str | Path | None = None,
    *,
    now: datetime,
    clock: Callable[[], float],
    rejected_file: Path | None = None,
    out: TextIO | None = None,
    err: TextIO | None = None,
) -> int:
    """Read the whole file, send nothing. Returns 0 when every event would be accepted, else 1.

    The first event is shown as it would be sent, its comment by its length alone.
    """
    console = Console(file=err or sys.stderr)
    answers = out or sys.stdout
    if mapping is None and str(path) != STANDARD_INPUT and is_table(Path(path)):
        console.print(f"{path}: {NEEDS_MAPPING}", markup=False, highlight=False, soft_wrap=True)
        return 1
    findings = Findings(loop, now)
    reader = EventReader(metric_specs(loop))
    try:
        columns = None if mapping is None else load_mapping(mapping)
        place = rejected_file or report_beside(path)
        need_place(place, path)
        report = Report(console, report_of(columns, place), clock)
        with opened(path, columns) as file, report.showing(file.size):
            good, bad = 0, list[Rejected]()
            for line in file.lines(0):
                judged = _judged(reader, line, now, findings)
                if judged is None:
                    good += 1
                else:
                    bad.append(judged)
                if good + len(bad) == TOLD_EVERY:
                    report.answered(good, [], bad, file.position(), file.columns())
                    good, bad = 0, []
            report.answered(good, [], bad, file.position(), file.columns())
    except (SourceError, ConfigError, ReportError) as error:
        console.print(str(error), markup=False, highlight=False, soft_wrap=True)
        return 1
    counts = f"{report.accepted:,} would be accepted, {report.rejected:,} rejected"
    print(f"dry run: {counts}; nothing was sent", file=answers)
    for text in (*findings.lines(), *report.summary()[1:]):
        print(text, file=answers)
    if findings.example is not None:
        print(f"the first event: {_shown(findings.example)}", file=answers)
    return 0 if report.rejected == 0 else 1


def _judged(reader: EventReader, line: Line | Rejected, now: datetime, findings: Findings) -> Rejected | None:
    """The line as rejected, or ``None`` for one that would be accepted and is counted."""
    if isinstance(line, Rejected):
        return line
    try:
        findings.take(reader.read(line.value, now))
    except InvalidEvent as error:
        return Rejected(line, error.reason, error.field, error.problem)
    return None


def _shown(event: Event) -> str:
    comment = event.data.comment if isinstance(event, ResponseEvent) else None
    content = msgspec.to_builtins(event)
    if comment:
        content["data"]["comment"] = f"({len(comment):,} characters)"
    return msgspec.json.encode(content).decode()
