"""``POST /v1/events``: the way in for apps that speak HTTP."""

import asyncio
from dataclasses import dataclass
from typing import Any

from litestar import Request, Response, post
from litestar.di import NamedDependency
from litestar.openapi.spec import Operation, RequestBody, Schema
from litestar.openapi.spec.enums import OpenAPIType
from litestar.openapi.spec.media_type import OpenAPIMediaType

from gateway.access import needs, same_origin
from gateway.bodies import read_body
from gateway.event_traces import delivering
from gateway.intake import (
    MAX_BATCH_BYTES,
    MAX_BATCH_EVENTS,
    AllRejected,
    EventsAnswer,
    Intake,
    shape_of,
    take_in,
)
from gateway.parts import Parts, now
from gateway.problems import Problem, Refusal
from gateway.producer import NotDeliveredError
from gateway.routes.answers import refusals
from gateway.splitting import TooMany
from schemas.deadletters import InvalidEvent

_LARGE_BODY = 64 * 1024
"""Larger requests are validated in a thread, so that they hold up no other request."""
_RETRY = {"Retry-After": "5"}


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
    guards=[needs("emit"), same_origin],
    summary="Send events",
    description=(
        "One CloudEvent, a JSON array of them, NDJSON, or binary mode (`ce-` headers and a JSON body). 202 means that "
        "every accepted event is acknowledged by Kafka; a batch answers for each of its events, also where some are "
        "bad. Sending an event again is safe: the same `source` and `id` count once."
    ),
    operation_class=_EventsOperation,
    request_max_body_size=None,
    responses=refusals(400, 413, 415, 429, 503),
    tags=["events"],
)
async def post_events(request: Request[Any, Any, Any], parts: NamedDependency[Parts]) -> Response[EventsAnswer]:
    """Validate, produce, wait for the acknowledgement, answer."""
    body = await read_body(request, MAX_BATCH_BYTES)
    intake = await _take_in(request, parts, body)
    measured = parts.instruments
    for result in intake.results:
        if result.status == "rejected":
            measured.events.labels(result.reason).inc()
    if intake.first_error is not None and not intake.records:
        raise _all_rejected(intake)
    if not parts.producer.has_room(len(intake.records)):
        measured.events.labels("busy").inc(len(intake.records))
        raise Refusal(429, "busy", "", "too many events are under way; send them again later", {"Retry-After": "1"})
    try:
        with delivering(parts.tracing, request.headers, intake.records) as records, measured.delivery_seconds.time():
            await parts.producer.deliver(records)
    except NotDeliveredError as error:
        measured.events.labels("unavailable").inc(len(intake.records))
        text = f"Kafka did not acknowledge {error.missing} events in time ({error.cause}); send all of them again"
        raise Refusal(503, "unavailable", "", text, _RETRY) from None
    measured.events.labels("accepted").inc(len(intake.records))
    accepted = len(intake.records)
    return Response(
        EventsAnswer(accepted=accepted, rejected=len(intake.results) - accepted, results=intake.results),
        status_code=202,
    )


async def _take_in(request: Request[Any, Any, Any], parts: Parts, body: bytes) -> Intake:
    headers = dict(request.headers.items())
    shape = shape_of(headers.get("content-type", ""), headers, body)
    if shape is None:
        text = "send application/json, application/cloudevents+json, -batch+json, or application/x-ndjson"
        raise Refusal(415, "content_type", "content-type", text)
    arrival = now()
    try:
        if len(body) > _LARGE_BODY:
            return await asyncio.to_thread(take_in, parts.reader, shape, headers, body, arrival)
        return take_in(parts.reader, shape, headers, body, arrival)
    except InvalidEvent as error:
        parts.instruments.events.labels(error.reason).inc()
        raise Refusal(400, error.reason, error.field, error.problem) from None
    except TooMany:
        text = f"a request may have {MAX_BATCH_EVENTS:,} events; send smaller batches"
        raise Refusal(413, "too_large", "", text) from None


def _all_rejected(intake: Intake) -> Refusal:
    error = intake.first_error
    assert error is not None
    problem = Problem(error.reason, error.field, error.problem)
    body = AllRejected(error=problem, accepted=0, rejected=len(intake.results), results=intake.results)
    return Refusal(400, error.reason, error.field, error.problem, body=body)


routes = [post_events]
