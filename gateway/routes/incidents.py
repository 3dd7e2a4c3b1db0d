"""``/v1/incidents``: bursts of cases that share a cause, and how they stand."""

import asyncio
from typing import Annotated

from litestar import get
from litestar.di import NamedDependency
from litestar.params import QueryParameter

from gateway.access import needs
from gateway.incident_reads import list_incidents
from gateway.incident_shapes import IncidentPage
from gateway.parts import Parts, now
from gateway.routes.answers import refusals
from gateway.routes.places import number_cursor

MAX_PAGE = 200


@get(
    "/v1/incidents",
    guards=[needs("read")],
    summary="Incidents, newest first",
    description=(
        "Many cases that came at once and share what `grouping.incidents` of loop.yaml names. Their cases: "
        "`/v1/cases?incident=ID`. Pages by cursor: give `next` of one answer as `cursor` of the next request."
    ),
    responses=refusals(400),
    tags=["cases"],
)
async def get_incidents(
    parts: NamedDependency[Parts],
    unresolved: Annotated[bool, QueryParameter(name="open", description="Only those with a case that is open")] = False,
    limit: Annotated[int, QueryParameter(ge=1, le=MAX_PAGE, description="Incidents a page.")] = 50,
    cursor: Annotated[str | None, QueryParameter(description="`next` of the page before")] = None,
) -> IncidentPage:
    """Read a page."""
    before = number_cursor(cursor)

    def read() -> IncidentPage:
        with parts.readers() as session:
            return list_incidents(session, parts.loop, now(), unresolved=unresolved, before=before, limit=limit)

    return await asyncio.to_thread(read)


routes = [get_incidents]
