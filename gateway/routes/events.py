"""``POST /v1/events``: the way in for apps that speak HTTP."""

from dataclasses import dataclass
from typing import Any

from litestar import Request, Response, post
from litestar.di import NamedDependency
from litestar.openapi.spec import Operation, RequestBody, Schema
from litestar.openapi.spec.enums import OpenAPIType
from litestar.openapi.spec.media_type import OpenAPIMediaType

from gateway.access import caller_of, needs
from gateway.bodies import read_body
from gateway.cross_origin import from_known_page
from gateway.intake import (
    MAX_BATCH_BYTES,
    MAX_BATCH_EVENTS,
    EventsAnswer,
    shape_of,
)
from gateway.parts import Parts, now
from gateway.problems import Refusal
from gateway.rate_gate import RateGate
from gateway.routes.answers import refusals
from schemas.config_base import seconds


def _body() -> RequestBody:
    event = Schema(type=OpenAPIType.OBJECT, description="A CloudEvent 1.0; its schema is in docs/contract.")
    batch = Schema(type=OpenAPIType.ARRAY, items=event, max_items=MAX_BATCH_EVENTS)
    lines = Schema(type=OpenAPIType.STRING, description="One CloudEvent a line.")
    return RequestBody(
        required=True,
        content={
            "application/cloudevents+json": OpenAPIMediaType(schema=event),
            "application/cloudevents-batch+json": OpenAPIMediaType(schema=batch),
            "application/x-ndjson": OpenAPIMediaType(schema=lines),
            "application/json": OpenAPIMediaType(schema=Schema(one_of=[event, batch])),
        },
    )


@dataclass
class _EventsOperation(Operation):
    """Describes the body, which the handler reads itself: its events go to Kafka byte for byte."""

    def __post_init__(self) -> None:
        self.request_body = _body()


@post(
    "/v1/events",
    status_code=202,
    guards=[needs("emit"), from_known_page],
    summary="Send events",
    description=(
        "One CloudEvent, a JSON array of them, NDJSON, or binary mode (`ce-` headers and a JSON body). 202 means that "
        "every accepted event is acknowledged by Kafka; a batch answers for each of its events, also where some are "
        "bad. Sending an event again is safe: the same `source` and `id` count once."
    ),
    operation_class=_EventsOperation,
    request_max_body_size=None,
    responses=refusals(400, 408, 413, 415, 429, 503),
    tags=["events"],
)
async def post_events(request: Request[Any, Any, Any], parts: NamedDependency[Parts]) -> Response[EventsAnswer]:
    """Read the body, and let the admission answer for its events."""
    gate = RateGate(request, parts)
    gate.check()
    body = await read_body(request, MAX_BATCH_BYTES, seconds(parts.loop.gateway.slow_clients.body))
    headers = dict(request.headers.items())
    shape = shape_of(headers.get("content-type", ""), headers, body)
    if shape is None:
        text = "send application/json, application/cloudevents+json, -batch+json, or application/x-ndjson"
        raise Refusal(415, "content_type", "content-type", text)
    try:
        answer = await parts.admission.take(shape, headers, body, now(), caller_of(request).may_emit)
    except Refusal as refusal:
        refusal.headers.update(gate.charge(1))
        raise
    return Response(answer, status_code=202, headers=gate.charge(len(answer.results)))


routes = [post_events]
