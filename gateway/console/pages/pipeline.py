"""*Pipeline*: whether the loop itself is well. Books, topics, workers, disks, and what could not be read."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Literal

from msgspec import Meta, Struct

from gateway.book_trend import Kind
from gateway.cluster.looks import BrokerSeen, DiskSeen
from gateway.cluster.report import AssignedTopic, ClusterReport, Lag, PartitionReport, TopicReport
from gateway.cluster.trend import ClusterTrend, whole_lags
from gateway.console.page import Page
from gateway.console.reader import Reader
from gateway.dead_letter_reads import DeadLetterContent, ReasonShown, content_of, list_reasons
from gateway.dead_letters import DeadLetterPage, LetterFilter, list_letters, read_cursor
from gateway.outbox_reads import outbox_of
from gateway.parts import Parts
from gateway.pipeline import Equation, Outbox, pipeline_of
from gateway.problems import Refusal
from gateway.routes.totals import totals_of
from schemas.audit import Act
from schemas.tables import DeadLetterRow

LETTERS_A_PAGE = 25
TAIL_CHARACTERS = 6
OLD_LAG_SECONDS = 60.0
"""A lag is marked when its oldest record waits longer."""
FULL_SHARE = 0.85
"""A disk is marked when more than this share of it is taken."""
OLD_MESSAGE_SECONDS = 120.0
"""An unsent message is marked when it waits longer."""

Standing = Literal["stable", "empty", "absent", "moving", "unknown"]
_STANDINGS: dict[str, Standing] = {"stable": "stable", "empty": "empty", "dead": "absent"}


class PipelineAsked(Struct, frozen=True, kw_only=True):
    """``topic`` is unfolded into partitions. ``reason`` and ``origin``, a topic, list letters; ``letter`` is one."""

    topic: str = ""
    reason: str = ""
    origin: str = ""
    cursor: str = ""
    letter: Annotated[str, Meta(max_length=36)] = ""


class GroupLag(Struct, frozen=True, kw_only=True):
    """How far one group is behind, now and lately."""

    group: str
    lag: Lag
    old: bool
    trend: list[tuple[float, None, None]]


class Line(Struct, frozen=True, kw_only=True):
    """A topic, or one of its partitions."""

    id: str
    topic: str
    partition: int | None
    partitions: int
    length: int | None
    """Offsets from the first to the last."""
    rate: float | None
    trend: list[tuple[float, None, None]]
    lags: list[GroupLag]
    sick: bool
    """A copy is not in sync, or there is no leader."""


class Worker(Struct, frozen=True, kw_only=True):
    """A member of a group. ``tail`` tells workers of one host apart."""

    tail: str
    client: str
    host: str
    reads: list[AssignedTopic]


class Crew(Struct, frozen=True, kw_only=True):
    """A group with its workers; ``workers`` is None where Kafka did not tell."""

    group: str
    standing: Standing
    workers: list[Worker] | None
    lag: Lag


class Disk(Struct, frozen=True, kw_only=True):
    """A log directory. ``taken`` is a share of 0..1, None where the broker does not tell."""

    seen: DiskSeen
    taken: float | None
    full: bool


class Pipeline(Struct, frozen=True, kw_only=True):
    """All that the page shows."""

    books: dict[Kind, Equation]
    outbox: Outbox
    outbox_old: bool
    brokers: list[BrokerSeen]
    under_replicated: int | None
    offline: int | None
    unknown: dict[str, str]
    lines: list[Line]
    crews: list[Crew]
    disks: list[Disk] | None
    reasons: list[ReasonShown]
    letters: DeadLetterPage | None
    letter: DeadLetterContent | None


class PipelinePage(Page[PipelineAsked]):
    """The loop's own health."""

    name = "pipeline"
    path = "/pipeline"
    section = "pipeline"
    asks = PipelineAsked
    seconds = 1.5

    def look(self, parts: Parts, asked: PipelineAsked, reader: Reader, at: datetime) -> Pipeline:
        """Read the latest report on the cluster from memory; outbox and dead letters from SQL."""
        report = parts.cluster.latest()
        totals = totals_of(parts)
        try:
            after = read_cursor(asked.cursor) if asked.cursor else None
        except ValueError:
            raise Refusal(400, "invalid", "cursor", "not a cursor of this list") from None
        with parts.readers() as session:
            outbox = outbox_of(session, at)
            reasons = list_reasons(session).reasons
            letters = None
            if asked.reason:
                wanted = LetterFilter(reason=asked.reason, topic=asked.origin or None)
                letters = list_letters(session, wanted, after, LETTERS_A_PAGE)
            row = session.get(DeadLetterRow, asked.letter) if asked.letter and reader.may("act") else None
        if asked.letter and reader.may("act") and row is None:
            raise Refusal(404, "missing", "letter", "there is no such dead letter")
        told = pipeline_of(report, totals, parts.trend, outbox, at)
        return Pipeline(
            books=told.books,
            outbox=outbox,
            outbox_old=outbox.oldest_seconds > OLD_MESSAGE_SECONDS,
            brokers=told.brokers,
            under_replicated=told.under_replicated_partitions,
            offline=told.offline_partitions,
            unknown=told.unknown,
            lines=_lines(told.topics, asked.topic, parts.cluster.trend),
            crews=_crews(report),
            disks=None if told.disks is None else [_disk(one) for one in told.disks],
            reasons=reasons,
            letters=letters,
            letter=None if row is None else content_of(row, parts.reader, at),
        )

    def audited(self, asked: PipelineAsked, reader: Reader) -> Act | None:
        """The bytes of a dead letter are personal."""
        return Act(action="letter_read", subject=asked.letter) if asked.letter and reader.may("act") else None


def _lines(topics: Sequence[TopicReport], unfolded: str, trend: ClusterTrend) -> list[Line]:
    """A line for each topic, and for each partition of the unfolded one."""
    found: list[Line] = []
    for topic in topics:
        name = topic.topic
        lengths = [_length(one) for one in topic.partitions]
        found.append(
            Line(
                id=f"topic-{name.replace('.', '-')}",
                topic=name,
                partition=None,
                partitions=len(topic.partitions),
                length=sum(one for one in lengths if one is not None) if None not in lengths else None,
                rate=topic.rate_per_second,
                trend=_points(trend.rates(name)),
                lags=[_group_lag(group, lag, trend, name, None) for group, lag in whole_lags(topic).items()],
                sick=any(_sick(one) for one in topic.partitions),
            )
        )
        if name != unfolded:
            continue
        found += [
            Line(
                id=f"topic-{name.replace('.', '-')}-{one.partition}",
                topic=name,
                partition=one.partition,
                partitions=1,
                length=_length(one),
                rate=one.rate_per_second,
                trend=_points(trend.rates(name, one.partition)),
                lags=[_group_lag(group, lag, trend, name, one.partition) for group, lag in one.lag.items()],
                sick=_sick(one),
            )
            for one in topic.partitions
        ]
    return found


def _group_lag(group: str, lag: Lag, trend: ClusterTrend, topic: str, partition: int | None) -> GroupLag:
    return GroupLag(
        group=group.removeprefix("closeloop-"),
        lag=lag,
        old=(lag.seconds or 0.0) > OLD_LAG_SECONDS,
        trend=_points(trend.lags(group, topic, partition)),
    )


def _points(values: Sequence[float]) -> list[tuple[float, None, None]]:
    return [(float(value), None, None) for value in values]


def _length(partition: PartitionReport) -> int | None:
    if partition.begin is None or partition.end is None:
        return None
    return partition.end - partition.begin


def _sick(partition: PartitionReport) -> bool:
    return partition.leader is None or partition.in_sync < partition.replicas


def _crews(report: ClusterReport | None) -> list[Crew]:
    return [
        Crew(
            group=group.group.removeprefix("closeloop-"),
            standing="unknown" if group.state is None else _STANDINGS.get(group.state, "moving"),
            workers=None
            if group.members is None
            else [
                Worker(tail=one.member[-TAIL_CHARACTERS:], client=one.client, host=one.host, reads=one.partitions)
                for one in group.members
            ],
            lag=group.lag,
        )
        for group in (report.groups if report is not None else [])
    ]


def _disk(seen: DiskSeen) -> Disk:
    taken = None
    if seen.size_bytes and seen.free_bytes is not None:
        taken = 1 - seen.free_bytes / seen.size_bytes
    return Disk(seen=seen, taken=taken, full=taken is not None and taken > FULL_SHARE)
