"""Pages that are looked at: each is drawn once for all who look at the same, and they are told what changed.

A drawing is made when something was heard (a metric, a case) and once in a while because time passes. It is made in a
thread of its own, one after another, and at most so often that it takes a tenth of a processor: pages that are
looked at never hold up what apps send.
"""

import asyncio
import secrets
import time
from collections.abc import AsyncGenerator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import msgspec
import structlog
from msgspec import Struct
from sqlalchemy.exc import SQLAlchemyError

from gateway.console.fragments import Drawn, Held, Patch, advance, since
from gateway.console.page import Page
from gateway.console.reader import Reader
from gateway.console.rendering import MARK, drawing
from gateway.console.surroundings import look_around
from gateway.parts import Parts, now
from gateway.problems import Refusal

SHORTEST_SECONDS = 0.5
"""Between two drawings of a page."""
SHARE = 0.1
"""Of a processor's time that drawing a page may take. What it waits for, others can use meanwhile."""
LISTEN_SECONDS = 0.1
KEPT_SECONDS = 30.0
"""How long a page that nobody follows is remembered: who just got it is about to."""
HEARTBEAT_SECONDS = 15.0

_log = structlog.get_logger("gateway.console")


class Mark(Struct, frozen=True):
    """Which drawing a browser has: the time of life of this process, and the number of the drawing in it."""

    epoch: str
    number: int

    def __str__(self) -> str:
        return f"{self.epoch}.{self.number}"


def read_mark(text: str) -> Mark:
    """A mark as a browser gives it back; one that fits no drawing, if it cannot be read."""
    epoch, _, number = text.rpartition(".")
    return Mark(epoch, int(number)) if number.isascii() and number.isdigit() and len(number) < 16 else Mark("", 0)


class View:
    """One page as all alike readers see it. For one event loop."""

    def __init__(self, parts: Parts, page: Page[Any], asked: Struct, reader: Reader, pool: ThreadPoolExecutor) -> None:
        self._parts, self._page, self._asked, self._reader, self._pool = parts, page, asked, reader, pool
        self._held: Held | None = None
        self._lock = asyncio.Lock()
        self._drawn_at = 0.0
        self._cost = 0.0
        self._revision = -1
        self._news = asyncio.Event()
        self.epoch = secrets.token_hex(4)
        self.followers = 0
        self.left_at = time.monotonic()

    async def draw(self) -> str:
        """The page as it is now, marked with the number of its drawing. Raises :class:`Refusal`."""
        async with self._lock:
            html, held = await self._draw()
        return html.replace(MARK, str(Mark(self.epoch, held.number)), 1)

    async def follow(self, mark: Mark, over: asyncio.Task[None]) -> AsyncGenerator[tuple[Mark, Patch] | None]:
        """What changed after a mark, until the process ends or ``over`` is done; ``None`` after a silence."""
        number = mark.number if mark.epoch == self.epoch else 0
        closed = asyncio.create_task(self._parts.hub.closed.wait())
        self.followers += 1
        try:
            while not closed.done() and not over.done():
                held = self._held
                if held is not None and (patch := since(held, number)):
                    number = held.number
                    yield Mark(self.epoch, number), patch
                elif held is not None:
                    number = held.number
                news = asyncio.create_task(self._news.wait())
                try:
                    done, _ = await asyncio.wait(
                        (news, closed, over), timeout=HEARTBEAT_SECONDS, return_when=asyncio.FIRST_COMPLETED
                    )
                finally:
                    news.cancel()
                if not done:
                    yield None
        finally:
            closed.cancel()
            self.followers -= 1
            self.left_at = time.monotonic()

    def is_due(self, at: float) -> bool:
        """Whether to draw again at this time of the monotonic clock."""
        waited = at - self._drawn_at
        if not self.followers or waited < max(SHORTEST_SECONDS, self._cost / SHARE):
            return False
        return self._revision != self._parts.live.rows.revision or waited >= self._page.seconds

    async def refresh(self) -> None:
        """Draw again, and tell the followers if something changed."""
        async with self._lock:
            before = self._held
            _, held = await self._draw()
        if held is not before:
            self._news.set()
            self._news = asyncio.Event()

    async def _draw(self) -> tuple[str, Held]:
        revision = self._parts.live.rows.revision
        html, drawn, self._cost = await asyncio.get_running_loop().run_in_executor(self._pool, self._look_and_draw)
        self._held = advance(self._held, drawn)
        self._drawn_at, self._revision = time.monotonic(), revision
        return html, self._held

    def _look_and_draw(self) -> tuple[str, Drawn, float]:
        """The page, its live parts, and the seconds of a processor that they took. In the drawing thread."""
        began, spent, at = time.perf_counter(), time.thread_time(), now()
        around = look_around(self._parts, self._reader, at)
        model = self._page.look(self._parts, self._asked, self._reader, at)
        html, drawn = drawing(self._page, self._asked, model, around, self._reader, at)
        self._parts.instruments.page_seconds.labels(self._page.name).observe(time.perf_counter() - began)
        return html, drawn, time.thread_time() - spent


class Views:
    """All pages that are looked at. For one event loop."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._views: dict[tuple[str, bytes, Reader], View] = {}
        self._pool = ThreadPoolExecutor(1, "console")

    def view(self, page: Page[Any], asked: Struct, reader: Reader) -> View:
        """The page as these readers see it."""
        key = (page.name, msgspec.json.encode(asked), reader)
        found = self._views.get(key)
        if found is None:
            found = self._views[key] = View(self._parts, page, asked, reader, self._pool)
        return found

    async def run(self) -> None:
        """Draw again what is due, until cancelled."""
        while True:
            await asyncio.sleep(LISTEN_SECONDS)
            at = time.monotonic()
            for key, view in list(self._views.items()):
                if not view.followers and at - view.left_at > KEPT_SECONDS:
                    del self._views[key]
                elif view.is_due(at):
                    await self._refresh(view)

    def close(self) -> None:
        """End the thread."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    async def _refresh(self, view: View) -> None:
        try:
            await view.refresh()
        except SQLAlchemyError as error:
            _log.warning("page_waits_for_database", error=type(error).__name__)
        except Refusal as refusal:
            _log.info("page_cannot_be_shown", reason=refusal.problem.reason)


def frame_of(mark: Mark, patch: Patch) -> bytes:
    """A patch as one server-sent event; its id is the mark from which a browser goes on after a cut."""
    return b"id: %s\nevent: patch\ndata: %s\n\n" % (str(mark).encode(), msgspec.json.encode(patch))
