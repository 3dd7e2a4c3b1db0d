"""How a worker's parts reach Kafka."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from schemas.kafka_link import KafkaLink
from streams.kafka.changelog import ChangelogWriter, WriterSettings


@dataclass(frozen=True, slots=True)
class Links:
    """Where the cluster is, which group this worker belongs to, and how many partitions the topics have.

    Topics are named as in the catalogue, everywhere but on the wire.
    """

    kafka: KafkaLink
    group: str
    partitions: Mapping[str, int]
    writing: WriterSettings = field(default_factory=WriterSettings)
    prefix: str = ""
    """Stands before every topic's name: several loops on one cluster."""

    def on_cluster(self, topic: str) -> str:
        """The name that a topic of the catalogue has on this cluster."""
        return self.prefix + topic

    def writer(self, topic: str, partition: int) -> ChangelogWriter:
        """The writer that goes with holding a partition: its transactional id is the partition's, not the worker's."""
        return ChangelogWriter(self.kafka, f"{self.group}-{topic}-{partition}", self.writing)
