"""Explore's questions answered from the recorded days and the live view."""

from collections import Counter
from collections.abc import Mapping
from datetime import date, timedelta
from typing import NamedTuple

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from gateway.explore.differences import difference
from gateway.explore.measures import Measure, added, measure, without
from gateway.explore.questions import ComparisonAsked, Segment, SideAsked, everybody
from gateway.explore.reads import read_days, read_window
from gateway.explore.shapes import Comparison, Point, Side, Trend
from gateway.metric_rows import DayValue
from gateway.parts import Parts, now
from gateway.periods import Period, day_of
from gateway.problems import Refusal
from schemas.config_base import seconds
from schemas.metrics import Series
from schemas.statistics import Summary
from schemas.tables import MetricDayRow


class _Found(NamedTuple):
    counts: Mapping[str, int]
    summary: Summary


def newest_day(session: Session, metric: str, cut: str, zone: str) -> date:
    """The newest recorded day of a metric; today where there is none."""
    query = select(func.max(MetricDayRow.day)).where(MetricDayRow.metric == metric, MetricDayRow.cut == cut)
    return session.scalar(query) or day_of(now(), zone)


def trend(
    session: Session, parts: Parts, metric: str, segment: Segment, period: Period, window: int, *, rest: bool = False
) -> Trend:
    """A series over time, each point of a ``window`` of days; with ``rest`` that of everybody but the segment.

    Raises :class:`Refusal` (400) where several days of the metric cannot be added up.
    """
    found = measure(parts.words, metric, parts.loop.minimum_n)
    if found is None and window > 1:
        raise Refusal(400, "invalid", "window", f"{metric} follows from other metrics: its days cannot be added up")
    wanted = Period(period.first - timedelta(days=window - 1), period.last)
    days = read_days(session, series_of(metric, segment), wanted)
    if found is None or (window == 1 and not rest):
        points = [_as_recorded(days, period.first + timedelta(days=number)) for number in range(period.days)]
    else:
        counts: dict[date, Mapping[str, int]] = {day: row.counts for day, row in days.items()}
        if rest:
            whole = read_days(session, series_of(metric, _everybody(parts)), wanted)
            counts = {day: without(row.counts, counts.get(day, {})) for day, row in whole.items()}
        points = _points(counts, period, window, found)
    return Trend(
        metric=metric,
        unit=parts.words.catalogue[metric].unit,
        cut=segment.cut,
        key=segment.key,
        first=period.first,
        last=period.last,
        window=f"{window}d",
        points=points,
    )


def compare(session: Session, parts: Parts, asked: ComparisonAsked) -> Comparison:
    """Two sides of a metric. Raises :class:`Refusal` (400) for a metric of which no two values can be compared."""
    found = measure(parts.words, asked.metric, parts.loop.minimum_n)
    if found is None:
        raise Refusal(400, "invalid", "metric", f"{asked.metric} follows from other metrics: compare those")
    one, other = (_counts(session, parts, asked.metric, side) for side in (asked.one, asked.other))
    first, second = found.summary(one), found.summary(other)
    entry = parts.words.catalogue[asked.metric]
    return Comparison(
        metric=asked.metric,
        unit=entry.unit,
        one=_side(asked.one, first),
        other=_side(asked.other, second),
        difference=difference(
            found.standing(one),
            found.standing(other),
            too_few=first.too_few or second.too_few,
            pairs=_pairs(parts, asked),
            higher_is_better=entry.higher_is_better,
        ),
    )


def _points(days: Mapping[date, Mapping[str, int]], period: Period, window: int, found: Measure) -> list[Point]:
    """A point a day, of the window of days that ends with it."""
    points: list[Point] = []
    total: Counter[str] = Counter()
    for number in range(1 - window, period.days):
        day = period.first + timedelta(days=number)
        total.update(days.get(day, {}))
        if number >= 0:
            value, low, high, n, too_few = found.summary(+total)
            points.append(Point(day=day, value=value, low=low, high=high, n=n, too_few=too_few))
            total.subtract(days.get(day - timedelta(days=window - 1), {}))
    return points


def _as_recorded(days: Mapping[date, DayValue], day: date) -> Point:
    row = days.get(day)
    if row is None:
        return Point(day=day, value=None, low=None, high=None, n=0, too_few=True)
    return Point(day=day, value=row.value, low=row.low, high=row.high, n=row.n, too_few=row.too_few)


def _counts(session: Session, parts: Parts, metric: str, side: SideAsked) -> Mapping[str, int]:
    mine = _counts_of(session, parts, metric, side, side.segment)
    if not side.rest:
        return mine
    return without(_counts_of(session, parts, metric, side, _everybody(parts)), mine)


def _everybody(parts: Parts) -> Segment:
    cut = everybody(parts.words)
    assert cut is not None, "the question was refused without one"
    return Segment(cut, {})


def _counts_of(session: Session, parts: Parts, metric: str, side: SideAsked, segment: Segment) -> Mapping[str, int]:
    if side.period is not None:
        return added(row.counts for row in read_days(session, series_of(metric, segment), side.period).values())
    row = read_window(parts.live.rows, series_of(metric, segment), side.window or "")
    return row.counts if row is not None else {}


def _pairs(parts: Parts, asked: ComparisonAsked) -> int:
    """Among how many comparisons of this kind somebody could have chosen: pairs of segments, or each against the rest.

    Counted are the segments that have enough answers now, in the longest window. Two periods are one pair.
    """
    one, other = asked.one, asked.other
    if not other.rest and one.segment == other.segment:
        return 1
    window = one.window or max(parts.words.windows, key=seconds)
    rows = parts.live.rows.metrics(asked.metric, window, one.segment.cut)
    many = max(2, sum(1 for row in rows if not row.scale and not row.too_few))
    return many if other.rest else many * (many - 1) // 2


def series_of(metric: str, segment: Segment) -> Series:
    """The series of a segment on the metric's own scale."""
    return Series(metric, segment.cut, tuple(segment.key.values()))


def _side(asked: SideAsked, summary: Summary) -> Side:
    return Side(
        cut=asked.segment.cut,
        key=asked.segment.key,
        rest=asked.rest,
        window=asked.window,
        first=asked.period.first if asked.period is not None else None,
        last=asked.period.last if asked.period is not None else None,
        value=summary.value,
        low=summary.low,
        high=summary.high,
        n=summary.n,
        too_few=summary.too_few,
    )
