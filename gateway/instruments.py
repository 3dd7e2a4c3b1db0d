"""The gateway's own Prometheus metrics, on a registry of its own."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


class Instruments:
    """What is counted and measured. Labels never carry customers, people or texts."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.events = Counter(
            "closeloop_gateway_events",
            "Events received over HTTP by what became of them: accepted, or the reason they were not.",
            ["result"],
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
            "Time to answer a request, by route and status.",
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
            "closeloop_gateway_producer_pending",
            "Records that wait for Kafka's acknowledgement.",
            registry=self.registry,
        )
        self.live_rows = Gauge("closeloop_gateway_live_rows", "Metric rows held in memory.", registry=self.registry)
        self.live_refused = Gauge(
            "closeloop_gateway_live_rows_refused",
            "Metric rows that had no room in memory; the history in SQL has them.",
            registry=self.registry,
        )
        self.stream_clients = Gauge(
            "closeloop_gateway_stream_clients", "Clients of the event stream.", registry=self.registry
        )
        self.stream_dropped = Gauge(
            "closeloop_gateway_stream_clients_dropped",
            "Clients of the event stream let go because they did not keep up.",
            registry=self.registry,
        )
        self.case_actions = Counter(
            "closeloop_gateway_case_actions",
            "Actions on cases by where they came from and what became of them.",
            ["via", "action", "result"],
            registry=self.registry,
        )
        self.slack_seconds = Histogram(
            "closeloop_gateway_slack_seconds",
            "Time to answer a request of Slack; it allows 3 seconds.",
            ["kind"],
            buckets=_SECONDS,
            registry=self.registry,
        )
        self.slack_socket_up = Gauge(
            "closeloop_gateway_slack_socket_up",
            "1 while Slack can deliver clicks over Socket Mode.",
            registry=self.registry,
        )
        self.slack_unacked = Counter(
            "closeloop_gateway_slack_unacked",
            "Deliveries over Socket Mode that got no ack, by why: the person saw that it did not work.",
            ["why"],
            registry=self.registry,
        )

    def slack_is_up(self) -> bool:
        """Whether Slack can deliver clicks over Socket Mode now."""
        return self.registry.get_sample_value("closeloop_gateway_slack_socket_up") == 1
