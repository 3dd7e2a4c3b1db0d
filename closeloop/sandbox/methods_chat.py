"""auth.test and chat.*: posting, updating and finding messages with the refusals Slack would give."""

from typing import Any

from closeloop.sandbox.arguments import flag, required, text_argument
from closeloop.sandbox.core import Core
from closeloop.sandbox.model import Channel, Json, Message, SlackError
from closeloop.sandbox.rules import MESSAGE_TEXT, check_message, check_metadata
from closeloop.sandbox.workspace import complete_blocks


def auth_test(core: Core, _arguments: Json, _now: float) -> Json:
    """Who the token belongs to."""
    settings = core.settings
    return {
        "url": "https://sandbox.invalid/",
        "team": settings.team_name,
        "user": core.workspace.bot_user.name,
        "team_id": settings.team_id,
        "user_id": settings.bot_user_id,
        "bot_id": settings.bot_id,
        "is_enterprise_install": False,
    }


def _writable(core: Core, channel: Channel, *, uninvited: bool = False) -> Channel:
    if channel.is_private and not channel.is_member:
        raise SlackError("channel_not_found")
    if channel.is_archived:
        raise SlackError("is_archived")
    if not channel.is_member and not (uninvited and "chat:write.public" in core.access.scopes):
        raise SlackError("not_in_channel")
    if channel.is_im and core.workspace.user(channel.user or "").deleted:
        raise SlackError("user_disabled")
    return channel


def _paced(core: Core, channel: Channel, now: float) -> None:
    retry_after = core.pace.take(channel.id, now)
    if retry_after:
        raise SlackError("ratelimited", retry_after=retry_after)


def _metadata(arguments: Json) -> Json | None:
    metadata: Any = arguments.get("metadata")
    if metadata in (None, {}):
        return None
    check_metadata(metadata)
    return dict(metadata)


def post_message(core: Core, arguments: Json, now: float) -> Json:
    """chat.postMessage."""
    workspace = core.workspace
    channel = _writable(core, workspace.destination(required(arguments, "channel"), now), uninvited=True)
    _paced(core, channel, now)
    text, blocks = text_argument(arguments, "text"), arguments.get("blocks")
    check_message(text, blocks)
    metadata = _metadata(arguments)
    thread_ts = text_argument(arguments, "thread_ts") or None
    if thread_ts is not None and workspace.message(channel.id, thread_ts) is None:
        raise SlackError("thread_not_found")
    message = Message(
        channel=channel.id,
        ts=workspace.next_ts(now),
        user=core.settings.bot_user_id,
        text=text[:MESSAGE_TEXT],
        blocks=complete_blocks(blocks or []),
        metadata=metadata,
        posted_metadata=metadata,
        parse=text_argument(arguments, "parse"),
        thread_ts=thread_ts,
        broadcast=thread_ts is not None and flag(arguments, "reply_broadcast"),
    )
    workspace.post(channel, message)
    return {
        "channel": channel.id,
        "ts": message.ts,
        "message": core.message_json(message, with_metadata=True),
    }


def post_ephemeral(core: Core, arguments: Json, now: float) -> Json:
    """chat.postEphemeral: shown to one person, in no history."""
    workspace = core.workspace
    channel = _writable(core, workspace.destination(required(arguments, "channel"), now))
    user_id = required(arguments, "user")
    if user_id not in workspace.users or (channel.is_im and channel.user != user_id):
        raise SlackError("user_not_in_channel")
    _paced(core, channel, now)
    text, blocks = text_argument(arguments, "text"), arguments.get("blocks")
    check_message(text, blocks)
    message = Message(
        channel=channel.id,
        ts=workspace.next_ts(now),
        user=core.settings.bot_user_id,
        text=text[:MESSAGE_TEXT],
        blocks=complete_blocks(blocks or []),
        parse=text_argument(arguments, "parse"),
        thread_ts=text_argument(arguments, "thread_ts") or None,
        visible_to=user_id,
    )
    workspace.post_ephemeral(message)
    return {"message_ts": message.ts}


def _own_message(core: Core, arguments: Json, refusal: str) -> tuple[Channel, Message]:
    """The message to change; only ids of conversations count here, never names or people."""
    channel_id, ts = required(arguments, "channel"), required(arguments, "ts")
    channel = core.workspace.channels.get(channel_id)
    if channel is None:
        raise SlackError("channel_not_found")
    message = core.workspace.message(channel_id, ts)
    if message is None:
        ephemeral = core.workspace.ephemeral(channel_id, ts)
        raise SlackError("message_not_found" if ephemeral is None else refusal)
    if not message.from_bot:
        raise SlackError(refusal)
    if channel.is_archived:
        raise SlackError("is_archived")
    return channel, message


def rewrite(message: Message, arguments: Json, now_ts: str) -> None:
    """Apply an update: blocks not sent are removed if text is, metadata not sent is kept, `{}` removes it.

    Raises:
        SlackError: the new content is refused; the message is then unchanged.
    """
    has_text = arguments.get("text") is not None
    blocks = arguments.get("blocks")
    if blocks is None and not has_text:
        raise SlackError("no_text")
    text = text_argument(arguments, "text") if has_text else message.text
    check_message(text, blocks)
    metadata = message.metadata if arguments.get("metadata") is None else _metadata(arguments)
    message.text = text[:MESSAGE_TEXT]
    message.blocks = complete_blocks(blocks or [])
    message.metadata = metadata
    message.parse = text_argument(arguments, "parse")
    message.edits += 1
    if not message.blocks:
        message.edited_ts = now_ts


def update(core: Core, arguments: Json, now: float) -> Json:
    """chat.update."""
    channel, message = _own_message(core, arguments, "cant_update_message")
    rewrite(message, arguments, f"{now:.6f}")
    core.workspace.changed(message)
    return {
        "channel": channel.id,
        "ts": message.ts,
        "text": message.text,
        "message": core.message_json(message, with_metadata=True),
    }


def delete(core: Core, arguments: Json, _now: float) -> Json:
    """chat.delete."""
    channel, message = _own_message(core, arguments, "cant_delete_message")
    message.deleted = True
    core.workspace.changed(message)
    return {"channel": channel.id, "ts": message.ts}


def permalink(core: Core, arguments: Json, _now: float) -> Json:
    """chat.getPermalink: a link that opens the sandbox's page at the message."""
    channel = core.workspace.channels.get(required(arguments, "channel"))
    if channel is None:
        raise SlackError("channel_not_found")
    ts = required(arguments, "message_ts")
    if core.workspace.message(channel.id, ts) is None:
        raise SlackError("message_not_found")
    link = f"{arguments['_origin']}/#/{channel.id}/p{ts.replace('.', '')}"
    return {"channel": channel.id, "permalink": link}
