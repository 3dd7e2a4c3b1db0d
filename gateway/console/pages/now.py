"""*Now*: every metric with its honesty, the journey's weakest step, what happens this minute, and how the loop does."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated

from msgspec import Meta, Struct
from sqlalchemy.orm import Session

from gateway.console import feed, figures, loop_health
from gateway.console.figures import Figure
from gateway.console.journey import Step, journey
from gateway.console.page import Page
from gateway.console.reader import Reader
from gateway.console.story import Teller
from gateway.console.trends import series_of, trend, week_before
from gateway.explore.differences import Difference
from gateway.parts import Parts
from gateway.periods import Period
from gateway.problems import Refusal
from schemas.metric_catalogue import CatalogueEntry
from schemas.metrics import CSI, LIFECYCLE_METRICS, OUTCOME, RECOVERED, RESPONSE_RATE, Metric, Series

FEED_ITEMS = 40
ROWS = 50
MOST_ROWS = 200
_WHOLE = "all"
_USUAL_WINDOW = "24h"
_USUAL_CUT = "touchpoint"
_BESIDE = (OUTCOME, CSI, RESPONSE_RATE, RECOVERED)
_IF_COUNTED = ("time_to_contact", "time_to_resolve", "in_sla_contact", "in_sla_resolve", *LIFECYCLE_METRICS)


class NowAsked(Struct, frozen=True, kw_only=True):
    """Which window and cut; ``sort`` is a metric, worst first, empty for the worst standing in any."""

    window: str = ""
    cut: str = ""
    sort: str = ""
    find: Annotated[str, Meta(max_length=100)] = ""
    rows: Annotated[int, Meta(ge=1, le=MOST_ROWS)] = ROWS


class Tile(Struct, frozen=True, kw_only=True):
    """One metric of everything."""

    name: str
    title: str
    figure: Figure
    rises: bool


class Row(Struct, frozen=True, kw_only=True):
    """One key of the cut with a figure a column, ``None`` where it has none."""

    name: str
    id: str
    key: tuple[tuple[str, str], ...]
    figures: tuple[Figure | None, ...]


class Column(Struct, frozen=True, kw_only=True):
    """One metric of the table: its axis, and the value of everything."""

    metric: str
    name: str
    axis: tuple[float, float]
    whole: float | None


class StepShown(Struct, frozen=True, kw_only=True):
    """A step of the journey with its figures."""

    step: Step
    failed: Figure | None
    score: Figure | None
    score_name: str


class Now(Struct, frozen=True, kw_only=True):
    """All that the page shows."""

    windows: tuple[str, ...]
    window: str
    cuts: tuple[str, ...]
    cut: str
    minimum_n: int
    tiles: list[Tile]
    beside: list[Tile]
    steps: list[StepShown]
    columns: list[Column]
    rows: list[Row]
    found: int
    feed: list[feed.Item]
    health: list[loop_health.Health]


class NowPage(Page[NowAsked]):
    """The first page."""

    name = "now"
    path = "/now"
    section = "now"
    asks = NowAsked

    def look(self, parts: Parts, asked: NowAsked, reader: Reader, at: datetime) -> Now:
        """Read the live metrics, and from SQL the feed and the loop's health."""
        words = parts.words
        window = _chosen("window", asked.window, words.windows, _USUAL_WINDOW)
        cuts = tuple(name for name in words.cuts if name != _WHOLE)
        cut = _chosen("cut", asked.cut, cuts or (_WHOLE,), _USUAL_CUT)
        if asked.sort and asked.sort not in words.catalogue:
            raise Refusal(400, "invalid", "sort", "not a metric of loop.yaml")
        rows = parts.live.rows
        whole = {row.metric: row for row in rows.within(_WHOLE, window) if row.scale == ""}
        ends = max((row.as_of for row in whole.values()), default=at) if parts.settings.clock == "event" else at
        figured = _Figured(parts, reader, whole, week_before(window, ends, words.zone))
        lines = _lines(rows.within(cut, window), asked, figured)
        drawn = lines[: asked.rows]
        steps = journey(
            rows.within("touchpoint", window),
            whole,
            {name: entry.higher_is_better for name, entry in words.catalogue.items()},
            parts.loop.journey,
            words.metrics,
        )
        shown = [row for line in drawn for row in line.rows.values()]
        teller = Teller(language=reader.language, zone=words.zone, now=at, people=words.people)
        with parts.readers() as session:
            figured.compare(session, list(whole.values()), 1)
            figured.compare(session, shown, len(drawn))
            happened = feed.newest(session, teller, FEED_ITEMS)
            health = loop_health.loop_health(session, parts.loop.receivers, at)
        columns = [figured.column(name, shown) for name in figured.names() if any(row.metric == name for row in shown)]
        return Now(
            windows=words.windows,
            window=window,
            cuts=cuts,
            cut=cut,
            minimum_n=parts.loop.minimum_n,
            # A metric that is declared and never asked takes no room beside those that are.
            tiles=[figured.tile(name) for name in words.metrics if name in whole or not whole],
            beside=[
                figured.tile(name)
                for name in (*_BESIDE, *_IF_COUNTED)
                if name in words.catalogue and (name in _BESIDE or (name in whole and whole[name].n))
            ],
            steps=[figured.step(step) for step in steps],
            columns=columns,
            rows=[line.shown(columns, figured) for line in drawn],
            found=len(lines),
            feed=happened,
            health=health,
        )


class _Figured:
    """Rows as figures, beside the whole."""

    def __init__(self, parts: Parts, reader: Reader, whole: Mapping[str, Metric], week: Period) -> None:
        self._parts, self._words, self._language = parts, parts.words, reader.language
        self._week = week
        self._against: dict[Series, Difference] = {}
        self.whole = whole

    def compare(self, session: Session, rows: Sequence[Metric], pairs: int) -> None:
        """Look up the week before of these rows, so that their figures say what became of them."""
        series = {series_of(row): row for row in rows}
        weeks = self._parts.weeks.read(session, list(series), self._week)
        for one, row in series.items():
            found = trend(row, weeks[one], self._words, self._parts.loop.minimum_n, pairs)
            if found is not None:
                self._against[one] = found

    def entry(self, metric: str) -> CatalogueEntry:
        return self._words.catalogue[metric]

    def names(self) -> list[str]:
        """The columns that a table of a cut can have: scores and failures."""
        return [*self._words.metrics, OUTCOME]

    def figure(self, row: Metric | None, metric: str) -> Figure:
        spec = self._words.metrics.get(metric)
        against = self._against.get(series_of(row)) if row is not None else None
        return figures.figure(row, self.entry(metric), spec, self._language, self.whole.get(metric), metric, against)

    def short(self, metric: str) -> str:
        return figures.short_name(metric, self._language)

    def tile(self, metric: str) -> Tile:
        entry = self.entry(metric)
        return Tile(
            name=self.short(metric),
            title=figures.title(metric, entry, self._language),
            figure=self.figure(self.whole.get(metric), metric),
            rises=entry.higher_is_better,
        )

    def column(self, metric: str, rows: Sequence[Metric]) -> Column:
        whole = self.whole.get(metric)
        mine = [row for row in rows if row.metric == metric]
        return Column(
            metric=metric,
            name=self.short(metric),
            axis=figures.axis([*mine, whole], self.entry(metric), self._words.metrics.get(metric)),
            whole=whole.value if whole is not None else None,
        )

    def step(self, step: Step) -> StepShown:
        score = step.score
        return StepShown(
            step=step,
            failed=self.figure(step.failed, OUTCOME) if step.failed is not None else None,
            score=self.figure(score, score.metric) if score is not None else None,
            score_name=self.short(score.metric) if score is not None else "",
        )


class _Line(Struct, frozen=True, kw_only=True):
    """The rows of one key of the cut, by metric."""

    worst: float
    """How badly it stands, lower is worse."""
    name: str
    key: tuple[str, ...]
    rows: dict[str, Metric]

    def shown(self, columns: Sequence[Column], figured: _Figured) -> Row:
        """The line with its figures in the order of the columns."""
        return Row(
            name=self.name,
            id="row-" + "-".join(self.key).encode().hex(),
            key=tuple(next(iter(self.rows.values())).key.items()),
            figures=tuple(
                figured.figure(self.rows[column.metric], column.metric) if column.metric in self.rows else None
                for column in columns
            ),
        )


def _lines(rows: Sequence[Metric], asked: NowAsked, figured: _Figured) -> list[_Line]:
    """The lines of a cut, worst first."""
    wanted = set(figured.names())
    keyed: dict[tuple[str, ...], dict[str, Metric]] = {}
    for row in rows:
        if row.metric in wanted and (row.n or row.value is not None):
            keyed.setdefault((*row.key.values(), row.scale), {})[row.metric] = row
    needle = asked.find.casefold()
    lines = [
        _Line(worst=_worst(line, asked.sort, figured), name=_name(key), key=key, rows=line)
        for key, line in keyed.items()
        if not needle or needle in _name(key).casefold()
    ]
    return sorted(lines, key=lambda line: (line.worst, line.name))


def _worst(line: Mapping[str, Metric], sort: str, figured: _Figured) -> float:
    """How badly a line stands, lower is worse; what cannot be said comes last."""
    if sort:
        row = line.get(sort)
        if row is None or row.value is None:
            return float("inf")
        value = row.value if figured.entry(sort).higher_is_better else -row.value
        return value + (1e6 if row.too_few else 0.0)
    stands = [
        figures.standing(row, figured.whole.get(metric), rises=figured.entry(metric).higher_is_better)
        for metric, row in line.items()
    ]
    return min((one for one in stands if one is not None), default=1e6)


def _name(key: tuple[str, ...]) -> str:
    values, scale = key[:-1], key[-1]
    said = " · ".join(value or "\N{EN DASH}" for value in values)
    return f"{said} ({scale})" if scale else said


def _chosen(field: str, asked: str, known: Sequence[str], usual: str) -> str:
    if asked and asked not in known:
        raise Refusal(400, "invalid", field, f"not declared in loop.yaml; known are {', '.join(known)}")
    return asked or (usual if usual in known else known[0])
