"""The topics that are on a cluster, and what is on them."""

from msgspec import Struct

from closeloop.cluster.asking import Asker, Partition
from schemas.settings import Settings
from schemas.topics import catalogue


class TopicOnCluster(Struct, frozen=True, kw_only=True):
    """One topic. ``records`` counts offsets between beginning and end: compaction leaves fewer."""

    topic: str
    partitions: int
    copies: int
    """The fewest of any partition."""
    under_replicated: int
    """Partitions of which a copy is missing or not in sync."""
    leaderless: int
    records: int
    ours: bool

    def cells(self) -> tuple[str, ...]:
        """As a row of the list."""
        lacking = str(self.under_replicated) + (f", {self.leaderless} without a leader" if self.leaderless else "")
        ours = "yes" if self.ours else "no"
        return (self.topic, str(self.partitions), str(self.copies), lacking, str(self.records), ours)


def topic_rows(settings: Settings) -> list[TopicOnCluster]:
    """Every topic but Kafka's own, by name. Raises ``BrokerError``."""
    asker = Asker(settings.kafka_link)
    ours = {spec.name for spec in catalogue(settings.partitions)}
    topics = asker.topics()
    led = [
        Partition(topic.name, one.number)
        for topic in topics.values()
        for one in topic.partitions
        if one.leader is not None
    ]
    begins, ends = asker.beginnings(led), asker.ends(led)
    return [
        TopicOnCluster(
            topic=name,
            partitions=len(topic.partitions),
            copies=min((one.copies for one in topic.partitions), default=0),
            under_replicated=sum(one.in_sync < one.copies for one in topic.partitions),
            leaderless=sum(one.leader is None for one in topic.partitions),
            records=sum(ends[place] - begins[place] for place in led if place.topic == name),
            ours=name in ours,
        )
        for name, topic in sorted(topics.items())
    ]
