"""``/v1/silences``: the list, a new one, what it would hold, and its end."""

import asyncio
from typing import Annotated, Any

import msgspec
from litestar import Request, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody, QueryParameter

from gateway.access import caller_of, needs, same_origin, who_asks
from gateway.case_requests import Unfit, who_acts
from gateway.parts import Parts, now
from gateway.problems import Problem, Refusal
from gateway.routes.answers import refusals
from gateway.routes.places import MAX_ID, number_cursor
from gateway.silence_reads import as_written, find_silence, list_silences, show_silences
from gateway.silence_requests import read_matchers, read_silence, refused
from gateway.silence_shapes import (
    EndRequest,
    Preview,
    PreviewRequest,
    RefusedEnd,
    SilenceAdded,
    SilenceEnded,
    SilencePage,
    SilenceRequest,
)
from schemas import silences, silencing
from schemas.cases import Via
from schemas.matching import in_words
from schemas.silence_reach import reach
from schemas.silences import Doer

MAX_PAGE = 200


@get(
    "/v1/silences",
    guards=[needs("read")],
    summary="Silences, newest first",
    description=(
        "Those that hold or are to come. A silence keeps nobody from getting a case: the messages about it wait until "
        "`ends_at`. Pages by cursor: give `next` of one answer as `cursor` of the next request."
    ),
    responses=refusals(400),
    tags=["silences"],
)
async def get_silences(
    parts: NamedDependency[Parts],
    ended: Annotated[bool, QueryParameter(description="Also those that are over")] = False,
    limit: Annotated[int, QueryParameter(ge=1, le=MAX_PAGE, description="Silences a page.")] = 50,
    cursor: Annotated[str | None, QueryParameter(description="`next` of the page before")] = None,
) -> SilencePage:
    """Read a page."""
    before = number_cursor(cursor)

    def read() -> SilencePage:
        with parts.readers() as session:
            return list_silences(session, parts.words, now(), ended=ended, before=before, limit=limit)

    return await asyncio.to_thread(read)


@post(
    "/v1/silences",
    status_code=201,
    guards=[needs("act"), same_origin],
    summary="Silence alerts for a while",
    description=(
        "`matchers` as `match` of a route in loop.yaml, an end (`ends_at`, or `for` such as 4h) and a `reason`. Cases "
        "are made and joined as ever; their messages wait until the end, and what is promised counts from it. `fits` "
        "says how many open cases and how many alerts of the last 7 days the matchers fit. 422 names every wrong value "
        "under `errors`. Who asked is written down as for actions on cases."
    ),
    responses=refusals(400, 415, 422),
    tags=["silences"],
)
async def post_silence(
    request: Request[Any, Any, Any], parts: NamedDependency[Parts], data: JSONBody[SilenceRequest]
) -> SilenceAdded:
    """Keep the silence."""
    doer, wrong = _who(request, parts, data.actor)
    at = now()
    wanted = read_silence(parts.loop, data, at, wrong)
    assert doer is not None

    def keep() -> SilenceAdded:
        with parts.writers.begin() as session:
            added = silences.add(session, wanted.matchers, wanted.starts_at, wanted.ends_at, wanted.reason, doer, at)
        with parts.readers() as session:
            shown = show_silences(session, parts.words, [added], at)[0]
            return SilenceAdded(**msgspec.structs.asdict(shown), fits=reach(session, added.matchers, at))

    return await asyncio.to_thread(keep)


@post(
    "/v1/silences/preview",
    status_code=200,
    guards=[needs("read"), same_origin],
    summary="What a silence would hold",
    description="How many open cases and how many alerts of the last 7 days these matchers fit. Changes nothing.",
    responses=refusals(400, 415, 422),
    tags=["silences"],
)
async def post_preview(parts: NamedDependency[Parts], data: JSONBody[PreviewRequest]) -> Preview:
    """Count."""
    match = read_matchers(parts.loop, data.matchers)

    def count() -> Preview:
        with parts.readers() as session:
            fits = reach(session, match, now())
        return Preview(matchers=as_written(match), words=in_words(match), fits=fits)

    return await asyncio.to_thread(count)


@post(
    "/v1/silences/{silence_id:int}/end",
    status_code=200,
    guards=[needs("act"), same_origin],
    summary="End a silence now",
    description="What waits for it goes out, unless another silence holds it too, and promises count from now.",
    responses=refusals(400, 404, 409, 415, 422),
    tags=["silences"],
)
async def post_end(
    request: Request[Any, Any, Any],
    parts: NamedDependency[Parts],
    silence_id: FromPath[int],
    data: JSONBody[EndRequest | None] = None,
) -> SilenceEnded:
    """End it, with what its cases' histories say."""
    if not 0 < silence_id <= MAX_ID:
        raise Refusal(404, "missing", "id", f"there is no silence S-{silence_id}")
    doer, wrong = _who(request, parts, data.actor if data else None)
    if doer is None:
        raise refused(wrong)
    at = now()

    def end() -> SilenceEnded:
        ended = silencing.end_in(parts.writers, parts.loop, silence_id, doer, at)
        with parts.readers() as session:
            shown = find_silence(session, parts.words, silence_id, at)
        if shown is None:
            raise Refusal(404, "missing", "id", f"there is no silence S-{silence_id}")
        if ended is None:
            text = f"S-{silence_id} is over since {shown.ends_at:%Y-%m-%d %H:%M} UTC"
            body = RefusedEnd(error=Problem("over", "id", text), silence=shown)
            raise Refusal(409, "over", "id", text, body=body)
        return SilenceEnded(**msgspec.structs.asdict(shown), cases_speaking=ended[1])

    return await asyncio.to_thread(end)


def _who(request: Request[Any, Any, Any], parts: Parts, actor: str | None) -> tuple[Doer | None, list[Problem]]:
    """Who asks, by the rules of actions on cases; or what is wrong with the one that was named."""
    via: Via = "console" if "origin" in request.headers else "api"
    try:
        name, key = who_acts(actor, caller=caller_of(request), via=via, people=parts.words.people)
    except Unfit as unfit:
        return None, [Problem("invalid", unfit.field, unfit.problem)]
    return Doer(name, via, key, who_asks(request)), []


routes = [get_silences, post_silence, post_preview, post_end]
