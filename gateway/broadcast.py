"""Tell the stream's clients what changed, at most four times a second."""

import asyncio
import time

import structlog
from sqlalchemy.exc import SQLAlchemyError

from gateway.books import Totals
from gateway.case_reads import cases_by_id
from gateway.hub import frame
from gateway.metric_rows import shown
from gateway.parts import Parts, now
from gateway.routes.totals import totals_of
from gateway.silence_reads import silences_now
from gateway.silence_shapes import SilenceShown

TICK_SECONDS = 0.25
TOTALS_EVERY = 4
"""Ticks between two looks at the totals and at the silences."""
CASES_A_TICK = 200

_log = structlog.get_logger("gateway.stream")


class Broadcast:
    """The loop between the live view and the hub."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._last_totals: Totals | None = None
        self._last_silences: list[SilenceShown] | None = None
        self._cases: dict[int, None] = {}

    async def run(self) -> None:
        """Run until cancelled."""
        tick = 0
        while True:
            await asyncio.sleep(TICK_SECONDS)
            tick += 1
            try:
                await self._tick(with_totals=tick % TOTALS_EVERY == 0)
            except SQLAlchemyError as error:
                _log.warning("stream_waits_for_database", error=type(error).__name__)

    async def _tick(self, *, with_totals: bool) -> None:
        parts = self._parts
        changes = parts.live.rows.drain()
        if not parts.hub.wanted(time.monotonic()):
            self._cases.clear()
            self._last_totals = self._last_silences = None
            return
        parts.hub.publish([frame("metric", shown(row)) for row in changes.metrics])
        self._cases.update(dict.fromkeys(changes.cases))
        ids = list(self._cases)[:CASES_A_TICK]
        if ids:
            parts.hub.publish(await asyncio.to_thread(self._case_frames, ids))
            for case_id in ids:
                del self._cases[case_id]
        if with_totals:
            totals = await asyncio.to_thread(totals_of, parts)
            if totals != self._last_totals:
                self._last_totals = totals
                parts.hub.publish([frame("totals", totals)])
            silences = await asyncio.to_thread(silences_now, parts.readers, parts.words, now())
            if silences != self._last_silences:
                self._last_silences = silences
                parts.hub.publish([frame("silences", silences)])

    def _case_frames(self, ids: list[int]) -> list[bytes]:
        with self._parts.readers() as session:
            return [frame("case", case) for case in cases_by_id(session, self._parts.words, ids, now())]
