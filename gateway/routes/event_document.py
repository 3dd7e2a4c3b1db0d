"""How ``POST /v1/events`` stands in the OpenAPI document: its bodies, and examples that a test sends as they are.

A request's example and the answer to it have the same name; so a reader finds the answer, and the test holds it.
"""

import json
from dataclasses import dataclass
from typing import Any, cast

import msgspec
from litestar.openapi.spec import Example, OpenAPIHeader, OpenAPIResponse, Operation, RequestBody, Schema
from litestar.openapi.spec.enums import OpenAPIType
from litestar.openapi.spec.media_type import OpenAPIMediaType

from gateway.intake import MAX_BATCH_EVENTS
from schemas.events import ResponseEvent, TouchpointEvent

_NOT_READ = ("data_base64",)
"""What CloudEvents knows and an event here may not have."""
_ANSWER = {
    "specversion": "1.0",
    "id": "r-981",
    "source": "/shop/surveys",
    "type": "closeloop.response.v1",
    "time": "2026-01-10T10:20:00Z",
    "data": {"customer_id": "c42", "metric": "nps", "score": 3, "comment": "late again", "contact_requested": True},
}
_TOUCHPOINT = {
    "specversion": "1.0",
    "id": "b1c7:delivered",
    "source": "/shop/orders",
    "type": "closeloop.touchpoint.v1",
    "time": "2026-01-10T10:15:02.120+01:00",
    "data": {
        "customer_id": "c42",
        "touchpoint": "order.delivered",
        "channel": "parcel",
        "outcome": "failed",
        "duration_ms": 83000,
        "value": {"amount": "129.90", "currency": "EUR"},
        "attributes": {"region": "SP", "segment": "smb"},
    },
}
_OUTSIDE = {**_ANSWER, "id": "r-982", "data": {"customer_id": "c42", "metric": "nps", "score": 11}}
_TEXT = "outside its scale 0..10"
_TAKEN = {"id": "r-981", "status": "accepted"}
_REFUSED = {
    "id": "r-982",
    "status": "rejected",
    "index": 0,
    "reason": "scale",
    "field": "data.score",
    "problem": _TEXT,
}

REQUESTS: dict[str, dict[str, Example]] = {
    "application/cloudevents+json": {"answer": Example(summary="An answer to a survey", value=_ANSWER)},
    "application/cloudevents-batch+json": {
        "batch": Example(summary="An answer and a touchpoint", value=[_ANSWER, _TOUCHPOINT]),
        "batch_with_a_bad_event": Example(summary="One of two events cannot be taken", value=[_ANSWER, _OUTSIDE]),
    },
    "application/x-ndjson": {
        "lines": Example(summary="One event a line", value=f"{json.dumps(_ANSWER)}\n{json.dumps(_TOUCHPOINT)}\n")
    },
    "application/json": {
        "touchpoint": Example(summary="Something happened to a customer", value=_TOUCHPOINT),
        "bad_event": Example(summary="A score that its scale does not have", value=_OUTSIDE),
    },
}
_TAKEN_TOO = {"id": "b1c7:delivered", "status": "accepted"}
_BOTH = {"accepted": 2, "results": [_TAKEN, _TAKEN_TOO], "rejected": 0}
ANSWERS: dict[str, dict[str, Example]] = {
    "202": {
        "answer": Example(summary="Accepted", value={"accepted": 1, "results": [_TAKEN], "rejected": 0}),
        "touchpoint": Example(summary="Accepted", value={"accepted": 1, "results": [_TAKEN_TOO], "rejected": 0}),
        "batch": Example(summary="Both accepted", value=_BOTH),
        "lines": Example(summary="Both accepted", value=_BOTH),
        "batch_with_a_bad_event": Example(
            summary="One accepted, one rejected",
            value={"accepted": 1, "results": [_TAKEN, {**_REFUSED, "index": 1}], "rejected": 1},
        ),
    },
    "400": {
        "bad_event": Example(
            summary="Nothing accepted",
            value={
                "error": {"reason": "scale", "field": "data.score", "problem": _TEXT},
                "accepted": 0,
                "rejected": 1,
                "results": [_REFUSED],
            },
        )
    },
}
_SAFE = "Every accepted event is safe: in Kafka, or, where it says `spooled`, on the gateway's disk."
_WAIT = OpenAPIHeader(
    schema=Schema(type=OpenAPIType.INTEGER, minimum=1), description="Seconds after which to send again."
)


def _event_schemas() -> list[Any]:
    """The events' JSON Schemas, whole, each without a reference: Litestar keeps its own components alone."""
    found, components = msgspec.json.schema_components((TouchpointEvent, ResponseEvent), ref_template="{name}")

    def whole(part: Any) -> Any:
        if isinstance(part, dict):
            name = part.get("$ref")
            if name:
                return whole(components[name])
            return {key: whole(value) for key, value in part.items() if key not in _NOT_READ}
        return [whole(value) for value in part] if isinstance(part, list) else part

    return [whole(one) for one in found]


def _request_body() -> RequestBody:
    event = Schema(one_of=_event_schemas(), description="A CloudEvent 1.0 in JSON.")
    batch = Schema(type=OpenAPIType.ARRAY, items=event, description=f"At most {MAX_BATCH_EVENTS:,} events.")
    schemas = {
        "application/cloudevents+json": event,
        "application/cloudevents-batch+json": batch,
        "application/x-ndjson": Schema(type=OpenAPIType.STRING, description="One CloudEvent a line."),
        "application/json": Schema(one_of=[event, batch]),
    }
    return RequestBody(
        required=True,
        content={
            kind: OpenAPIMediaType(schema=schema, examples=cast("Any", REQUESTS[kind]))
            for kind, schema in schemas.items()
        },
    )


@dataclass
class EventsOperation(Operation):
    """Describes the body, which the handler reads itself, because its events go to Kafka byte for byte."""

    def __post_init__(self) -> None:
        self.request_body = _request_body()
        for status, response in (self.responses or {}).items():
            if not isinstance(response, OpenAPIResponse):
                continue
            if status in ANSWERS:
                for media in (response.content or {}).values():
                    media.examples = cast("Any", ANSWERS[status])
            if status == "202":
                response.description = _SAFE
            if status in ("429", "503"):
                response.headers = {**(response.headers or {}), "Retry-After": _WAIT}
