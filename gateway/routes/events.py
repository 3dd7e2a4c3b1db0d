"""``POST /v1/events``: the way in for apps that speak HTTP."""

from collections.abc import Mapping
from typing import Any

from litestar import Request, Response, post
from litestar.di import NamedDependency
from litestar.openapi.datastructures import ResponseSpec

from gateway.access import address_of, caller_of, needs
from gateway.attempts import network_of
from gateway.bodies import read_body
from gateway.cross_origin import from_known_page
from gateway.intake import (
    BYTE_ORDER_MARK,
    MAX_BATCH_BYTES,
    AllRejected,
    EventsAnswer,
    Shape,
    shape_of,
)
from gateway.parts import Parts, now
from gateway.problems import Refusal
from gateway.rate_gate import RateGate
from gateway.routes.answers import refusals
from gateway.routes.event_document import EventsOperation
from schemas.config_base import seconds

_NOTHING_TAKEN = (
    "No event could be taken: why, field by field. Where the body cannot be cut into events, `error` stands alone."
)


@post(
    "/v1/events",
    status_code=202,
    guards=[needs("emit"), from_known_page],
    summary="Send events",
    description=(
        "One CloudEvent, a JSON array of them, NDJSON, or binary mode (`ce-` headers and a JSON body); compressed, if "
        "need be, with `Content-Encoding: gzip` or `zstd`. 202 means that every accepted event is acknowledged by "
        "Kafka, or, where the answer says `spooled`, waits for it on the gateway's disk. A batch answers for each of "
        "its events, also where some are bad. Sending an event again is safe: the same `source` and `id` count once."
    ),
    operation_class=EventsOperation,
    request_max_body_size=None,
    responses={
        **refusals(408, 413, 415, 429, 503),
        400: ResponseSpec(AllRejected, description=_NOTHING_TAKEN, generate_examples=False),
    },
    tags=["events"],
)
async def post_events(request: Request[Any, Any, Any], parts: NamedDependency[Parts]) -> Response[EventsAnswer]:
    """Read the body, and let the admission answer for its events."""
    gate = RateGate(parts.loop.gateway.rate_limit, parts.throttle, _sender(request))
    gate.admit()
    slow = seconds(parts.loop.gateway.slow_clients.body)
    try:
        with parts.body_room.hold() as held:
            body = await read_body(request, MAX_BATCH_BYTES, slow, held)
            body = body.removeprefix(BYTE_ORDER_MARK)  # some editors' files begin with it; no part of any event
            headers = dict(request.headers.items())
            shape = _shape(headers, body)
            answer = await parts.admission.take(shape, headers, body, now(), caller_of(request).may_emit)
    except Refusal as refusal:
        refusal.headers.update(gate.charge(1))
        raise
    return Response(answer, status_code=202, headers=gate.charge(len(answer.results)))


def _shape(headers: Mapping[str, str], body: bytes) -> Shape:
    shape = shape_of(headers.get("content-type", ""), headers, body)
    if shape is None:
        text = "send application/json, application/cloudevents+json, -batch+json, or application/x-ndjson"
        raise Refusal(415, "content_type", "content-type", text)
    return shape


def _sender(request: Request[Any, Any, Any]) -> str:
    """Whose limit it is: the API key's, or the address's where no key is asked."""
    caller = caller_of(request)
    return f"key {caller.key_id or caller.name}" if caller.name else network_of(address_of(request))


routes = [post_events]
