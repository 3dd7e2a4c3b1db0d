"""The state of a workspace: users, channels, messages, threads. Time comes in as an argument; every change is
announced to the listeners (the journal keeps it, the page shows it)."""

import copy
import hashlib
import re
import secrets
from bisect import bisect_left, bisect_right
from collections import defaultdict, deque
from collections.abc import Callable, Iterable
from typing import Literal

from closeloop.sandbox.elements import ELEMENTS
from closeloop.sandbox.model import Change, Channel, Json, Message, SlackError, User
from closeloop.sandbox.rules import elements_of, interactive_elements

_CHANNEL_ID = re.compile(r"[CG][A-Z0-9]{5,}")
_CHANNEL_NAME = re.compile(r"#?([a-z0-9][a-z0-9._-]{0,79})")
_INTERACTIVE = frozenset().union(*ELEMENTS.values()) - {"image"}
KEPT_EPHEMERALS = 200
"""Ephemeral messages kept in memory; like Slack's they do not survive a restart."""


def identify(prefix: str, name: str) -> str:
    """An id that is always the same for the same name: `prefix` and ten characters."""
    digest = hashlib.sha256(name.encode()).hexdigest().upper()
    return f"{prefix}{digest[:10]}"


def complete_blocks(blocks: list[Json]) -> list[Json]:
    """A copy of the blocks with the block and action ids that Slack makes up where an app gave none."""
    completed = copy.deepcopy(blocks)
    for block in completed:
        block.setdefault("block_id", secrets.token_urlsafe(4))
        for element in elements_of(block):
            if element.get("type") in _INTERACTIVE:
                element.setdefault("action_id", secrets.token_urlsafe(4))
    return completed


def find_element(blocks: list[Json], action_id: str, block_id: str | None = None) -> tuple[Json, Json] | None:
    """The block and the element of an action, or None; without `block_id` the first that matches."""
    for block in blocks:
        if block_id is None or block.get("block_id") == block_id:
            for element in interactive_elements(block):
                if element["action_id"] == action_id:
                    return block, element
    return None


class Workspace:
    """Users, channels and messages in memory, with the look-ups that the Web API needs.

    `ts` of messages are unique and increasing over the whole workspace. Channel and user lists are small; messages
    of a channel are kept in order of `ts`, so that a history call costs a bisection and its answer.
    """

    def __init__(self, bot_user: User, *, channels_on_demand: bool) -> None:
        self.bot_user = bot_user
        self.users: dict[str, User] = {bot_user.id: bot_user}
        self.channels: dict[str, Channel] = {}
        self.messages: dict[str, dict[str, Message]] = defaultdict(dict)
        self.ephemerals: deque[Message] = deque(maxlen=KEPT_EPHEMERALS)
        self.listeners: list[Callable[[Change], None]] = []
        self._channels_on_demand = channels_on_demand
        self._order: dict[str, list[str]] = defaultdict(list)
        self._threads: dict[tuple[str, str], list[str]] = defaultdict(list)
        self._by_name: dict[str, str] = {}
        self._by_email: dict[str, str] = {}
        self._last_ts = 0

    # Loading and announcing

    def load(self, kind: str, record: User | Channel | Message) -> None:
        """Put back one record that the journal kept; nobody is told."""
        if isinstance(record, User):
            self.users[record.id] = record
            if record.email:
                self._by_email[record.email.lower()] = record.id
        elif isinstance(record, Channel):
            self.channels[record.id] = record
            self._by_name[record.name] = record.id
        elif kind == "message":
            self._index(record)

    def _announce(self, change: Change) -> None:
        for listener in self.listeners:
            listener(change)

    def _index(self, message: Message) -> None:
        self.messages[message.channel][message.ts] = message
        micros = int(message.ts.replace(".", ""))
        self._last_ts = max(self._last_ts, micros)
        if message.thread_ts in (None, message.ts) or message.broadcast:
            self._order[message.channel].append(message.ts)
        if message.thread_ts and message.thread_ts != message.ts:
            self._threads[message.channel, message.thread_ts].append(message.ts)

    def next_ts(self, now: float) -> str:
        """A new message timestamp: Unix seconds with six digits, later than any before."""
        self._last_ts = max(int(now * 1_000_000), self._last_ts + 1)
        return f"{self._last_ts // 1_000_000}.{self._last_ts % 1_000_000:06d}"

    # People and channels

    def put_user(self, user: User) -> User:
        """Add a person, or change the one with the same id."""
        known = self.users.get(user.id)
        if known is not None and known.email:
            self._by_email.pop(known.email.lower(), None)
        self.load("user", user)
        self._announce(Change("user", user.id, user, is_new=known is None))
        return user

    def put_channel(self, channel: Channel) -> Channel:
        """Add a channel, or change the one with the same id."""
        known = self.channels.get(channel.id)
        if known is not None:
            self._by_name.pop(known.name, None)
        self.load("channel", channel)
        self._announce(Change("channel", channel.id, channel, is_new=known is None))
        return channel

    def user(self, user_id: str) -> User:
        """The person with this id.

        Raises:
            SlackError: `user_not_found`.
        """
        if user_id not in self.users:
            raise SlackError("user_not_found")
        return self.users[user_id]

    def user_by_email(self, email: str) -> User | None:
        """The person with this e-mail address, whatever its case."""
        found = self._by_email.get(email.lower())
        return self.users[found] if found else None

    def channel(self, channel_id: str) -> Channel:
        """The channel with this id, created if the workspace does so on demand.

        Raises:
            SlackError: `channel_not_found`.
        """
        if channel_id in self.channels:
            return self.channels[channel_id]
        if self._channels_on_demand and _CHANNEL_ID.fullmatch(channel_id):
            return self.put_channel(Channel(id=channel_id, name=channel_id.lower()))
        raise SlackError("channel_not_found")

    def destination(self, name: str, now: float) -> Channel:
        """Where a post to `name` goes: a channel id, a `#name`, or a user id, which means the direct message.

        Raises:
            SlackError: `channel_not_found`.
        """
        if name in self.users:
            return self.direct(name, now)
        if name in self.channels or _CHANNEL_ID.fullmatch(name):
            return self.channel(name)
        named = _CHANNEL_NAME.fullmatch(name)
        if named and named.group(1) in self._by_name:
            return self.channels[self._by_name[named.group(1)]]
        if named and self._channels_on_demand:
            return self.put_channel(Channel(id=identify("C", named.group(1)), name=named.group(1), created=int(now)))
        raise SlackError("channel_not_found")

    def direct(self, user_id: str, now: float) -> Channel:
        """The direct message between the app and a person, opened if it was not yet.

        Raises:
            SlackError: `user_not_found`, `cannot_dm_bot`, `user_disabled`.
        """
        user = self.user(user_id)
        if user.is_bot:
            raise SlackError("cannot_dm_bot")
        if user.deleted:
            raise SlackError("user_disabled")
        channel_id = identify("D", user_id)
        if channel_id not in self.channels:
            self.put_channel(
                Channel(id=channel_id, name=channel_id.lower(), is_im=True, user=user_id, created=int(now))
            )
        return self.channels[channel_id]

    # Messages

    def post(self, channel: Channel, message: Message) -> Message:
        """Keep a new message whose `ts` came from `next_ts`."""
        self._index(message)
        self._announce(Change("message", f"{channel.id}/{message.ts}", message, is_new=True))
        if message.thread_ts and message.thread_ts != message.ts:
            self.touch_parent(message)
        return message

    def touch_parent(self, reply: Message) -> None:
        """Announce a reply's parent again: its reply count changed."""
        parent = self.messages[reply.channel].get(reply.thread_ts or "")
        if parent is not None:
            self._announce(Change("message", f"{parent.channel}/{parent.ts}", parent))

    def post_ephemeral(self, message: Message) -> Message:
        """Show a message to one person only."""
        self.ephemerals.append(message)
        self._announce(Change("ephemeral", f"{message.channel}/{message.ts}", message, is_new=True))
        return message

    def ephemeral(self, channel_id: str, ts: str) -> Message | None:
        """The ephemeral message with this timestamp, if it is still kept."""
        return next((m for m in self.ephemerals if m.channel == channel_id and m.ts == ts), None)

    def message(self, channel_id: str, ts: str) -> Message | None:
        """The message with this timestamp, unless it was deleted."""
        found = self.messages[channel_id].get(ts) if channel_id in self.messages else None
        return None if found is None or found.deleted else found

    def changed(self, message: Message) -> None:
        """Announce that a message was edited or deleted in place."""
        kind: Literal["ephemeral", "message"] = "ephemeral" if message.visible_to else "message"
        self._announce(Change(kind, f"{message.channel}/{message.ts}", message))
        if message.deleted and message.thread_ts and message.thread_ts != message.ts:
            self.touch_parent(message)

    def replies(self, channel_id: str, ts: str) -> list[Message]:
        """The replies of a thread that were not deleted, oldest first."""
        known = self.messages.get(channel_id, {})
        return [known[reply] for reply in self._threads.get((channel_id, ts), ()) if not known[reply].deleted]

    def history(self, channel_id: str, after: str, before: str, *, inclusive: bool, limit: int) -> list[Message]:
        """Up to `limit` messages between two timestamps, newest first; replies only if they were broadcast."""
        order = self._order.get(channel_id, [])
        start = bisect_left(order, after) if inclusive else bisect_right(order, after)
        stop = len(order)
        if before:
            stop = bisect_right(order, before) if inclusive else bisect_left(order, before)
        known = self.messages.get(channel_id, {})
        found: list[Message] = []
        for position in range(stop - 1, start - 1, -1):
            message = known[order[position]]
            if not message.deleted:
                found.append(message)
                if len(found) == limit:
                    break
        return found

    def count(self, channel_id: str) -> int:
        """How many messages the channel's own history ever had, deleted ones included."""
        return len(self._order.get(channel_id, ()))


def reply_fields(parent: Message, replies: Iterable[Message]) -> Json:
    """The fields that tell a thread's parent about its replies; empty without replies."""
    listed = list(replies)
    if not listed:
        return {}
    users = list(dict.fromkeys(reply.user for reply in listed))
    return {
        "thread_ts": parent.ts,
        "reply_count": len(listed),
        "reply_users": users,
        "reply_users_count": len(users),
        "latest_reply": listed[-1].ts,
    }
