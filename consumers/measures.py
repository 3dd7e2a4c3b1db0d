"""Every Prometheus metric of the consumers room. Labels are topics, states and codes: never a customer or an owner."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram


class Measures:
    """The room's instruments, registered once in the registry that /metrics serves."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.registry = registry
        self.records = Counter(
            "closeloop_consumer_records_total", "Records handled and committed.", ["group", "topic"], registry=registry
        )
        self.lag = Gauge(
            "closeloop_consumer_lag_records",
            "Records between the position and the end.",
            ["group", "topic", "partition"],
            registry=registry,
        )
        self.last_commit = Gauge(
            "closeloop_consumer_last_commit_timestamp_seconds",
            "Unix time when offsets were last committed.",
            ["group"],
            registry=registry,
        )
        self.retries = Counter(
            "closeloop_retries_total", "Attempts that failed and were made again.", ["part", "cause"], registry=registry
        )
        self.alerts = Counter(
            "closeloop_desk_alerts_total",
            "Alerts by outcome: opened, joined, known, over (a recovery without an open case), dead_letter.",
            ["outcome"],
            registry=registry,
        )
        self.recorded = Counter(
            "closeloop_recorder_rows_total", "Rows offered to the database, by table.", ["table"], registry=registry
        )
        self.unreadable = Counter(
            "closeloop_recorder_unreadable_total",
            "Records that could not be read and were passed over.",
            ["topic"],
            registry=registry,
        )
        self.published = Counter(
            "closeloop_publisher_events_total", "Case transitions acknowledged by cx.cases.", registry=registry
        )
        self.timers = Counter(
            "closeloop_timers_total",
            "What time has done: wake, lease_expired, remind, escalate, digest, released.",
            ["action"],
            registry=registry,
        )
        self.slack_calls = Counter(
            "closeloop_slack_calls_total",
            "Slack calls by method and outcome (ok, or the class of the error).",
            ["method", "outcome"],
            registry=registry,
        )
        self.slack_seconds = Histogram(
            "closeloop_slack_call_seconds", "Duration of Slack calls.", ["method"], registry=registry
        )
        self.outbox = Gauge("closeloop_slack_outbox_rows", "Messages by state.", ["state"], registry=registry)
        self.oldest = Gauge(
            "closeloop_slack_outbox_oldest_seconds",
            "How long the oldest message has waited that could be posted now, or that is tried again; 0 if none waits.",
            registry=registry,
        )
        self.cards_behind = Gauge(
            "closeloop_slack_cards_behind", "Cards whose newest version is not on Slack yet.", registry=registry
        )
        self.adopted = Counter(
            "closeloop_slack_reconciled_total",
            "Messages in doubt that were looked up: adopted or absent.",
            ["result"],
            registry=registry,
        )
        self.folded = Counter(
            "closeloop_slack_folded_total", "Cards of which a roll-up tells instead.", registry=registry
        )
        self.undeliverable = Counter(
            "closeloop_slack_undeliverable_total", "Messages that no destination took.", registry=registry
        )
        self.paused = Gauge(
            "closeloop_slack_paused", "1 while Slack refuses the app itself and nothing is sent.", registry=registry
        )
