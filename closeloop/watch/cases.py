"""The tab *Cases*: how many wait and are overdue, and the lists. Pure."""

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta

from rich.text import Text

from closeloop.watch.columns import Cell, Column, heading, table
from closeloop.watch.known import Known
from closeloop.watch.speech import Speech
from closeloop.watch.tell import STYLES, promise
from gateway.case_shapes import Case
from schemas.cases import CLOSED_STATES

_EACH = 30


def cases_lines(known: Known, width: int, at: datetime, speech: Speech) -> list[Text]:
    """The whole tab."""
    return list(_lines(known, width, at, speech))


def _lines(known: Known, width: int, at: datetime, speech: Speech) -> Iterator[Text]:
    yield _summary(known, speech)
    yield Text()
    live = [case for case in known.cases.values() if case.state not in CLOSED_STATES]
    late = sorted((case for case in live if promise(case, at, speech)[1]), key=lambda case: _until(case, at))
    yield heading(speech.say("overdue"), width, _shown(known.numbers.overdue, len(late), speech))
    yield from _table(late[:_EACH], width, at, speech, "watch-none-overdue")
    yield Text()
    waiting = sorted((case for case in live if case.state == "open"), key=lambda case: _until(case, at))
    yield heading(speech.say("waiting"), width, _shown(known.numbers.waiting, len(waiting), speech))
    yield from _table(waiting[:_EACH], width, at, speech, "watch-all-taken")
    yield Text()
    newest = sorted(known.cases.values(), key=lambda case: case.id, reverse=True)
    yield heading(speech.say("watch-newest"), width)
    yield from _table(newest[:_EACH], width, at, speech, "no-cases-yet")


def _shown(total: int, known: int, speech: Speech) -> str:
    """How many there are, and in which order those that are shown."""
    many = speech.number(total)
    if not known:
        return speech.say("watch-in-all", n=many)
    if total <= known:
        return speech.say("watch-urgent-first", n=many)
    return speech.say("watch-urgent-of-newest", n=many, known=speech.number(known))


def _summary(known: Known, speech: Speech) -> Text:
    waiting, overdue = (speech.number(count) for count in (known.numbers.waiting, known.numbers.overdue))
    said = Text(no_wrap=True)
    said.append(f"{speech.say('waiting')} {waiting}", style="bold")
    said.append(" · ")
    said.append(f"{speech.say('overdue')} {overdue}", style="bold red" if known.numbers.overdue else "bold")
    states = {} if known.totals is None else known.totals.cases
    for state, count in states.items():
        if count and state != "open":
            said.append(f" · {speech.say(f'state-{state}')} {speech.number(count)}")
    return said


def _table(cases: Iterable[Case], width: int, at: datetime, speech: Speech, none: str) -> list[Text]:
    wide = width >= 120
    names = ["page-case", "severity", "state", "watch-promise"]
    names += ["owner", "customer", "watch-touchpoint"] if wide else []
    rows = []
    for case in cases:
        said, late = promise(case, at, speech)
        row = [
            Cell(f"C-{case.id}"),
            Cell(speech.say(f"severity-{case.severity}"), STYLES[case.severity]),
            Cell(speech.state(case)),
            Cell(said, "red" if late else ""),
        ]
        if wide:
            owner = case.owner_name or speech.say("nobody-yet")
            row += [Cell(owner), Cell(case.customer_id), Cell(case.touchpoint or "")]
        rows.append([*row, Cell(speech.what(case))])
    widths = (9, 8, 14, 24, 20, 24, 24)
    columns = [Column(speech.say(name), room) for name, room in zip(names, widths, strict=False)]
    columns.append(Column(speech.say("about"), 0))
    return table(columns, rows, width) if rows else [Text(speech.say(none), style="dim")]


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
