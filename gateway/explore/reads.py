"""Days of one series read from SQL, and a series of the live view."""

from collections.abc import Iterable, Mapping
from datetime import date, timedelta

import msgspec
from sqlalchemy import Text, cast, select
from sqlalchemy.orm import Session

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


def live_row(rows: Iterable[Metric], key: Mapping[str, str]) -> Metric | None:
    """The row of the series with this key on the metric's own scale."""
    return next((row for row in rows if row.key == key and not row.scale), None)


def _id(series: Series, day: date) -> str:
    return msgspec.json.encode([series, DAY, day]).decode()
