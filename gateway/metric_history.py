"""The recorded days of a metric, read from SQL."""

from collections.abc import Mapping
from datetime import date
from types import MappingProxyType

import msgspec
from sqlalchemy import Text, cast, select
from sqlalchemy.orm import Session, sessionmaker

from gateway.metric_rows import DayValue
from schemas.tables import MetricDayRow

MAX_HISTORY_ROWS = 50_000

_day_value = msgspec.json.Decoder(DayValue)


def read_history(
    readers: sessionmaker[Session],
    metric: str,
    cut: str | None,
    first: date | None,
    last: date | None,
    limit: int,
    offset: int,
    key: Mapping[str, str] = MappingProxyType({}),
) -> list[DayValue]:
    """The days from ``first`` to ``last``, both included, ordered by day, cut and series.

    ``key`` keeps the series that have these values of these dimensions.
    """
    # The payload is read as text: a detour over dictionaries would take most of the time.
    query = select(cast(MetricDayRow.payload, Text)).where(MetricDayRow.metric == metric)
    if cut is not None:
        query = query.where(MetricDayRow.cut == cut)
    if first is not None:
        query = query.where(MetricDayRow.day >= first)
    if last is not None:
        query = query.where(MetricDayRow.day <= last)
    for dimension, value in key.items():
        query = query.where(MetricDayRow.payload[("key", dimension)].as_string() == value)
    query = query.order_by(MetricDayRow.day, MetricDayRow.cut, MetricDayRow.id).limit(limit).offset(offset)
    with readers() as session:
        return [_day_value.decode(payload) for payload in session.scalars(query)]
