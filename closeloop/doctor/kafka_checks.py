"""What is wrong with Kafka, with its topics, permissions and groups. Pure: everything was observed before."""

from collections.abc import Iterator, Set

from closeloop.broker.topics_admin import MissingTopic, OtherConfig, OtherPartitions, remedy
from closeloop.doctor.kafka_seen import KafkaSeen, Rights
from closeloop.doctor.permissions import ROOM_OF, ROOMS, RoomName, needs, spoken
from closeloop.findings import Finding
from closeloop.printing import in_bytes, in_time
from gateway.cluster.looks import DiskSeen
from gateway.cluster.report import GroupReport
from schemas.topics import READERS, STREAMS_GROUP

OLDEST = (2, 8)
"""The oldest Kafka whose protocol all of our clients speak."""
LAG_WARNING_S = 60.0
LAG_WRONG_S = 600.0
CLOCK_WARNING_S = 5.0
CLOCK_WRONG_S = 60.0
DISK_WARNING = 0.15
DISK_WRONG = 0.05


def check_kafka(seen: KafkaSeen, rooms: Set[RoomName] = ROOMS) -> Iterator[Finding]:
    """All findings about Kafka. ``rooms`` are those that run as this user, of whom the permissions are."""
    if seen.problem:
        yield Finding(
            level="wrong",
            subject="Kafka",
            said=seen.problem,
            means="no event is taken or counted, and nobody is told of anything new",
            remedy="look at KAFKA_BOOTSTRAP_SERVERS, at the brokers and at the network between",
        )
        return
    if seen.embedded:
        yield Finding(
            level="warning",
            subject="Kafka",
            said=f"the embedded broker answers at {seen.address}",
            means="everything is lost when it stops; its topics, groups and permissions cannot be looked at",
            remedy="closeloop up --broker local, or your own cluster",
        )
        return
    yield from _version(seen)
    yield from _topics(seen)
    yield from _copies(seen)
    if seen.rights is not None:
        yield from check_rights(seen.rights, rooms)
    if seen.report is not None:
        yield from (finding for group in seen.report.groups for finding in _group(group))
        yield from (finding for disk in seen.report.disks or [] for finding in _disk(disk))
    yield from _clock(seen)
    for what, why in seen.unknown.items():
        yield Finding(
            level="warning",
            subject=f"Kafka, {what}",
            said=f"not known: {why}",
            means="it was not checked",
            remedy="run this again, with a user who may describe it",
        )


def _version(seen: KafkaSeen) -> Iterator[Finding]:
    version = ".".join(map(str, seen.version)) or "of an unknown version"
    if seen.version and seen.version < OLDEST:
        yield Finding(
            level="wrong",
            subject="Kafka",
            said=f"version {version} is older than {'.'.join(map(str, OLDEST))}",
            means="transactions, on which counting once rests, are not what the streams need",
            remedy="upgrade the brokers",
        )
    else:
        said = f"{version}, {seen.brokers} broker{'s' * (seen.brokers != 1)} at {seen.address}"
        yield Finding(level="ok", subject="Kafka", said=said)


def _topics(seen: KafkaSeen) -> Iterator[Finding]:
    wrong = {difference.topic for difference in seen.differences}
    for difference in seen.differences:
        meaning = {
            MissingTopic: "the rooms that read or write it wait for it",
            OtherConfig: "records go too early or stay too long, or an arrival is not the broker's clock",
            OtherPartitions: "customers' state lies on other partitions than their events",
        }.get(type(difference), "")
        subject, said = f"topic {difference.topic}", str(difference).partition(": ")[2]
        yield Finding(level="wrong", subject=subject, said=said, means=meaning, remedy=remedy(difference))
    for name, topic in sorted(seen.topics.items()):
        leaderless = [one.number for one in topic.partitions if one.leader is None]
        lacking = [one.number for one in topic.partitions if one.in_sync < one.copies and one.leader is not None]
        if leaderless:
            yield Finding(
                level="wrong",
                subject=f"topic {name}",
                said=f"partitions {_listed(leaderless)} have no leader",
                means="their customers' events are neither taken nor counted until a broker with a copy is back",
                remedy="start the broker that is down",
            )
        elif lacking:
            yield Finding(
                level="warning",
                subject=f"topic {name}",
                said=f"copies of partitions {_listed(lacking)} are behind",
                means="one more broker down, and events are refused or lost",
                remedy="start the broker that is down, and look at its disk",
            )
        elif topic.partitions and name not in wrong:
            yield Finding(level="ok", subject=f"topic {name}", said=f"{len(topic.partitions)} partitions, all well")


def _copies(seen: KafkaSeen) -> Iterator[Finding]:
    if seen.brokers >= 3 and seen.copies < 3 and any(topic.partitions for topic in seen.topics.values()):
        yield Finding(
            level="warning",
            subject="copies",
            said=f"topics have {seen.copies}, on {seen.brokers} brokers",
            means="the loss of one broker's disk loses events",
            remedy="kafka-reassign-partitions.sh adds copies; closeloop topics create --replication 3",
        )


def check_rights(rights: Rights, of: Set[RoomName] = ROOMS) -> Iterator[Finding]:
    """What these rooms need and may not do. They run as the user of these settings."""
    lacking = 0
    for topic, needed in needs().items():
        if topic not in rights.topics:
            continue  # it is missing, which another finding says
        missing = sorted(
            operation for operation in needed if needed[operation] & of and operation not in rights.topics[topic]
        )
        if missing:
            lacking += 1
            rooms = sorted({room for operation in missing for room in needed[operation] & of})
            options = " ".join(f"--operation {spoken(operation)}" for operation in missing)
            yield Finding(
                level="wrong",
                subject=f"permission on topic {topic}",
                said=f"may not {', '.join(map(spoken, missing))}",
                means=f"{', '.join(rooms)} cannot work with it",
                remedy=f"kafka-acls.sh --add --allow-principal {rights.principal} {options} --topic {topic}",
            )
    groups = {group: allowed for group, allowed in rights.groups.items() if ROOM_OF[group] in of}
    for group, allowed in groups.items():
        joined = group in READERS
        missing = sorted(({"READ", "DESCRIBE"} if joined else {"DESCRIBE"}) - allowed)
        if missing:
            lacking += 1
            operation = "Read" if joined else "Describe"
            yield Finding(
                level="wrong",
                subject=f"permission on group {group}",
                said=f"may not {', '.join(map(spoken, missing))}",
                means=f"{ROOM_OF[group]} cannot {'join it, and reads nothing' if joined else 'read by this name'}",
                remedy=f"kafka-acls.sh --add --allow-principal {rights.principal} --operation {operation}"
                f" --group {group}",
            )
    transactions = rights.transactions if "streams" in of else {}
    hidden = [name for name, may in transactions.items() if not may]
    if hidden:
        lacking += 1
        yield Finding(
            level="wrong",
            subject="permission on transactional ids",
            said=f"{len(hidden)} of {len(transactions)} may not be used, such as {hidden[0]}",
            means="streams cannot make its state durable, and stops",
            remedy=f"kafka-acls.sh --add --allow-principal {rights.principal} --operation Write --transactional-id"
            f" {STREAMS_GROUP}- --resource-pattern-type prefixed",
        )
    if of == ROOMS and "CREATE" not in rights.cluster:
        yield Finding(
            level="warning",
            subject="permission on the cluster",
            said="may not create topics",
            means="closeloop topics create has to be run by somebody who may",
            remedy=f"kafka-acls.sh --add --allow-principal {rights.principal} --operation Create --cluster",
        )
    if not lacking:
        said = f"{len(rights.topics)} topics, {len(groups)} groups, {len(transactions)} transactional ids"
        yield Finding(level="ok", subject="permissions", said=said)


def _group(group: GroupReport) -> Iterator[Finding]:
    subject, room = f"group {group.group}", ROOM_OF.get(group.group, "")
    if group.members is None:
        return
    if not group.members:
        yield Finding(
            level="wrong",
            subject=subject,
            said=f"no member is running ({group.state})",
            means={
                "streams": "events wait: nothing is counted and nobody is flagged",
                "consumers": "alerts wait: no case is opened and nobody is told",
            }.get(room, "nothing is read"),
            remedy=f"closeloop {room}; its log says why it ended",
        )
        return
    members = f"{len(group.members)} member{'s' * (len(group.members) != 1)}"
    waiting = group.lag.seconds
    if group.lag.records is not None and waiting is not None and waiting > LAG_WARNING_S and group.lag.records:
        yield Finding(
            level="wrong" if waiting > LAG_WRONG_S else "warning",
            subject=subject,
            said=f"{members}, {group.lag.records} records behind, the oldest waits for {in_time(waiting)}",
            means="metrics, cards and cases come that late",
            remedy=f"closeloop topics lag; start more {room}, docs/scaling.md",
        )
        return
    behind = "lag not known" if group.lag.records is None else f"{group.lag.records} records behind"
    level = "ok" if group.state == "stable" else "warning"
    yield Finding(
        level="ok" if level == "ok" else "warning",
        subject=subject,
        said=f"{members}, {behind}" + ("" if level == "ok" else f", {group.state}"),
        means="" if level == "ok" else "partitions are being given out anew",
        remedy="" if level == "ok" else "run this again in a minute",
    )


def _disk(disk: DiskSeen) -> Iterator[Finding]:
    if not disk.size_bytes or disk.free_bytes is None:
        return
    share = disk.free_bytes / disk.size_bytes
    subject = f"disk of broker {disk.broker}"
    said = (
        f"{in_bytes(disk.free_bytes)} of {in_bytes(disk.size_bytes)} free, closeloop takes {in_bytes(disk.loop_bytes)}"
    )
    if share >= DISK_WARNING:
        yield Finding(level="ok", subject=subject, said=said)
        return
    yield Finding(
        level="wrong" if share < DISK_WRONG else "warning",
        subject=subject,
        said=said,
        means="a broker whose disk is full stops, and takes nothing more",
        remedy=f"give {disk.log_dir} room; closeloop topics list shows what is large",
    )


def _clock(seen: KafkaSeen) -> Iterator[Finding]:
    if seen.clock is None:
        return
    ahead = seen.clock.ahead_s
    if abs(ahead) <= CLOCK_WARNING_S:
        if seen.clock.certain:
            yield Finding(level="ok", subject="clock of the broker", said="as this machine's")
        else:
            said = "not ahead of this machine's; no event came while it was looked at, so it may be behind"
            yield Finding(level="ok", subject="clock of the broker", said=said)
        return
    yield Finding(
        level="wrong" if abs(ahead) > CLOCK_WRONG_S else "warning",
        subject="clock of the broker",
        said=f"{in_time(abs(ahead))} {'ahead of' if ahead > 0 else 'behind'} this machine's",
        means="events are judged by it: those of the right time may be dead letters (future), or windows end early",
        remedy="let both machines keep time by NTP: timedatectl set-ntp true",
    )


def _listed(numbers: list[int]) -> str:
    return ", ".join(map(str, numbers))
