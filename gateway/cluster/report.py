"""Two looks at the cluster make a report: rates, and how far each group is behind. Pure."""

from collections import defaultdict
from collections.abc import Mapping

from msgspec import Struct

from gateway.cluster.looks import BrokerSeen, DiskSeen, Look, PartitionSeen, Place, Reading, readings
from schemas.topics import READERS


class Lag(Struct, frozen=True):
    """How far a group is behind at a partition. ``null``: not known.

    ``records`` is 0 exactly when nothing is left to read. Above that it counts offsets from the first unread record on,
    among them markers of transactions and what compaction has removed. ``seconds`` is the age of that first record.
    """

    records: int | None
    seconds: float | None


class PartitionReport(Struct, frozen=True, kw_only=True):
    """A partition: offsets from ``begin`` up to before ``end``; ``rate_per_second`` is how fast ``end`` grows."""

    partition: int
    begin: int | None
    end: int | None
    rate_per_second: float | None
    leader: int | None
    replicas: int
    in_sync: int
    lag: dict[str, Lag]
    """Group to its lag."""


class TopicReport(Struct, frozen=True, kw_only=True):
    """A topic of the catalogue."""

    topic: str
    rate_per_second: float | None
    partitions: list[PartitionReport]


class AssignedTopic(Struct, frozen=True):
    """Partitions of one topic that a member reads."""

    topic: str
    partitions: list[int]


class MemberReport(Struct, frozen=True, kw_only=True):
    """A member of a group: one worker, with what it reads."""

    member: str
    client: str
    host: str
    partitions: list[AssignedTopic]


class GroupReport(Struct, frozen=True, kw_only=True):
    """A group of readers. ``state`` is Kafka's word, such as ``stable`` or ``empty``; ``lag`` is the worst of all."""

    group: str
    state: str | None
    members: list[MemberReport] | None
    lag: Lag


class ClusterReport(Struct, frozen=True, kw_only=True):
    """What Kafka says at ``at`` (seconds since the epoch, UTC). ``unknown``: fact to why it is not known."""

    at: float
    brokers: list[BrokerSeen]
    under_replicated_partitions: int | None
    offline_partitions: int | None
    topics: list[TopicReport]
    groups: list[GroupReport]
    disks: list[DiskSeen] | None
    unknown: dict[str, str]


def make_report(look: Look, before: Look | None, readers: Mapping[str, tuple[str, ...]] = READERS) -> ClusterReport:
    """``before`` is an earlier look that the rates are counted from; without one they are not known.

    ``readers`` are the groups with the topics that each reads.
    """
    lags = {reading: _lag(look, reading, position) for reading, position in readings(look, readers).items()}
    copies = [*look.partitions.values(), *look.internal]
    return ClusterReport(
        at=look.at,
        brokers=sorted(look.brokers, key=lambda broker: broker.id),
        under_replicated_partitions=sum(one.in_sync < one.replicas for one in copies) if copies else None,
        offline_partitions=sum(one.leader is None for one in copies) if copies else None,
        topics=_topics(look, before, lags),
        groups=[_group(group, look, lags) for group in sorted(look.groups)],
        disks=None if look.disks is None else list(look.disks),
        unknown=dict(look.unknown),
    )


def _topics(look: Look, before: Look | None, lags: dict[Reading, Lag]) -> list[TopicReport]:
    by_place: dict[Place, dict[str, Lag]] = defaultdict(dict)
    for reading in sorted(lags):
        by_place[reading.place][reading.group] = lags[reading]
    topics: dict[str, list[PartitionReport]] = {}
    for place in sorted(look.partitions):
        seen = look.partitions[place]
        topics.setdefault(place.topic, []).append(
            PartitionReport(
                partition=place.partition,
                begin=seen.begin,
                end=seen.end,
                rate_per_second=_rate(look, before, place),
                leader=seen.leader,
                replicas=seen.replicas,
                in_sync=seen.in_sync,
                lag=by_place[place],
            )
        )
    return [
        TopicReport(topic=topic, rate_per_second=_sum([one.rate_per_second for one in parts]), partitions=parts)
        for topic, parts in topics.items()
    ]


def _rate(look: Look, before: Look | None, place: Place) -> float | None:
    """Offsets a second between the looks; ``None`` too for a topic that was made anew in between."""
    earlier = before.partitions.get(place) if before is not None else None
    now = look.partitions[place]
    if before is None or earlier is None or earlier.end is None or now.end is None or now.end < earlier.end:
        return None
    seconds = look.at - before.at
    return (now.end - earlier.end) / seconds if seconds > 0 else None


def _lag(look: Look, reading: Reading, position: int | None) -> Lag:
    partition: PartitionSeen = look.partitions[reading.place]
    if position is None or partition.stable_end is None:
        return Lag(None, None)
    behind = max(0, partition.stable_end - position)
    if behind == 0:
        return Lag(0, 0.0)
    if reading not in look.unread:
        return Lag(behind, None)
    first = look.unread[reading]
    if first is None:
        return Lag(0, 0.0)  # what lies behind is a transaction's marker, or an aborted one's records
    age = max(0.0, look.at - first.timestamp_ms / 1000) if first.timestamp_ms else None
    return Lag(max(1, partition.stable_end - first.offset), age)


def _group(group: str, look: Look, lags: dict[Reading, Lag]) -> GroupReport:
    seen = look.groups[group]
    mine = [lag for reading, lag in lags.items() if reading.group == group]
    members = None
    if seen.members is not None:
        members = [
            MemberReport(member=one.id, client=one.client, host=one.host, partitions=_assigned(one.partitions))
            for one in sorted(seen.members, key=lambda one: (one.host, one.client, one.id))
        ]
    ages = [lag.seconds for lag in mine]
    records = _sum([lag.records for lag in mine])
    return GroupReport(
        group=group,
        state=seen.state,
        members=members,
        lag=Lag(
            None if records is None else int(records),
            None if not ages or None in ages else max(age for age in ages if age is not None),
        ),
    )


def _assigned(places: tuple[Place, ...]) -> list[AssignedTopic]:
    topics: dict[str, list[int]] = {}
    for place in sorted(places):
        topics.setdefault(place.topic, []).append(place.partition)
    return [AssignedTopic(topic, numbers) for topic, numbers in topics.items()]


def _sum(numbers: list[float | None] | list[int | None]) -> float | None:
    """The sum, or ``None`` as soon as one of them is not known."""
    total = 0.0
    for number in numbers:
        if number is None:
            return None
        total += number
    return total if numbers else None
