"""Explore's answers as the API shows them."""

from datetime import date

from msgspec import Struct

from gateway.explore.differences import Difference
from schemas.metric_catalogue import Unit


class Point(Struct, frozen=True, kw_only=True):
    """The value of one series in the window that ends with a day; null where nothing was counted.

    The last day may still be going on.
    """

    day: date
    value: float | None
    low: float | None
    high: float | None
    n: int
    too_few: bool


class Trend(Struct, frozen=True, kw_only=True):
    """One series over time: each point is the value of a rolling ``window`` of calendar days that ends with its day."""

    metric: str
    unit: Unit
    cut: str
    key: dict[str, str]
    first: date
    last: date
    window: str
    """``1d``, ``7d``: whole calendar days in the zone of loop.yaml."""
    points: list[Point]


class Side(Struct, frozen=True, kw_only=True):
    """One of two values that are compared: of whom, and when (a rolling ``window``, or days, both included).

    ``rest``: everybody but those with this ``key``.
    """

    cut: str
    key: dict[str, str]
    rest: bool
    window: str | None
    first: date | None
    last: date | None
    value: float | None
    low: float | None
    high: float | None
    n: int
    too_few: bool


class Comparison(Struct, frozen=True, kw_only=True):
    """Two values of a metric, and their difference: null where a side has nothing to compare."""

    metric: str
    unit: Unit
    one: Side
    other: Side
    difference: Difference | None
