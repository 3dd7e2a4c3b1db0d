"""What the streams measure about themselves, for Prometheus. No customer, no id, no text in any label."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

_FAST = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
_SIZES = (1, 10, 50, 100, 250, 500, 1_000, 2_500)
_PLACE = ("topic", "partition")


class Instruments:
    """The metrics of one worker, in the registry they were made with."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.registry = registry
        name = "closeloop_streams_"
        self.records = Counter(f"{name}records", "Records taken.", ("topic",), registry=registry)
        self.chunk_records = Histogram(
            f"{name}chunk_records", "Records in a chunk.", ("topic",), buckets=_SIZES, registry=registry
        )
        self.chunk_seconds = Histogram(
            f"{name}chunk_seconds", "Time to process a chunk.", ("topic",), buckets=_FAST, registry=registry
        )
        self.flush_seconds = Histogram(
            f"{name}flush_seconds", "Time to make a partition durable.", ("topic",), buckets=_FAST, registry=registry
        )
        self.flushed_rows = Counter(f"{name}flushed_rows", "Rows written by flushes.", ("topic",), registry=registry)
        self.alerts = Counter(f"{name}alerts", "Alerts sent, repeats included.", ("rule",), registry=registry)
        self.dead_letters = Counter(
            f"{name}dead_letters", "Dead letters sent, repeats included.", ("topic", "reason"), registry=registry
        )
        self.forwards = Counter(
            f"{name}forwards", "Records sent on to their customer's partition.", ("topic",), registry=registry
        )
        self.overflowed = Gauge(
            f"{name}overflowed", "Events counted under 'other': their cut has its most keys.", _PLACE, registry=registry
        )
        self.silenced = Gauge(
            f"{name}silenced", "Alerts not raised because their event was too old.", _PLACE, registry=registry
        )
        self.lag = Gauge(f"{name}lag_records", "Records not yet durable.", _PLACE, registry=registry)
        self.commit_age = Gauge(
            f"{name}commit_age_seconds", "Time since the last commit while there is lag.", _PLACE, registry=registry
        )
        self.recovery_seconds = Histogram(
            f"{name}recovery_seconds",
            "Time to recover a partition's state.",
            ("topic",),
            buckets=_FAST,
            registry=registry,
        )
        self.recovered_rows = Counter(
            f"{name}recovered_rows", "Rows read to recover state.", ("topic",), registry=registry
        )
        self.partitions = Gauge(
            f"{name}partitions", "Partitions of this worker.", ("topic", "state"), registry=registry
        )
        self.undelivered = Gauge(f"{name}undelivered_records", "Records on their way to Kafka.", registry=registry)
