"""The first unread record of a group at a partition: whether there is one, and how old it is.

An offset behind the end need not be a record: a marker of a transaction is counted too, and so are an aborted
transaction's records. Only reading tells. The reader here is in no group's membership and commits nothing.
"""

import time
from collections.abc import Mapping
from typing import Any

from confluent_kafka import Consumer, KafkaError, KafkaException, TopicPartition

from gateway.cluster.looks import Place, Reading, Unread
from schemas.kafka_link import KafkaLink
from schemas.topics import PIPELINE_NAME


class RecordReader:
    """Looks at single records, and at what the cluster is made of. For one thread.

    What was found out about a record is kept until the group or the partition has moved.
    """

    def __init__(self, kafka: KafkaLink, *, embedded: bool, patience: float, seconds: float = 1.5) -> None:
        """``patience`` is how many seconds a broker may take, ``seconds`` what all records of one look may take."""
        self._settings: dict[str, Any] = {
            **kafka.librdkafka(),
            "client.id": PIPELINE_NAME,
            "group.id": PIPELINE_NAME,  # librdkafka wants a name; it is neither joined nor committed to
            "enable.auto.commit": False,
            "auto.offset.reset": "earliest",
            "enable.partition.eof": True,
            "isolation.level": "read_uncommitted" if embedded else "read_committed",
            "allow.auto.create.topics": False,
            "queued.min.messages": 1,
            "fetch.message.max.bytes": 1024,  # a broker gives at least one batch, and no more is wanted
            "fetch.wait.max.ms": 50,
            "log_level": 0,
        }
        self._patience = patience
        self._seconds = seconds
        self._consumer: Any = None
        self._known: dict[Reading, tuple[int, int, Unread | None]] = {}

    def metadata(self) -> Any:
        """Brokers, topics and the copies of partitions. Raises ``KafkaException`` where no broker answers in time."""
        return self._client().list_topics(timeout=self._patience)

    def read(self, positions: Mapping[Reading, tuple[int, int]]) -> dict[Reading, Unread | None]:
        """For each reading, with its next offset and the stable end: the first record, ``None`` if there is none.

        What could not be found out in time is absent. Raises ``KafkaException`` where the client cannot be made.
        """
        found: dict[Reading, Unread | None] = {}
        asked: dict[Reading, int] = {}
        for reading, (position, end) in positions.items():
            if position >= end:
                continue
            known = self._known.get(reading)
            # A record once found stays the first one as long as the group has not moved, whatever comes behind it.
            if known is not None and known[0] == position and (known[1] == end or known[2] is not None):
                found[reading] = known[2]
            else:
                asked[reading] = position
        deadline = time.monotonic() + self._seconds
        while asked and time.monotonic() < deadline:
            batch: dict[Place, Reading] = {}
            for reading in asked:
                batch.setdefault(reading.place, reading)
            offsets = {place: asked[reading] for place, reading in batch.items()}
            found.update({batch[place]: first for place, first in self._read_places(offsets, deadline).items()})
            for reading in batch.values():
                del asked[reading]
        self._known = {
            reading: (positions[reading][0], positions[reading][1], first) for reading, first in found.items()
        }
        return found

    def close(self) -> None:
        """End the client."""
        if self._consumer is not None:
            self._consumer.close()
            self._consumer = None

    def _client(self) -> Any:
        if self._consumer is None:
            self._consumer = Consumer(self._settings)
        return self._consumer

    def _read_places(self, offsets: Mapping[Place, int], deadline: float) -> dict[Place, Unread | None]:
        consumer = self._client()
        consumer.assign([TopicPartition(place.topic, place.partition, offset) for place, offset in offsets.items()])
        found: dict[Place, Unread | None] = {}
        try:
            while len(found) < len(offsets) and (left := deadline - time.monotonic()) > 0:
                for message in consumer.consume(100, min(left, 0.1)):
                    place = Place(message.topic() or "", message.partition() or 0)
                    if place in found or place not in offsets:
                        continue
                    error = message.error()
                    if error is None:
                        found[place] = Unread(message.offset(), max(0, message.timestamp()[1]))
                    elif error.code() == KafkaError._PARTITION_EOF:  # noqa: SLF001 - librdkafka gives it no other name
                        found[place] = None
        except KafkaException:
            self.close()  # the next look begins with a new client
        else:
            consumer.unassign()
        return found
