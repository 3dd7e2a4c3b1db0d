"""What the streams measure about themselves, for Prometheus. No customer, no id, no text in any label."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from schemas.process_metrics import ProcessMetrics

_FAST = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
_LONG = (0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0)
_SIZES = (1, 10, 50, 100, 250, 500, 1_000, 2_500)
_PLACE = ("topic", "partition")


class Instruments:
    """The metrics of one worker, in the registry they were made with."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.registry = registry
        self.process = ProcessMetrics(registry, "streams")
        name = "closeloop_streams_"
        self.records = Counter(
            f"{name}records_total",
            "Records taken from a topic. After a crash the last second of them is taken again, so this may exceed the "
            "books.",
            ("topic",),
            registry=registry,
        )
        self.chunk_records = Histogram(
            f"{name}chunk_records",
            "Records that were processed in one go. Large chunks mean a backlog or heavy traffic.",
            ("topic",),
            buckets=_SIZES,
            registry=registry,
        )
        self.chunk_seconds = Histogram(
            f"{name}chunk_seconds", "Time to process a chunk of records.", ("topic",), buckets=_FAST, registry=registry
        )
        self.flush_seconds = Histogram(
            f"{name}flush_seconds",
            "Time to make a partition's counts durable in Kafka, once a second. Over a second: the broker is slow.",
            ("topic",),
            buckets=_FAST,
            registry=registry,
        )
        self.flushed_rows = Counter(
            f"{name}flushed_rows_total",
            "Rows of state, partial totals and books written to Kafka.",
            ("topic",),
            registry=registry,
        )
        self.alerts = Counter(
            f"{name}alerts_total",
            "Alerts sent to cx.alerts by the rule of loop.yaml that raised them, repeats after a crash included.",
            ("rule",),
            registry=registry,
        )
        self.dead_letters = Counter(
            f"{name}dead_letters_total",
            "Records that could not be read and were put on cx.deadletters with their bytes, by why. Repeats after a "
            "crash included; closeloop_books_dead_letters_total counts each once.",
            ("topic", "reason"),
            registry=registry,
        )
        self.forwards = Counter(
            f"{name}forwarded_records_total",
            "Records that an app put on another partition than their customer's, sent on to the right one.",
            ("topic",),
            registry=registry,
        )
        self.overflowed = Gauge(
            f"{name}overflowed_events",
            "Events counted under '(other)' because their cut has all the keys it may have: an attribute with too many "
            "values.",
            _PLACE,
            registry=registry,
        )
        self.silenced = Gauge(
            f"{name}outdated_alerts",
            "Alerts that were not raised because their event was older than alert_max_age, as in an import.",
            _PLACE,
            registry=registry,
        )
        self.lag = Gauge(
            f"{name}lag_records",
            "Records on the topic that this worker has not made durable yet, for each partition that it holds.",
            _PLACE,
            registry=registry,
        )
        self.commit_age = Gauge(
            f"{name}commit_age_seconds",
            "Time since this worker last committed its position in the partition while records wait; 0 without any.",
            _PLACE,
            registry=registry,
        )
        self.recovery_seconds = Histogram(
            f"{name}recovery_seconds",
            "Time to read a partition's state back after a start or a handover; it counts nothing meanwhile.",
            ("topic",),
            buckets=_LONG,
            registry=registry,
        )
        self.recovered_rows = Counter(
            f"{name}recovered_rows_total", "Rows of state read back.", ("topic",), registry=registry
        )
        self.partitions = Gauge(
            f"{name}partitions",
            "Partitions that this worker holds, by whether they count (ready) or still read their state (recovering).",
            ("topic", "state"),
            registry=registry,
        )
        self.undelivered = Gauge(
            f"{name}undelivered_records",
            "Alerts, dead letters and forwarded records that Kafka has not acknowledged yet.",
            registry=registry,
        )

    def forget_partition(self, topic: str, partition: int) -> None:
        """Another worker measures it from now on: two would contradict each other."""
        at = (topic, str(partition))
        for gauge in (self.overflowed, self.silenced, self.lag, self.commit_age):
            gauge.remove(*at)
