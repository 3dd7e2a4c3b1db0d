"""Events straight to Kafka: structured CloudEvents, keyed by the customer, acknowledged by all replicas."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from closeloop_client.destinations import Tried
from closeloop_client.events import Touchpoint
from closeloop_client.outgoing import Outgoing
from closeloop_client.results import EventResult

if TYPE_CHECKING:
    from kafka import KafkaProducer

TOUCHPOINTS = "cx.touchpoints"
RESPONSES = "cx.responses"
HEADERS = (("content-type", b"application/cloudevents+json; charset=UTF-8"),)
PORTION_BYTES = 2048
"""So many bytes of events are handed over at once. kafka-python packs them and sums them up in Python, with the
interpreter's lock held: that many take less than a millisecond, which the host's own threads would wait for."""
BREATH = 0.002
"""Seconds between two portions: what kafka-python's thread needs to send one before the next one comes."""
BATCH_BYTES = 32 * 1024
"""So many bytes of events are under way at most. kafka-python has one batch of 16 KB under way for a partition: of
more, the last ones would come to the end of their time where Kafka takes seconds to answer, and be sent again."""

_HOPELESS = frozenset({"MessageSizeTooLargeError", "InvalidRecordError", "RecordTooLargeError"})
_NEEDS_HELP = frozenset(
    {
        "AuthenticationFailedError",
        "ClusterAuthorizationFailedError",
        "SaslAuthenticationFailedError",
        "TopicAuthorizationFailedError",
        "UnsupportedSaslMechanismError",
    }
)


class Kafka:
    """A Kafka cluster.

    Args:
        bootstrap_servers: ``HOST:PORT``, several with commas between, or a list.
        touchpoints: the topic of touchpoints.
        responses: the topic of answers.
        timeout: seconds that one try may take, at least 1.
        options: what kafka-python's ``KafkaProducer`` takes besides, above all ``security_protocol``, ``ssl_cafile``,
            ``ssl_certfile``, ``ssl_keyfile``, ``sasl_mechanism``, ``sasl_plain_username``, ``sasl_plain_password`` and
            ``compression_type``. Every replica acknowledges and retries make no doubles unless they say otherwise. The
            partitioner is kafka-python's own, murmur2.
    """

    batch_bytes = BATCH_BYTES

    def __init__(
        self,
        bootstrap_servers: str | Sequence[str],
        *,
        touchpoints: str = TOUCHPOINTS,
        responses: str = RESPONSES,
        timeout: float = 10.0,
        **options: Any,
    ) -> None:
        given = bootstrap_servers.split(",") if isinstance(bootstrap_servers, str) else list(bootstrap_servers)
        servers = [server.strip() for server in given if server.strip()]
        if not servers:
            raise ValueError("bootstrap_servers: names no server; give HOST:PORT, or several with commas between")
        if timeout < 1:
            raise ValueError("timeout: give at least 1 second; Kafka answers no request sooner for certain")
        self._servers = servers
        self._topics = {Touchpoint.type: touchpoints}
        self._responses = responses
        self._timeout = timeout
        from kafka import KafkaProducer

        unknown = sorted(set(options) - set(KafkaProducer.DEFAULT_CONFIG))
        if unknown:
            raise ValueError(f"options: kafka-python's producer knows no {', '.join(unknown)}")
        milliseconds = int(timeout * 1000)
        self._options: dict[str, Any] = {
            "client_id": "closeloop-client",
            "acks": "all",
            "enable_idempotence": True,
            "allow_auto_create_topics": False,  # the loop's topics have their partitions and retention
            "linger_ms": 0,
            "request_timeout_ms": milliseconds,
            "delivery_timeout_ms": milliseconds,
            "max_block_ms": milliseconds,
            "bootstrap_timeout_ms": milliseconds,
            "reconnect_backoff_max_ms": 5000,
            **options,
        }
        self._producer: KafkaProducer | None = None

    def __str__(self) -> str:
        """The servers' addresses."""
        return f"Kafka at {','.join(self._servers)}"

    def deliver(self, batch: Sequence[Outgoing]) -> Tried:
        """Send all, wait for all."""
        from kafka.errors import KafkaError

        results: list[EventResult | None] = [None] * len(batch)
        problem, needs_help = "", False
        under_way: list[tuple[int, Any]] = []
        try:
            producer = self._open()
            for number, item in _paced(batch):
                topic = self._topics.get(item.type, self._responses)
                try:
                    future = producer.send(topic, value=item.value, key=item.key, headers=[*HEADERS])
                except KafkaError as error:
                    results[number] = _rejected(item, error)
                    if results[number] is None:
                        raise
                else:
                    under_way.append((number, future))
        except (KafkaError, OSError) as error:
            problem, needs_help = _in_words(error), type(error).__name__ in _NEEDS_HELP
        if self._producer is not None:
            with contextlib.suppress(KafkaError):  # what is wrong, each event's own future says
                self._producer.flush(self._timeout + 1)
        in_doubt = False
        for number, future in under_way:
            failure: BaseException | None = future.exception
            if future.succeeded():
                results[number] = EventResult(batch[number].id, accepted=True)
            elif failure is None:
                problem, in_doubt = problem or "Kafka does not acknowledge in time", True
            else:
                results[number] = _rejected(batch[number], failure)
                if results[number] is None:
                    problem = problem or _in_words(failure)
                    in_doubt = in_doubt or not getattr(failure, "retriable", False)
                    needs_help = needs_help or type(failure).__name__ in _NEEDS_HELP
        if in_doubt:
            self._give_up()
        return Tried(results, problem, needs_help=needs_help)

    def forget(self) -> None:
        """The parent's producer has its thread there and its sockets: leave them alone."""
        producer, self._producer = self._producer, None
        if producer is not None:
            _disown(producer)

    def close(self, timeout: float) -> None:
        """Close the producer."""
        producer, self._producer = self._producer, None
        if producer is None:
            return
        from kafka.errors import KafkaError

        try:
            producer.close(timeout=max(timeout, 0.1))
        except KafkaError:
            _abandon(producer)

    def _open(self) -> KafkaProducer:
        if self._producer is None:
            from kafka import KafkaProducer

            opened: list[Any] = []
            make = self._options.get("kafka_client", KafkaProducer.DEFAULT_CONFIG["kafka_client"])

            def remembered(**configs: Any) -> Any:
                opened.append(make(**configs))
                return opened[-1]

            options = {**self._options, "kafka_client": remembered}
            try:
                self._producer = KafkaProducer(bootstrap_servers=self._servers, **options)
            except BaseException:
                for client in opened:  # a producer that cannot be made leaves its sockets open
                    client.close()
                raise
            # At its own exit hook it would be closed before the emitter could send what waits: the emitter closes it.
            self._producer._unregister_cleanup()  # noqa: SLF001 - kafka-python has no public way to do that
        return self._producer

    def _give_up(self) -> None:
        """A producer whose state is in doubt is replaced: what it did not acknowledge is sent by a new one."""
        producer, self._producer = self._producer, None
        if producer is not None:
            _abandon(producer)


def _paced(batch: Sequence[Outgoing]) -> Iterator[tuple[int, Outgoing]]:
    """The events with their numbers, with a breath between two portions."""
    portion = 0
    for number, item in enumerate(batch):
        if portion and portion + len(item.value) > PORTION_BYTES:
            time.sleep(BREATH)
            portion = 0
        portion += len(item.value)
        yield number, item


def _disown(producer: KafkaProducer) -> None:
    producer._closed = True  # noqa: SLF001 - else its __del__ waits for a thread that a fork did not bring along
    producer.close()


def _abandon(producer: KafkaProducer) -> None:
    """End the producer's thread without waiting for what it holds."""
    producer._sender.force_close()  # noqa: SLF001 - close() raises as long as records wait, and leaves the thread running
    _disown(producer)


def _rejected(item: Outgoing, error: BaseException) -> EventResult | None:
    """The end of an event that no try will bring in; ``None`` where another one may."""
    if type(error).__name__ not in _HOPELESS:
        return None
    problem = "Kafka takes no record of this size or form"
    return EventResult(item.id, accepted=False, reason="too_large", problem=problem)


def _in_words(error: BaseException) -> str:
    """The class and, where Kafka has one, its description: messages of errors may quote what was sent."""
    described = getattr(error, "description", "")
    name = type(error).__name__
    if name == "KafkaTimeoutError":
        described = "no answer in time, or nobody was let in; why is in the log of kafka-python"
    return f"Kafka: {name} ({described})" if isinstance(described, str) and described else f"Kafka: {name}"
