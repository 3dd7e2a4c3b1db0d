"""Everything a sandbox knows, in one place, and how its records look in Slack's JSON."""

from collections import Counter, defaultdict, deque
from collections.abc import Callable
from dataclasses import dataclass, field

from closeloop.sandbox.access import Access
from closeloop.sandbox.faults import FaultPlan
from closeloop.sandbox.grants import Grants
from closeloop.sandbox.model import Channel, Json, Message, Settings, User, View
from closeloop.sandbox.pace import Pace
from closeloop.sandbox.views import Views
from closeloop.sandbox.workspace import Workspace, reply_fields
from closeloop.sandbox.zones import offset_seconds


@dataclass(slots=True)
class Core:
    """The state that the Web API, the page and the control API work on."""

    settings: Settings
    workspace: Workspace
    views: Views
    grants: Grants
    pace: Pace
    access: Access
    faults: FaultPlan
    clock: Callable[[], float]
    requests: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    deliveries: deque[Json] = field(default_factory=lambda: deque(maxlen=2000))

    def message_json(self, message: Message, *, with_metadata: bool) -> Json:
        """A message as conversations.history shows it."""
        shown: Json = {"type": "message", "user": message.user, "ts": message.ts, "text": message.text}
        shown["team"] = self.settings.team_id
        if message.from_bot:
            shown["bot_id"] = self.settings.bot_id
            shown["app_id"] = self.settings.app_id
            shown["bot_profile"] = {
                "id": self.settings.bot_id,
                "app_id": self.settings.app_id,
                "name": self.settings.app_name,
                "team_id": self.settings.team_id,
                "deleted": False,
            }
        if message.blocks:
            shown["blocks"] = message.blocks
        if message.thread_ts:
            shown["thread_ts"] = message.thread_ts
            if message.broadcast:
                shown["subtype"] = "thread_broadcast"
        if message.edited_ts:
            shown["edited"] = {"user": message.user, "ts": message.edited_ts}
        if with_metadata and message.metadata is not None:
            shown["metadata"] = message.metadata
        shown.update(reply_fields(message, self.workspace.replies(message.channel, message.ts)))
        return shown

    def user_json(self, user: User, now: float, *, with_locale: bool = False) -> Json:
        """A person as users.info shows them; `now` (Unix seconds) decides the zone's offset."""
        name = user.real_name or user.name
        return {
            "id": user.id,
            "team_id": self.settings.team_id,
            "name": user.name,
            "real_name": name,
            "deleted": user.deleted,
            "tz": user.tz,
            "tz_label": user.tz,
            "tz_offset": offset_seconds(user.tz, now),
            "is_bot": user.is_bot,
            "profile": {"real_name": name, "display_name": user.name} | self._email(user),
        } | ({"locale": user.locale} if with_locale else {})

    def _email(self, user: User) -> Json:
        return {"email": user.email} if "users:read.email" in self.access.scopes else {}

    def channel_json(self, channel: Channel) -> Json:
        """A conversation as conversations.info shows it."""
        shown: Json = {
            "id": channel.id,
            "created": channel.created,
            "is_im": channel.is_im,
            "is_archived": channel.is_archived,
        }
        if channel.is_im:
            shown["user"] = channel.user
            return shown
        return shown | {
            "name": channel.name,
            "name_normalized": channel.name,
            "is_channel": not channel.is_private,
            "is_group": channel.is_private,
            "is_private": channel.is_private,
            "is_member": channel.is_member,
            "topic": {"value": channel.topic, "creator": "", "last_set": 0},
        }

    def view_json(self, view: View) -> Json:
        """A view as views.open answers it and as interaction payloads carry it."""
        shown: Json = {
            "private_metadata": "",
            "callback_id": "",
            "title": None,
            "submit": None,
            "close": None,
            "clear_on_close": False,
            "notify_on_close": False,
            "external_id": "",
        }
        return (
            shown
            | view.body
            | {
                "id": view.id,
                "team_id": self.settings.team_id,
                "app_id": self.settings.app_id,
                "app_installed_team_id": self.settings.team_id,
                "bot_id": self.settings.bot_id,
                "hash": view.hash,
                "root_view_id": view.root_id,
                "previous_view_id": view.previous_id,
                "state": {"values": view.state},
            }
        )
