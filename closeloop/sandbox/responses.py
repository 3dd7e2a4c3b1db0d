"""Response URLs: what an app may do with the address it was given along with an interaction."""

from aiohttp import web

from closeloop.sandbox.api import cut, ratelimited
from closeloop.sandbox.arguments import flag, json_object, text_argument
from closeloop.sandbox.core import Core
from closeloop.sandbox.faults import FaultKind
from closeloop.sandbox.methods_chat import rewrite
from closeloop.sandbox.model import Json, Message, SlackError
from closeloop.sandbox.rules import MESSAGE_TEXT, check_message
from closeloop.sandbox.workspace import complete_blocks


async def respond(core: Core, request: web.Request) -> web.StreamResponse:
    """Serve one POST to a response URL: five uses within thirty minutes."""
    body = await request.read()
    fault = core.faults.decide("response_url", core.clock())
    core.requests["response_url"]["calls"] += 1
    if fault is not None:
        if fault.kind is FaultKind.RATELIMITED:
            return ratelimited(fault.retry_after)
        if fault.kind is FaultKind.HTTP_500:
            return web.Response(status=500, text="<h1>trouble</h1>", content_type="text/html")
        return cut(request)
    try:
        apply_response(core, request.match_info["token"], json_object(body), core.clock())
    except SlackError as error:
        gone = error.code in ("invalid_url", "used_url", "expired_url")
        return web.json_response({"ok": False, "error": error.code}, status=404 if gone else 400)
    return web.json_response({"ok": True})


def apply_response(core: Core, token: str, sent: Json, now: float) -> None:
    """Delete or replace the message that was clicked, or post an answer: ephemeral unless `in_channel`.

    Raises:
        SlackError: the URL is used up, or the content is refused.
    """
    workspace = core.workspace
    grant = core.grants.use("response", token, now)
    clicked = workspace.message(grant.channel, grant.ts) or workspace.ephemeral(grant.channel, grant.ts)
    if flag(sent, "delete_original") or flag(sent, "replace_original"):
        if clicked is None:
            raise SlackError("message_not_found")
        if flag(sent, "delete_original"):
            clicked.deleted = True
        else:
            rewrite(clicked, sent, f"{now:.6f}")
        workspace.changed(clicked)
        return
    text, blocks = text_argument(sent, "text"), sent.get("blocks")
    check_message(text, blocks)
    in_channel = sent.get("response_type") == "in_channel"
    message = Message(
        channel=grant.channel,
        ts=workspace.next_ts(now),
        user=core.settings.bot_user_id,
        text=text[:MESSAGE_TEXT],
        blocks=complete_blocks(blocks or []),
        thread_ts=text_argument(sent, "thread_ts") or None,
        visible_to=None if in_channel else grant.user,
    )
    if in_channel:
        workspace.post(workspace.channels[grant.channel], message)
    else:
        workspace.post_ephemeral(message)
