"""librdkafka's in-process cluster, for trying out without Java: real protocol, memory only, and few promises.

Measured with confluent-kafka 2.16.1 (librdkafka 2.16.0); tests/broker/test_embedded.py holds what matters of it:

- A topic comes into being with 4 partitions when a producer first asks for it. CreateTopics and every other admin call
  but metadata time out. Create topics (`create_embedded_topics`) before anyone subscribes: a group that subscribed
  too early finds its topic only after a session timeout.
- A partition keeps its newest 5 MB or so and drops older batches as new ones come: the low watermark rises, producing
  raises no error, and a consumer that is further behind is reset as its `auto.offset.reset` says. Compaction,
  retention by time and LogAppendTime do not exist; tombstones are kept as ordinary records. So a changelog that
  outgrows 5 MB a partition loses its beginning.
- One member a consumer group. When a second one comes, librdkafka's clients both end up with nothing until a session
  timeout after the last of them left; kafka-python's second member gets every partition while the first still believes
  it has them. Two groups on one topic are fine. Committed offsets live as long as the cluster.
- The first join takes 3 s. A group that its last member has left, cleanly or not, takes the next one only after
  the session timeout: give short ones (6 s) to what is restarted.
- kafka-python needs `api_version=(2, 3)`: negotiation fails; with it given, producing, one-member groups and commits
  work.
- Transactions are a show: init, begin, commit and abort succeed and isolate nothing. Records are visible to
  `read_committed` before the commit and after an abort, `send_offsets_to_transaction` is accepted and commits
  nothing, and a producer is not fenced by a later one with the same `transactional.id`. An offset is used up by
  each end of a transaction, as in Kafka. What needs a guarantee needs a real Kafka.
- It ends with this process, and everything in it with it.
"""

from __future__ import annotations

from collections.abc import Iterable
from types import TracebackType
from typing import Self

from confluent_kafka import KafkaException, Producer

from closeloop.broker.errors import BrokerError
from schemas.kafka_link import KafkaLink

PARTITIONS = 4
"""How many partitions every topic of the embedded broker has; librdkafka offers no way to choose."""

KAFKA_PYTHON_API_VERSION = (2, 3)
"""What kafka-python's clients must be given as `api_version`: they cannot negotiate with the embedded broker."""

_START_TIMEOUT_S = 10.0


class EmbeddedBroker:
    """A running in-process cluster of one broker; see the module for what it can and cannot do.

    Use it as a context manager, or call `close`. It serves from threads of librdkafka: nothing has to be polled.
    """

    def __init__(self) -> None:
        """Start it on a free port of 127.0.0.1.

        Raises:
            BrokerError: librdkafka does not bring it up.
        """
        # Bootstrap servers are mandatory and ignored; the cluster belongs to this client and ends with it.
        self._host: Producer | None = Producer(
            {**KafkaLink("embedded").librdkafka(), "test.mock.num.brokers": 1, "log_level": 0}
        )
        try:
            brokers = self._host.list_topics(timeout=_START_TIMEOUT_S).brokers.values()
        except KafkaException as error:
            raise BrokerError(f"The embedded broker does not start: {error}.") from error
        self._bootstrap = ",".join(f"{broker.host}:{broker.port}" for broker in brokers)

    @property
    def bootstrap(self) -> str:
        """`HOST:PORT` for clients."""
        return self._bootstrap

    def create_topics(self, names: Iterable[str]) -> None:
        """Bring topics into being; see create_embedded_topics."""
        create_embedded_topics(self._bootstrap, names)

    def close(self) -> None:
        """End the cluster and forget all its records. Idempotent."""
        self._host = None  # librdkafka's cluster is destroyed with its last client handle

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def create_embedded_topics(bootstrap: str, names: Iterable[str]) -> None:
    """Bring topics into being on an embedded broker, empty, with PARTITIONS partitions each; those that exist stay.

    A producer's question for a topic's metadata is what creates it there, as no CreateTopics is understood.

    Args:
        bootstrap: the embedded broker's; it may belong to another process.
        names: the topics.

    Raises:
        BrokerError: nobody answers at that address.
    """
    asker = Producer({**KafkaLink(bootstrap).librdkafka(), "log_level": 0})
    try:
        for name in names:
            asker.list_topics(topic=name, timeout=_START_TIMEOUT_S)
    except KafkaException as error:
        raise BrokerError(f"No embedded broker answers at {bootstrap}: {error}.") from error
