"""Days of one series read from SQL, and a series of the live view."""

from collections.abc import Iterable
from datetime import date, timedelta

import msgspec
from sqlalchemy import Text, cast, func, select
from sqlalchemy.orm import Session

from gateway.live_rows import LiveRows
from gateway.metric_rows import DayValue
from gateway.periods import Period
from schemas.metrics import DAY, Metric, Series
from schemas.tables import MetricDayRow

_AT_ONCE = 500
_day_value = msgspec.json.Decoder(DayValue)


def read_days(session: Session, series: Series, period: Period) -> dict[date, DayValue]:
    """What was recorded of a series, by day.

    The days are asked for by their ids: a cut can have ten thousand series, of which one is meant.
    """
    ids = [_id(series, period.first + timedelta(days=number)) for number in range(period.days)]
    found: dict[date, DayValue] = {}
    for start in range(0, len(ids), _AT_ONCE):
        query = select(cast(MetricDayRow.payload, Text)).where(MetricDayRow.id.in_(ids[start : start + _AT_ONCE]))
        for payload in session.scalars(query):
            row = _day_value.decode(payload)
            found[row.day] = row
    return found


def read_window(rows: LiveRows, series: Series, window: str) -> Metric | None:
    """A rolling value of a series, as it is now."""
    return rows.row(msgspec.json.encode([series, window, None]))


def segments(
    session: Session, rows: LiveRows, metric: str, cut: str, window: str
) -> Iterable[tuple[int, Metric | DayValue]]:
    """The series of a cut on the metric's own scale, each with how much stands behind it.

    Those of a rolling window; where nothing rolls, as after an import of old events, those of the newest recorded day.
    """
    rolling = [row for row in rows.metrics(metric, window, cut) if not row.scale and row.n]
    if rolling:
        return [(row.n, row) for row in rolling]
    newest = select(func.max(MetricDayRow.day)).where(MetricDayRow.metric == metric, MetricDayRow.cut == cut)
    query = select(cast(MetricDayRow.payload, Text)).where(
        MetricDayRow.metric == metric, MetricDayRow.cut == cut, MetricDayRow.day == newest.scalar_subquery()
    )
    recorded = map(_day_value.decode, session.scalars(query))
    return [(row.n, row) for row in recorded if not row.scale]


def _id(series: Series, day: date) -> str:
    return msgspec.json.encode([series, DAY, day]).decode()
