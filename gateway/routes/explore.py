"""``GET /v1/metrics/trend``, a series over time, and ``GET /v1/metrics/comparison``, two values of a metric."""

import asyncio
from typing import Annotated

from litestar import get
from litestar.di import NamedDependency
from litestar.params import QueryParameter

from gateway.access import needs
from gateway.explore.answering import compare, newest_day, trend
from gateway.explore.questions import read_comparison, read_metric, read_segment, window_days
from gateway.explore.shapes import Comparison, Trend
from gateway.parts import Parts
from gateway.periods import read_period
from gateway.routes.answers import refusals, takes

_Metric = Annotated[str | None, QueryParameter(description="A metric of `catalogue` in GET /v1/config, e.g. nps")]
_Cut = Annotated[str | None, QueryParameter(description="A cut of loop.yaml; without one everybody")]
_Key = Annotated[
    list[str] | None,
    QueryParameter(description="`DIMENSION:VALUE`, e.g. attributes.region:SP; one for each dimension of the cut"),
]
_First = Annotated[str | None, QueryParameter(name="from", description="The first day, e.g. 2026-11-01")]
_Last = Annotated[str | None, QueryParameter(name="to", description="The last day, e.g. 2026-11-30")]


@get(
    "/v1/metrics/trend",
    guards=[needs("read"), takes("metric", "cut", "key", "from", "to", "window")],
    summary="A metric over time",
    description=(
        "A point a calendar day, in the zone of loop.yaml, with its 95 % interval and n. With `window`, each point is "
        "of a rolling window of whole days that ends with its day, exact, because the counts of days are added up. "
        "Without days: the 30 up to the newest recorded one."
    ),
    responses=refusals(400),
    tags=["metrics"],
)
async def get_trend(
    parts: NamedDependency[Parts],
    metric: _Metric = None,
    cut: _Cut = None,
    key: _Key = None,
    first: _First = None,
    last: _Last = None,
    window: Annotated[str | None, QueryParameter(description="Whole days a point: 7d; at most 90d")] = None,
) -> Trend:
    """Read the days and add them up."""
    name, segment = read_metric(parts.words, metric), read_segment(parts.words, cut, key or [])
    wide = window_days(window)

    def read() -> Trend:
        with parts.readers() as session:
            days = read_period(first, last, newest_day(session, name, segment.cut, parts.words.zone))
            return trend(session, parts, name, segment, days, wide)

    return await asyncio.to_thread(read)


@get(
    "/v1/metrics/comparison",
    guards=[
        needs("read"),
        takes("metric", "cut", "key", "from", "to", "window", "with_cut", "with_key", "with_from", "with_to", "rest"),
    ],
    summary="Two values of a metric, and whether they differ",
    description=(
        "One segment in one period (or rolling `window`) against everybody else (`rest=true`), another segment "
        "(`with_key`), another period (`with_from`, `with_to`), or without any of them the period before. A `window` "
        "is as it is now; with `to` (and `with_to`) it is as many whole days that end with that day. The "
        "difference has its 95 % interval and p-value, and a verdict that allows for how many pairs there were to "
        "choose from."
    ),
    responses=refusals(400),
    tags=["metrics"],
)
async def get_comparison(
    parts: NamedDependency[Parts],
    metric: _Metric = None,
    cut: _Cut = None,
    key: _Key = None,
    first: _First = None,
    last: _Last = None,
    window: Annotated[str | None, QueryParameter(description="A rolling window, e.g. 7d: now, or up to `to`")] = None,
    with_cut: Annotated[str | None, QueryParameter(description="The cut of the other; without one the same")] = None,
    with_key: _Key = None,
    with_from: Annotated[str | None, QueryParameter(description="The first day of the other")] = None,
    with_to: Annotated[str | None, QueryParameter(description="The last day of the other")] = None,
    rest: Annotated[bool, QueryParameter(description="Against everybody else")] = False,
) -> Comparison:
    """Read both sides and compare them."""
    name, segment = read_metric(parts.words, metric), read_segment(parts.words, cut, key or [])

    def read() -> Comparison:
        with parts.readers() as session:
            asked = read_comparison(
                parts.words,
                metric=name,
                mine=segment,
                first=first,
                last=last,
                window=window,
                with_cut=with_cut,
                with_key=with_key or [],
                with_first=with_from,
                with_last=with_to,
                rest=rest,
                today=newest_day(session, name, segment.cut, parts.words.zone),
            )
            return compare(session, parts, asked)

    return await asyncio.to_thread(read)


routes = [get_trend, get_comparison]
"""What the application serves."""
