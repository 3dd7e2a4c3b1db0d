"""The tab *Cases*: how many wait and are overdue, and the lists. Pure."""

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta

from rich.text import Text

from closeloop.cases.words import what
from closeloop.watch.columns import Cell, Column, heading, table
from closeloop.watch.known import Known
from closeloop.watch.tell import STYLES, promise
from gateway.case_shapes import Case
from gateway.console.catalogue import console_words, number
from schemas.cases import CLOSED_STATES

_EACH = 30


def cases_lines(known: Known, width: int, at: datetime) -> list[Text]:
    """The whole tab."""
    return list(_lines(known, width, at))


def _lines(known: Known, width: int, at: datetime) -> Iterator[Text]:
    words = console_words("en")
    yield _summary(known)
    yield Text()
    live = [case for case in known.cases.values() if case.state not in CLOSED_STATES]
    late = sorted((case for case in live if promise(case, at)[1]), key=lambda case: _until(case, at))
    yield heading(words.say("overdue"), width, _shown(known.numbers.overdue, len(late)))
    yield from _table(late[:_EACH], width, at, "nobody waits for a broken promise")
    yield Text()
    waiting = sorted((case for case in live if case.state == "open"), key=lambda case: _until(case, at))
    yield heading(words.say("waiting"), width, _shown(known.numbers.waiting, len(waiting)))
    yield from _table(waiting[:_EACH], width, at, "every case is taken")
    yield Text()
    newest = sorted(known.cases.values(), key=lambda case: case.id, reverse=True)
    yield heading("Newest", width)
    yield from _table(newest[:_EACH], width, at, words.say("no-cases-yet"))


def _shown(total: int, known: int) -> str:
    """How many there are, and in which order those that are shown."""
    many = f"{number(total, 'en')} in all"
    if not known:
        return many
    return f"{many}, the most urgent first" if total <= known else f"{many}, the most urgent of the newest {known}"


def _summary(known: Known) -> Text:
    said = Text(no_wrap=True)
    said.append(f"{number(known.numbers.waiting, 'en')} waiting", style="bold")
    said.append(" · ")
    said.append(f"{number(known.numbers.overdue, 'en')} overdue", style="bold red" if known.numbers.overdue else "bold")
    states = {} if known.totals is None else known.totals.cases
    for state, count in states.items():
        if count and state != "open":
            said.append(f" · {number(count, 'en')} {state}")
    return said


def _table(cases: Iterable[Case], width: int, at: datetime, none: str) -> list[Text]:
    wide = width >= 120
    columns = [Column("case", 8), Column("severity", 8), Column("state", 12), Column("promise", 22)]
    if wide:
        columns += [Column("owner", 20), Column("customer", 24), Column("touchpoint", 24)]
    columns.append(Column("what", 0))
    rows = []
    for case in cases:
        said, late = promise(case, at)
        row = [
            Cell(f"C-{case.id}"),
            Cell(case.severity, STYLES[case.severity]),
            Cell(case.state),
            Cell(said, "red" if late else ""),
        ]
        if wide:
            row += [Cell(case.owner_name or "nobody"), Cell(case.customer_id), Cell(case.touchpoint or "")]
        row.append(Cell(what(case.latest_alert)))
        rows.append(row)
    return table(columns, rows, width) if rows else [Text(none, style="dim")]


def _until(case: Case, at: datetime) -> datetime:
    """The next promise, or the broken one that is oldest; what has none comes last."""
    waiting = [
        until
        for until, done in (
            (case.acknowledge_by, case.acknowledged_at or case.contacted_at),
            (case.contact_by, case.contacted_at),
            (case.resolve_by, case.closed_at),
        )
        if until is not None and done is None
    ]
    return min(waiting, default=at + timedelta(days=3650))
