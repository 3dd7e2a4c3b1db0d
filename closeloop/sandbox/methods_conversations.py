"""conversations.* and users.*: finding channels and people, and reading what was said."""

import base64
import binascii

from closeloop.sandbox.access import DISTRIBUTED_MESSAGES, kind_of
from closeloop.sandbox.arguments import count_argument, flag, required, text_argument
from closeloop.sandbox.core import Core
from closeloop.sandbox.model import MAX_HISTORY_LIMIT, Channel, Json, SlackError


def _cursor(text: str) -> str:
    return base64.b64encode(f"next:{text}".encode()).decode()


def _read_cursor(arguments: Json) -> str:
    cursor = text_argument(arguments, "cursor")
    if not cursor:
        return ""
    try:
        kind, _, rest = base64.b64decode(cursor, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        raise SlackError("invalid_cursor") from None
    if kind != "next":
        raise SlackError("invalid_cursor")
    return rest


def _known(core: Core, arguments: Json) -> Channel:
    channel = core.workspace.channel(required(arguments, "channel"))
    if channel.is_private and not channel.is_member:
        raise SlackError("channel_not_found")
    return channel


def _readable(core: Core, arguments: Json, method: str) -> Channel:
    channel = _known(core, arguments)
    core.access.need_for(method, channel)
    if not channel.is_member:
        raise SlackError("not_in_channel")
    return channel


def open_conversation(core: Core, arguments: Json, now: float) -> Json:
    """conversations.open, with one person: the direct message between them and the app."""
    users = arguments.get("users")
    names = users if isinstance(users, list) else [part for part in str(users or "").split(",") if part]
    if not names and arguments.get("channel"):
        return {"channel": core.channel_json(_known(core, arguments))}
    if not names:
        raise SlackError("users_list_not_supplied")
    if len(names) > 1:
        raise SlackError("method_not_supported_for_channel_type", "the sandbox opens messages with one person")
    known = len(core.workspace.channels)
    channel = core.workspace.direct(str(names[0]), now)
    answer: Json = {"channel": {"id": channel.id}}
    if flag(arguments, "return_im"):
        answer["channel"] = core.channel_json(channel)
    if len(core.workspace.channels) == known:
        answer |= {"no_op": True, "already_open": True}
    return answer


def history(core: Core, arguments: Json, _now: float) -> Json:
    """conversations.history: newest first between `oldest` and `latest`."""
    channel = _readable(core, arguments, "conversations.history")
    limit = count_argument(arguments, "limit", 100, MAX_HISTORY_LIMIT)
    if core.access.distributed:
        limit = min(limit, DISTRIBUTED_MESSAGES)
    oldest, latest = text_argument(arguments, "oldest"), text_argument(arguments, "latest")
    after = _timestamp(oldest, "invalid_ts_oldest")
    before = _timestamp(latest, "invalid_ts_latest")
    inclusive = flag(arguments, "inclusive")
    cursor = _read_cursor(arguments)
    before = cursor or before
    found = core.workspace.history(channel.id, after, before, inclusive=inclusive, limit=limit + 2)
    if cursor:
        found = [message for message in found if message.ts < cursor]
    more = len(found) > limit
    page = found[:limit]
    with_metadata = flag(arguments, "include_all_metadata")
    answer: Json = {
        "messages": [core.message_json(message, with_metadata=with_metadata) for message in page],
        "has_more": more,
        "pin_count": 0,
    }
    if more:
        answer["response_metadata"] = {"next_cursor": _cursor(page[-1].ts)}
    return answer


def _timestamp(text: str, refusal: str) -> str:
    """A timestamp with the six digits that make it comparable as text; empty and 0 mean no bound."""
    if text in ("", "0", "now"):
        return ""
    try:
        seconds, _, fraction = text.partition(".")
        return f"{int(seconds)}.{int((fraction or '0').ljust(6, '0')[:6]):06d}"
    except ValueError:
        raise SlackError(refusal) from None


def replies(core: Core, arguments: Json, _now: float) -> Json:
    """conversations.replies: the parent, then its replies, oldest first."""
    channel = _readable(core, arguments, "conversations.replies")
    ts = required(arguments, "ts")
    parent = core.workspace.message(channel.id, ts)
    if parent is None:
        raise SlackError("thread_not_found")
    limit = count_argument(arguments, "limit", 1000, 1000)
    if core.access.distributed:
        limit = min(limit, DISTRIBUTED_MESSAGES)
    after = _read_cursor(arguments) or _timestamp(text_argument(arguments, "oldest"), "invalid_ts_oldest")
    before = _timestamp(text_argument(arguments, "latest"), "invalid_ts_latest")
    listed = [
        reply
        for reply in core.workspace.replies(channel.id, parent.thread_ts or ts)
        if reply.ts > after and (not before or reply.ts < before)
    ]
    page = listed[:limit]
    with_metadata = flag(arguments, "include_all_metadata")
    answer: Json = {
        "messages": [core.message_json(message, with_metadata=with_metadata) for message in [parent, *page]],
        "has_more": len(listed) > limit,
    }
    if len(listed) > limit:
        answer["response_metadata"] = {"next_cursor": _cursor(page[-1].ts)}
    return answer


def info(core: Core, arguments: Json, _now: float) -> Json:
    """conversations.info."""
    channel = _known(core, arguments)
    core.access.need_for("conversations.info", channel)
    return {"channel": core.channel_json(channel)}


def join(core: Core, arguments: Json, _now: float) -> Json:
    """conversations.join: the app becomes a member of a public channel."""
    channel = _known(core, arguments)
    if channel.is_im or channel.is_private:
        raise SlackError("method_not_supported_for_channel_type")
    if channel.is_archived:
        raise SlackError("is_archived")
    if channel.is_member:
        return {"channel": core.channel_json(channel), "warning": "already_in_channel"}
    channel.is_member = True
    core.workspace.put_channel(channel)
    return {"channel": core.channel_json(channel)}


def list_conversations(core: Core, arguments: Json, _now: float) -> Json:
    """conversations.list, by types and pages."""
    types = {name.strip() for name in (text_argument(arguments, "types") or "public_channel").split(",")}
    core.access.need_types(types)
    listed = [
        channel
        for channel in sorted(core.workspace.channels.values(), key=lambda known: known.id)
        if kind_of(channel) in types
        and (channel.is_member or not channel.is_private)
        and not (channel.is_archived and flag(arguments, "exclude_archived"))
        and channel.id > _read_cursor(arguments)
    ]
    limit = count_argument(arguments, "limit", 100, 1000)
    page = listed[:limit]
    cursor = _cursor(page[-1].id) if len(listed) > limit else ""
    return {
        "channels": [core.channel_json(channel) for channel in page],
        "response_metadata": {"next_cursor": cursor},
    }


def lookup_by_email(core: Core, arguments: Json, now: float) -> Json:
    """users.lookupByEmail."""
    user = core.workspace.user_by_email(required(arguments, "email"))
    if user is None or user.deleted:
        raise SlackError("users_not_found")
    return {"user": core.user_json(user, now)}


def user_info(core: Core, arguments: Json, now: float) -> Json:
    """users.info."""
    user = core.workspace.user(required(arguments, "user"))
    return {"user": core.user_json(user, now, with_locale=flag(arguments, "include_locale"))}


def list_users(core: Core, arguments: Json, now: float) -> Json:
    """users.list, by pages."""
    after = _read_cursor(arguments)
    listed = sorted((user for user in core.workspace.users.values() if user.id > after), key=lambda user: user.id)
    limit = count_argument(arguments, "limit", 1000, 1000)
    page = listed[:limit]
    cursor = _cursor(page[-1].id) if len(listed) > limit else ""
    return {
        "members": [core.user_json(user, now, with_locale=flag(arguments, "include_locale")) for user in page],
        "cache_ts": int(now),
        "response_metadata": {"next_cursor": cursor},
    }
