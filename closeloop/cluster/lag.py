"""How far each group is behind, for a terminal: the gateway's own look at the cluster, taken without the gateway."""

import time
from collections.abc import Iterator, Mapping

from msgspec import Struct

from closeloop.broker.errors import BrokerError
from closeloop.broker.reach import live_brokers
from closeloop.printing import in_time
from gateway.cluster.asking import ClusterReader
from gateway.cluster.report import ClusterReport, make_report
from schemas.settings import Settings
from schemas.topics import READERS

LAG_COLUMNS = ("group", "topic", "partition", "behind", "waiting", "read by")
_REACH_S = 5.0


class Behind(Struct, frozen=True, kw_only=True):
    """One group at one partition. ``records`` and ``seconds`` are those of :class:`gateway.cluster.report.Lag`."""

    group: str
    topic: str
    partition: int
    records: int | None
    seconds: float | None
    read_by: str
    """The member that has it, ``client@host``; empty where nobody has."""

    def cells(self) -> tuple[str, ...]:
        """As a row by :data:`LAG_COLUMNS`."""
        records = "not known" if self.records is None else str(self.records)
        waiting = in_time(self.seconds) if self.seconds and self.records else ""
        return (self.group, self.topic, str(self.partition), records, waiting, self.read_by or "nobody")


def look(settings: Settings, readers: Mapping[str, tuple[str, ...]] = READERS) -> ClusterReport:
    """One look at the cluster. Raises ``BrokerError`` where nobody answers."""
    live_brokers(settings.kafka_link, _REACH_S)
    topics = {topic for read in readers.values() for topic in read}
    reader = ClusterReader(settings.kafka_link, embedded=settings.embedded_broker, topics=topics, readers=readers)
    try:
        report = make_report(reader.look(time.time()), None, readers)
    finally:
        reader.close()
    if "kafka" in report.unknown:
        raise BrokerError(f"Kafka at {settings.kafka}: {report.unknown['kafka']}")
    return report


def behind(report: ClusterReport) -> Iterator[Behind]:
    """Every group at every partition that it reads, by group. Pure."""
    owners = {
        (group.group, assigned.topic, number): f"{member.client}@{member.host}"
        for group in report.groups
        for member in group.members or []
        for assigned in member.partitions
        for number in assigned.partitions
    }
    for group in report.groups:
        for topic in report.topics:
            for partition in topic.partitions:
                lag = partition.lag.get(group.group)
                if lag is not None:
                    yield Behind(
                        group=group.group,
                        topic=topic.topic,
                        partition=partition.partition,
                        records=lag.records,
                        seconds=lag.seconds,
                        read_by=owners.get((group.group, topic.topic, partition.partition), ""),
                    )
