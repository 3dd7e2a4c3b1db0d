"""What leaves a worker at once: alerts, dead letters, forwarded events.

One idempotent producer for all partitions of a worker. Nothing here is transactional: each of these records has an id
that follows from what caused it, so that a repeat after a crash meets a unique key.
"""

import asyncio
import logging
from collections.abc import Sequence

from confluent_kafka import KafkaError, KafkaException, Message, Producer

from schemas.deadletters import LETTER_BYTES
from schemas.kafka_link import KafkaLink
from streams.kafka.changelog import ANY_PARTITION

log = logging.getLogger("closeloop.kafka")

POLL_IDLE_S = 0.01
POLL_BUSY_S = 0.001
QUEUE_LIMIT = 500_000
"""Records that librdkafka holds at most; :meth:`Emitter.room` waits far below it."""


class EmitError(Exception):
    """A record was not taken by the broker within its time. What it followed from must not be committed."""


class _Flight:
    """The records sent between two calls of :meth:`Emitter.drained`: those under way, and what became of the rest."""

    __slots__ = ("failure", "landed", "launched", "report")

    def __init__(self) -> None:
        self.report = self.land
        """The bound method, made once for all records."""
        self.launched = 0
        self.landed = 0
        self.failure: KafkaError | None = None

    def land(self, error: KafkaError | None, _message: Message) -> None:
        self.landed += 1
        if error is not None:
            self.failure = error


class Emitter:
    """Sends without waiting and knows when all that was sent has arrived. For one event loop, not for threads."""

    def __init__(
        self,
        kafka: KafkaLink,
        linger_ms: float = 2.0,
        delivery_timeout: float = 20.0,
        compression: str = "none",
    ) -> None:
        """``delivery_timeout`` is in seconds."""
        self._producer = Producer(
            {
                **kafka.librdkafka(),
                "acks": "all",
                "enable.idempotence": True,
                "partitioner": "murmur2_random",
                "compression.type": compression,
                "linger.ms": linger_ms,
                "message.timeout.ms": int(delivery_timeout * 1000),
                "queue.buffering.max.messages": QUEUE_LIMIT,
                "message.max.bytes": LETTER_BYTES,
                "log_level": 3,
            },
            logger=log,
        )
        self._flights: list[_Flight] = [_Flight()]
        self._poller: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Begin to serve delivery reports."""
        self._poller = asyncio.create_task(self._poll(), name="emitter-poll")

    async def stop(self, timeout: float = 5.0) -> None:  # noqa: ASYNC109  the limit is part of the answer, not an abort
        """Wait for what is under way, then end. Raises EmitError if something did not arrive."""
        try:
            async with asyncio.timeout(timeout):
                await self.drained()
        except TimeoutError:
            raise EmitError(f"{len(self._producer)} records were not delivered within {timeout:g} s") from None
        finally:
            if self._poller is not None:
                self._poller.cancel()
                await asyncio.gather(self._poller, return_exceptions=True)
                self._poller = None

    def send(
        self,
        topic: str,
        key: bytes | None,
        value: bytes | None,
        headers: Sequence[tuple[str, bytes]] | None = None,
        partition: int | None = None,
    ) -> None:
        """Hand over one record. Raises EmitError if the queue is full: call :meth:`room` between chunks."""
        flight = self._flights[-1]
        where = ANY_PARTITION if partition is None else partition
        try:
            if headers:
                self._producer.produce(topic, value, key, where, flight.report, headers=list(headers))
            else:
                self._producer.produce(topic, value, key, where, flight.report)
        except BufferError:
            raise EmitError(f"more than {QUEUE_LIMIT} records wait for the broker") from None
        except KafkaException as exc:
            raise EmitError(f"{topic}: {exc.args[0].str()}") from exc
        flight.launched += 1

    @property
    def undelivered(self) -> int:
        """Records that the broker has not acknowledged yet."""
        return len(self._producer)

    async def room(self, waiting: int = QUEUE_LIMIT // 10) -> None:
        """Wait until fewer than ``waiting`` records are under way. Raises EmitError."""
        while len(self._producer) >= waiting:
            self._check()
            await self._look()

    async def drained(self) -> None:
        """Wait until all that was sent before this call has arrived. Raises EmitError if some of it never will."""
        before = self._flights.copy()
        self._flights.append(_Flight())
        while any(flight.landed < flight.launched for flight in before):
            self._check()
            await self._look()
        self._check()
        self._flights = [flight for flight in self._flights if flight not in before]

    def _check(self) -> None:
        for flight in self._flights:
            if flight.failure is not None:
                raise EmitError(f"a record was not delivered: {flight.failure.name()}: {flight.failure.str()}")

    async def _look(self) -> None:
        self._producer.poll(0)
        await asyncio.sleep(POLL_BUSY_S)

    async def _poll(self) -> None:
        while True:
            self._producer.poll(0)
            await asyncio.sleep(POLL_IDLE_S)
