"""How refusals are described in the OpenAPI document."""

from litestar.openapi.datastructures import ResponseSpec

from gateway.problems import ProblemBody

_WORDS = {
    400: "A parameter or an event does not fit: `field` names it, `problem` says what would be right.",
    401: "No API key, or an unknown or revoked one.",
    403: "The key lacks the right, or another web site sent the request.",
    404: "There is no such thing.",
    409: "It has changed since you saw it, or its state does not allow this.",
    413: "Over 5 MB, or over 5,000 events.",
    415: "Not a content type that is read here.",
    422: "The action lacks something: `field` names it.",
    429: "Too much is under way; `Retry-After` says when to try again.",
    503: "Kafka or the database did not take it in time; `Retry-After` says when to send all of it again.",
}


def refusals(*statuses: int) -> dict[int, ResponseSpec]:
    """The refusals of a route, with 401 and 403, for its OpenAPI description."""
    return {
        status: ResponseSpec(ProblemBody, description=_WORDS[status], generate_examples=False)
        for status in sorted({401, 403, *statuses})
    }
