"""The page's own small API: what to show, and what people do there."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeVar

import msgspec
from aiohttp import web

from closeloop.sandbox.acting import People
from closeloop.sandbox.core import Core
from closeloop.sandbox.deeds import Click, Dismiss, OpenHome, Say, Submit
from closeloop.sandbox.feed import Feed, page_message
from closeloop.sandbox.model import Json, Message, SlackError
from closeloop.sandbox.search import MOST_FOUND, find
from closeloop.sandbox.sockets import Sockets

Deed = TypeVar("Deed", bound=msgspec.Struct)

STATIC = Path(__file__).with_name("static")
PAGE_MESSAGES = 100
"""Messages of a channel that the page loads at once."""


class Page:
    """Serves `/`, its static files and `/page/...`."""

    def __init__(self, core: Core, people: People, feed: Feed, sockets: Sockets) -> None:
        self._core = core
        self._people = people
        self._feed = feed
        self._sockets = sockets

    def routes(self) -> list[web.RouteDef | web.StaticDef]:
        """Everything that a browser may ask for."""
        return [
            web.get("/", self._index),
            web.static("/static", STATIC),
            web.get("/page/state", self._state),
            web.get("/page/messages", self._messages),
            web.get("/page/thread", self._thread),
            web.get("/page/search", self._search),
            web.get("/page/stream", self._feed.stream),
            web.post("/page/click", _acting(Click, self._people.click)),
            web.post("/page/submit", _acting(Submit, self._people.submit)),
            web.post("/page/dismiss", _acting(Dismiss, self._people.dismiss)),
            web.post("/page/say", _acting(Say, self._say)),
            web.post("/page/home", _acting(OpenHome, self._people.open_home)),
        ]

    async def _say(self, say: Say) -> Json:
        return self._people.say(say)

    async def _index(self, _request: web.Request) -> web.StreamResponse:
        return web.FileResponse(STATIC / "index.html", headers={"Cache-Control": "no-cache"})

    async def _state(self, request: web.Request) -> web.Response:
        core, settings = self._core, self._core.settings
        user_id = request.query.get("user", "")
        channels = [
            core.channel_json(channel) | {"count": core.workspace.count(channel.id)}
            for channel in core.workspace.channels.values()
        ]
        home = core.views.homes.get(user_id)
        return web.json_response(
            {
                "team": {"id": settings.team_id, "name": settings.team_name},
                "app": {"id": settings.app_id, "name": settings.app_name, "user": settings.bot_user_id},
                "users": [
                    core.user_json(user, core.clock(), with_locale=True) for user in core.workspace.users.values()
                ],
                "channels": channels,
                "modals": [core.view_json(view) for view in core.views.stacks.get(user_id, ())],
                "home": core.view_json(home) if home else None,
                "connected": {"socket": self._sockets.connections, "http": settings.interactions_url is not None},
            }
        )

    async def _messages(self, request: web.Request) -> web.Response:
        core, query = self._core, request.query
        channel, before, user = query["channel"], query.get("before", ""), query.get("user", "")
        found = core.workspace.history(channel, "", before, inclusive=False, limit=PAGE_MESSAGES + 1)
        page = found[:PAGE_MESSAGES][::-1]
        ephemerals = [] if before else self._ephemerals(channel, user, None)
        return web.json_response(
            {
                "messages": [page_message(core, message) for message in page],
                "has_more": len(found) > PAGE_MESSAGES,
                "ephemerals": [page_message(core, message) for message in ephemerals],
                "count": core.workspace.count(channel),
            }
        )

    async def _thread(self, request: web.Request) -> web.Response:
        core, channel, ts = self._core, request.query["channel"], request.query["ts"]
        parent = core.workspace.message(channel, ts)
        if parent is None:
            return web.json_response({"messages": []}, status=404)
        private = self._ephemerals(channel, request.query.get("user", ""), ts)
        replies = sorted([*core.workspace.replies(channel, ts), *private], key=lambda message: message.ts)
        return web.json_response({"messages": [page_message(core, message) for message in [parent, *replies]]})

    def _ephemerals(self, channel: str, user: str, thread_ts: str | None) -> list[Message]:
        """What only this person sees in a channel, or in one of its threads."""
        return [
            message
            for message in self._core.workspace.ephemerals
            if not message.deleted
            and (message.channel, message.visible_to, message.thread_ts) == (channel, user, thread_ts)
        ]

    async def _search(self, request: web.Request) -> web.Response:
        core, query = self._core, request.query
        found = find(core.workspace, query.get("q", ""), query.get("user", ""))
        shown = [page_message(core, message) for message in found]
        return web.json_response({"messages": shown, "most": MOST_FOUND})


def _acting(
    kind: type[Deed], act: Callable[[Deed], Awaitable[Json]]
) -> Callable[[web.Request], Awaitable[web.Response]]:
    """A handler that decodes a deed, lets it happen, and answers what came of it."""

    async def handle(request: web.Request) -> web.Response:
        try:
            deed = msgspec.json.decode(await request.read(), type=kind)
            return web.json_response(await act(deed))
        except msgspec.ValidationError as error:
            return web.json_response({"problem": str(error)}, status=422)
        except msgspec.DecodeError as error:
            return web.json_response({"problem": f"not JSON: {error}"}, status=400)
        except SlackError as error:
            problem = " ".join(error.messages) or error.code
            return web.json_response({"problem": problem, "error": error.code}, status=409)

    return handle
