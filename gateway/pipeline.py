"""The loop's own health in one answer: the cluster, the way out to people, and the books as equations."""

from datetime import UTC, datetime

from msgspec import Struct

from gateway.book_trend import TOPIC_OF, BookTrend, Kind, Rates
from gateway.books import Account, Totals
from gateway.cluster.looks import BrokerSeen, DiskSeen
from gateway.cluster.report import ClusterReport, GroupReport, TopicReport
from schemas.topics import STREAMS_GROUP


class Equation(Struct, frozen=True, kw_only=True):
    """The books of one kind of event: received = counted + duplicates + late + dead_letters.

    ``difference`` is received less all of the others, and 0 where the equation ``holds``. ``unread`` is how many
    offsets the streams have still to read of the topic, of which the books know nothing yet; ``null``: not known.
    """

    received: int
    counted: int
    duplicates: int
    late: int
    dead_letters: int
    dead_letters_by_reason: dict[str, int]
    difference: int
    holds: bool
    unread: int | None
    rates: Rates


class Outbox(Struct, frozen=True, kw_only=True):
    """Messages on their way to people. ``waiting`` could go now or is under way.

    ``in_doubt``: Slack's answer was lost, and its history is being read. ``undeliverable``: messages of open cases
    that no destination took. ``oldest_seconds``: how long the oldest one has waited; 0 where none waits.
    """

    waiting: int
    in_doubt: int
    undeliverable: int
    oldest_seconds: float


class Pipeline(Struct, frozen=True, kw_only=True):
    """The loop's own health. ``unknown`` has a reason for each fact that could not be had; the rest stands."""

    as_of: datetime
    unknown: dict[str, str]
    brokers: list[BrokerSeen]
    under_replicated_partitions: int | None
    offline_partitions: int | None
    topics: list[TopicReport]
    groups: list[GroupReport]
    disks: list[DiskSeen] | None
    outbox: Outbox
    books: dict[Kind, Equation]


def pipeline_of(
    report: ClusterReport | None, totals: Totals, trend: BookTrend, outbox: Outbox, now: datetime
) -> Pipeline:
    """Put the answer together. Pure."""
    accounts: dict[Kind, Account] = {"touchpoints": totals.touchpoints, "responses": totals.responses}
    topics = report.topics if report is not None else []
    return Pipeline(
        as_of=now if report is None else datetime.fromtimestamp(report.at, UTC),
        unknown={"kafka": "not known: no look at the cluster yet"} if report is None else report.unknown,
        brokers=[] if report is None else report.brokers,
        under_replicated_partitions=None if report is None else report.under_replicated_partitions,
        offline_partitions=None if report is None else report.offline_partitions,
        topics=topics,
        groups=[] if report is None else report.groups,
        disks=None if report is None else report.disks,
        outbox=outbox,
        books={
            kind: equation(account, unread(topics, TOPIC_OF[kind]), trend.rates(kind))
            for kind, account in accounts.items()
        },
    )


def equation(account: Account, waiting: int | None, rates: Rates) -> Equation:
    """The account as an equation. Pure."""
    dead = sum(account.dead_letters.values())
    difference = account.received - account.counted - account.duplicates - account.late - dead
    return Equation(
        received=account.received,
        counted=account.counted,
        duplicates=account.duplicates,
        late=account.late,
        dead_letters=dead,
        dead_letters_by_reason=account.dead_letters,
        difference=difference,
        holds=difference == 0,
        unread=waiting,
        rates=rates,
    )


def unread(topics: list[TopicReport], name: str) -> int | None:
    """What the streams have still to read of a topic. Pure."""
    total = 0
    for partition in (one for topic in topics if topic.topic == name for one in topic.partitions):
        lag = partition.lag.get(STREAMS_GROUP)
        if lag is None or lag.records is None:
            return None
        total += lag.records
    return total if any(topic.topic == name for topic in topics) else None
