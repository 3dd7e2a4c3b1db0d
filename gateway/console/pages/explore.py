"""*Explore*: a metric of a segment over time, whether two of its values differ, and what was said on a day."""

import heapq
from collections.abc import Sequence
from datetime import date, datetime
from typing import Annotated, Literal, get_args

import msgspec
from msgspec import Meta, Struct
from sqlalchemy.orm import Session

from gateway.answer_reads import AnswerFilter, FlaggedAnswer, read_answers
from gateway.console import figures
from gateway.console.comparing import Told, names, tell
from gateway.console.figures import Figure
from gateway.console.page import Page
from gateway.console.reader import Reader
from gateway.console.sides import at_point, window_ending
from gateway.explore.answering import compare, newest_day, series_of, trend
from gateway.explore.measures import measure
from gateway.explore.questions import (
    ComparisonAsked,
    Segment,
    everybody,
    read_comparison,
    read_metric,
    read_segment,
    window_days,
)
from gateway.explore.reads import read_window, segments
from gateway.explore.shapes import Point
from gateway.parts import Parts
from gateway.periods import Period, read_period
from gateway.vocabulary import Vocabulary, parse_day
from schemas.config_base import seconds

ANSWERS = 30
MOST_KEYS = 300
WINDOWS = (1, 7, 14, 30, 90)
"""In whole days: what is kept of the past."""

Against = Literal["", "before", "rest", "segment", "period"]
Text = Annotated[str, Meta(max_length=2_000, pattern="^[^\\x00]*$")]


class ExploreAsked(Struct, frozen=True, kw_only=True):
    """The whole view. ``key`` is ``DIMENSION:VALUE``, several with commas; ``window`` the whole days that
    each point is of; ``day`` a chosen point."""

    metric: Text = ""
    cut: Text = ""
    key: Text = ""
    first: Text = msgspec.field(default="", name="from")
    last: Text = msgspec.field(default="", name="to")
    window: Text = ""
    against: Against = ""
    with_key: Text = ""
    with_from: Text = ""
    with_to: Text = ""
    day: Text = ""


class Line(Struct, frozen=True, kw_only=True):
    """A day: its point in words, and the other side's."""

    point: Point
    text: str
    interval: str
    other: Point | None
    other_text: str
    chosen: bool


class WindowShown(Struct, frozen=True, kw_only=True):
    """The segment's value in a rolling window, now."""

    window: str
    figure: Figure


class ExploreShown(Struct, frozen=True, kw_only=True):
    """All that the page shows."""

    metric: str
    metric_name: str
    metrics: list[tuple[str, str]]
    cuts: tuple[str, ...]
    cut: str
    keys: list[str]
    key: str
    needs_key: bool
    name: str
    days: Period
    window: int
    """In days."""
    choices: tuple[int, ...]
    """The windows to choose from."""
    addable: bool
    windows: list[WindowShown]
    lines: list[Line]
    unit: str
    against: tuple[Against, ...]
    told: Told | None
    other_days: Period
    other_name: str
    """Of the other line; empty where there is none."""
    shares_days: bool
    """The windows of the chosen point share answers, and are not compared."""
    answers: list[FlaggedAnswer]
    day: date | None
    said_days: Period
    """Those of the chosen point's window, else the whole period."""
    zone: str
    limits: tuple[float, float]


class ExplorePage(Page[ExploreAsked]):
    """Over time, and against each other."""

    name = "explore"
    path = "/explore"
    section = "explore"
    asks = ExploreAsked
    seconds = 5.0

    def look(self, parts: Parts, asked: ExploreAsked, reader: Reader, at: datetime) -> ExploreShown:
        """Read the recorded days, compare, and list what was said."""
        del at
        words = parts.words
        metric = read_metric(words, asked.metric or next(iter(words.metrics)))
        whole = everybody(words)
        cut = words.check_cut(asked.cut or None) or whole or next(iter(words.cuts))
        with parts.readers() as session:
            keys = _keys(session, parts, metric, cut)
            key = asked.key or (keys[0] if keys and words.cuts[cut] else "")
            segment = read_segment(words, cut, split_key(words, cut, key)) if key or not words.cuts[cut] else None
            newest = newest_day(session, metric, cut, words.zone)
            days = read_period(asked.first, asked.last, newest)
            addable = measure(words, metric, parts.loop.minimum_n) is not None
            window = window_days(asked.window) if addable else 1
            view = _View(parts, asked, reader, metric, days, window)
            beside = view.beside(segment, keys) if segment is not None and addable else None
            lines = view.lines(session, segment, beside) if segment is not None else []
            day = _chosen(asked.day)
            said_days = window_ending(day, window) if day is not None else days
            said = (
                read_answers(session, view.said(segment, said_days), None, ANSWERS).answers
                if segment is not None
                else []
            )
            compared = at_point(beside, day, window) if beside is not None and day is not None else beside
            told = tell(compare(session, parts, compared), compared, parts, reader.language) if compared else None
        return ExploreShown(
            metric=metric,
            metric_name=figures.short_name(metric, reader.language),
            metrics=[(name, figures.title(name, entry, reader.language)) for name, entry in words.catalogue.items()],
            cuts=tuple(words.cuts),
            cut=cut,
            keys=keys if key in keys or not key else [key, *keys],
            key=key,
            needs_key=bool(words.cuts[cut]),
            name=segment_name(segment),
            days=days,
            window=window,
            choices=tuple(sorted({*WINDOWS, window})),
            addable=addable,
            windows=view.windows(segment) if segment is not None else [],
            lines=lines,
            unit=view.unit,
            against=_choices(words, segment, keys),
            told=told,
            other_days=(beside.other.period if beside else None) or days.before(),
            other_name=names(beside, reader.language)[1] if beside else "",
            shares_days=beside is not None and compared is None,
            answers=said,
            day=day,
            said_days=said_days,
            zone=words.zone,
            limits=figures.limits(words.catalogue[metric], words.metrics.get(metric)),
        )


class _View:
    """One metric over some days, as a reader sees it."""

    def __init__(
        self, parts: Parts, asked: ExploreAsked, reader: Reader, metric: str, days: Period, window: int
    ) -> None:
        self._parts, self._asked, self._metric, self._days, self._window = parts, asked, metric, days, window
        self._language = reader.language
        self._entry = parts.words.catalogue[metric]
        self._spec = parts.words.metrics.get(metric)
        self.unit = figures.unit_of(self._entry, self._spec, self._language)

    def windows(self, segment: Segment) -> list[WindowShown]:
        """The rolling windows, now."""
        rows = self._parts.live.rows
        return [
            WindowShown(
                window=window,
                figure=figures.figure(
                    read_window(rows, series_of(self._metric, segment), window),
                    self._entry,
                    self._spec,
                    self._language,
                    name=self._metric,
                ),
            )
            for window in self._parts.words.windows
        ]

    def beside(self, segment: Segment, keys: Sequence[str]) -> ComparisonAsked | None:
        """Against what was asked for, if anything; a choice that this segment does not have is none."""
        asked, words = self._asked, self._parts.words
        if not asked.against or asked.against not in _choices(words, segment, keys):
            return None
        with_key = ""
        if asked.against == "segment":
            mine = key_text(segment)
            with_key = asked.with_key or next((one for one in keys if one != mine), "")
            if with_key in ("", mine):
                return None
        chosen = asked.against == "period" and (asked.with_from or asked.with_to)
        return read_comparison(
            words,
            metric=self._metric,
            mine=segment,
            first=self._days.first.isoformat(),
            last=self._days.last.isoformat(),
            window=None,
            with_cut=None,
            with_key=split_key(words, segment.cut, with_key),
            with_first=asked.with_from if chosen else None,
            with_last=asked.with_to if chosen else None,
            rest=asked.against == "rest",
            today=self._days.last,
        )

    def lines(self, session: Session, segment: Segment, beside: ComparisonAsked | None) -> list[Line]:
        """A line a day; beside it the other segment's same day, or the other period's day of the same place."""
        points = trend(session, self._parts, self._metric, segment, self._days, self._window).points
        others: list[Point] = []
        if beside is not None and beside.other.period is not None:
            theirs, days, rest = beside.other.segment, beside.other.period, beside.other.rest
            others = trend(session, self._parts, self._metric, theirs, days, self._window, rest=rest).points
        chosen = _chosen(self._asked.day)
        return [
            Line(
                point=point,
                text=self._said(point.value),
                interval=""
                if point.low is None or point.high is None
                else f"{self._said(point.low)} … {self._said(point.high)}",
                other=others[place] if place < len(others) else None,
                other_text=self._said(others[place].value) if place < len(others) else "",
                chosen=point.day == chosen,
            )
            for place, point in enumerate(points)
        ]

    def said(self, segment: Segment, days: Period) -> AnswerFilter:
        """What is listed: flagged answers of the segment on these days.

        Touchpoints and cases have no answers of their own: then all that was flagged is listed.
        """
        words = self._parts.words
        return AnswerFilter(
            start=days.start(words.zone),
            end=days.end(words.zone),
            metric=self._metric if self._spec is not None else None,
            key=segment.key,
        )

    def _said(self, value: float | None) -> str:
        return "\N{EN DASH}" if value is None else figures.value_text(value, self._entry, self._language)


def segment_name(segment: Segment | None) -> str:
    """The values of a segment; empty for everybody."""
    return " · ".join(segment.key.values()) if segment is not None else ""


def key_text(segment: Segment) -> str:
    """A segment's key as an address has it."""
    return ",".join(f"{dimension}:{value}" for dimension, value in segment.key.items())


def split_key(words: Vocabulary, cut: str, text: str) -> list[str]:
    """An address's key as one text a dimension: values may have commas, and dimensions come in the order of the cut."""
    starts: list[int] = []
    for dimension in words.cuts[cut]:
        place = 0 if text.startswith(f"{dimension}:") else text.find(f",{dimension}:") + 1
        if place or text.startswith(f"{dimension}:"):
            starts.append(place)
    if not starts:
        return [text] if text else []
    starts.sort()
    ends = [*(start - 1 for start in starts[1:]), len(text)]
    return [text[start:end] for start, end in zip(starts, ends, strict=True)]


def _keys(session: Session, parts: Parts, metric: str, cut: str) -> list[str]:
    """The segments of a cut as addresses have them, those with most behind them first."""
    if not parts.words.cuts[cut]:
        return []
    window = max(parts.words.windows, key=seconds)
    found = segments(session, parts.live.rows, metric, cut, window)
    most = heapq.nsmallest(MOST_KEYS, ((-n, key_text(Segment(cut, row.key))) for n, row in found))
    return [text for _, text in most]


def _choices(words: Vocabulary, segment: Segment | None, keys: Sequence[str]) -> tuple[Against, ...]:
    """What a segment can be compared with."""
    if segment is None:
        return ("",)
    possible = {
        "rest": bool(segment.key) and everybody(words) is not None,
        "segment": bool(segment.key) and any(one != key_text(segment) for one in keys),
    }
    return tuple(one for one in get_args(Against) if possible.get(one, True))


def _chosen(day: str) -> date | None:
    return parse_day("day", day)
