"""The gateway's own Prometheus metrics, on a registry of its own."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from gateway.spool.spool import Spool
from schemas.process_metrics import ProcessMetrics

_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


class Instruments:
    """What is counted and measured. Labels never carry customers, people or texts."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.process = ProcessMetrics(self.registry, "gateway", database=True)
        self.events = Counter(
            "closeloop_gateway_events_total",
            "Events sent over HTTP by what became of them: accepted, spooled (accepted onto the disk, Kafka being "
            "away), the reason why they were refused, busy (429), or unavailable (neither Kafka nor the disk took "
            "them; the app was told to send them again).",
            ["result"],
            registry=self.registry,
        )
        self.survey_answers = Counter(
            "closeloop_gateway_survey_answers_total",
            "Forms of survey pages by what they were: first, revised, repeat (counted already), closed (too late).",
            ["survey", "result"],
            registry=self.registry,
        )
        self.hook_deliveries = Counter(
            "closeloop_gateway_hook_deliveries_total",
            "What survey tools sent to hooks, by hook and by what became of it: taken, ignored, letter (could not be "
            "mapped, is a dead letter), unsigned (refused), or unavailable (the tool was told to send it again).",
            ["hook", "outcome"],
            registry=self.registry,
        )
        self.delivery_seconds = Histogram(
            "closeloop_gateway_delivery_seconds",
            "Time until Kafka acknowledged all events of a request.",
            buckets=_SECONDS,
            registry=self.registry,
        )
        self.request_seconds = Histogram(
            "closeloop_gateway_request_seconds",
            "Time to answer an HTTP request, by route and status; an event stream lasts as long as its client stays.",
            ["method", "route", "status"],
            buckets=_SECONDS,
            registry=self.registry,
        )
        self.page_seconds = Histogram(
            "closeloop_gateway_page_seconds",
            "Time to look up and draw a page of the console, by page.",
            ["page"],
            buckets=_SECONDS,
            registry=self.registry,
        )
        self.producer_pending = Gauge(
            "closeloop_gateway_pending_records",
            "Events taken over HTTP that Kafka has not acknowledged yet.",
            registry=self.registry,
        )
        self.spool_up = Gauge(
            "closeloop_gateway_spool_up",
            "1 where events can wait on the disk while Kafka is away, 0 where they would be refused.",
            registry=self.registry,
        )
        self.spool_records = Gauge(
            "closeloop_gateway_spool_records", "Events that wait on the disk for Kafka.", registry=self.registry
        )
        self.spool_bytes = Gauge(
            "closeloop_gateway_spool_bytes", "Bytes of the events that wait on the disk.", registry=self.registry
        )
        self.spool_limit_bytes = Gauge(
            "closeloop_gateway_spool_limit_bytes",
            "Bytes that may wait on the disk; above them events are refused (503).",
            registry=self.registry,
        )
        self.spool_oldest_seconds = Gauge(
            "closeloop_gateway_spool_oldest_seconds",
            "How long the oldest event has waited on the disk.",
            registry=self.registry,
        )
        self.spool_refused = Gauge(
            "closeloop_gateway_spool_refused_records",
            "Events, since the start, that became dead letters because Kafka refused them for good.",
            registry=self.registry,
        )
        self.spool_failures = Gauge(
            "closeloop_gateway_spool_failed_writes",
            "Writes, since the start, that the disk of the spool did not take.",
            registry=self.registry,
        )
        self.live_rows = Gauge(
            "closeloop_gateway_live_rows",
            "Values of metrics that the console has in memory, about 1 KB each.",
            registry=self.registry,
        )
        self.live_refused = Gauge(
            "closeloop_gateway_live_refused_rows",
            "Values of metrics, since the start, that had no room in memory: the console does not show them live.",
            registry=self.registry,
        )
        self.stream_clients = Gauge(
            "closeloop_gateway_stream_clients",
            "Open consoles and other clients of the event stream.",
            registry=self.registry,
        )
        self.stream_dropped = Gauge(
            "closeloop_gateway_stream_dropped_clients",
            "Clients of the event stream, since the start, that were let go because they did not keep up.",
            registry=self.registry,
        )
        self.case_actions = Counter(
            "closeloop_gateway_case_actions_total",
            "Actions of people on cases, by where they came from and what became of them (done, stale, refused).",
            ["via", "action", "result"],
            registry=self.registry,
        )
        self.slack_seconds = Histogram(
            "closeloop_gateway_slack_seconds",
            "Time to answer a click or a dialog of Slack. Slack allows 3 seconds, then the person sees an error.",
            ["kind"],
            buckets=_SECONDS,
            registry=self.registry,
        )
        self.slack_socket_up = Gauge(
            "closeloop_gateway_slack_socket_up",
            "1 while Slack can deliver clicks over Socket Mode; 0 also where clicks come over signed HTTP.",
            registry=self.registry,
        )
        self.slack_socket_wanted = Gauge(
            "closeloop_gateway_slack_socket_wanted",
            "1 where clicks come over Socket Mode (SLACK_APP_TOKEN is set), 0 where they come over signed HTTP.",
            registry=self.registry,
        )
        self.slack_unacked = Counter(
            "closeloop_gateway_slack_unacked_total",
            "Deliveries over Socket Mode that got no ack, by why: the person saw that it did not work.",
            ["why"],
            registry=self.registry,
        )

        self.refused_keys = Counter(
            "closeloop_gateway_refused_keys_total",
            "Keys and sign-ins that opened nothing: unauthorized (401), or throttled (429) because the same address "
            "failed too often.",
            ["answer"],
            registry=self.registry,
        )

    def note_spool(self, spool: Spool, now: float) -> None:
        """Take over how the spool stands. ``now``: Unix seconds."""
        self.spool_up.set(spool.folder is not None)
        self.spool_records.set(spool.records)
        self.spool_bytes.set(spool.bytes)
        self.spool_limit_bytes.set(spool.most_bytes)
        self.spool_oldest_seconds.set(spool.age(now))
        self.spool_refused.set(spool.refused)
        self.spool_failures.set(spool.failures)

    def slack_is_up(self) -> bool:
        """Whether Slack can deliver clicks over Socket Mode now."""
        return self.registry.get_sample_value("closeloop_gateway_slack_socket_up") == 1
