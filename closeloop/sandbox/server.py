"""The sandbox itself: one aiohttp server that is Slack for everything on this machine."""

import asyncio
import copy
import time
from collections.abc import Awaitable, Callable
from functools import partial

from aiohttp import web
from prometheus_client import CollectorRegistry
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest

from closeloop.sandbox.access import Access
from closeloop.sandbox.acting import People
from closeloop.sandbox.announcing import Announcer
from closeloop.sandbox.api import Api
from closeloop.sandbox.control import Control
from closeloop.sandbox.core import Core
from closeloop.sandbox.delivery import Delivery
from closeloop.sandbox.faults import FaultPlan
from closeloop.sandbox.feed import Feed
from closeloop.sandbox.grants import Grants
from closeloop.sandbox.journal import Journal
from closeloop.sandbox.model import Seed, Settings, User, View
from closeloop.sandbox.pace import Pace
from closeloop.sandbox.page import Page
from closeloop.sandbox.responses import respond
from closeloop.sandbox.sockets import Sockets
from closeloop.sandbox.views import Views
from closeloop.sandbox.workspace import Workspace
from schemas.process_metrics import ProcessMetrics

JOURNAL = "sandbox.sqlite3"
BODY_BYTES = 4 * 1024 * 1024


class Sandbox:
    """A Slack-compatible server: `start` it, point a Slack client's base URL at `api_url`, `stop` it.

    `core`, `people` and `sockets` are there for tests in the same event loop; from another thread use `in_thread`.
    """

    def __init__(
        self, settings: Settings | None = None, seed: Seed | None = None, clock: Callable[[], float] = time.time
    ) -> None:
        self.settings = settings or Settings()
        bot = User(
            id=self.settings.bot_user_id,
            name=self.settings.app_name,
            real_name=self.settings.app_name,
            is_bot=True,
        )
        burst = max(self.settings.burst, int(self.settings.pace))
        self.core = Core(
            settings=self.settings,
            workspace=Workspace(bot, channels_on_demand=self.settings.channels_on_demand),
            views=Views(),
            grants=Grants(),
            pace=Pace(self.settings.pace, burst),
            access=Access(self.settings.scopes, self.settings.pace > 0, self.settings.distributed),
            faults=FaultPlan(),
            clock=clock,
        )
        self._seed = copy.deepcopy(seed or Seed())  # channels are joined and renamed; the caller keeps its own
        self._journal: Journal | None = None
        self._runner: web.AppRunner | None = None
        self.url = ""
        """Where the page is, without a trailing slash; empty until started."""

    @property
    def api_url(self) -> str:
        """The base URL for Slack clients."""
        return f"{self.url}/api/"

    async def start(self) -> None:
        """Read what the data directory kept, add the seed, and listen.

        Raises:
            OSError: the port is taken.
        """
        core = self.core
        self._closing = asyncio.Event()
        self.sockets = Sockets(core)
        self.delivery = Delivery(core, self.sockets)
        self.announcer = Announcer(core, self.delivery)
        self.people = People(core, self.delivery, self.announcer)
        feed = Feed(core, self._closing)
        self._open_journal()
        core.workspace.listeners.append(feed.publish)
        core.views.listeners.append(feed.publish)
        for user in self._seed.users:
            core.workspace.put_user(user)
        for channel in self._seed.channels:
            core.workspace.put_channel(channel)
        app = web.Application(client_max_size=BODY_BYTES, middlewares=[_same_origin])
        app.add_routes(Page(core, self.people, feed, self.sockets).routes())
        app.add_routes(Control(core, self.sockets, self.announcer).routes())
        api = Api(core, self._closing)
        app.router.add_route("*", "/api/{method}", api.handle)
        app.router.add_get("/link", self.sockets.handle)
        app.router.add_post("/response/{token}", self._respond)
        app.router.add_get("/healthz", _healthy)
        registry = CollectorRegistry()
        ProcessMetrics(registry, "sandbox").watch_readiness(lambda: True)
        app.router.add_get("/metrics", partial(_metrics, registry))
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
        await self._runner.setup()
        site = web.TCPSite(self._runner, self.settings.host, self.settings.port)
        try:
            await site.start()
        except OSError:
            await self.stop()
            raise
        port = self._runner.addresses[0][1]
        self.url = f"http://{self.settings.host}:{port}"
        self.people.origin = self.url

    def _open_journal(self) -> None:
        core = self.core
        if self.settings.data_dir is None:
            return
        self._journal = Journal(self.settings.data_dir / JOURNAL)
        for kind, record in self._journal.read():
            if isinstance(record, View):
                core.views.load_home(record)
            else:
                core.workspace.load(kind, record)
        core.workspace.listeners.append(self._journal.keep)
        core.views.listeners.append(self._journal.keep)

    async def _respond(self, request: web.Request) -> web.StreamResponse:
        return await respond(self.core, request)

    async def stop(self) -> None:
        """Stop listening, end every connection, close the journal."""
        self._closing.set()
        await self.announcer.close()
        await self.sockets.end("close")
        if self._runner is not None:
            await self._runner.cleanup()
        await self.delivery.close()
        if self._journal is not None:
            self._journal.close()
            self._journal = None


async def _healthy(_request: web.Request) -> web.Response:
    return web.json_response({"ok": True})


async def _metrics(registry: CollectorRegistry, _request: web.Request) -> web.Response:
    return web.Response(body=generate_latest(registry), headers={"Content-Type": CONTENT_TYPE_LATEST})


@web.middleware
async def _same_origin(
    request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
) -> web.StreamResponse:
    """Keep other web sites that the person has open from acting here."""
    origin = request.headers.get("Origin")
    if origin and origin.partition("://")[2] != request.host:
        return web.json_response({"ok": False, "error": "wrong_origin"}, status=403)
    return await handler(request)
