"""The way into Kafka: acknowledged by every in-sync replica, or said to be not taken. Never accepted and then lost."""

import asyncio
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial

import structlog
from confluent_kafka import TIMESTAMP_LOG_APPEND_TIME, KafkaError, KafkaException, Message, Producer

from gateway.intake import Record
from schemas.deadletters import LETTER_BYTES
from schemas.kafka_link import KafkaLink
from schemas.process_metrics import clock_offset

LINGER_MS = 5
QUEUE_RECORDS = 100_000
QUEUE_BOUND = 50_000
"""Records under way above which new requests wait outside (429): twice below librdkafka's own limit."""
_GRACE_SECONDS = 3.0

_log = structlog.get_logger("gateway.producer")


class NotDeliveredError(Exception):
    """Kafka did not acknowledge records in time. They may still arrive: the sender repeats, duplicates count once.

    ``unsettled`` has the places of these records in their request, in order, and Kafka's name of each one's error.
    """

    def __init__(self, missing: int, cause: str, unsettled: Mapping[int, str] | None = None) -> None:
        super().__init__(f"{missing} records were not acknowledged: {cause}")
        self.missing = missing
        self.cause = cause
        self.unsettled = dict.fromkeys(range(missing), cause) if unsettled is None else dict(unsettled)


class _Flight:
    """The records of one request."""

    __slots__ = ("_clock", "_done", "_loop", "_sent", "lost", "open")

    def __init__(
        self, loop: asyncio.AbstractEventLoop, done: asyncio.Future[None], launched: int, clock: Callable[[float], None]
    ) -> None:
        self._clock = clock
        self._sent = time.time()
        self._loop = loop
        self._done = done
        self.open = dict.fromkeys(range(launched))
        self.lost: dict[int, str] = {}

    def report(self, place: int, error: KafkaError | None, message: Message | None) -> None:
        """Note one delivery report; called by the polling thread."""
        self.open.pop(place, None)
        if error is not None:
            self.lost[place] = error.name()
        if not self.open:
            if error is None and message is not None:
                kind, stamp = message.timestamp()
                if kind == TIMESTAMP_LOG_APPEND_TIME:
                    self._clock(clock_offset(self._sent, time.time(), stamp / 1000))
            self._loop.call_soon_threadsafe(self._finish)

    def _finish(self) -> None:
        if not self._done.done():
            self._done.set_result(None)


class EventProducer:
    """One idempotent producer; a thread of its own serves the delivery reports."""

    def __init__(
        self,
        kafka: KafkaLink,
        deadline: float = 10.0,
        on_fatal: Callable[[str], None] | None = None,
        on_clock: Callable[[float], None] = lambda _offset: None,
    ) -> None:
        """``deadline`` in seconds: how long Kafka may take. ``on_fatal`` is called when no record can be sent again.

        ``on_clock`` is told how far our clock is ahead of the broker's, seconds; on the thread of the reports.
        """
        self._on_clock = on_clock
        self._deadline = deadline
        self._on_fatal = on_fatal
        self._producer = Producer(
            {
                **kafka.librdkafka(),
                "client.id": "closeloop-gateway",
                "acks": "all",
                "enable.idempotence": True,
                "partitioner": "murmur2_random",
                "compression.type": "lz4",
                "linger.ms": LINGER_MS,
                "message.timeout.ms": int(deadline * 1000),
                "queue.buffering.max.messages": QUEUE_RECORDS,
                "message.max.bytes": LETTER_BYTES,  # a dead letter sent again may be as large as a broker takes
                "reconnect.backoff.max.ms": 1000,
                "log_level": 2,
                "error_cb": self._on_error,
            }
        )
        self._closing = threading.Event()
        self._poller = threading.Thread(target=self._poll, name="producer-poll", daemon=True)

    def start(self) -> None:
        """Begin to serve delivery reports."""
        self._poller.start()

    def stop(self, seconds: float = 3.0) -> None:
        """Give what is under way a last chance, then end."""
        self._producer.flush(seconds)
        self._closing.set()
        if self._poller.ident is not None:
            self._poller.join(seconds)

    def pending(self) -> int:
        """Records that wait for their acknowledgement."""
        return len(self._producer)

    def has_room(self, records: int) -> bool:
        """Whether so many more records may be sent now."""
        return len(self._producer) + records <= QUEUE_BOUND

    async def deliver(self, records: Sequence[Record]) -> None:
        """Send the records in their order and wait until each is acknowledged. Raises :class:`NotDeliveredError`."""
        if not records:
            return
        loop = asyncio.get_running_loop()
        done: asyncio.Future[None] = loop.create_future()
        flight = _Flight(loop, done, len(records), self._on_clock)
        launch = self._producer.produce
        for index, record in enumerate(records):
            try:
                launch(
                    record.topic,
                    record.value,
                    record.key,
                    on_delivery=partial(flight.report, index),
                    headers=list(record.headers) if record.headers else None,
                )
            except (BufferError, KafkaException) as error:
                cause = error.args[0].name() if isinstance(error, KafkaException) else type(error).__name__
                unsent = dict.fromkeys(range(len(records)), "not waited for") | {index: cause}
                raise NotDeliveredError(len(records) - index, cause, unsent) from None
        try:
            async with asyncio.timeout(self._deadline + _GRACE_SECONDS):
                await done
        except TimeoutError:
            late = dict.fromkeys(tuple(flight.open), "no report in time") | flight.lost
            raise NotDeliveredError(len(late), "no report in time", late) from None
        if flight.lost:
            raise NotDeliveredError(len(flight.lost), next(iter(flight.lost.values())), flight.lost)

    def _poll(self) -> None:
        while not self._closing.is_set():
            self._producer.poll(0.1)

    def _on_error(self, error: KafkaError) -> None:
        if error.fatal():
            _log.error("producer_fatal", error=error.name())
            if self._on_fatal is not None:
                self._on_fatal(error.name())
        else:
            _log.warning("producer_error", error=error.name())
