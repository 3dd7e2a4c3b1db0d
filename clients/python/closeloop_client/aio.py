"""The emitter for asyncio: what waits is awaited, and nothing holds up the event loop."""

from __future__ import annotations

import asyncio
from types import TracebackType
from typing import Self

from closeloop_client.emitter import Emitter
from closeloop_client.emitting import Calls
from closeloop_client.events import Event
from closeloop_client.outcomes import Stats


class AsyncEmitter(Calls):
    """An :class:`Emitter` whose ``flush`` and ``close`` are awaited.

    ``touchpoint()`` and ``response()`` need no ``await``: they return at once. Give it an emitter that you made, e.g.
    ``AsyncEmitter(Emitter(url, key))``; its policy for a full buffer must not be ``block``.
    """

    def __init__(self, emitter: Emitter) -> None:
        if emitter.may_block:
            raise ValueError('when_full: "block" would hold up the event loop; take "drop_newest" or "drop_oldest"')
        self._emitter = emitter

    @property
    def stats(self) -> Stats:
        """What became of this process's events so far."""
        return self._emitter.stats

    def emit(self, event: Event) -> str:
        """Emit an event that you made yourself. Returns its id at once."""
        return self._emitter.emit(event)

    async def flush(self, timeout: float = 10.0) -> bool:  # noqa: ASYNC109 - the same call as of Emitter
        """Send what was emitted before this call; False if some of it still waits after ``timeout`` seconds."""
        return await asyncio.to_thread(self._emitter.flush, timeout)

    async def close(self, timeout: float = 5.0) -> None:  # noqa: ASYNC109 - as above
        """Send what waits, for at most about ``timeout`` seconds, and end."""
        await asyncio.to_thread(self._emitter.close, timeout)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()
