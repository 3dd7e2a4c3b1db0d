"""What the streams need to know of the cluster before they start. Blocking: call these in a thread."""

import math
import time
from collections.abc import Mapping, Sequence

import structlog
from confluent_kafka import Consumer, KafkaException, TopicPartition

from schemas.kafka_link import KafkaLink
from schemas.kafka_reach import Reach
from schemas.kafka_refusals import KafkaUnreachable
from streams.kafka.changelog import log

METADATA_TIMEOUT_S = 5.0
SAY_EVERY_S = 5.0
"""How often a worker that waits for its cluster says so."""


class ClusterError(Exception):
    """The cluster cannot be used as it is. The text says what to do."""


def partition_counts(kafka: KafkaLink, topics: Sequence[str], wait: float = 60.0) -> Mapping[str, int]:
    """How many partitions each topic has. Waits up to ``wait`` seconds for the cluster and for missing topics.

    Raises ClusterError, and ``KafkaRefused`` at once.
    """
    reach = Reach(kafka)
    deadline = time.monotonic() + wait
    said_at = -math.inf
    while True:
        try:
            found = reach.ask(METADATA_TIMEOUT_S).topics
        except KafkaUnreachable as silence:
            problem = str(silence)
        else:
            missing = [topic for topic in topics if not found.get(topic)]
            if not missing:
                return {topic: found[topic] for topic in topics}
            problem = f"Kafka at {kafka.servers} lacks {', '.join(missing)}: create them with `closeloop topics create`"
        if time.monotonic() >= deadline:
            raise ClusterError(problem)
        if time.monotonic() - said_at >= SAY_EVERY_S:
            said_at = time.monotonic()
            structlog.get_logger("streams").warning("waiting", waiting_for="Kafka", lack=problem)
        time.sleep(0.5)


def committed_offset(kafka: KafkaLink, group: str, topic: str, partition: int) -> int:
    """The next offset that the group would read, 0 if it has committed none. Raises ClusterError."""
    asking = Consumer({**kafka.librdkafka(), "group.id": group, "log_level": 0}, logger=log)
    try:
        (at,) = asking.committed([TopicPartition(topic, partition)], timeout=METADATA_TIMEOUT_S * 2)
    except KafkaException as exc:
        raise ClusterError(f"no committed offset of {topic}/{partition}: {exc.args[0].str()}") from exc
    finally:
        asking.close()
    return max(at.offset, 0)
