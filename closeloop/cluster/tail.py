"""The newest records of a topic, and those that come. Partitions are assigned, without a group: no offset changes."""

import time
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from confluent_kafka import Consumer, KafkaError, KafkaException, Message, TopicPartition

from closeloop.broker.errors import BrokerError
from closeloop.cluster.asking import ANSWER_S, Asker, Partition
from closeloop.cluster.reading import Read, read_record
from closeloop.errors import UserError
from schemas.cloudevents import EventReader
from schemas.kafka_link import KafkaLink
from schemas.loop_yaml import load, metric_specs
from schemas.scales import DEFAULT_METRICS

SILENCE_S = 10.0
"""How long the cluster may deliver nothing although there is more."""


def tail(
    asker: Asker,
    topic: str,
    last: int,
    events: EventReader,
    *,
    partition: int | None = None,
    offset: int | None = None,
    follow: bool = False,
    personal: bool = False,
) -> Iterator[Read]:
    """The newest ``last`` records of each partition, in order of their time; with ``follow`` also those that come.

    With ``offset`` (and its ``partition``) the ``last`` records from there on. Raises ``BrokerError``, and
    ``UserError`` for a topic or a partition that is not there.
    """
    consumer = _consumer(asker.kafka)
    try:
        begins, ends = _spans(consumer, topic, partition)
        if offset is not None:
            starts = {place: max(begins[place], offset) for place in ends}
            messages = list(_until(consumer, starts, {one: min(ends[one], starts[one] + last) for one in ends}))
        else:
            messages = _newest(consumer, begins, ends, last)
        old = [_read(message, events, personal=personal) for message in messages]
        yield from sorted(
            old, key=lambda read: (read.at or datetime.min.replace(tzinfo=UTC), read.partition, read.offset)
        )
        if follow:
            consumer.assign([TopicPartition(one.topic, one.number, end) for one, end in ends.items()])
        while follow:
            message = consumer.poll(0.5)
            if message is not None and message.error() is None:
                yield _read(message, events, personal=personal)
    except KafkaException as error:
        raise BrokerError(f"{topic} cannot be read: {error.args[0].str()}.") from None
    finally:
        consumer.close()


def event_reader(config: Path, zone: str | None) -> EventReader:
    """Reads events with the metrics of loop.yaml, or with the built-in ones where there is none."""
    return EventReader(metric_specs(load(config, zone)) if config.exists() else DEFAULT_METRICS)


def _spans(consumer: Consumer, topic: str, partition: int | None) -> tuple[dict[Partition, int], dict[Partition, int]]:
    """Where each partition begins and ends, as a consumer asks it: the embedded broker answers nothing else."""
    seen = consumer.list_topics(topic, timeout=ANSWER_S).topics[topic]
    if seen.error is not None or not seen.partitions:
        raise UserError(
            f"{topic}: no such topic on this cluster, or you may not see it; closeloop topics list names all"
        )
    numbers = sorted(seen.partitions)
    if partition is not None and partition not in numbers:
        raise UserError(f"--partition: {topic} has {', '.join(map(str, numbers))}")
    begins, ends = {}, {}
    for number in numbers if partition is None else [partition]:
        offsets = consumer.get_watermark_offsets(TopicPartition(topic, number), timeout=ANSWER_S)
        if offsets is None:
            raise BrokerError(f"{topic}/{number}: no answer in time.")
        begins[Partition(topic, number)], ends[Partition(topic, number)] = offsets
    return begins, ends


def _newest(
    consumer: Consumer, begins: Mapping[Partition, int], ends: Mapping[Partition, int], last: int
) -> list[Message]:
    """The newest records of each partition. Ends of transactions and compaction leave offsets without a record, so
    it looks further back until there are enough.
    """
    found: dict[Partition, list[Message]] = {place: [] for place in ends}
    back, searched = last, ends
    while short := [place for place in ends if len(found[place]) < last and searched[place] > begins[place]]:
        starts = {place: max(begins[place], ends[place] - back) for place in short}
        earlier: dict[Partition, list[Message]] = {place: [] for place in short}
        for message in _until(consumer, starts, {place: searched[place] for place in short}):
            earlier[Partition(str(message.topic()), int(message.partition() or 0))].append(message)
        for place, messages in earlier.items():
            found[place] = [*messages, *found[place]]
        searched = {**searched, **starts}
        back *= 4
    return (
        [message for messages in found.values() for message in messages[max(len(messages) - last, 0) :]] if last else []
    )


def _until(consumer: Consumer, starts: Mapping[Partition, int], ends: Mapping[Partition, int]) -> Iterator[Message]:
    """The records up to the ends. A transaction's marker takes an offset, so it ends by position, not by number."""
    consumer.assign([TopicPartition(one.topic, one.number, start) for one, start in starts.items()])
    left = {place for place in starts if starts[place] < ends[place]}
    heard_at = time.monotonic()
    while left:
        for message in consumer.consume(500, 0.2):
            heard_at = time.monotonic()
            place = Partition(str(message.topic()), int(message.partition() or 0))
            error = message.error()
            if error is not None:
                if error.code() != KafkaError._PARTITION_EOF:  # noqa: SLF001 - librdkafka's public name for it
                    raise BrokerError(f"{place} cannot be read: {error.str()}.")
                left.discard(place)
            elif place in left and (message.offset() or 0) < ends[place]:
                yield message
                if (message.offset() or 0) >= ends[place] - 1:
                    left.discard(place)
            else:
                left.discard(place)
        if time.monotonic() - heard_at > SILENCE_S:
            raise BrokerError("the cluster delivers nothing more, although there is more; are all its brokers up?")


def _read(message: Message, events: EventReader, *, personal: bool) -> Read:
    kind, milliseconds = message.timestamp()
    return read_record(
        str(message.topic()),
        int(message.partition() or 0),
        int(message.offset() or 0),
        datetime.fromtimestamp(milliseconds / 1000, UTC) if kind else None,
        _bytes(message.key()),
        _bytes(message.value()),
        _headers(message),
        events,
        personal=personal,
    )


def _headers(message: Message) -> list[tuple[str, bytes | None]]:
    found: Any = message.headers()  # a list of pairs, which its types leave open
    return [(name, _bytes(value)) for name, value in found or ()]


def _bytes(raw: str | bytes | None) -> bytes | None:
    return raw.encode() if isinstance(raw, str) else raw


def _consumer(kafka: KafkaLink) -> Consumer:
    return Consumer(
        {
            **kafka.librdkafka(),
            "group.id": "closeloop-looking",  # never joined nor committed; librdkafka wants a name
            "enable.auto.commit": False,
            "auto.offset.reset": "earliest",
            "isolation.level": "read_committed",
            "enable.partition.eof": True,
            "log_level": 0,
        }
    )
