"""How refusals are described in the OpenAPI document, and the refusal of a parameter that there is not."""

from dataclasses import dataclass
from typing import Any

from litestar.connection import ASGIConnection
from litestar.handlers import BaseRouteHandler
from litestar.openapi.datastructures import ResponseSpec
from litestar.openapi.spec import OpenAPIMediaType, OpenAPIResponse, Operation, Schema
from litestar.openapi.spec.enums import OpenAPIType

from gateway.access import Guard
from gateway.problems import ProblemBody, Refusal
from schemas.typed_walk import unknown_word

_WORDS = {
    400: "A parameter or an event does not fit: `field` names it, `problem` says what would be right.",
    401: "No API key, or one that is unknown, expired or revoked.",
    403: "The key lacks the right, or another web site sent the request.",
    404: "There is no such thing.",
    408: "The body was not there in time.",
    409: "It has changed since you saw it, or its state does not allow this.",
    413: "Over 5 MB, as sent or unpacked, or over 5,000 events.",
    415: "Not a content type, or not a Content-Encoding, that is read here.",
    422: "The action lacks something: `field` names it.",
    429: "Too much is under way, or too many wrong keys came from this address; `Retry-After` says when to go on.",
    503: "Kafka or the database did not take it in time; `Retry-After` says when to send all of it again.",
}


def refusals(*statuses: int) -> dict[int, ResponseSpec]:
    """The refusals of a route, with 401, 403 and 429, for its OpenAPI description."""
    return {
        status: ResponseSpec(ProblemBody, description=_WORDS[status], generate_examples=False)
        for status in sorted({401, 403, 429, *statuses})
    }


def takes(*names: str) -> Guard:
    """A guard against parameters that are not these: a misspelt filter would silently not hold. Answers 400."""

    async def guard(connection: ASGIConnection[Any, Any, Any, Any], _handler: BaseRouteHandler) -> None:
        for name in connection.query_params:
            if name not in names:
                raise Refusal(400, "invalid", name, f"not a parameter here: {unknown_word(name, names)}")

    return guard


def as_text(*kinds_and_about: str) -> type[Operation]:
    """The description of a route whose good answer is a text of these media types; the last word says what it is."""
    *kinds, about = kinds_and_about
    text = Schema(type=OpenAPIType.STRING)

    @dataclass
    class Described(Operation):
        def __post_init__(self) -> None:
            good = OpenAPIResponse(description=about, content={kind: OpenAPIMediaType(schema=text) for kind in kinds})
            self.responses = {**(self.responses or {}), "200": good}

    return Described


AS_FILE = as_text("text/csv", "application/json", "application/jsonl", "The rows, in the form that was asked for.")
