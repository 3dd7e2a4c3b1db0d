"""``/slack/interactions`` and ``/slack/events``: Slack's signed HTTP mode."""

from typing import Any

import structlog
from litestar import Request, Response, post
from litestar.background_tasks import BackgroundTask
from litestar.di import NamedDependency

from gateway.bodies import read_body
from gateway.parts import Parts, now
from gateway.problems import Refusal
from gateway.routes.answers import refusals
from gateway.slack.interactions import Unavailable
from gateway.slack.payloads import read_event, read_interaction
from gateway.slack.reception import take_event, take_interaction

MAX_BODY_BYTES = 1024 * 1024

_log = structlog.get_logger("gateway.slack")


@post(
    "/slack/interactions",
    status_code=200,
    summary="Slack's clicks and dialogs",
    description="Signed by Slack (`X-Slack-Signature`, at most five minutes old); a form with the field `payload`.",
    responses=refusals(400, 401, 413),
    tags=["slack"],
)
async def post_interaction(request: Request[Any, Any, Any], parts: NamedDependency[Parts]) -> Response[Any]:
    """Verify, apply, answer; tell the person afterwards what did not happen."""
    raw = await _genuine(request, parts)
    try:
        found = read_interaction(raw)
    except ValueError:
        # Signed, so it is Slack's, but of a kind that is not served here. A plain 200 shows the person nothing.
        _log.info("interaction_passed_over")
        return Response(b"", media_type="text/plain")
    try:
        reply = await take_interaction(parts.slack, parts.instruments, found, now())
    except Unavailable:
        raise Refusal(503, "unavailable", "", "the database did not answer in time") from None
    told = None if reply.afterwards is None else BackgroundTask(reply.afterwards)
    if reply.body is None:
        return Response(b"", media_type="text/plain", background=told)
    return Response(reply.body, media_type="application/json", background=told)


@post(
    "/slack/events",
    status_code=200,
    summary="Slack's events",
    description="Signed by Slack; answers `url_verification`, and takes each event once.",
    responses=refusals(400, 401, 413),
    tags=["slack"],
)
async def post_event(request: Request[Any, Any, Any], parts: NamedDependency[Parts]) -> Response[Any]:
    """Verify, remember, acknowledge."""
    raw = await _genuine(request, parts)
    try:
        envelope = read_event(raw)
    except ValueError:
        raise Refusal(400, "not_json", "", "not a delivery of Slack's Events API") from None
    if envelope.type == "url_verification":
        return Response({"challenge": envelope.challenge[:1024]}, media_type="application/json")
    try:
        await take_event(parts.slack, envelope, now())
    except Unavailable:
        raise Refusal(503, "unavailable", "", "the database did not answer in time") from None
    return Response(b"", media_type="text/plain")


async def _genuine(request: Request[Any, Any, Any], parts: Parts) -> bytes:
    """The raw body of a request that Slack signed. Raises :class:`Refusal` (401, 503)."""
    raw = await read_body(request, MAX_BODY_BYTES)
    verdict = parts.signature.judge(raw, dict(request.headers.items()))
    if verdict == "no_secret":
        raise Refusal(503, "no_secret", "", "SLACK_SIGNING_SECRET is not set, so no request of Slack can be verified")
    if verdict == "forged":
        raise Refusal(401, "forged", "x-slack-signature", "this request is not signed by Slack, or too old")
    return raw


routes = [post_interaction, post_event]
