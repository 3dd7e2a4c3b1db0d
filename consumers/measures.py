"""Every Prometheus metric of the consumers room. Labels are topics, states and codes: never a customer or an owner."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from schemas.process_metrics import ProcessMetrics

_DELAYS = (0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0, 900.0, 3600.0)
_CALLS = (0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


class Measures:
    """The room's instruments, registered once in the registry that /metrics serves."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.registry = registry
        self.process = ProcessMetrics(registry, "consumers", database=True)
        self.records = Counter(
            "closeloop_consumer_records_total",
            "Records of a topic that were written to the database and then committed, by consumer group.",
            ["group", "topic"],
            registry=registry,
        )
        self.lag = Gauge(
            "closeloop_consumer_lag_records",
            "Records on the topic that this member of the group has not handled yet, for each partition that it holds.",
            ["group", "topic", "partition"],
            registry=registry,
        )
        self.last_commit = Gauge(
            "closeloop_consumer_last_commit_timestamp_seconds",
            "When the group's offsets were last committed. It stands still while there is nothing to read.",
            ["group"],
            registry=registry,
        )
        self.retries = Counter(
            "closeloop_retries_total",
            "Attempts that failed for a passing reason and were made again, by part and cause "
            "(kafka, join, database, race).",
            ["part", "cause"],
            registry=registry,
        )
        self.alerts = Counter(
            "closeloop_desk_alerts_total",
            "Alerts by what came of them: opened, joined or reopened a case, recovered, known (delivered again), over "
            "(a recovery without an open case), erased (of a customer who was erased since), dead_letter (could not "
            "be read).",
            ["outcome"],
            registry=registry,
        )
        self.desk_delay = Histogram(
            "closeloop_desk_delay_seconds",
            "Time from a rule raising an alert to its case being in the database; first half of the way to Slack.",
            buckets=_DELAYS,
            registry=registry,
        )
        self.recorded = Counter(
            "closeloop_recorder_rows_total",
            "Metrics, books and dead letters offered to the database, by table.",
            ["table"],
            registry=registry,
        )
        self.unreadable = Counter(
            "closeloop_recorder_unreadable_total",
            "Records of another version of closeloop, or of a stranger, that were passed over.",
            ["topic"],
            registry=registry,
        )
        self.timeline = Counter(
            "closeloop_timeline_events_total",
            "Touchpoints and answers for the timelines of customers: kept, old (before timeline.keep), left_out "
            "(timeline.leave_out), erased (of a customer who was erased since) or unreadable (a dead letter of the "
            "streams).",
            ["outcome"],
            registry=registry,
        )
        self.published = Counter(
            "closeloop_publisher_events_total",
            "What happened to cases, acknowledged by Kafka on cx.cases.",
            registry=registry,
        )
        self.timers = Counter(
            "closeloop_timers_total",
            "What time has done to cases: wake, lease_expired, remind, escalate, digest, released, silence.",
            ["action"],
            registry=registry,
        )
        self.slack_calls = Counter(
            "closeloop_slack_calls_total",
            "Calls of Slack's API by method and outcome: ok, or the class of the error (wait: asked to slow down, "
            "stop: refuses the app, in_doubt: no answer).",
            ["method", "outcome"],
            registry=registry,
        )
        self.slack_seconds = Histogram(
            "closeloop_slack_call_seconds",
            "How long Slack took to answer a call.",
            ["method"],
            buckets=_CALLS,
            registry=registry,
        )
        self.slack_delay = Histogram(
            "closeloop_slack_delay_seconds",
            "Time from a channel's card being due to Slack having it; second half of the way from alert to Slack. "
            "Cards that a silence holds back are left out.",
            buckets=_DELAYS,
            registry=registry,
        )
        self.outbox = Gauge(
            "closeloop_slack_outbox_rows",
            "Messages by state. Old ones stay as sent, cancelled or dead; held and rolled_up wait on purpose.",
            ["state"],
            registry=registry,
        )
        self.oldest = Gauge(
            "closeloop_slack_outbox_oldest_seconds",
            "How long the oldest message has waited that could be posted now, or that is tried again; 0 if none waits. "
            "Told by the sender itself: closeloop_waiting_slack_message_seconds is there also when no sender is.",
            registry=registry,
        )
        self.cards_behind = Gauge(
            "closeloop_slack_cards_behind",
            "Cards and lists on Slack that show an older state of their case than the console does.",
            registry=registry,
        )
        self.adopted = Counter(
            "closeloop_slack_reconciled_total",
            "Messages that were in doubt after a lost answer: found on Slack (adopted) or not there and posted again "
            "(absent).",
            ["result"],
            registry=registry,
        )
        self.folded = Counter(
            "closeloop_slack_folded_total",
            "Cards that were not posted because one list tells of many cases.",
            registry=registry,
        )
        self.undeliverable = Counter(
            "closeloop_slack_undeliverable_total",
            "Messages that no channel, person, mailbox or webhook took: only the console shows their case.",
            registry=registry,
        )
        self.paused = Gauge(
            "closeloop_slack_paused",
            "1 while Slack refuses the app itself, such as a revoked token, and nothing is sent.",
            registry=registry,
        )

    def forget_partition(self, group: str, topic: str, partition: int) -> None:
        """Another member measures it from now on."""
        self.lag.remove(group, topic, str(partition))
