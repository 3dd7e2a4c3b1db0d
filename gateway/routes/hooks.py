"""``/hooks/{name}``: what survey tools send; ``/v1/hooks``: which hooks there are, and trying a mapping."""

import asyncio
from typing import Any

from litestar import Request, Response, get, post, route
from litestar.di import NamedDependency
from litestar.enums import HttpMethod
from litestar.params import FromPath, JSONBody
from msgspec import Struct

from gateway.access import needs, same_origin
from gateway.bodies import read_body
from gateway.hooks.shapes import MAX_DELIVERY_BYTES, HookAnswer, HookList
from gateway.hooks.signatures import Delivery
from gateway.hooks.trying import Tried, try_out
from gateway.parts import Parts, now
from gateway.problems import Refusal
from gateway.routes.answers import refusals
from schemas.config_base import seconds

MAX_TRIED_CHARACTERS = 256 * 1024


class TrialRequest(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the tool sends, as text; ``fetched`` what its API answers, of tools that send notices alone."""

    payload: str
    fetched: str | None = None


@route(
    "/hooks/{name:str}",
    http_method=[HttpMethod.GET, HttpMethod.HEAD],
    status_code=200,
    include_in_schema=False,
    sync_to_thread=False,
)
def greet_tool(name: FromPath[str], parts: NamedDependency[Parts]) -> Response[None]:
    """Some tools ask whether the address exists before they keep it (SurveyMonkey by HEAD, Qualtrics by GET)."""
    parts.hooks.mapper(name)
    return Response(None, status_code=200)


@post(
    "/hooks/{name:str}",
    status_code=200,
    summary="Take what a survey tool sends",
    description=(
        "For the tools named under `hooks` of loop.yaml. A delivery that is proven by its signature is answered with "
        "200, whatever is in it: its events are in Kafka, or it is passed over, or it is a dead letter with its bytes. "
        "401: not signed as it should be. 429 and 503: to be sent again."
    ),
    responses=refusals(400, 401, 404, 408, 413, 415, 429, 503),
    request_max_body_size=None,
    security=[{}],
    tags=["hooks"],
)
async def post_delivery(
    request: Request[Any, Any, Any], name: FromPath[str], parts: NamedDependency[Parts]
) -> HookAnswer:
    """Read the bytes as they are: the signature is over them."""
    parts.hooks.mapper(name)
    query = {key: value for key, value in request.query_params.multi_items() if isinstance(value, str)}
    slow = seconds(parts.loop.gateway.slow_clients.body)
    with parts.unproven_room.hold() as held:
        body = await read_body(request, MAX_DELIVERY_BYTES, slow, held)
        delivery = Delivery(headers=dict(request.headers.items()), body=body, at=now(), query=query)
        return await parts.hooks.receive(name, delivery, parts.admission)


@get(
    "/v1/hooks",
    guards=[needs("read")],
    summary="The hooks, and what came in by them",
    description="Outcomes are counted since this gateway began; another gateway has its own.",
    responses=refusals(),
    tags=["hooks"],
    sync_to_thread=False,
)
def get_hooks(parts: NamedDependency[Parts]) -> HookList:
    """All of loop.yaml."""
    return HookList(hooks=parts.hooks.shown())


@post(
    "/v1/hooks/{name:str}/test",
    status_code=200,
    guards=[needs("admin"), same_origin],
    summary="Try a mapping",
    description=(
        "Says which events would come of what a tool sends, and where each field's value comes from; or which field "
        "does not fit. Nothing is kept, sent or fetched, and no signature is asked for."
    ),
    responses=refusals(400, 404, 413, 415),
    tags=["hooks"],
)
async def post_trial(name: FromPath[str], parts: NamedDependency[Parts], data: JSONBody[TrialRequest]) -> Tried:
    """Map it, and forget it."""
    mapper = parts.hooks.mapper(name)
    if len(data.payload) + len(data.fetched or "") > MAX_TRIED_CHARACTERS:
        raise Refusal(413, "too_large", "payload", f"a trial may have {MAX_TRIED_CHARACTERS:,} characters")
    fetched = None if not data.fetched else data.fetched.encode("utf-8", "replace")
    return await asyncio.to_thread(try_out, mapper, data.payload.encode("utf-8", "replace"), fetched, now())


routes = [greet_tool, post_delivery, get_hooks, post_trial]
