"""What each room has to be allowed on a cluster with an authorizer. Pure."""

from collections.abc import Iterable, Iterator
from typing import Literal, get_args

from msgspec import Struct

from schemas.topics import (
    ALERTS,
    ASSIGNED_READERS,
    READERS,
    RESPONSES,
    STREAMS_GROUP,
    TOUCHPOINTS,
    catalogue,
)

RoomName = Literal["streams", "consumers", "gateway"]
ROOMS: frozenset[RoomName] = frozenset(get_args(RoomName))
ROOM_OF: dict[str, str] = {
    **{group: "streams" if group == STREAMS_GROUP else "consumers" for group in READERS},
    **ASSIGNED_READERS,
}
"""Consumer group to the room that reads by this name."""
TRANSACTIONS = f"{STREAMS_GROUP}-"
"""How the transactional ids of the streams begin."""


class Permission(Struct, frozen=True, order=True):
    """One rule, by Kafka's names: the kind of resource as an option of ``kafka-acls.sh`` has it."""

    kind: Literal["topic", "group", "transactional-id", "cluster"]
    name: str
    operations: tuple[str, ...]
    prefixed: bool = False
    """For everything whose name begins like that."""


def needs() -> dict[str, dict[str, set[RoomName]]]:
    """Topic to operation to the rooms that need it: from the catalogue, and what goes beyond its main ways."""
    found: dict[str, dict[str, set[RoomName]]] = {}
    for spec in catalogue():
        operations = found.setdefault(spec.name, {"DESCRIBE": set(ROOMS)})
        for operation, rooms in (("READ", spec.read_by), ("WRITE", spec.written_by)):
            for room in ROOMS & set(rooms):
                operations.setdefault(operation, set()).add(room)
    for topic in (TOUCHPOINTS, RESPONSES):  # what lies on another partition than its customer's is sent on
        found[topic].setdefault("WRITE", set()).add("streams")
    found[ALERTS].setdefault("WRITE", set()).add("gateway")  # a dead letter that is sent again
    return found


def needed_by(room: RoomName) -> list[Permission]:
    """Every rule that a room has to have, and no other."""
    topics = {
        topic: {operation for operation, rooms in operations.items() if room in rooms}
        for topic, operations in needs().items()
    }
    found: list[Permission] = []
    if room == "gateway":
        # The page of the pipeline says how long the oldest record waits, and an export holds the answers' own words.
        for topic in {topic for read in READERS.values() for topic in read}:
            topics[topic].add("READ")
        found += [Permission("group", group, ("DESCRIBE",)) for group in READERS]
        found.append(Permission("cluster", "kafka-cluster", ("DESCRIBE",)))
    found += [Permission("group", name, ("DESCRIBE",)) for name, owner in ASSIGNED_READERS.items() if owner == room]
    if room == "streams":
        found.append(Permission("transactional-id", TRANSACTIONS, ("WRITE",), prefixed=True))
    found += [Permission("group", group, ("READ",)) for group in READERS if ROOM_OF[group] == room]
    # Who may read or write may describe.
    found += [
        Permission("topic", topic, tuple(sorted(operations - {"DESCRIBE"})) or ("DESCRIBE",))
        for topic, operations in topics.items()
    ]
    return sorted(found)


def acl_commands(principal: str, permissions: Iterable[Permission]) -> Iterator[str]:
    """The options of ``kafka-acls.sh`` that give these permissions, a rule a line."""
    for one in permissions:
        operations = " ".join(f"--operation {spoken(operation)}" for operation in one.operations)
        resource = "--cluster" if one.kind == "cluster" else f"--{one.kind} {one.name}"
        pattern = " --resource-pattern-type prefixed" if one.prefixed else ""
        yield f"--add --allow-principal {principal} {operations} {resource}{pattern}"


def spoken(operation: str) -> str:
    """``DescribeConfigs`` of ``DESCRIBE_CONFIGS``, as kafka-acls.sh takes it."""
    return "".join(part.capitalize() for part in operation.split("_"))
