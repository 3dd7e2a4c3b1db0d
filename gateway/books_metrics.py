"""The books of invariant 1 as metrics: every event once, whatever crashed and came again."""

from collections.abc import Callable, Iterable

from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from gateway.books import Account, account_of
from schemas.metrics import Books
from schemas.topics import RESPONSES, TOUCHPOINTS


def books_metrics(accounts: dict[str, Account]) -> list[Metric]:
    """The families; ``accounts`` by topic, empty where they are not known. Pure."""
    received = CounterMetricFamily(
        "closeloop_books_received_events_total",
        "Events that apps have put on the topic, each once. It stands still when no app sends anything.",
        labels=["topic"],
    )
    events = CounterMetricFamily(
        "closeloop_books_events_total",
        "What became of the received events: counted, duplicate (sent again), late (older than the history is kept), "
        "dead_letter (could not be read).",
        labels=["topic", "outcome"],
    )
    reasons = CounterMetricFamily(
        "closeloop_books_dead_letters_total",
        "Received events that could not be read, by why; closeloop keeps their bytes.",
        labels=["topic", "reason"],
    )
    unaccounted = GaugeMetricFamily(
        "closeloop_books_unaccounted_events",
        "Received events less those counted, duplicate, late or dead letters. Anything but 0 means that closeloop has "
        "lost or doubled events: a fault of its own.",
        labels=["topic"],
    )
    for topic, account in accounts.items():
        letters = sum(account.dead_letters.values())
        received.add_metric([topic], account.received)
        events.add_metric([topic, "counted"], account.counted)
        events.add_metric([topic, "duplicate"], account.duplicates)
        events.add_metric([topic, "late"], account.late)
        events.add_metric([topic, "dead_letter"], letters)
        for reason, number in account.dead_letters.items():
            reasons.add_metric([topic, reason], number)
        known = account.counted + account.duplicates + account.late + letters
        unaccounted.add_metric([topic], account.received - known)
    return [received, events, reasons, unaccounted]


class BooksMetrics(Collector):
    """Sums the accounts at each scrape.

    ``books`` gives the newest account of every source partition, or ``None`` while they are being read: half of them
    would look like a counter that began anew.
    """

    def __init__(self, books: Callable[[], list[Books] | None], registry: CollectorRegistry) -> None:
        self._books = books
        registry.register(self)

    def describe(self) -> Iterable[Metric]:
        """The families without samples."""
        return books_metrics({})

    def collect(self) -> Iterable[Metric]:
        """The accounts of the two topics of events."""
        books = self._books()
        if books is None:
            return books_metrics({})
        return books_metrics({topic: account_of(books, topic) for topic in (TOUCHPOINTS, RESPONSES)})
