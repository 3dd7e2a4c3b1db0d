"""The tab *Now*: each metric of everything and by touchpoint, with interval, n and the week before. Pure."""

from collections.abc import Iterator, Sequence
from datetime import datetime

from rich.text import Text

from closeloop.watch.columns import Cell, Column, beside, heading, table
from closeloop.watch.known import Configuration, Known
from closeloop.watch.tell import case_line
from gateway.console.catalogue import console_words, number
from gateway.console.figures import Figure, clearly_worse, figure, short_name, value_text
from gateway.console.journey import journey
from gateway.console.trends import series_of, trend
from gateway.explore.differences import Difference
from schemas.metric_catalogue import CatalogueEntry
from schemas.metrics import CSI, OUTCOME, RECOVERED, RESPONSE_RATE, Metric

WIDE = 160
"""From this width on the newest cases stand beside the metrics."""
_BESIDE = (CSI, OUTCOME, RESPONSE_RATE, RECOVERED)
_SIDE = 66
"""The least width of the newest cases, where there is room for them."""
_METRICS = 100
"""The most width that the metrics take beside them."""


def now_lines(known: Known, window: str, width: int, at: datetime) -> list[Text]:
    """The whole tab."""
    configuration = known.configuration
    if configuration is None:
        return [Text("nothing is known yet", style="dim")]
    room = min(width - _SIDE - 3, _METRICS) if width >= WIDE else width
    left = [*_whole(known, configuration, window, room), Text(), *_journey(known, configuration, window, room)]
    if width < WIDE:
        return left
    return beside(left, _newest(known, at, width - room - 3), room)


def _whole(known: Known, configuration: Configuration, window: str, width: int) -> Iterator[Text]:
    words = console_words("en")
    yield heading(words.say("tiles"), width, f"window {window}")
    rows = []
    for metric in (*configuration.metrics, *_BESIDE):
        entry = configuration.catalogue.get(metric)
        row = known.values.get((metric, window, "all", (), ""))
        if entry is None or (row is None and metric in configuration.metrics):
            continue
        rows.append([Cell(short_name(metric, "en")), *_cells(known, configuration, metric, row, None)])
    yield from table(_columns(Column(words.say("score"), 0)), rows, width)
    if not rows:
        yield Text(words.say("nothing-yet"), style="dim")


def _journey(known: Known, configuration: Configuration, window: str, width: int) -> Iterator[Text]:
    words = console_words("en")
    here = [row for row in known.values.values() if row.window == window and row.cut == "touchpoint"]
    whole = {
        row.metric: row for row in known.values.values() if row.window == window and row.cut == "all" and not row.scale
    }
    rises = {name: entry.higher_is_better for name, entry in configuration.catalogue.items()}
    steps = journey(here, whole, rises, (), configuration.metrics)
    yield heading(words.say("journey"), width, words.say("journey-hint"))
    rows: list[Sequence[Cell]] = []
    for step in steps:
        mine = sorted(
            (row for row in here if row.key.get("touchpoint") == step.touchpoint and not row.scale and row.n),
            key=lambda row: (row.metric != OUTCOME, row.metric),
        )
        shown = [row for row in mine if row.metric == OUTCOME or row.metric in configuration.metrics]
        for place, row in enumerate(shown):
            name = step.touchpoint if place == 0 else ""
            if place == 1 and step.weakest:
                name = f"> {words.say('weakest')}"
            cells = _cells(known, configuration, row.metric, row, whole.get(row.metric))
            style = "bold" if step.weakest else ""
            rows.append([Cell(name, style), Cell(short_name(row.metric, "en")), *cells])
    yield from table(_columns(Column("touchpoint", 0), Column("metric", 8)), rows, width)
    if not rows:
        yield Text(words.say("nothing-yet"), style="dim")


def _columns(*first: Column) -> list[Column]:
    return [
        *first,
        Column("value", 8, "right"),
        Column("95 %", 16),
        Column("n", 6, "right"),
        Column(console_words("en").say("week-before"), 14, "right"),
    ]


def _cells(
    known: Known, configuration: Configuration, metric: str, row: Metric | None, whole: Metric | None
) -> list[Cell]:
    """Value, interval, n and trend of one row."""
    entry = configuration.catalogue[metric]
    against = None if row is None else _against(known, configuration, row)
    shown = figure(row, entry, configuration.spec(metric), "en", name=metric, against=against)
    count = number(shown.n, "en") if shown.n else "0"
    if shown.value is None:
        return [Cell(shown.text, "dim"), Cell("", ""), Cell(count), Cell("")]
    if shown.too_few:
        return [Cell(_value(shown), "dim"), Cell("too few to say", "dim"), Cell(count), Cell("")]
    worse = row is not None and clearly_worse(row, whole, rises=entry.higher_is_better)
    interval = _interval(shown, entry) + (" worse" if worse else "")
    style = "red" if worse else ""
    return [Cell(_value(shown), style or "bold"), Cell(interval, style), Cell(count), _trend(shown)]


def _against(known: Known, configuration: Configuration, row: Metric) -> Difference | None:
    """The window against the week before."""
    week = known.week.counts.get(series_of(row))
    if week is None or known.week.window != row.window:
        return None
    return trend(row, week, configuration.vocabulary(), configuration.minimum_n, len(known.week.counts))


def _value(shown: Figure) -> str:
    unit = "" if shown.unit.startswith("of ") else shown.unit
    return f"{shown.text} {unit}".strip()


def _interval(shown: Figure, entry: CatalogueEntry) -> str:
    if shown.low is None or shown.high is None:
        return ""
    digits = 1 if entry.unit == "scale" else 0
    if entry.unit == "seconds":
        return f"{value_text(shown.low, entry, 'en')}..{value_text(shown.high, entry, 'en')}"
    return f"{number(shown.low, 'en', digits)} to {number(shown.high, 'en', digits)}"


def _trend(shown: Figure) -> Cell:
    """How the value stands to the week before, as the console says it; what chance alone would do has no direction."""
    change = shown.change
    if change is None:
        return Cell("")
    if not change.sign:
        return Cell(change.text, "dim")
    word, style = ("better", "green") if change.tone == "good" else ("worse", "red")
    return Cell(f"{change.sign}{change.text} {word}", style)


def _newest(known: Known, at: datetime, width: int) -> list[Text]:
    words = console_words("en")
    cases = sorted(known.cases.values(), key=lambda case: (case.updated_at, case.id), reverse=True)
    lines = [heading(words.say("feed"), width, words.say("feed-hint"))]
    lines += [case_line(case, width, at) for case in cases[:40]]
    return lines if cases else [*lines, Text(words.say("no-cases-yet"), style="dim")]
