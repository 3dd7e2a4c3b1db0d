"""The tab *Now*: each metric of everything and by touchpoint, with interval, n and the week before. Pure."""

from collections.abc import Iterator, Sequence
from datetime import datetime

from rich.text import Text

from closeloop.watch.columns import Cell, Column, beside, heading, table
from closeloop.watch.known import Configuration, Known
from closeloop.watch.speech import Speech
from closeloop.watch.tell import case_line
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


def now_lines(known: Known, window: str, width: int, at: datetime, speech: Speech) -> list[Text]:
    """The whole tab."""
    configuration = known.configuration
    if configuration is None:
        return [Text(speech.say("watch-nothing-known"), style="dim")]
    room = min(width - _SIDE - 3, _METRICS) if width >= WIDE else width
    left = [
        *_whole(known, configuration, window, room, speech),
        Text(),
        *_journey(known, configuration, window, room, speech),
    ]
    if width < WIDE:
        return left
    return beside(left, _newest(known, at, width - room - 3, speech), room)


def _whole(known: Known, configuration: Configuration, window: str, width: int, speech: Speech) -> Iterator[Text]:
    yield heading(speech.say("tiles"), width, speech.say("in-window", window=window))
    rows = []
    for metric in (*configuration.metrics, *_BESIDE):
        entry = configuration.catalogue.get(metric)
        row = known.values.get((metric, window, "all", (), ""))
        if entry is None or (row is None and metric in configuration.metrics):
            continue
        rows.append(
            [Cell(short_name(metric, speech.language)), *_cells(known, configuration, metric, row, None, speech)]
        )
    yield from table(_columns(speech, Column(speech.say("score"), 0)), rows, width)
    if not rows:
        yield Text(speech.say("nothing-yet"), style="dim")


def _journey(known: Known, configuration: Configuration, window: str, width: int, speech: Speech) -> Iterator[Text]:
    here = [row for row in known.values.values() if row.window == window and row.cut == "touchpoint"]
    whole = {
        row.metric: row for row in known.values.values() if row.window == window and row.cut == "all" and not row.scale
    }
    rises = {name: entry.higher_is_better for name, entry in configuration.catalogue.items()}
    steps = journey(here, whole, rises, (), configuration.metrics)
    yield heading(speech.say("journey"), width, speech.say("journey-hint"))
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
                name = f"> {speech.say('weakest')}"
            cells = _cells(known, configuration, row.metric, row, whole.get(row.metric), speech)
            style = "bold" if step.weakest else ""
            rows.append([Cell(name, style), Cell(short_name(row.metric, speech.language)), *cells])
    yield from table(_columns(speech, Column(speech.say("watch-touchpoint"), 0), Column("", 8)), rows, width)
    if not rows:
        yield Text(speech.say("nothing-yet"), style="dim")


def _columns(speech: Speech, *first: Column) -> list[Column]:
    return [
        *first,
        Column(speech.say("value-head"), 8, "right"),
        Column("95 %", 16),
        Column("n", 6, "right"),
        Column(speech.say("week-before"), 14, "right"),
    ]


def _cells(
    known: Known, configuration: Configuration, metric: str, row: Metric | None, whole: Metric | None, speech: Speech
) -> list[Cell]:
    """Value, interval, n and trend of one row."""
    entry = configuration.catalogue[metric]
    against = None if row is None else _against(known, configuration, row)
    shown = figure(row, entry, configuration.spec(metric), speech.language, name=metric, against=against)
    count = speech.number(shown.n) if shown.n else "0"
    if shown.value is None:
        return [Cell(shown.text, "dim"), Cell("", ""), Cell(count), Cell("")]
    if shown.too_few:
        return [Cell(_value(shown, entry), "dim"), Cell(speech.say("watch-too-few"), "dim"), Cell(count), Cell("")]
    worse = row is not None and clearly_worse(row, whole, rises=entry.higher_is_better)
    interval = _interval(shown, entry, speech) + (f" {speech.say('watch-worse')}" if worse else "")
    style = "red" if worse else ""
    return [Cell(_value(shown, entry), style or "bold"), Cell(interval, style), Cell(count), _trend(shown, speech)]


def _against(known: Known, configuration: Configuration, row: Metric) -> Difference | None:
    """The window against the week before."""
    week = known.week.counts.get(series_of(row))
    if week is None or known.week.window != row.window:
        return None
    return trend(row, week, configuration.vocabulary(), configuration.minimum_n, len(known.week.counts))


def _value(shown: Figure, entry: CatalogueEntry) -> str:
    unit = "" if entry.unit == "scale" else shown.unit
    return f"{shown.text} {unit}".strip()


def _interval(shown: Figure, entry: CatalogueEntry, speech: Speech) -> str:
    if shown.low is None or shown.high is None:
        return ""
    digits = 1 if entry.unit == "scale" else 0
    if entry.unit == "seconds":
        return f"{value_text(shown.low, entry, speech.language)}..{value_text(shown.high, entry, speech.language)}"
    return speech.say("watch-range", low=speech.number(shown.low, digits), high=speech.number(shown.high, digits))


def _trend(shown: Figure, speech: Speech) -> Cell:
    """How the value stands to the week before, as the console says it; what chance alone would do has no direction."""
    change = shown.change
    if change is None:
        return Cell("")
    if not change.sign:
        return Cell(change.text, "dim")
    word, style = ("better", "green") if change.tone == "good" else ("worse", "red")
    return Cell(f"{change.sign}{change.text} {speech.say(f'watch-{word}')}", style)


def _newest(known: Known, at: datetime, width: int, speech: Speech) -> list[Text]:
    cases = sorted(known.cases.values(), key=lambda case: (case.updated_at, case.id), reverse=True)
    lines = [heading(speech.say("feed"), width, speech.say("feed-hint"))]
    lines += [case_line(case, width, at, speech) for case in cases[:40]]
    return lines if cases else [*lines, Text(speech.say("no-cases-yet"), style="dim")]
