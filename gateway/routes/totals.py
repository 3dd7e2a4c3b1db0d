"""``GET /v1/totals``: the books."""

import asyncio

from litestar import get
from litestar.di import NamedDependency

from gateway.access import needs
from gateway.book_reads import cases_by_state, metric_alarms, stored_books
from gateway.books import Totals, add_up, newest
from gateway.parts import Parts
from gateway.routes.answers import refusals


def totals_of(parts: Parts) -> Totals:
    """The totals as of now; reads SQL, so call it in a thread."""
    books = newest(parts.live.rows.books(), stored_books(parts.readers))
    return add_up(books, cases_by_state(parts.readers), metric_alarms(parts.readers))


@get(
    "/v1/totals",
    guards=[needs("read")],
    summary="The books",
    description="Where every event went: received = counted + duplicates + late + dead letters, at any quiet moment.",
    responses=refusals(),
    tags=["metrics"],
)
async def get_totals(parts: NamedDependency[Parts]) -> Totals:
    """Sum the accounts of all source partitions."""
    return await asyncio.to_thread(totals_of, parts)


routes = [get_totals]
