"""Metrics as the API shows them, and the history in SQL."""

from collections.abc import Mapping
from datetime import date, datetime
from types import MappingProxyType

import msgspec
from msgspec import Struct
from sqlalchemy import Text, cast, select
from sqlalchemy.orm import Session, sessionmaker

from schemas.metrics import Metric, Part
from schemas.tables import MetricDayRow

MAX_HISTORY_ROWS = 50_000


class MetricValue(Struct, frozen=True, kw_only=True):
    """The current value of one series in one rolling window.

    ``value``, ``low`` and ``high`` (95 % interval) are points for NPS, percent for shares, scale points for means;
    null where n is 0. ``counts`` maps a score or an outcome to how often it came. ``too_few``: n is below the minimum
    of loop.yaml, so the value says little. ``scale`` is empty for the metric's own scale. ``quantiles`` and ``parts``
    are those of :class:`schemas.metrics.Metric`.
    """

    metric: str
    window: str
    cut: str
    key: dict[str, str]
    value: float | None
    low: float | None
    high: float | None
    n: int
    counts: dict[str, int]
    as_of: datetime
    too_few: bool
    scale: str
    version: int
    day: date | None = None
    quantiles: dict[str, float] = {}
    parts: dict[str, Part] = {}


class DayValue(Struct, frozen=True, kw_only=True):
    """The value of one series on one calendar day in the zone of loop.yaml; its fields are those of a current value."""

    metric: str
    day: date
    cut: str
    key: dict[str, str]
    value: float | None
    low: float | None
    high: float | None
    n: int
    counts: dict[str, int]
    as_of: datetime
    too_few: bool = False
    scale: str = ""
    version: int = 0
    quantiles: dict[str, float] = {}
    parts: dict[str, Part] = {}


_day_value = msgspec.json.Decoder(DayValue)


def shown(row: Metric) -> MetricValue:
    """A row of ``cx.metrics`` as the API shows it."""
    return MetricValue(
        metric=row.metric,
        window=row.window,
        cut=row.cut,
        key=row.key,
        value=row.value,
        low=row.low,
        high=row.high,
        n=row.n,
        counts=row.counts,
        as_of=row.as_of,
        too_few=row.too_few,
        scale=row.scale,
        version=row.version,
        day=row.day,
        quantiles=row.quantiles,
        parts=row.parts,
    )


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
