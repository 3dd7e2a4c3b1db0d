"""The test of rules as a whole: read what was recorded, run both loops over it, compare."""

import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from math import inf
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from closeloop.current_silences import UNKNOWN, current_silences, held_by
from closeloop.errors import UserError
from closeloop.rules.case_book import CaseBook, Placed
from closeloop.rules.findings import Events, Example, Findings, Most, Only, Side
from closeloop.rules.recorded import Recorded, Tell, from_file, from_topics
from closeloop.rules.rehearsal import Rehearsal
from schemas.alerts import Alert
from schemas.config import Loop
from schemas.config_base import seconds
from schemas.settings import Settings
from schemas.silences import Silence, holding
from streams.alarms.stop_watch import GRACE_S

EXAMPLES = 5
"""Of each kind."""
TOGETHER = 1_000
"""Records applied at once."""
SPAN_S = 2 * 86_400
"""Event time, seconds, within which records are applied at once: shorter than most take to be too old to alert, so that
their order does not matter and the core may take them column by column."""
_SHOW_EVERY = 500

Named = tuple[str, Loop]
"""The file of a loop.yaml, as it was given, and what it says."""


class _Run:
    """One loop.yaml at work."""

    def __init__(self, named: Named, close_after: int, now: float, silences: Sequence[Silence]) -> None:
        self.name, loop = named
        self._now, self._silences = datetime.fromtimestamp(now, UTC), silences
        self._held: Counter[str] = Counter()
        self.rehearsal = Rehearsal(loop, now)
        self.cases = CaseBook(loop, close_after)
        self.latest: dict[str, tuple[Alert, Placed]] = {}

    def take(self, alerts: Iterable[Alert]) -> None:
        """Give alerts to the desk; they are the latest now."""
        self.latest = {alert.id: (alert, self.cases.take(alert)) for alert in alerts}
        if self._silences:
            for alert, _ in self.latest.values():
                silence = None if alert.recovered else holding(self._silences, alert, self._now)
                self._held.update([] if silence is None else [held_by(silence)])

    def side(self) -> Side:
        """What it came to."""
        cases, busiest = self.cases, self.cases.busiest()
        return Side(
            config=self.name,
            alerts=dict(cases.alerts),
            silenced=self.rehearsal.counts().silenced,
            cases=sum(cases.opened.values()),
            joined=cases.joined,
            quiet=cases.quiet,
            programmes=dict(cases.opened),
            severities={severity: count for severity, count in cases.severities.items() if count},
            receivers=dict(cases.receivers.most_common()),
            owners=dict(cases.owners.most_common()),
            busiest_day=Most(*busiest) if busiest is not None else None,
            most_open={owner: Most(*peak) for owner, peak in cases.peaks.items()},
            held=dict(sorted(self._held.items())),
        )


class _Differences:
    """The alerts that only one of the two raises: how many, and the first of them."""

    def __init__(self) -> None:
        self.counts: dict[Only, int] = {"changed": 0, "today": 0}
        self.examples: list[Example] = []

    def look(self, changed: _Run, today: _Run | None) -> None:
        """Compare the latest alerts of both, which follow from the same records."""
        if today is None:
            return
        self._note("changed", changed, today)
        self._note("today", today, changed)

    def _note(self, only: Only, run: _Run, other: _Run) -> None:
        for number, (alert, placed) in run.latest.items():
            if number in other.latest:
                continue
            self.counts[only] += 1
            if self.counts[only] <= EXAMPLES:
                self.examples.append(_example(only, alert, placed))


def compare(
    records: Iterable[Recorded],
    changed: Named,
    today: Named | None,
    close_after: str,
    load: int,
    now: float,
    silences: Sequence[Silence] = (),
) -> Findings:
    """Run the rules over the records, in lock-step with today's, and say how they differ. Pure.

    ``close_after`` is a duration of loop.yaml; ``now`` the wall clock, seconds UTC; ``silences`` hold now.
    """
    ours = _Run(changed, seconds(close_after), now, silences)
    theirs = _Run(today, seconds(close_after), now, silences) if today is not None else None
    runs = [run for run in (ours, theirs) if run is not None]
    first: float | None = None
    last: float | None = None
    differences = _Differences()
    hourly = any(run.rehearsal.watches_metrics for run in runs)
    for block in blocks(records, hourly=hourly):
        times = [one.event_time for one in block if one.event_time is not None]
        if times:
            first = min(times) if first is None else min(first, *times)
            last = max(times) if last is None else max(last, *times)
        for run in runs:
            run.take(run.rehearsal.take(block))
        differences.look(ours, theirs)
    for run in runs:
        run.take(run.rehearsal.end())
    differences.look(ours, theirs)
    books = ours.rehearsal.counts()
    return Findings(
        events=Events(
            received=books.received,
            counted=books.counted,
            duplicates=books.duplicates,
            late=books.late,
            dead_letters=books.dead_letters,
            first=None if first is None else datetime.fromtimestamp(first, UTC),
            last=None if last is None else datetime.fromtimestamp(last, UTC),
        ),
        close_after=close_after,
        load=load,
        changed=ours.side(),
        today=theirs.side() if theirs is not None else None,
        only_changed=differences.counts["changed"],
        only_today=differences.counts["today"],
        examples=sorted(differences.examples, key=lambda example: example.only),
    )


def blocks(records: Iterable[Recorded], *, hourly: bool) -> Iterator[list[Recorded]]:
    """Records to be applied at once, in order. ``hourly``: no block goes on into a new hour of event time.

    The hour turns ten minutes into it, when metrics are judged.
    """
    block: list[Recorded] = []
    hour, earliest = 0, inf
    for record in records:
        ends = len(block) >= TOGETHER
        if record.event_time is not None:
            turned = int(record.event_time - GRACE_S) // 3600
            ends = ends or (hourly and turned > hour) or record.event_time - earliest > SPAN_S
            hour = max(hour, turned)
        if block and ends:
            yield block
            block, earliest = [], inf
        block.append(record)
        earliest = earliest if record.event_time is None else min(earliest, record.event_time)
    if block:
        yield block


def run_test(
    file: Path | None,
    since: str | None,
    settings: Settings,
    changed: Named,
    today: Named | None,
    close_after: str,
    load: int,
) -> Findings:
    """Compare over a file, or over what has arrived on the topics for a duration. Shows progress on a terminal.

    Raises ``UserError`` and ``BrokerError``.
    """
    now = datetime.now(UTC).timestamp()
    silences = current_silences(settings.database, datetime.fromtimestamp(now, UTC))
    if silences is None:
        Console(file=sys.stderr).print(UNKNOWN)
    with _progress() as tell:
        if file is not None:
            records = from_file(file, tell)
        else:
            assert since is not None
            records = from_topics(settings, int((now - seconds(since)) * 1000), tell)
        findings = compare(records, changed, today, close_after, load, now, silences or ())
    if not findings.events.received:
        raise UserError(f"{file or f'the last {since}'}: no event in it; there is nothing to test the rules with")
    return findings


@contextmanager
def _progress() -> Iterator[Tell]:
    console = Console(file=sys.stderr)
    if not console.is_terminal:
        yield lambda _done, _total: None
        return
    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task("replaying", total=None)
        yield _now_and_then(lambda done, total: progress.update(task, completed=done, total=total))


def _now_and_then(tell: Tell) -> Tell:
    asked = 0

    def told(done: int, total: int | None) -> None:
        nonlocal asked
        asked += 1
        if asked % _SHOW_EVERY == 0:
            tell(done, total)

    return told


def _example(only: Only, alert: Alert, placed: Placed) -> Example:
    return Example(
        only=only,
        rule=alert.rule,
        severity=alert.severity,
        event_source=alert.event_source,
        event_id=alert.event_id,
        what=placed.what,
        receiver=placed.receiver,
        owner=placed.owner,
    )
