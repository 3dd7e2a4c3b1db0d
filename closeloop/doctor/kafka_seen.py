"""What is seen of Kafka. Nothing is written: all of it comes from questions that change nothing."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Collection, Sequence
from datetime import UTC, datetime
from typing import TypeVar

from kafka.admin import KafkaAdminClient
from kafka.errors import (
    KafkaError,
    TransactionalIdAuthorizationFailedError,
    TransactionalIdNotFoundError,
)
from msgspec import Struct

from closeloop.broker.errors import BrokerError
from closeloop.broker.topics_admin import Difference, OtherReplication, check_topics
from closeloop.cluster import lag
from closeloop.cluster.asking import Asker, GroupSeen, Partition, TopicSeen
from gateway.cluster.report import ClusterReport
from schemas.kafka_link import PLAINTEXT, KafkaLink, KafkaSecurity, Login
from schemas.kafka_python import kafka_python
from schemas.settings import Settings
from schemas.topics import (
    ASSIGNED_READERS,
    CASES,
    PARTIALS,
    RESPONSES,
    STREAMS_GROUP,
    TOUCHPOINTS,
    TopicSpec,
    catalogue,
    readers_of_topics,
)

REACH_S = 5.0
"""How long the cluster has for its first answer."""
_TRIES = 3
_PAUSE_S = 1.0

T = TypeVar("T")


class Rights(Struct, frozen=True, kw_only=True):
    """What these settings' user may do, by Kafka's names of the operations."""

    topics: dict[str, frozenset[str]]
    groups: dict[str, frozenset[str]]
    """Every group that reads; nothing is known to be allowed of one that may not even be seen."""
    cluster: frozenset[str]
    transactions: dict[str, bool]
    """Transactional id to whether it may be seen."""
    principal: str = "User:NAME"
    """Whom Kafka takes us for, as far as the settings tell."""


class BrokerClock(Struct, frozen=True):
    """A record's time by the broker's clock, held against this machine's."""

    ahead_s: float
    """How far the broker is ahead; behind where negative."""
    certain: bool
    """The record came while it was looked at. Else it is an old one, and only a broker that is ahead is seen by it."""


class KafkaSeen(Struct, frozen=True, kw_only=True):
    """Everything about Kafka. ``problem`` says that nobody answers: then there is nothing else."""

    address: str
    embedded: bool = False
    problem: str = ""
    version: tuple[int, ...] = ()
    brokers: int = 0
    copies: int = 1
    """The fewest copies of a partition of ours."""
    topics: dict[str, TopicSeen] = {}
    differences: tuple[Difference, ...] = ()
    rights: Rights | None = None
    report: ClusterReport | None = None
    clock: BrokerClock | None = None
    unknown: dict[str, str] = {}
    """What could not be asked, and why."""


def look(settings: Settings, *, timeline: bool = True) -> KafkaSeen:
    """Ask the cluster of these settings, whose loop keeps customers' timelines or does not."""
    readers = readers_of_topics(timeline=timeline)
    try:
        asker = Asker(settings.kafka_link, REACH_S)
    except BrokerError as error:
        return KafkaSeen(address=settings.kafka, embedded=settings.embedded_broker, problem=str(error))
    if settings.embedded_broker:
        return KafkaSeen(address=settings.kafka, embedded=True, brokers=len(asker.brokers))
    unknown: dict[str, str] = {}
    names = [spec.name for spec in catalogue()]
    topics = _known("topics", lambda: asker.topics(names), unknown) or {}
    arrivals = [
        Partition(name, one.number)
        for name in (TOUCHPOINTS, RESPONSES)
        for one in (topics[name].partitions if name in topics else ())
    ]
    before = _known("the broker's clock", lambda: asker.newest_times(arrivals), unknown) or {}
    began = datetime.now(UTC)
    copies = min((one.copies for topic in topics.values() for one in topic.partitions), default=1)
    specs = catalogue(settings.partitions, copies)
    visible = [spec for spec in specs if spec.name not in topics or topics[spec.name].partitions]
    found = _known("settings of topics", lambda: check_topics(settings.kafka_link, visible, 5.0), unknown) or []
    rights = _known("permissions", lambda: _rights(asker, settings, topics, specs, readers), unknown)
    report = _known("groups", lambda: lag.look(settings, readers), unknown)
    version = _known("version", lambda: _version(settings.kafka_link, min(asker.brokers, default=0)), unknown) or ()
    after = _known("the broker's clock", lambda: asker.newest_times(arrivals), unknown) or {}
    return KafkaSeen(
        address=settings.kafka,
        version=version,
        brokers=len(asker.brokers),
        copies=copies,
        topics=topics,
        differences=tuple(one for one in found if not isinstance(one, OtherReplication)),
        rights=rights,
        report=report,
        clock=clock_of(before, after, began, datetime.now(UTC)),
        unknown=unknown,
    )


def clock_of(
    before: dict[Partition, tuple[int, datetime]],
    after: dict[Partition, tuple[int, datetime]],
    began: datetime,
    ended: datetime,
) -> BrokerClock | None:
    """The broker's clock by the times it gave to records: between two looks, by our clock. Pure.

    A record that came in between has a time of that span. Of an older one only this is known: it is not of the future.
    ``None`` where there is no record at all.
    """
    new = [at for place, (offset, at) in after.items() if place not in before or before[place][0] < offset]
    if new:
        newest = max(new)
        if newest < began:
            return BrokerClock((newest - began).total_seconds(), True)
        return BrokerClock(max((newest - ended).total_seconds(), 0.0), True)
    if not after:
        return None
    return BrokerClock(max((max(at for _, at in after.values()) - ended).total_seconds(), 0.0), False)


def transactional_ids(partitions: dict[str, int]) -> list[str]:
    """The transactional ids of the streams: one for each source partition."""
    return [
        f"{STREAMS_GROUP}-{topic}-{number}"
        for topic in (TOUCHPOINTS, RESPONSES, CASES, PARTIALS)
        for number in range(partitions.get(topic, 0))
    ]


def _rights(
    asker: Asker,
    settings: Settings,
    topics: dict[str, TopicSeen],
    specs: Sequence[TopicSpec],
    groups: Collection[str],
) -> Rights:
    names = [*groups, *ASSIGNED_READERS]
    seen: dict[str, GroupSeen] = asker.groups(names)
    partitions = {name: len(topic.partitions) for name, topic in topics.items()}
    ids = transactional_ids({spec.name: partitions.get(spec.name, spec.partitions) for spec in specs})
    return Rights(
        topics={name: topic.allowed for name, topic in topics.items()},
        groups={name: seen[name].allowed if name in seen else frozenset() for name in names},
        cluster=asker.cluster_allowed(),
        transactions=_transactions(settings.kafka_link, ids),
        principal=_principal(settings.kafka_security),
    )


def _principal(security: KafkaSecurity) -> str:
    """By Kafka's default rules. A certificate's or a token's subject is the broker's to map."""
    if security == PLAINTEXT:
        return "User:ANONYMOUS"
    return f"User:{security.sign_in.username}" if isinstance(security.sign_in, Login) else "User:NAME"


def _transactions(kafka: KafkaLink, ids: Sequence[str]) -> dict[str, bool]:
    admin = KafkaAdminClient(**kafka_python(kafka), bootstrap_timeout_ms=5_000)
    try:
        found: dict[str, bool] = {}
        for name in ids:
            found[name] = True
            with contextlib.suppress(TransactionalIdNotFoundError):
                try:
                    admin.describe_transactions([name])
                except TransactionalIdAuthorizationFailedError:
                    found[name] = False
        return found
    finally:
        admin.close()


def _version(kafka: KafkaLink, broker: int) -> tuple[int, ...]:
    admin = KafkaAdminClient(**kafka_python(kafka), bootstrap_timeout_ms=5_000)
    try:
        return tuple(admin.get_broker_version_data(broker).broker_version)
    finally:
        admin.close()


def _known(what: str, ask: Callable[[], T], unknown: dict[str, str]) -> T | None:
    """The answer, or ``None`` with the reason kept: one question that fails leaves the others standing."""
    for left in range(_TRIES - 1, -1, -1):
        try:
            answer = ask()
        except (BrokerError, KafkaError) as error:
            unknown[what] = str(error) or type(error).__name__
        else:
            unknown.pop(what, None)
            return answer
        if left:
            time.sleep(_PAUSE_S)  # a cluster that has just begun, or elects, answers a moment later
    return None
