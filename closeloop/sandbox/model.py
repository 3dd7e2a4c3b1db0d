"""The records of a sandbox workspace and its settings: users, channels, messages, views."""

from pathlib import Path
from typing import Any, Literal, TypeAlias

import msgspec

Json: TypeAlias = dict[str, Any]
"""A JSON object of Slack's (a block, a view, a payload): validated by `rules`, stored and echoed untouched."""

MAX_HISTORY_LIMIT = 999
"""Most messages that one conversations.history call returns."""


class SlackError(Exception):
    """A refusal that the Web API answers with `{"ok": false, "error": code}`.

    `messages` are the human sentences of `response_metadata.messages`; `fields` are merged into the answer.
    """

    def __init__(self, code: str, *messages: str, **fields: Any) -> None:
        super().__init__(code)
        self.code = code
        self.messages = messages
        self.fields = fields


SCOPES = frozenset(
    {
        "channels:history",
        "channels:join",
        "channels:read",
        "chat:write",
        "groups:history",
        "groups:read",
        "im:history",
        "im:write",
        "users:read",
        "users:read.email",
    }
)
"""Scopes of the bot token unless a test takes some away: those that the loop's own manifest asks for."""


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """How a sandbox behaves. Durations are in seconds.

    `pace` is messages a second a channel; `burst` is how many may come at once. A pace of 0 switches off this limit
    and those of the methods' tiers. `distributed` is the harder limit on reading history for apps that are sold.
    `event_retry_seconds` are the pauses before an event that was not acked is sent again.
    `mode` chooses how interactions are delivered: over Socket Mode if a client is connected (`auto`), or always
    one of the two. `channels_on_demand` creates a channel the first time an app names it.
    """

    host: str = "127.0.0.1"
    port: int = 0
    data_dir: Path | None = None
    interactions_url: str | None = None
    events_url: str | None = None
    mode: Literal["auto", "http", "socket"] = "auto"
    bot_token: str = "xoxb-sandbox"  # noqa: S105 - the public token of a local test server
    app_token: str = "xapp-sandbox"  # noqa: S105 - as above
    signing_secret: str = "sandbox-signing-secret"  # noqa: S105 - as above
    pace: float = 1.0
    burst: int = 4
    channels_on_demand: bool = True
    ack_seconds: float = 3.0
    trigger_seconds: float = 3.0
    event_retry_seconds: tuple[float, ...] = (0.0, 60.0, 300.0)
    scopes: frozenset[str] = SCOPES
    distributed: bool = False
    team_id: str = "T0SANDBOX"
    team_name: str = "Sandbox"
    app_id: str = "A0SANDBOX"
    app_name: str = "closeloop"
    bot_id: str = "B0SANDBOX"
    bot_user_id: str = "U0SANDBOX"


class User(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """One person of the workspace; `tz` is an IANA zone name, `locale` the language of their Slack (`pt-BR`)."""

    id: str
    name: str
    real_name: str = ""
    email: str | None = None
    tz: str = "UTC"
    locale: str = "en-US"
    is_bot: bool = False
    deleted: bool = False


class Channel(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """One conversation: public, private, or a direct message with `user` (`is_im`)."""

    id: str
    name: str
    topic: str = ""
    is_private: bool = False
    is_im: bool = False
    is_archived: bool = False
    is_member: bool = True
    user: str | None = None
    created: int = 0


class Message(msgspec.Struct, kw_only=True):
    """One message. `posted_metadata` is what came with the post; `metadata` is what an update left of it.

    `edits` counts every update, `edited_ts` is set only when Slack would show "(edited)". A deleted message stays
    as a tombstone, so that counts of posts remain true. `visible_to` makes it ephemeral. `parse` is the argument it
    was last sent with: "none" makes no links of bare addresses.
    """

    channel: str
    ts: str
    user: str
    text: str = ""
    blocks: list[Json] = []
    metadata: Json | None = None
    posted_metadata: Json | None = None
    thread_ts: str | None = None
    broadcast: bool = False
    from_bot: bool = True
    edits: int = 0
    edited_ts: str | None = None
    deleted: bool = False
    visible_to: str | None = None
    parse: str = ""


class View(msgspec.Struct, kw_only=True):
    """A modal or Home view as its user sees it; `body` is what the app sent, `state` what was typed so far."""

    id: str
    user: str
    body: Json
    hash: str
    root_id: str = ""
    previous_id: str | None = None
    state: Json = {}


class Seed(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """People and channels that a workspace starts with; the shape of the seed file (JSON)."""

    users: list[User] = []
    channels: list[Channel] = []


class Change(msgspec.Struct, frozen=True):
    """One thing that happened to the workspace: `kind` of record, its `key`, and the record as it is now."""

    kind: Literal["user", "channel", "message", "home", "ephemeral", "modal", "notice"]
    key: str
    record: Any
    is_new: bool = False
