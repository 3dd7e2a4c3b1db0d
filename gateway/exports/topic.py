"""A topic read from a time until its present end, a partition after another, in nobody's consumer group."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from confluent_kafka import Consumer, KafkaError, KafkaException, TopicPartition

from gateway.exports.answers import Consumed
from schemas.kafka_link import KafkaLink
from schemas.topics import EXPORT_NAME

BATCH = 2_000
POLL_S = 0.1
SILENCE_S = 30.0


class TopicUnreadable(Exception):  # noqa: N818 - an answer to whoever asks
    """Kafka does not answer, or breaks off."""


class TopicReader:
    """Reads one topic; for one thread. Close it at the end."""

    def __init__(self, kafka: KafkaLink, topic: str, *, embedded: bool) -> None:
        self._topic = topic
        self._embedded = embedded
        self._consumer: Any = Consumer(
            {
                **kafka.librdkafka(),
                "client.id": EXPORT_NAME,
                "group.id": EXPORT_NAME,  # librdkafka wants a name; it is neither joined nor committed to
                "enable.auto.commit": False,
                "auto.offset.reset": "earliest",
                "enable.partition.eof": True,
                "isolation.level": "read_uncommitted" if embedded else "read_committed",
                "allow.auto.create.topics": False,
                "log_level": 0,
            }
        )

    def partitions(self) -> list[int]:
        """The topic's partitions. Raises :class:`TopicUnreadable`."""
        try:
            found = self._consumer.list_topics(self._topic, timeout=10).topics[self._topic]
        except KafkaException as error:
            raise TopicUnreadable(error.args[0].name()) from None
        return sorted(found.partitions)

    def read(self, partition: int, since: datetime) -> Iterator[list[Consumed]]:
        """What arrived from ``since`` on, up to the end that there is now. Raises :class:`TopicUnreadable`."""
        place = TopicPartition(self._topic, partition, int(max(0.0, since.timestamp()) * 1000))
        try:
            _, end = self._consumer.get_watermark_offsets(place, timeout=10)
            start = 0 if self._embedded else self._consumer.offsets_for_times([place], timeout=10)[0].offset
            if start < 0 or start >= end:
                return
            self._consumer.assign([TopicPartition(self._topic, partition, start)])
            silent = 0.0
            while True:
                messages = self._consumer.consume(BATCH, POLL_S)  # waits that long unless the batch is full
                silent = 0.0 if messages else silent + POLL_S
                if silent >= SILENCE_S:
                    raise TopicUnreadable("no record in time")
                batch = [message for message in messages if message.error() is None and message.offset() < end]
                yield [
                    Consumed(message.timestamp()[1], message.value(), list(message.headers() or ()))
                    for message in batch
                ]
                if any(_is_end(message, end) for message in messages):
                    return
        except KafkaException as error:
            raise TopicUnreadable(error.args[0].name()) from None

    def close(self) -> None:
        """End the client."""
        self._consumer.close()


def _consumed(message: Any) -> Consumed:
    return Consumed(message.timestamp()[1], message.value(), list(message.headers() or ()))


def _is_end(message: Any, end: int) -> bool:
    """Whether a partition is read out: its last record is here, or there is none behind it that can be read."""
    error = message.error()
    if error is None:
        return bool(message.offset() >= end - 1)
    if error.code() == KafkaError._PARTITION_EOF:  # noqa: SLF001 - librdkafka gives it no other name
        return True
    raise KafkaException(error)
