"""Refusals and faults as the answers of the API."""

import re
from collections.abc import Mapping
from typing import Any

import structlog
from litestar import Request, Response
from litestar.exceptions import HTTPException, MethodNotAllowedException, ValidationException

from gateway.problems import Problem, ProblemBody, Refusal

_log = structlog.get_logger("gateway")

_REASONS = {401: "unauthorized", 403: "forbidden", 404: "missing", 405: "method", 413: "too_large", 415: "content_type"}

_LEFT = "client disconnected prematurely"
"""What Litestar says, as a fault of the server, where a body ended before its end."""

_RIGHT_PLACE = "events go to POST /v1/events, and /contract shows every request"
"""What a developer is told whose address or method is wrong; the framework says two words."""

_NAMES = {"int": "a whole number", "bool": "true or false", "str": "text", "object": "an object", "array": "a list"}
"""What types are called by those who do not write Python."""


def answer_refusal(_request: Request[Any, Any, Any], refusal: Refusal) -> Response[Any]:
    """The answer to a refused request."""
    return Response(refusal.body, status_code=refusal.status, headers=refusal.headers, media_type="application/json")


def answer_http(_request: Request[Any, Any, Any], error: HTTPException) -> Response[ProblemBody]:
    """Litestar's own refusals (no such path, wrong method, parameters and bodies that do not fit) in our shape."""
    status, field = error.status_code, ""
    reason, text = _REASONS.get(status, "invalid"), error.detail
    if isinstance(error, ValidationException):
        reason, field, text = _first_fault(error)
    elif isinstance(error, MethodNotAllowedException):
        text = f"this address takes {(error.headers or {}).get('allow', 'another method')}; {_RIGHT_PLACE}"
    elif status == 404:
        text = f"no such page or request here; {_RIGHT_PLACE}"
    elif error.detail == _LEFT:  # nobody reads the answer, but requests are counted by it
        status, reason, text = 400, "cut_off", "the body ended early; send the request again"
    body = ProblemBody(Problem(reason, field, text))
    return Response(body, status_code=status, headers=error.headers, media_type="application/json")


def answer_fault(request: Request[Any, Any, Any], error: Exception) -> Response[ProblemBody]:
    """An internal error: logged by its type and place, told without detail."""
    _log.error("request_failed", path=request.scope["path"], kind=type(error).__name__, exc_info=error)
    body = ProblemBody(Problem("internal", "", "the gateway met an internal error; its log says more"))
    return Response(body, status_code=500, media_type="application/json")


def _first_fault(error: ValidationException) -> tuple[str, str, str]:
    extra = error.extra
    if isinstance(extra, list) and extra and isinstance(extra[0], Mapping):
        first = extra[0]
        message = str(first.get("message", "does not fit")).split(" - at ", maxsplit=1)[0].replace("`", "")
        for name, words in _NAMES.items():
            message = re.sub(rf"\b{name}\b", words, message)
        return "invalid", str(first.get("key", "")), message[:1].lower() + message[1:]
    return "invalid", "", "the request does not fit; see /schema"
