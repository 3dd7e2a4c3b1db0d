"""The connection to a gateway: follows its stream, asks for the rest now and then, and comes back after a cut."""

import asyncio
import contextlib
import errno
import os
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, TypeVar

import aiohttp
import msgspec

from closeloop.watch.events import EventLines
from closeloop.watch.known import (
    Configuration,
    Known,
    Link,
    LinkState,
    Numbers,
    chosen_window,
    metric_of,
    week_of,
    with_cases,
    with_values,
)
from gateway.books import Totals
from gateway.case_shapes import Case, CasePage
from gateway.console.trends import week_before
from gateway.metric_rows import DayValue, MetricValue
from gateway.pipeline import Pipeline
from schemas.metrics import OUTCOME, RECOVERED, RESPONSE_RATE

BESIDE = (OUTCOME, RESPONSE_RATE, RECOVERED)
"""The metrics that are compared with the week before, besides those of answers."""
CUTS = ("all", "touchpoint")
"""The cuts whose values are shown."""
PIPELINE_S = 2.0
NUMBERS_S = 5.0
WEEK_S = 300.0
SILENCE_S = 40.0
"""Without a byte of the stream for so long, which tells every 15 s that it lives, the gateway counts as gone."""
_ANSWER_S = 15.0
_BACK_S = (0.5, 1.0, 2.0, 5.0)
_NAMED = {errno.ECONNREFUSED: "not-listening", errno.ECONNRESET: "broken", errno.EHOSTUNREACH: "unreachable"}
"""What the system often says, and has words of ours."""

T = TypeVar("T")


class Refused(Exception):  # noqa: N818 - an answer to the person, not a fault
    """The gateway does not let this key look."""


class Watcher:
    """Keeps :class:`Known` up to date. For one event loop; ``changed`` is called after each change."""

    def __init__(
        self, url: str, key: str | None, changed: Callable[[], None] = lambda: None, window: str = "24h"
    ) -> None:
        """``window`` is the one whose week before is asked for; it may be set anew."""
        self.window = window
        self._url = url.rstrip("/")
        self._headers = {"User-Agent": "closeloop-watch"}
        if key is not None:
            self._headers["Authorization"] = f"Bearer {key}"
        self._changed = changed
        self.known = Known(link=Link(state="connecting", since=_now()))

    async def run(self) -> None:
        """Follow until cancelled. A gateway that is away is waited for."""
        tries = 0
        while True:
            try:
                async with aiohttp.ClientSession(headers=self._headers, trust_env=True) as session:
                    await self._follow(session)
                tries = 0
                self._linked("lost", "ended")
            except Refused:
                self._linked("refused", "key")
            except (aiohttp.ClientError, TimeoutError, OSError) as error:
                tries = 0 if self.known.link.state == "live" else tries
                self._linked("lost", *why_lost(error))
            except msgspec.MsgspecError:
                self._linked("lost", "foreign")
            await asyncio.sleep(_BACK_S[min(tries, len(_BACK_S) - 1)])
            tries += 1

    async def once(self) -> Known:
        """Ask for everything once. Raises ``Refused``, ``aiohttp.ClientError``, ``OSError`` or ``MsgspecError``."""
        async with aiohttp.ClientSession(headers=self._headers, trust_env=True) as session:
            await self._begin(session)
            rows = await self._get(session, "/v1/metrics", list[MetricValue])
            self._take(values=[metric_of(row) for row in rows])
            self._set(totals=await self._get(session, "/v1/totals", Totals))
            await self._read_week(session)
            await self._read_pipeline(session)
        self._linked("live")
        return self.known

    async def _follow(self, session: aiohttp.ClientSession) -> None:
        await self._begin(session)
        timeout = aiohttp.ClientTimeout(total=None, sock_connect=_ANSWER_S, sock_read=SILENCE_S)
        async with session.get(f"{self._url}/v1/stream", timeout=timeout) as answer:
            _check(answer)
            asking = asyncio.create_task(self._ask_on(session))
            try:
                await self._read(answer)
            finally:
                asking.cancel()
                with contextlib.suppress(asyncio.CancelledError, aiohttp.ClientError, OSError, msgspec.MsgspecError):
                    await asking

    async def _begin(self, session: aiohttp.ClientSession) -> None:
        self._set(configuration=await self._get(session, "/v1/config", Configuration))
        await self._read_numbers(session)

    async def _read(self, answer: aiohttp.ClientResponse) -> None:
        lines = EventLines()
        rest = b""
        async for piece in answer.content.iter_any():
            *whole, rest = (rest + piece).split(b"\n")
            rows: list[Any] = []
            cases: list[Case] = []
            for line in whole:
                for event in lines.take(line):
                    if event.name == "metric":
                        rows.append(metric_of(msgspec.json.decode(event.data, type=MetricValue)))
                    elif event.name == "case":
                        cases.append(msgspec.json.decode(event.data, type=Case))
                    elif event.name == "totals":
                        self._set(totals=msgspec.json.decode(event.data, type=Totals))
                        self._linked("live")  # the first totals end the picture of the present
            if rows or cases:
                self._take(values=rows, cases=cases)

    async def _ask_on(self, session: aiohttp.ClientSession) -> None:
        """Ask again for what the stream does not tell."""
        elapsed = 0.0
        while True:
            with contextlib.suppress(aiohttp.ClientError, TimeoutError, OSError):
                await self._read_pipeline(session)
                if elapsed % NUMBERS_S < PIPELINE_S:
                    await self._read_numbers(session)
                if (
                    self.known.week.window != chosen_window(self.known, self.window)
                    or elapsed % WEEK_S >= WEEK_S - PIPELINE_S
                ):
                    await self._read_week(session)
            await asyncio.sleep(PIPELINE_S)
            elapsed += PIPELINE_S

    async def _read_pipeline(self, session: aiohttp.ClientSession) -> None:
        try:
            self._set(pipeline=await self._get(session, "/v1/pipeline", Pipeline), pipeline_status=None)
        except (aiohttp.ClientResponseError, msgspec.MsgspecError) as error:
            # An older gateway has none.
            status = error.status if isinstance(error, aiohttp.ClientResponseError) else 200
            self._set(pipeline=None, pipeline_status=status)

    async def _read_numbers(self, session: aiohttp.ClientSession) -> None:
        newest = await self._get(session, "/v1/cases?limit=60", CasePage)
        overdue = await self._get(session, "/v1/cases?overdue=true&count=true&limit=60", CasePage)
        waiting = await self._get(session, "/v1/cases?state=open&count=true&limit=60", CasePage)
        self._take(cases=[*newest.cases, *overdue.cases, *waiting.cases])
        self._set(numbers=Numbers(waiting=waiting.total or 0, overdue=overdue.total or 0))

    async def _read_week(self, session: aiohttp.ClientSession) -> None:
        configuration = self.known.configuration
        if configuration is None:
            return
        window = chosen_window(self.known, self.window)
        week = week_before(window, self._ends(), configuration.zone)
        rows: list[DayValue] = []
        for metric in (*configuration.metrics, *BESIDE):
            if metric not in configuration.catalogue:
                continue
            for cut in CUTS:
                if cut in configuration.cuts:
                    query = f"metric={metric}&cut={cut}&from={week.first}&to={week.last}"
                    rows += await self._get(session, f"/v1/metrics/history?{query}", list[DayValue])
        self._set(week=week_of(window, rows))

    def _ends(self) -> datetime:
        """When the windows end: now, or under event time at the newest value."""
        configuration = self.known.configuration
        if configuration is not None and configuration.clock == "event":
            return max((row.as_of for row in self.known.values.values()), default=_now())
        return _now()

    async def _get(self, session: aiohttp.ClientSession, path: str, shape: type[T]) -> T:
        timeout = aiohttp.ClientTimeout(total=_ANSWER_S)
        async with session.get(f"{self._url}{path}", timeout=timeout) as answer:
            _check(answer)
            return msgspec.json.decode(await answer.read(), type=shape)

    def _take(self, values: list[Any] | None = None, cases: list[Case] | None = None) -> None:
        known = with_values(self.known, values, CUTS) if values else self.known
        self.known = with_cases(known, cases) if cases else known
        self._changed()

    def _set(self, **fields: Any) -> None:
        self.known = msgspec.structs.replace(self.known, **fields)
        self._changed()

    def _linked(self, state: LinkState, why: str = "", status: int = 0) -> None:
        held = self.known.link
        if (state, why, status) != (held.state, held.why, held.status):
            since = held.since if state == held.state else _now()
            self._set(link=Link(state=state, since=since, why=why, status=status))


def _check(answer: aiohttp.ClientResponse) -> None:
    if answer.status in (401, 403):
        raise Refused
    answer.raise_for_status()


def why_lost(error: Exception) -> tuple[str, int]:
    """The name of the reason, and the status where the gateway answered with one."""
    if isinstance(error, aiohttp.ClientResponseError):
        return "status", error.status
    if isinstance(error, TimeoutError):
        return "timeout", 0
    if isinstance(error, OSError) and error.errno:
        return _NAMED.get(error.errno) or os.strerror(error.errno).lower(), 0
    return "broken", 0


def _now() -> datetime:
    return datetime.now(UTC)
