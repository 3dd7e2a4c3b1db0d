"""Metrics as the API shows them."""

from datetime import date, datetime

from msgspec import Struct

from schemas.metrics import Metric, Part


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
