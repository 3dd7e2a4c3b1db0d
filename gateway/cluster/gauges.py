"""The report as Prometheus gauges. What is not known has no sample: an old number would look like a good one."""

import time
from collections.abc import Iterator

from prometheus_client import Metric
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from gateway.cluster.report import ClusterReport, TopicReport
from gateway.cluster.watch import ClusterWatch


class ClusterGauges(Collector):
    """Collects from the latest report; every gateway tells the same, so take the maximum over them."""

    def __init__(self, watch: ClusterWatch) -> None:
        self._watch = watch

    def describe(self) -> Iterator[Metric]:
        """The gauges without samples."""
        return iter(_Families().all())

    def collect(self) -> Iterator[Metric]:
        """The gauges as of the latest look."""
        report = self._watch.latest()
        families = _Families()
        if report is not None:
            families.fill(report, time.time())
        return iter(families.all())


class _Families:
    """The gauges of one collection."""

    def __init__(self) -> None:
        reading = ["group", "topic", "partition"]
        directory = ["broker", "log_dir"]
        self.lag_records = GaugeMetricFamily(
            "closeloop_kafka_lag_records",
            "Offsets that a group of workers has still to read of a partition; 0 when nothing is left to read.",
            labels=reading,
        )
        self.lag_seconds = GaugeMetricFamily(
            "closeloop_kafka_lag_seconds",
            "Age of the oldest record that a group of workers has not read yet; 0 when nothing is left to read.",
            labels=reading,
        )
        self.end_offset = GaugeMetricFamily(
            "closeloop_kafka_end_offset",
            "Next offset to be written to a partition; its rate is the rate of records.",
            labels=["topic", "partition"],
        )
        self.disk_free = GaugeMetricFamily(
            "closeloop_kafka_disk_free_bytes",
            "Free space on the volume of a broker's log directory; a broker whose disk is full stops.",
            labels=directory,
        )
        self.disk_size = GaugeMetricFamily(
            "closeloop_kafka_disk_size_bytes", "Size of the volume of a broker's log directory.", labels=directory
        )
        self.loop_bytes = GaugeMetricFamily(
            "closeloop_kafka_disk_loop_bytes", "What this loop's topics take of a log directory.", labels=directory
        )
        self.under_replicated = GaugeMetricFamily(
            "closeloop_kafka_under_replicated_partitions",
            "Partitions of this loop, and of Kafka's own topics, that lack a copy in sync.",
        )
        self.offline = GaugeMetricFamily(
            "closeloop_kafka_offline_partitions", "Partitions without a leader: nobody can read or write them."
        )
        self.brokers = GaugeMetricFamily(
            "closeloop_kafka_brokers", "Brokers of the cluster; 0 while Kafka does not answer."
        )
        self.members = GaugeMetricFamily(
            "closeloop_kafka_group_members",
            "Workers in a group of readers; 0 means that nobody reads its topics.",
            labels=["group"],
        )
        self.look_age = GaugeMetricFamily(
            "closeloop_kafka_look_age_seconds", "Age of what the gauges of Kafka tell; beyond a minute, trust none."
        )

    def all(self) -> list[Metric]:
        """Every gauge."""
        return list(vars(self).values())

    def fill(self, report: ClusterReport, now: float) -> None:
        """Add what the report knows."""
        self.look_age.add_metric([], max(0.0, now - report.at))
        self.brokers.add_metric([], len(report.brokers))
        if report.under_replicated_partitions is not None:
            self.under_replicated.add_metric([], report.under_replicated_partitions)
        if report.offline_partitions is not None:
            self.offline.add_metric([], report.offline_partitions)
        for group in report.groups:
            if group.members is not None:
                self.members.add_metric([group.group], len(group.members))
        for topic in report.topics:
            self._fill_topic(topic)
        for disk in report.disks or []:
            labels = [str(disk.broker), disk.log_dir]
            self.loop_bytes.add_metric(labels, disk.loop_bytes)
            if disk.size_bytes is not None:
                self.disk_size.add_metric(labels, disk.size_bytes)
            if disk.free_bytes is not None:
                self.disk_free.add_metric(labels, disk.free_bytes)

    def _fill_topic(self, topic: TopicReport) -> None:
        for partition in topic.partitions:
            number = str(partition.partition)
            if partition.end is not None:
                self.end_offset.add_metric([topic.topic, number], partition.end)
            for group, lag in partition.lag.items():
                if lag.records is not None:
                    self.lag_records.add_metric([group, topic.topic, number], lag.records)
                if lag.seconds is not None:
                    self.lag_seconds.add_metric([group, topic.topic, number], lag.seconds)
