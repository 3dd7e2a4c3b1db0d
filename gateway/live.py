"""The thread that reads ``cx.metrics`` from its beginning and ``cx.cases`` as they come into :class:`LiveRows`."""

import threading
from collections.abc import Callable
from typing import Any

import structlog
from kafka import KafkaConsumer, TopicPartition
from kafka.errors import KafkaError

from gateway.live_rows import LiveRows
from schemas.kafka_link import KafkaLink
from schemas.kafka_python import kafka_python
from schemas.topics import CASES, METRICS

POLL_MS = 250
RECONNECT_SECONDS = 1.0
_EMBEDDED_API = (2, 3)

_log = structlog.get_logger("gateway.live")


class LiveView:
    """Keeps the rows current. It has no consumer group: every gateway reads everything for itself.

    A broker that is away is waited for; another error ends the thread and is told to ``on_failure``.
    """

    def __init__(
        self,
        kafka: KafkaLink,
        rows: LiveRows,
        on_failure: Callable[[str], None],
        *,
        embedded: bool = False,
        topics: tuple[str, str] = (METRICS, CASES),
        on_read: Callable[[], None] = lambda: None,
    ) -> None:
        """``topics`` are the metrics' and the cases' topic. ``on_read`` is called after each look at them."""
        self._on_read = on_read
        self.rows = rows
        self.caught_up = threading.Event()
        """Set once the rows hold all that was on the topic when the thread began."""
        self._kafka = kafka
        self._embedded = embedded
        self._topics = topics
        self._on_failure = on_failure
        self._closing = threading.Event()
        self._positions: dict[TopicPartition, int] = {}
        self._thread = threading.Thread(target=self._run, name="live-view", daemon=True)

    def start(self) -> None:
        """Begin to read."""
        self._thread.start()

    def stop(self, seconds: float = 5.0) -> None:
        """End the thread."""
        self._closing.set()
        if self._thread.ident is not None:
            self._thread.join(seconds)

    def alive(self) -> bool:
        """Whether the thread runs."""
        return self._thread.is_alive()

    def _run(self) -> None:
        try:
            while not self._closing.is_set():
                try:
                    self._read()
                except KafkaError as error:
                    _log.warning("kafka_away", error=type(error).__name__, again_in_seconds=RECONNECT_SECONDS)
                    self._closing.wait(RECONNECT_SECONDS)
        except Exception as error:  # noqa: BLE001 - whatever it is, the process must not serve stale numbers for ever
            _log.error("live_view_failed", exc_info=error)
            self._on_failure(f"the live view failed: {type(error).__name__}")

    def _consumer(self) -> Any:
        settings: dict[str, Any] = {
            **kafka_python(self._kafka),
            "client_id": "closeloop-gateway-live",
            "group_id": None,
            "enable_auto_commit": False,
            "auto_offset_reset": "earliest",
            "isolation_level": "read_uncommitted" if self._embedded else "read_committed",
            "reconnect_backoff_max_ms": 1000,
            "max_poll_records": 5000,
            "metrics_enabled": False,
        }
        if self._embedded:
            settings["api_version"] = _EMBEDDED_API
        return KafkaConsumer(**settings)

    def _read(self) -> None:
        consumer = self._consumer()
        try:
            partitions = self._partitions(consumer)
            if partitions is None:
                return
            self._place(consumer, partitions)
            metrics_topic = self._topics[0]
            ends = consumer.end_offsets([place for place in partitions if place.topic == metrics_topic])
            while not self._closing.is_set():
                for place, records in consumer.poll(timeout_ms=POLL_MS).items():
                    if place.topic == metrics_topic:
                        for record in records:
                            self.rows.take(record.key, record.value)
                    else:
                        for record in records:
                            self.rows.take_case(record.value)
                    self._positions[place] = records[-1].offset + 1
                self._on_read()
                if not self.caught_up.is_set() and all(consumer.position(place) >= end for place, end in ends.items()):
                    _log.info("live_view_ready", rows=self.rows.size())
                    self.caught_up.set()
        finally:
            consumer.close()

    def _partitions(self, consumer: Any) -> list[TopicPartition] | None:
        """All partitions of both topics; waits until they exist, ``None`` when told to end."""
        told = False
        while not self._closing.is_set():
            found = [(topic, consumer.partitions_for_topic(topic)) for topic in self._topics]
            missing = [topic for topic, numbers in found if not numbers]
            if not missing:
                return [TopicPartition(topic, number) for topic, numbers in found for number in sorted(numbers)]
            if not told:
                _log.warning("waiting_for_topics", missing=missing)
                told = True
            self._closing.wait(RECONNECT_SECONDS)
        return None

    def _place(self, consumer: Any, partitions: list[TopicPartition]) -> None:
        """Metrics from the beginning and cases from the end; after a break, each from where it was."""
        consumer.assign(partitions)
        for place in partitions:
            known = self._positions.get(place)
            if known is not None:
                consumer.seek(place, known)
            elif place.topic == self._topics[0]:
                consumer.seek_to_beginning(place)
            else:
                consumer.seek_to_end(place)
                self._positions[place] = consumer.position(place)
