"""What a test of rules found: one struct, and its forms as text, CSV and JSON. Pure."""

import csv
import io
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, date, datetime
from typing import Literal

import msgspec
from msgspec import Struct

from closeloop.rules.case_book import What

Format = Literal["text", "json", "csv"]
Only = Literal["changed", "today"]
"""Which of the two raises an alert that the other does not."""


class Most(Struct, frozen=True):
    """A greatest number of cases, and the day of it."""

    cases: int
    day: date


class Side(Struct, frozen=True, kw_only=True):
    """What one loop.yaml would have done. Alerts by rule; cases by programme, severity, receiver and owner."""

    config: str
    alerts: dict[str, int]
    silenced: int
    """Alerts not raised because their event was older than ``alert_max_age``."""
    cases: int
    joined: int
    """Alerts that joined an open case."""
    quiet: int
    """Cases that disturb nobody."""
    held: dict[str, int] = {}
    """Alerts like those that a silence holds at present, by its number, end and reason."""
    programmes: dict[str, int]
    severities: dict[str, int]
    receivers: dict[str, int]
    owners: dict[str, int]
    busiest_day: Most | None
    most_open: dict[str, Most]
    """By owner: the most cases that were open at once."""


class Example(Struct, frozen=True, kw_only=True):
    """An alert that only one of the two would raise, by its event."""

    only: Only
    rule: str
    severity: str
    event_source: str
    event_id: str
    what: What
    receiver: str
    owner: str


class Events(Struct, frozen=True, kw_only=True):
    """The events that were read: books of both topics. ``first`` and ``last`` are event times."""

    received: int
    counted: int
    duplicates: int
    late: int
    dead_letters: dict[str, int]
    first: datetime | None
    last: datetime | None


class Findings(Struct, frozen=True, kw_only=True):
    """The whole answer of ``closeloop rules test``. ``today`` is None where there was nothing to compare with."""

    events: Events
    close_after: str
    load: int
    """The load that nobody should have more of: cases open at once."""
    changed: Side
    today: Side | None
    only_changed: int
    """Alerts that only the changed rules raise."""
    only_today: int
    examples: list[Example]


def overloaded(side: Side, load: int) -> dict[str, Most]:
    """The owners who would have more cases open at once than the load, the most loaded first."""
    over = [(owner, most) for owner, most in side.most_open.items() if most.cases > load]
    return dict(sorted(over, key=lambda pair: (-pair[1].cases, pair[0])))


def render(findings: Findings, form: Format) -> str:
    """The findings in one of the forms, without a newline at the end."""
    if form == "json":
        return msgspec.json.format(msgspec.json.encode(findings), indent=2).decode()
    if form == "csv":
        return _csv(findings)
    return "\n".join(_text(findings))


_Row = tuple[str, str, int, int | None]
"""Section, name, changed, today."""


def _rows(findings: Findings) -> Iterator[_Row]:
    changed, today = findings.changed, findings.today
    sections: tuple[tuple[str, Callable[[Side], Mapping[str, int]]], ...] = (
        ("alerts by rule", lambda side: side.alerts),
        ("", _whole),
        ("cases by programme", lambda side: side.programmes),
        ("cases by severity", lambda side: side.severities),
        ("cases by receiver", lambda side: side.receivers),
        ("cases by owner", lambda side: side.owners),
        ("most open at once, by owner", _most),
        ("alerts that a silence would hold now", lambda side: side.held),
    )
    for section, of in sections:
        now, before = of(changed), None if today is None else of(today)
        for name in dict.fromkeys([*now, *(before or ())]):
            yield section, name, now.get(name, 0), None if before is None else before.get(name, 0)


def _whole(side: Side) -> dict[str, int]:
    return {
        "alerts": sum(side.alerts.values()),
        "alerts silenced by their age": side.silenced,
        "cases that open": side.cases,
        "alerts that join one": side.joined,
        "cases that disturb nobody": side.quiet,
        "cases on the busiest day": side.busiest_day.cases if side.busiest_day is not None else 0,
    }


def _most(side: Side) -> dict[str, int]:
    return {owner: most.cases for owner, most in sorted(side.most_open.items())}


def _csv(findings: Findings) -> str:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["section", "name", "changed", "today", "difference"])
    for section, name, changed, today in _rows(findings):
        more = "" if today is None else changed - today
        writer.writerow([section or "whole", name, changed, "" if today is None else today, more])
    return out.getvalue().rstrip("\n")


def _text(findings: Findings) -> Iterator[str]:
    events, changed, today = findings.events, findings.changed, findings.today
    letters = ", ".join(f"{count:,} {reason}" for reason, count in sorted(events.dead_letters.items())) or "0"
    yield f"{events.received:,} events{_span(events)}"
    yield f"{events.counted:,} counted, {events.duplicates:,} duplicates, {events.late:,} late, dead letters: {letters}"
    yield f"rules of {changed.config}" + (f", compared with today's of {today.config}" if today else "")
    yield f"a case is taken to be closed {findings.close_after} after it was opened"
    before: str | None = None
    width = max([len(name) for _, name, _, _ in _rows(findings)])
    for section, name, now, was in _rows(findings):
        if section != before:
            yield ""
            head = "" if today is None else f"{'today':>10}  {'changed':>10}  {'more':>10}"
            yield f"{section or 'in all':<{width + 2}}{head}".rstrip()
            before = section
        figures = f"{now:>10,}" if was is None else f"{was:>10,}  {now:>10,}  {_signed(now - was):>10}"
        yield f"  {name:<{width}}{figures}"
    yield ""
    yield from _days_and_loads(findings)
    if today is not None:
        yield ""
        more, fewer = findings.only_changed, findings.only_today
        yield f"alerts that only the changed rules raise: {more:,}; only today's: {fewer:,}"
        yield from map(_example, findings.examples)


def _days_and_loads(findings: Findings) -> Iterator[str]:
    for word, side in (("today", findings.today), ("changed", findings.changed)):
        if side is None:
            continue
        if side.busiest_day is not None:
            yield f"busiest day, {word}: {side.busiest_day.day}, {side.busiest_day.cases:,} cases open"
        over = overloaded(side, findings.load)
        names = ", ".join(f"{owner} ({most.cases:,} on {most.day})" for owner, most in over.items())
        yield f"owners with more than {findings.load:,} open at once, {word}: {names or 'none'}"


def _span(events: Events) -> str:
    if events.first is None or events.last is None:
        return ""
    return f", {events.first.astimezone(UTC):%Y-%m-%d} to {events.last.astimezone(UTC):%Y-%m-%d}"


def _signed(number: int) -> str:
    return f"{number:+,}" if number else "0"


def _example(one: Example) -> str:
    sign = "+" if one.only == "changed" else "-"
    event = "".join(letter if letter.isprintable() else "?" for letter in f"{one.event_source} {one.event_id}")
    return f"  {sign} {one.rule} ({one.severity}) {event}: {one.what}, {one.receiver}, {one.owner}"
