"""What one look at the cluster saw. Plain data: no Kafka, no clock."""

from collections.abc import Mapping

from msgspec import Struct


class Place(Struct, frozen=True, order=True):
    """A partition of a topic."""

    topic: str
    partition: int


class BrokerSeen(Struct, frozen=True):
    """A broker that the cluster names."""

    id: int
    host: str
    port: int


class PartitionSeen(Struct, frozen=True, kw_only=True):
    """A partition: its copies and its offsets.

    ``end`` is the next offset to be written, ``stable_end`` the first that readers of committed records cannot have
    yet: they differ while a transaction is open. Both count the markers of transactions. ``None``: not known.
    """

    leader: int | None
    replicas: int
    in_sync: int
    begin: int | None = None
    stable_end: int | None = None
    end: int | None = None


class MemberSeen(Struct, frozen=True):
    """A member of a group: a worker and the partitions that it has."""

    id: str
    client: str
    host: str
    partitions: tuple[Place, ...]


class GroupSeen(Struct, frozen=True):
    """A group of readers. ``members`` and ``committed`` are ``None`` where the cluster did not tell."""

    state: str | None
    members: tuple[MemberSeen, ...] | None
    committed: dict[Place, int] | None
    """The offset that each partition will be read from next; what was never committed is absent."""


class DiskSeen(Struct, frozen=True, kw_only=True):
    """A log directory of a broker, bytes. ``None`` before Kafka 3.3, which does not tell."""

    broker: int
    log_dir: str
    size_bytes: int | None
    free_bytes: int | None
    loop_bytes: int
    """What the topics of the catalogue take of it."""


class Unread(Struct, frozen=True):
    """The first record that a group has not read. ``timestamp_ms`` is the record's own, or 0 where it has none."""

    offset: int
    timestamp_ms: int


class Reading(Struct, frozen=True, order=True):
    """A group at a partition."""

    group: str
    place: Place


class Look(Struct, frozen=True, kw_only=True):
    """One look. ``at`` is in seconds since the epoch, UTC.

    ``unread`` holds what was asked for: a record, or ``None`` for certainly none. ``unknown`` says for each fact that
    could not be had, why. ``disks`` is ``None`` where not known.
    """

    at: float
    brokers: tuple[BrokerSeen, ...] = ()
    partitions: dict[Place, PartitionSeen] = {}
    internal: tuple[PartitionSeen, ...] = ()
    """Partitions of Kafka's own topics, on which commits and transactions rest."""
    groups: dict[str, GroupSeen] = {}
    unread: dict[Reading, Unread | None] = {}
    disks: tuple[DiskSeen, ...] | None = None
    unknown: dict[str, str] = {}


def readings(look: Look, readers: Mapping[str, tuple[str, ...]]) -> dict[Reading, int | None]:
    """Which group reads which partition and from which offset next; ``None`` where that is not known. Pure.

    A group reads the topics that ``readers`` name, from their beginning where it has committed nothing yet, and what
    else it has committed offsets of or has assigned to a member.
    """
    found: dict[Reading, int | None] = {}
    for group, seen in look.groups.items():
        places = {place for place in look.partitions if place.topic in readers.get(group, ())}
        places.update(place for member in seen.members or () for place in member.partitions)
        places.update(seen.committed or ())
        places.intersection_update(look.partitions)
        for place in places:
            found[Reading(group, place)] = _position(look.partitions[place], seen.committed, place)
    return found


def _position(partition: PartitionSeen, committed: dict[Place, int] | None, place: Place) -> int | None:
    if committed is None or partition.begin is None:
        return None
    return max(committed.get(place, 0), partition.begin)
