"""/healthz, /readyz and /metrics of a worker."""

from collections.abc import Callable

from aiohttp import web
from prometheus_client import CollectorRegistry
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest


class Health:
    """A small HTTP server. ``alive`` and ``ready`` are asked at each request."""

    def __init__(self, registry: CollectorRegistry, alive: Callable[[], bool], ready: Callable[[], bool]) -> None:
        self._registry = registry
        self._alive = alive
        self._ready = ready
        self._runner: web.AppRunner | None = None
        self.port = 0

    async def start(self, host: str, port: int) -> None:
        """Listen; port 0 picks a free one, which :attr:`port` then names. Raises OSError if it is taken."""
        app = web.Application()
        app.router.add_get("/healthz", self._healthz)
        app.router.add_get("/readyz", self._readyz)
        app.router.add_get("/metrics", self._metrics)
        self._runner = web.AppRunner(app, access_log=None)
        await self._runner.setup()
        await web.TCPSite(self._runner, host, port).start()
        self.port = int(self._runner.addresses[0][1])

    async def stop(self) -> None:
        """Stop listening."""
        if self._runner is not None:
            await self._runner.cleanup()

    async def _healthz(self, _request: web.Request) -> web.Response:
        return _answer(self._alive())

    async def _readyz(self, _request: web.Request) -> web.Response:
        return _answer(self._ready())

    async def _metrics(self, _request: web.Request) -> web.Response:
        return web.Response(body=generate_latest(self._registry), headers={"Content-Type": CONTENT_TYPE_LATEST})


def _answer(good: bool) -> web.Response:
    return web.json_response({"ok": good}, status=200 if good else 503)
