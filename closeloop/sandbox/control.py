"""The control API of tests and of the loop itself: people and channels, faults, and the state for assertions."""

from collections import Counter
from typing import Literal

import msgspec
from aiohttp import web

from closeloop.sandbox.announcing import Announcer
from closeloop.sandbox.core import Core
from closeloop.sandbox.faults import Fault
from closeloop.sandbox.model import Channel, Json, Message, User
from closeloop.sandbox.rules import links, mentions
from closeloop.sandbox.sockets import Sockets
from closeloop.sandbox.workspace import identify


class NewUser(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """A person to add. Without an id one is derived from the e-mail address or name, always the same."""

    name: str
    email: str | None = None
    real_name: str = ""
    tz: str = "UTC"
    locale: str = "en-US"
    id: str | None = None
    deleted: bool = False


class NewChannel(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """A channel to add, or to change when it is there. Without an id one is derived from the name."""

    name: str
    id: str | None = None
    topic: str = ""
    is_private: bool = False
    is_archived: bool = False
    is_member: bool = True


class EndSockets(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """How to end the Socket Mode connections."""

    how: Literal["warning", "refresh_requested", "link_disabled", "close", "cut"]


class TokenOrder(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """What becomes of the app's token: a `refusal` for every call (empty: none), or other `scopes`."""

    refusal: str | None = None
    scopes: frozenset[str] | None = None


class ArchiveOrder(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """A channel (id or name) to archive, or to take back."""

    channel: str
    archived: bool = True


class DeactivateOrder(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """A person (id or e-mail address) to deactivate, or to take back."""

    user: str
    deleted: bool = True


def add_user(core: Core, new: NewUser) -> User:
    """Add a person to the workspace; the same e-mail address again changes the same person."""
    known = core.workspace.user_by_email(new.email) if new.email else None
    user_id = new.id or (known.id if known else identify("U", (new.email or new.name).lower()))
    return core.workspace.put_user(
        User(
            id=user_id,
            name=new.name,
            real_name=new.real_name or new.name,
            email=new.email,
            tz=new.tz,
            locale=new.locale,
            deleted=new.deleted,
        )
    )


def add_channel(core: Core, new: NewChannel) -> Channel:
    """Add a channel to the workspace; the same name again changes the same channel."""
    name = new.name.removeprefix("#")
    known = next((c for c in core.workspace.channels.values() if c.name == name), None)
    return core.workspace.put_channel(
        Channel(
            id=new.id or (known.id if known else identify("C", name)),
            name=name,
            topic=new.topic,
            is_private=new.is_private,
            is_archived=new.is_archived,
            is_member=new.is_member,
            created=int(core.clock()),
        )
    )


def _inspected(core: Core, message: Message) -> Json:
    shown = core.message_json(message, with_metadata=True)
    return shown | {
        "edits": message.edits,
        "deleted": message.deleted,
        "posted_metadata": message.posted_metadata,
        "mentions": mentions(message.text, message.blocks),
        "links": links(message.text, message.blocks, message.parse),
    }


def posts_by_metadata(core: Core) -> dict[str, dict[str, dict[str, int]]]:
    """How often each metadata value was posted, deleted messages included: `{event_type: {key: {value: posts}}}`."""
    counts: dict[str, dict[str, Counter[str]]] = {}
    for messages in core.workspace.messages.values():
        for message in messages.values():
            posted = message.posted_metadata
            if posted is not None:
                by_key = counts.setdefault(posted["event_type"], {})
                for key, value in posted["event_payload"].items():
                    by_key.setdefault(key, Counter())[str(value)] += 1
    return {kind: {key: dict(values) for key, values in keys.items()} for kind, keys in counts.items()}


def inspect(core: Core, sockets: Sockets, *, channel: str | None = None, counts_only: bool = False) -> Json:
    """Everything a test asserts on: messages by channel, posts by metadata, requests, deliveries, faults."""
    workspace = core.workspace
    shown = {key: value for key, value in workspace.messages.items() if channel in (None, key)}
    every = [message for messages in shown.values() for message in messages.values()]
    state: Json = {
        "counts": {
            "posts": sum(message.from_bot for message in every),
            "edits": sum(message.edits for message in every),
            "deleted": sum(message.deleted for message in every),
            "by_channel": {key: len(messages) for key, messages in shown.items()},
        },
        "posts_by_metadata": posts_by_metadata(core),
        "requests": {method: dict(counts) for method, counts in core.requests.items()},
        "faults": core.faults.listing(),
        "faults_fired": dict(core.faults.fired),
        "sockets": sockets.connections,
    }
    if counts_only:
        return state
    return state | {
        "users": [msgspec.to_builtins(user) for user in workspace.users.values()],
        "channels": [msgspec.to_builtins(known) for known in workspace.channels.values()],
        "messages": {
            key: [_inspected(core, message) for message in messages.values()] for key, messages in shown.items()
        },
        "ephemerals": [
            _inspected(core, message) | {"channel": message.channel, "visible_to": message.visible_to}
            for message in workspace.ephemerals
        ],
        "modals": {
            user: [core.view_json(view) for view in stack] for user, stack in core.views.stacks.items() if stack
        },
        "homes": {user: core.view_json(view) for user, view in core.views.homes.items()},
        "deliveries": list(core.deliveries),
    }


class Control:
    """Serves `/control/...`."""

    def __init__(self, core: Core, sockets: Sockets, announcer: Announcer) -> None:
        self._core = core
        self._sockets = sockets
        self._announcer = announcer

    def routes(self) -> list[web.RouteDef]:
        """Every control route."""
        return [
            web.get("/control/state", self._state),
            web.post("/control/users", self._users),
            web.post("/control/channels", self._channels),
            web.get("/control/faults", self._list_faults),
            web.post("/control/faults", self._add_faults),
            web.delete("/control/faults", self._clear_faults),
            web.post("/control/sockets", self._end_sockets),
            web.post("/control/token", self._token),
            web.post("/control/archive", self._archive),
            web.post("/control/deactivate", self._deactivate),
        ]

    async def _state(self, request: web.Request) -> web.Response:
        channel, only = request.query.get("channel"), request.query.get("counts") == "1"
        return web.json_response(inspect(self._core, self._sockets, channel=channel, counts_only=only))

    async def _users(self, request: web.Request) -> web.Response:
        raw = await request.read()
        try:
            sent = msgspec.json.decode(raw, type=list[NewUser] | NewUser)
        except msgspec.MsgspecError as error:
            return _wrong(error)
        listed = sent if isinstance(sent, list) else [sent]
        return web.json_response({"users": [msgspec.to_builtins(add_user(self._core, new)) for new in listed]})

    async def _channels(self, request: web.Request) -> web.Response:
        raw = await request.read()
        try:
            sent = msgspec.json.decode(raw, type=list[NewChannel] | NewChannel)
        except msgspec.MsgspecError as error:
            return _wrong(error)
        listed = sent if isinstance(sent, list) else [sent]
        added = [msgspec.to_builtins(add_channel(self._core, new)) for new in listed]
        return web.json_response({"channels": added})

    async def _token(self, request: web.Request) -> web.Response:
        access = self._core.access
        try:
            order = msgspec.json.decode(await request.read(), type=TokenOrder)
        except msgspec.MsgspecError as error:
            return _wrong(error)
        if order.scopes is not None:
            access.scopes = order.scopes
        if order.refusal is not None:
            access.refusal = order.refusal
        if order.refusal:
            bots = {"oauth": [], "bot": [self._core.settings.bot_user_id]}
            self._announcer.announce({"type": "tokens_revoked", "tokens": bots})
        return web.json_response({"refusal": access.refusal, "scopes": sorted(access.scopes)})

    async def _archive(self, request: web.Request) -> web.Response:
        try:
            order = msgspec.json.decode(await request.read(), type=ArchiveOrder)
        except msgspec.MsgspecError as error:
            return _wrong(error)
        name = order.channel.removeprefix("#")
        known = next((c for c in self._core.workspace.channels.values() if name in (c.id, c.name)), None)
        if known is None:
            return _missing(f"no channel {name}")
        changed = self._core.workspace.put_channel(msgspec.structs.replace(known, is_archived=order.archived))
        kind = "channel_archive" if order.archived else "channel_unarchive"
        self._announcer.announce({"type": kind, "channel": known.id, "user": self._core.settings.bot_user_id})
        return web.json_response({"channel": msgspec.to_builtins(changed)})

    async def _deactivate(self, request: web.Request) -> web.Response:
        try:
            order = msgspec.json.decode(await request.read(), type=DeactivateOrder)
        except msgspec.MsgspecError as error:
            return _wrong(error)
        known = self._core.workspace.users.get(order.user) or self._core.workspace.user_by_email(order.user)
        if known is None:
            return _missing("no such person")
        changed = self._core.workspace.put_user(msgspec.structs.replace(known, deleted=order.deleted))
        return web.json_response({"user": msgspec.to_builtins(changed)})

    async def _list_faults(self, _request: web.Request) -> web.Response:
        faults = self._core.faults
        return web.json_response({"faults": faults.listing(), "fired": dict(faults.fired)})

    async def _add_faults(self, request: web.Request) -> web.Response:
        raw = await request.read()
        try:
            sent = msgspec.json.decode(raw, type=list[Fault] | Fault)
        except msgspec.MsgspecError as error:
            return _wrong(error)
        for fault in sent if isinstance(sent, list) else [sent]:
            self._core.faults.add(fault, self._core.clock())
        if "seed" in request.query:
            self._core.faults.seed(int(request.query["seed"]))
        return await self._list_faults(request)

    async def _clear_faults(self, request: web.Request) -> web.Response:
        self._core.faults.clear()
        return await self._list_faults(request)

    async def _end_sockets(self, request: web.Request) -> web.Response:
        raw = await request.read()
        try:
            order = msgspec.json.decode(raw, type=EndSockets)
        except msgspec.MsgspecError as error:
            return _wrong(error)
        return web.json_response({"ended": await self._sockets.end(order.how)})


def _missing(problem: str) -> web.Response:
    return web.json_response({"ok": False, "problem": problem}, status=404)


def _wrong(error: msgspec.MsgspecError) -> web.Response:
    return web.json_response({"ok": False, "problem": str(error)}, status=422)
