"""Recorded events: the lines of a file, or what lies on the topics since a time, in one order."""

import heapq
from collections import deque
from collections.abc import Callable, Iterator, Sequence, Set
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
from kafka import TopicPartition
from kafka.errors import KafkaError

from closeloop.broker.reach import live_brokers
from closeloop.errors import UserError
from closeloop.importer.source import Rejected, SourceError, open_source, read_lines
from consumers.kafka_clients import plain_consumer
from schemas.events import RESPONSE_TYPE
from schemas.settings import Settings
from schemas.signals import SIGNAL
from schemas.topics import RESPONSES, TOUCHPOINTS

REACH_S = 10.0
"""How long a cluster may take to answer at all, seconds."""
SILENT_POLLS = 60
"""Polls of half a second without a record, before the records that are said to be there are given up."""
_POLL_MS = 500
_HELD_BACK = 5_000
"""Records of a partition that wait for those of others; beyond it the partition is not asked for more."""


class Recorded(NamedTuple):
    """One record as it was: its topic, arrival (milliseconds since the epoch, -1 for unknown), bytes and headers."""

    topic: str
    timestamp: int
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes], ...]
    event_time: float | None
    """The event's own time, seconds UTC; None where it cannot be read."""


Tell = Callable[[int, int | None], None]
"""Told of progress: how far, and out of how much, if that is known."""


class _Head(msgspec.Struct):
    """As much of an event as says where it belongs."""

    type: str = ""
    time: datetime | None = None


_heads = msgspec.json.Decoder(_Head)


def from_file(path: Path, tell: Tell) -> Iterator[Recorded]:
    """The events of a file as ``closeloop import`` reads it: JSONL, gzip, ``-``. All arrive now, as in an import.

    Lines that are no JSON are passed on: they are dead letters there as well. Raises ``UserError``.
    """
    try:
        with open_source(path) as source:
            for line in read_lines(source.stream):
                value = line.line.value if isinstance(line, Rejected) else line.value
                topic, when = _place(value)
                tell(source.position(), source.size)
                yield Recorded(topic, -1, None, value, (), when)
    except SourceError as error:
        raise UserError(str(error).replace("what came before was sent", "pack it again")) from None


def from_topics(settings: Settings, since_ms: int, tell: Tell) -> Iterator[Recorded]:
    """What has arrived on both topics from ``since_ms`` (milliseconds since the epoch) until now, by arrival.

    The partitions are assigned, without a group: nobody's offsets change. Signals of the running streams are left out:
    the rules under test make their own. Raises ``UserError`` and ``BrokerError``.
    """
    live_brokers(settings.kafka_link, REACH_S)
    consumer = plain_consumer(settings)
    try:
        yield from _read(consumer, since_ms, tell)
    except KafkaError as error:
        raise UserError(f"KAFKA_BOOTSTRAP_SERVERS: {settings.kafka} cannot be read: {type(error).__name__}") from None
    finally:
        consumer.close()


def _read(consumer: Any, since_ms: int, tell: Tell) -> Iterator[Recorded]:
    partitions: list[TopicPartition] = []
    for topic in (TOUCHPOINTS, RESPONSES):
        numbers = consumer.partitions_for_topic(topic)
        if not numbers:
            raise UserError(f"{topic}: no such topic on this cluster; closeloop topics create makes it")
        partitions += [TopicPartition(topic, number) for number in sorted(numbers)]
    ends: dict[TopicPartition, int] = consumer.end_offsets(partitions)
    found = consumer.offsets_for_times(dict.fromkeys(partitions, since_ms))
    starts = {tp: found[tp].offset for tp in partitions if found.get(tp) is not None}
    rest = [tp for tp, start in starts.items() if start < ends[tp]]
    consumer.assign(rest)
    for tp in rest:
        consumer.seek(tp, starts[tp])
    total = sum(ends[tp] - starts[tp] for tp in rest)
    waiting: list[deque[Recorded]] = [deque() for _ in rest]
    unread = set(range(len(rest)))
    done = silent = 0
    while unread:
        polled = consumer.poll(timeout_ms=_POLL_MS)
        silent = 0 if polled else silent + 1
        if silent >= SILENT_POLLS:
            raise UserError("the cluster delivers nothing more, although there is more; are all its brokers up?")
        for number, tp in enumerate(rest):
            records = [record for record in polled.get(tp, ()) if record.offset < ends[tp]]
            waiting[number].extend(_recorded(record) for record in records if not _is_signal(record))
            # Asked by position: an offset at the end may be a transaction's marker, which no record has.
            if number in unread and consumer.position(tp) >= ends[tp]:
                unread.remove(number)
                consumer.pause(tp)
        for recorded in in_order_of_arrival(waiting, unread):
            done += 1
            tell(done, total)
            yield recorded
        for number in unread:
            (consumer.pause if len(waiting[number]) >= _HELD_BACK else consumer.resume)(rest[number])


def in_order_of_arrival(waiting: Sequence[deque[Recorded]], unread: Set[int]) -> Iterator[Recorded]:
    """Take out of partitions' queues what is sure to be next: all up to where one that is not read out is empty."""
    if any(not waiting[number] for number in unread):
        return
    heads = [(queue[0].timestamp, number) for number, queue in enumerate(waiting) if queue]
    heapq.heapify(heads)
    while heads:
        _, number = heapq.heappop(heads)
        yield waiting[number].popleft()
        if waiting[number]:
            heapq.heappush(heads, (waiting[number][0].timestamp, number))
        elif number in unread:
            return


def _is_signal(record: Any) -> bool:
    return any(name == SIGNAL for name, _ in record.headers or ())


def _recorded(record: Any) -> Recorded:
    headers = tuple(record.headers or ())
    when = None if record.value is None else _place(record.value)[1]
    return Recorded(record.topic, record.timestamp, record.key, record.value, headers, when)


def _place(value: bytes) -> tuple[str, float | None]:
    """The topic of an event by its type, and its time. What cannot be read lies with the touchpoints."""
    try:
        head = _heads.decode(value)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return TOUCHPOINTS, None
    when = head.time.timestamp() if head.time is not None and head.time.tzinfo is not None else None
    return RESPONSES if head.type == RESPONSE_TYPE else TOUCHPOINTS, when
