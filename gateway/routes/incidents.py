"""``/v1/incidents``: bursts of cases that share a cause, how they stand, and their end all at once."""

import asyncio
from typing import Annotated, Any

from litestar import Request, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody, QueryParameter

from gateway.access import caller_of, needs, same_origin
from gateway.case_requests import Unfit, who_acts
from gateway.incident_acts import MOST, ResolveAllRequest, ResolvedAll, Resolver, resolve_some
from gateway.incident_reads import list_incidents
from gateway.incident_shapes import IncidentPage
from gateway.parts import Parts, now
from gateway.problems import Refusal
from gateway.routes.answers import refusals
from gateway.routes.places import MAX_ID, number_cursor
from schemas.cases import Via

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


@post(
    "/v1/incidents/{incident:int}/resolve",
    status_code=200,
    guards=[needs("act"), same_origin],
    summary="Resolve an incident's open cases",
    description=(
        "All of them with one `root_cause` and one `note`, each by the rules for one case, as by the button in Slack: "
        "a person of loop.yaml (`actor`, or whose key it is) resolves what nobody has taken, what is theirs, and as a "
        "lead what is their team's. `refused` names the others. At most 1,200 at a time; `left` says how many have not "
        "had their turn."
    ),
    responses=refusals(400, 404, 415, 422),
    tags=["cases"],
)
async def post_resolve_all(
    request: Request[Any, Any, Any],
    parts: NamedDependency[Parts],
    incident: FromPath[int],
    data: JSONBody[ResolveAllRequest | None] = None,
) -> ResolvedAll:
    """Resolve them in short transactions, one after another."""
    via: Via = "console" if "origin" in request.headers else "api"
    caller = caller_of(request)

    def resolve() -> ResolvedAll | None:
        wanted = data or ResolveAllRequest()
        actor, key = who_acts(wanted.actor, caller=caller, via=via, people=parts.words.people)
        # Who signed in as an admin may do with a case what they want, as on each case's own page.
        bound = actor in parts.words.people and not (caller.kind == "person" and "admin" in caller.rights)
        by = Resolver(actor=actor, key=key, via=via, bound=bound, root_cause=wanted.root_cause, note=wanted.note)
        done = ResolvedAll(resolved=[], refused=[], left=0)
        last = 0
        while len(done.resolved) + len(done.refused) < MOST:
            with parts.writers.begin() as session:
                some = resolve_some(session, parts.words, parts.loop, incident, by, last, now())
            if some is None:
                return None
            last = max([last, *some.resolved, *some.refused])
            done = ResolvedAll(
                resolved=done.resolved + some.resolved, refused=done.refused + some.refused, left=some.left
            )
            if not some.left:
                break
        return done

    counted = parts.instruments.case_actions
    try:
        done = await asyncio.to_thread(resolve) if 0 < incident <= MAX_ID else None
    except Unfit as unfit:
        raise Refusal(422, "invalid", unfit.field, unfit.problem) from None
    if done is None:
        raise Refusal(404, "missing", "id", f"there is no incident I-{incident}")
    counted.labels(via, "resolve", "done").inc(len(done.resolved))
    counted.labels(via, "resolve", "denied").inc(len(done.refused))
    parts.live.rows.heard()
    return done


routes = [get_incidents, post_resolve_all]
