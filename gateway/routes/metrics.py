"""``GET /v1/metrics`` and its history."""

import asyncio
from typing import Annotated, Any
from urllib.parse import urlencode

from litestar import Request, Response, get
from litestar.di import NamedDependency
from litestar.params import QueryParameter

from gateway.access import needs
from gateway.metric_history import MAX_HISTORY_ROWS, read_history
from gateway.metric_rows import DayValue, MetricValue, shown
from gateway.parts import Parts
from gateway.problems import Refusal
from gateway.routes.answers import refusals
from gateway.vocabulary import parse_day

_MetricName = Annotated[
    str | None,
    QueryParameter(
        description="nps, csat, ces, outcome, a metric of loop.yaml, or another of `catalogue` in GET /v1/config"
    ),
]
_CutName = Annotated[str | None, QueryParameter(description="A cut of loop.yaml, e.g. region")]
_Limit = Annotated[
    int, QueryParameter(ge=1, le=MAX_HISTORY_ROWS, description="Rows at most; `Link` leads to the next page.")
]
_Offset = Annotated[int, QueryParameter(ge=0, description="Rows to pass over.")]


@get(
    "/v1/metrics",
    guards=[needs("read")],
    summary="Current metrics",
    description="The current value of every series that fits, with its 95 % interval and n.",
    responses=refusals(400),
    tags=["metrics"],
    sync_to_thread=False,
)
def get_metrics(
    request: Request[Any, Any, Any],
    parts: NamedDependency[Parts],
    metric: _MetricName = None,
    window: Annotated[str | None, QueryParameter(description="A window of loop.yaml, e.g. 7d; or day")] = None,
    cut: _CutName = None,
    limit: _Limit = MAX_HISTORY_ROWS,
    offset: _Offset = 0,
) -> Response[list[MetricValue]]:
    """Read the live view."""
    words = parts.words
    rows = parts.live.rows.metrics(words.check_metric(metric), words.check_window(window), words.check_cut(cut))
    page = [shown(row) for row in rows[offset : offset + limit]]
    return Response(page, headers=_next_page(request, limit, offset, len(rows) > offset + limit))


@get(
    "/v1/metrics/history",
    guards=[needs("read")],
    summary="Metrics by calendar day",
    description="The same rows by calendar day in the zone of loop.yaml, ordered by day; `from` and `to` included.",
    responses=refusals(400),
    tags=["metrics"],
)
async def get_history(
    request: Request[Any, Any, Any],
    parts: NamedDependency[Parts],
    metric: _MetricName = None,
    cut: _CutName = None,
    first: Annotated[str | None, QueryParameter(name="from", description="The first day, e.g. 2026-11-01")] = None,
    last: Annotated[str | None, QueryParameter(name="to", description="The last day, e.g. 2026-11-30")] = None,
    key: Annotated[
        list[str] | None,
        QueryParameter(
            description="`DIMENSION:VALUE`: only series with this value, e.g. attributes.region:SP. Repeat it for more."
        ),
    ] = None,
    limit: _Limit = MAX_HISTORY_ROWS,
    offset: _Offset = 0,
) -> Response[list[DayValue]]:
    """Read the days that the recorder has written."""
    name, cut = parts.words.check_metric(metric), parts.words.check_cut(cut)
    if name is None:
        raise Refusal(400, "missing", "metric", "say which metric, e.g. metric=nps")
    start, end = parse_day("from", first), parse_day("to", last)
    if start is not None and end is not None and start > end:
        raise Refusal(400, "invalid", "from", "lies after `to`")
    wanted = parts.words.check_key(key or [], cut)
    rows = await asyncio.to_thread(read_history, parts.readers, name, cut, start, end, limit + 1, offset, wanted)
    return Response(rows[:limit], headers=_next_page(request, limit, offset, len(rows) > limit))


def _next_page(request: Request[Any, Any, Any], limit: int, offset: int, more: bool) -> dict[str, str]:
    if not more:
        return {}
    given = [(name, value) for name, value in request.query_params.multi_items() if name not in ("limit", "offset")]
    query = [*given, ("limit", limit), ("offset", offset + limit)]
    return {"Link": f'<{request.url.path}?{urlencode(query)}>; rel="next"'}


routes = [get_metrics, get_history]
