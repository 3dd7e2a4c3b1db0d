"""Finding messages by what they say and by whom they come from or name. Pure: reads the workspace, changes nothing."""

import re
from collections.abc import Iterator
from typing import Any

from closeloop.sandbox.model import Channel, Message
from closeloop.sandbox.workspace import Workspace

MOST_FOUND = 100
"""Messages that one search answers; the newest count."""

_FILTER = re.compile(r"(from|in|to):[@#]?(\S+)", re.IGNORECASE)
_PERSON = re.compile(r"<@([UW][A-Z0-9]+)(?:\|[^>]*)?>")
_ENTITIES = (("&lt;", "<"), ("&gt;", ">"), ("&amp;", "&"))


def _texts(value: Any) -> Iterator[str]:
    """Every text that a reader sees in blocks, in order."""
    if isinstance(value, list):
        for inner in value:
            yield from _texts(inner)
    elif isinstance(value, dict):
        for key, inner in value.items():
            if key in ("text", "alt_text") and isinstance(inner, str):
                yield inner
            elif isinstance(inner, dict | list) and key not in ("options", "confirm"):
                yield from _texts(inner)


def _names(workspace: Workspace, user_id: str) -> str:
    user = workspace.users.get(user_id)
    return f"{user.real_name} {user.name}" if user else user_id


def words_of(workspace: Workspace, message: Message) -> str:
    """What a search looks through: the author's names and every text, people by name, folded to lower case."""
    parts = [_names(workspace, message.user), message.text, *_texts(message.blocks)]
    said = _PERSON.sub(lambda found: _names(workspace, found.group(1)), "\n".join(parts))
    for entity, sign in _ENTITIES:
        said = said.replace(entity, sign)
    return said.casefold()


def _is_called(workspace: Workspace, user_id: str, name: str) -> bool:
    return name in _names(workspace, user_id).casefold().replace(" ", ".") or name == user_id.casefold()


def _named(workspace: Workspace, message: Message, name: str) -> bool:
    mentioned = _PERSON.findall("\n".join([message.text, *_texts(message.blocks)]))
    return any(_is_called(workspace, user_id, name) for user_id in mentioned)


def _passes(workspace: Workspace, message: Message, channel: Channel, kind: str, name: str) -> bool:
    if kind == "from":
        return _is_called(workspace, message.user, name)
    if kind == "in":
        return name in (channel.id.casefold(), channel.name.casefold())
    return _named(workspace, message, name)


def find(workspace: Workspace, query: str, reader: str) -> list[Message]:
    """Messages that hold every word of `query` and that `reader` (a user id) may see, newest first.

    `from:`, `to:` (who is named) and `in:` narrow it, as in Slack; a person's name with a dot between its parts.
    """
    filters = [(kind.lower(), name.casefold()) for kind, name in _FILTER.findall(query)]
    words = _FILTER.sub(" ", query).casefold().split()
    if not filters and not words:
        return []
    found = [
        message
        for channel in workspace.channels.values()
        if not channel.is_im or channel.user == reader
        for message in workspace.messages.get(channel.id, {}).values()
        if not message.deleted
        and all(_passes(workspace, message, channel, kind, name) for kind, name in filters)
        and all(word in words_of(workspace, message) for word in words)
    ]
    return sorted(found, key=lambda message: message.ts, reverse=True)[:MOST_FOUND]
