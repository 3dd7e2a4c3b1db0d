"""The way in for events, whoever brings them: bytes in, a result for each out. Nothing is accepted and then lost.

``POST /v1/events`` calls :meth:`Admission.take` with a request's body; what makes events of other things (hooks of
survey tools, survey pages) calls :meth:`Admission.admit` with the CloudEvents that it made.
"""

import asyncio
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime

import msgspec
from msgspec import UNSET

from gateway.event_traces import delivering
from gateway.instruments import Instruments
from gateway.intake import (
    MAX_BATCH_EVENTS,
    AllRejected,
    EventResult,
    EventsAnswer,
    Intake,
    Record,
    Shape,
    anything,
    take_in,
    take_in_events,
)
from gateway.problems import Problem, Refusal
from gateway.producer import EventProducer, NotDeliveredError
from gateway.splitting import TooMany
from gateway.spool.spool import NotKeptError, Spool
from schemas.cloudevents import EventReader
from schemas.deadletters import InvalidEvent
from schemas.tracing import Tracing

EVENTS_ROUTE = "/v1/events"
_LARGE_BODY = 64 * 1024
"""Larger requests are validated in a thread, so that they hold up no other request."""
_NO_HEADERS: Mapping[str, str] = {}


class Admission:
    """Validates events, hands them on, and says what became of each."""

    def __init__(
        self,
        reader: EventReader,
        producer: EventProducer,
        instruments: Instruments,
        tracing: Tracing,
        spool: Spool | None,
        turn: asyncio.Semaphore,
    ) -> None:
        """``turn`` is taken while a large request is judged."""
        self._reader = reader
        self._producer = producer
        self._spool = spool
        self._turn = turn
        self._instruments = instruments
        self._tracing = tracing

    async def take(
        self,
        shape: Shape,
        headers: Mapping[str, str],
        body: bytes,
        at: datetime,
        may_emit: Callable[[str], bool] = anything,
    ) -> EventsAnswer:
        """Take the events of a request's body. ``at`` is its arrival, UTC; ``headers`` have names in lower case;
        ``may_emit`` says whether the sender may send events of a source.

        Raises :class:`Refusal`: 400 if no event can be taken, 413, and what :meth:`admit` raises.
        """
        intake = await self._judge(shape, headers, body, at, may_emit)
        self._count_rejected(intake)
        if intake.first_error is not None and not intake.records:
            raise _all_rejected(intake, intake.first_error)
        return await self._hand_on(intake, headers, EVENTS_ROUTE)

    async def admit(
        self, events: Sequence[bytes], at: datetime, *, route: str, headers: Mapping[str, str] = _NO_HEADERS
    ) -> EventsAnswer:
        """Take structured CloudEvents in JSON that a part of the gateway made, one a value, for a request to ``route``.

        ``headers`` are the request's, for its trace. An event that cannot be taken is a ``rejected`` result, also where
        all are. Raises :class:`Refusal`: 429 while too much is under way, 503 while nothing can be kept: the caller is
        to be told to send again (both carry ``Retry-After``).
        """
        if sum(map(len, events)) > _LARGE_BODY:
            async with self._turn:
                intake = await asyncio.to_thread(take_in_events, self._reader, events, at)
        else:
            intake = take_in_events(self._reader, events, at)
        self._count_rejected(intake)
        return await self._hand_on(intake, headers, route)

    async def keep(self, records: Sequence[Record]) -> None:
        """Hand on records that a part of the gateway made and that are no events, such as dead letters.

        Raises :class:`Refusal` (503) while they can neither go to Kafka nor wait on the disk.
        """
        await self._deliver(records)

    async def _judge(
        self, shape: Shape, headers: Mapping[str, str], body: bytes, at: datetime, may_emit: Callable[[str], bool]
    ) -> Intake:
        try:
            if len(body) > _LARGE_BODY:
                async with self._turn:
                    return await asyncio.to_thread(take_in, self._reader, shape, headers, body, at, may_emit)
            return take_in(self._reader, shape, headers, body, at, may_emit)
        except InvalidEvent as error:
            self._instruments.events.labels(error.reason).inc()
            raise Refusal(400, error.reason, error.field, error.problem) from None
        except TooMany:
            text = f"a request may have {MAX_BATCH_EVENTS:,} events; send smaller batches"
            raise Refusal(413, "too_large", "", text) from None

    async def _hand_on(self, intake: Intake, headers: Mapping[str, str], route: str) -> EventsAnswer:
        measured = self._instruments
        taken = len(intake.records)
        straight = self._spool is None or not self._spool.records
        if straight and not self._producer.has_room(taken):
            measured.events.labels("busy").inc(taken)
            raise Refusal(429, "busy", "", "too many events are under way; send them again later", {"Retry-After": "1"})
        with delivering(self._tracing, route, headers, intake.records) as records, measured.delivery_seconds.time():
            spooled = await self._deliver(records)
        measured.events.labels("accepted").inc(taken - len(spooled))
        measured.events.labels("spooled").inc(len(spooled))
        return EventsAnswer(
            accepted=taken,
            rejected=len(intake.results) - taken,
            results=_told(intake.results, spooled) if spooled else intake.results,
            spooled=len(spooled) or UNSET,
        )

    async def _deliver(self, records: Sequence[Record]) -> Collection[int]:
        """Kafka has them, but for the places told, which are on the disk. Raises :class:`Refusal` (503)."""
        try:
            if self._spool is not None:
                return await self._spool.hand_on(self._producer.deliver, records)
            await self._producer.deliver(records)
        except (NotDeliveredError, NotKeptError) as error:
            self._instruments.events.labels("unavailable").inc(len(records))
            if isinstance(error, NotDeliveredError):
                text = f"Kafka did not acknowledge {error.missing} events in time ({error.cause})"
            else:
                text = f"Kafka is away and the events could not be kept here ({error.cause})"
            raise Refusal(503, "unavailable", "", f"{text}; send all of them again", {"Retry-After": "5"}) from None
        return ()

    def _count_rejected(self, intake: Intake) -> None:
        for result in intake.results:
            if result.status == "rejected":
                self._instruments.events.labels(result.reason).inc()


def _told(results: Sequence[EventResult], spooled: Collection[int]) -> list[EventResult]:
    """The results, with the accepted ones at these places among the accepted said to wait on the disk. Pure."""
    waiting = set(spooled)
    told: list[EventResult] = []
    place = 0
    for result in results:
        if result.status == "accepted":
            told.append(msgspec.structs.replace(result, spooled=True) if place in waiting else result)
            place += 1
        else:
            told.append(result)
    return told


def _all_rejected(intake: Intake, error: InvalidEvent) -> Refusal:
    problem = Problem(error.reason, error.field, error.problem)
    body = AllRejected(error=problem, accepted=0, rejected=len(intake.results), results=intake.results)
    return Refusal(400, error.reason, error.field, error.problem, body=body)
