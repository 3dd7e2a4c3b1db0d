"""Every check of the doctor, held against what was observed: what it says, what that means, and what mends it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from closeloop.broker.topics_admin import MissingTopic, OtherConfig, OtherPartitions
from closeloop.cluster.asking import Partition, PartitionSeen, TopicSeen
from closeloop.database.standing import Standing
from closeloop.doctor.kafka_checks import check_kafka
from closeloop.doctor.kafka_seen import BrokerClock, KafkaSeen, Rights, clock_of, transactional_ids
from closeloop.doctor.other_checks import (
    check_configuration,
    check_database,
    check_disk,
    check_gateway,
    check_keys,
    check_settings,
    check_slack,
)
from closeloop.doctor.other_seen import ConfigurationSeen, DatabaseSeen, DiskSeen, GatewaySeen, outside
from closeloop.doctor.permissions import needs
from closeloop.findings import Finding
from gateway.cluster.looks import DiskSeen as BrokerDisk
from gateway.cluster.report import ClusterReport, GroupReport, Lag, MemberReport
from schemas.settings import Settings
from schemas.topics import ALERTS, DESK_GROUP, READERS, RESPONSES, STREAMS_GROUP, TOUCHPOINTS, catalogue

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
EVERYTHING = frozenset({"READ", "WRITE", "DESCRIBE", "CREATE"})
GIB = 1 << 30


def topic(name: str, *, in_sync: int = 1, copies: int = 1, leader: int | None = 1) -> TopicSeen:
    return TopicSeen(name, tuple(PartitionSeen(n, leader, copies, in_sync) for n in range(3)), EVERYTHING)


def rights() -> Rights:
    return Rights(
        topics=dict.fromkeys((spec.name for spec in catalogue()), EVERYTHING),
        groups=dict.fromkeys(READERS, EVERYTHING),
        cluster=EVERYTHING,
        transactions={f"{STREAMS_GROUP}-{RESPONSES}-0": True},
    )


def group(name: str, members: int = 1, records: int = 0, seconds: float = 0.0, state: str = "stable") -> GroupReport:
    who = [MemberReport(member=f"m{n}", client="c", host="h", partitions=[]) for n in range(members)]
    return GroupReport(group=name, state=state, members=who, lag=Lag(records, seconds))


def report(*groups: GroupReport, disks: list[BrokerDisk] | None = None) -> ClusterReport:
    return ClusterReport(
        at=NOW.timestamp(), brokers=[], under_replicated_partitions=0, offline_partitions=0, topics=[],
        groups=list(groups) or [group(name) for name in READERS], disks=disks, unknown={},
    )  # fmt: skip


def well() -> KafkaSeen:
    return KafkaSeen(
        address="k:9092",
        version=(4, 1),
        brokers=1,
        topics={spec.name: topic(spec.name) for spec in catalogue()},
        rights=rights(),
        report=report(),
        clock=BrokerClock(0.0, True),
    )


def unwell(findings: Iterable[Finding]) -> list[Finding]:
    found = [finding for finding in findings if finding.level != "ok"]
    for finding in found:
        assert finding.said, finding
        assert finding.means, finding
        assert finding.remedy, finding
    return found


def only(findings: Iterable[Finding]) -> Finding:
    (finding,) = unwell(findings)
    return finding


def kafka(**changed: object) -> Finding:
    return only(check_kafka(msgspec.structs.replace(well(), **changed)))


def test_all_is_well() -> None:
    assert unwell(check_kafka(well())) == []


def test_nobody_answers_is_the_one_finding() -> None:
    found = list(check_kafka(KafkaSeen(address="k:9092", problem="No Kafka answers")))
    assert [finding.level for finding in found] == ["wrong"]
    assert "KAFKA_BOOTSTRAP_SERVERS" in only(found).remedy


def test_the_embedded_broker_is_named_for_what_it_is() -> None:
    assert "everything is lost" in only(check_kafka(KafkaSeen(address="k", embedded=True))).means


def test_an_old_version() -> None:
    assert kafka(version=(2, 4)).said == "version 2.4 is older than 2.8"


@pytest.mark.parametrize(
    ("difference", "remedy"),
    [
        (MissingTopic(ALERTS), "closeloop topics create"),
        (OtherConfig(ALERTS, "retention.ms", "1", "2"), "closeloop topics mend"),
        (OtherPartitions(ALERTS, 3, 6), "CLOSELOOP_PARTITIONS=6"),
    ],
)
def test_topics_that_differ(difference: object, remedy: str) -> None:
    finding = kafka(differences=(difference,))
    assert (finding.level, finding.subject) == ("wrong", f"topic {ALERTS}")
    assert remedy in finding.remedy


def test_partitions_without_a_leader_and_copies_that_are_behind() -> None:
    lost = kafka(topics=well().topics | {ALERTS: topic(ALERTS, leader=None)})
    assert (lost.level, lost.said) == ("wrong", "partitions 0, 1, 2 have no leader")
    behind = kafka(topics=well().topics | {ALERTS: topic(ALERTS, copies=3, in_sync=2)}, copies=3)
    assert (behind.level, behind.said) == ("warning", "copies of partitions 0, 1, 2 are behind")


def test_one_copy_on_three_brokers() -> None:
    assert "kafka-reassign-partitions.sh" in kafka(brokers=3).remedy
    assert unwell(check_kafka(msgspec.structs.replace(well(), brokers=3, copies=3))) == []


def test_what_a_room_may_not_do() -> None:
    may = rights()
    topics = may.topics | {ALERTS: frozenset({"DESCRIBE", "WRITE"})}
    finding = kafka(rights=msgspec.structs.replace(may, topics=topics))
    assert (finding.subject, finding.said) == (f"permission on topic {ALERTS}", "may not Read")
    assert finding.means == "consumers cannot work with it"
    assert f"--operation Read --topic {ALERTS}" in finding.remedy
    finding = kafka(rights=msgspec.structs.replace(may, groups=may.groups | {DESK_GROUP: frozenset()}))
    assert finding.said == "may not Describe, Read"
    finding = kafka(rights=msgspec.structs.replace(may, transactions={"a": True, "b": False}))
    assert finding.said == "1 of 2 may not be used, such as b"
    finding = kafka(rights=msgspec.structs.replace(may, cluster=frozenset()))
    assert finding.level == "warning"


def test_what_each_room_needs() -> None:
    needed = needs()
    assert needed[ALERTS] == {
        "DESCRIBE": {"streams", "consumers", "gateway"},
        "READ": {"consumers"},
        "WRITE": {"streams", "gateway"},
    }
    assert needed[TOUCHPOINTS]["WRITE"] == {"gateway", "streams"}
    assert set(needed) == {spec.name for spec in catalogue()}
    assert transactional_ids({RESPONSES: 2, ALERTS: 3}) == [f"{STREAMS_GROUP}-{RESPONSES}-{n}" for n in (0, 1)]


def test_groups_nobody_of_which_runs_and_those_that_are_behind() -> None:
    gone = kafka(report=report(group(STREAMS_GROUP, members=0, state="empty")))
    assert (gone.level, gone.remedy.partition(";")[0]) == ("wrong", "closeloop streams")
    assert "nothing is counted" in gone.means
    slow = kafka(report=report(group(DESK_GROUP, records=500, seconds=180)))
    assert (slow.level, slow.said) == ("warning", "1 member, 500 records behind, the oldest waits for 3 min")
    late = kafka(report=report(group(DESK_GROUP, records=5, seconds=7200)))
    assert late.level == "wrong"
    turning = kafka(report=report(group(DESK_GROUP, state="preparing_rebalancing")))
    assert turning.level == "warning"
    assert unwell(check_kafka(msgspec.structs.replace(well(), report=report(group(DESK_GROUP, records=9))))) == []


@pytest.mark.parametrize(("free", "level"), [(4, "wrong"), (10, "warning")])
def test_the_disk_of_a_broker(free: int, level: str) -> None:
    disk = BrokerDisk(broker=2, log_dir="/logs", size_bytes=100 * GIB, free_bytes=free * GIB, loop_bytes=GIB)
    finding = kafka(report=report(disks=[disk]))
    assert (finding.level, finding.subject) == (level, "disk of broker 2")
    assert "/logs" in finding.remedy


def test_the_clock_of_the_broker_by_the_records_it_stamps() -> None:
    place, later = Partition(RESPONSES, 0), NOW + timedelta(seconds=4)

    def ahead(before: int, after: int, seconds: float) -> BrokerClock | None:
        at = NOW + timedelta(seconds=seconds)
        return clock_of({place: (before, NOW)}, {place: (after, at)}, NOW, later)

    assert ahead(5, 6, 2) == BrokerClock(0.0, True)
    assert ahead(5, 6, 34) == BrokerClock(30.0, True)
    assert ahead(5, 6, -90) == BrokerClock(-90.0, True)
    assert ahead(5, 5, -90) == BrokerClock(0.0, False), "an old record proves nothing of a clock that is behind"
    assert ahead(5, 5, 34) == BrokerClock(30.0, False)
    assert clock_of({}, {}, NOW, later) is None
    finding = kafka(clock=BrokerClock(-90.0, True))
    assert (finding.level, finding.said) == ("wrong", "90 s behind this machine's")
    assert kafka(clock=BrokerClock(10.0, True)).level == "warning"


def test_what_could_not_be_asked_is_a_warning() -> None:
    finding = kafka(unknown={"groups": "no answer (after 5 s)"}, report=None)
    assert (finding.level, finding.subject) == ("warning", "Kafka, groups")


def test_the_database() -> None:
    fine = DatabaseSeen(kind="postgresql", standing=Standing(revision="2", wanted="2", known=True), ahead_s=0.0)
    assert unwell(check_database(fine)) == []
    old = msgspec.structs.replace(fine, standing=Standing(revision="1", wanted="2", known=True))
    assert only(check_database(old)).remedy == "closeloop db upgrade"
    assert only(check_database(DatabaseSeen(kind="sqlite", problem="refused"))).said == "cannot be reached: refused"
    finding = only(check_database(msgspec.structs.replace(fine, ahead_s=-61.0)))
    assert (finding.level, finding.subject) == ("wrong", "clock of the database")


def test_a_time_between_two_of_ours_says_nothing_against_a_clock() -> None:
    later = NOW + timedelta(seconds=2)
    assert outside(NOW + timedelta(seconds=1), NOW, later) == 0.0
    assert outside(NOW + timedelta(seconds=5), NOW, later) == 3.0
    assert outside(NOW - timedelta(seconds=5), NOW, later) == -5.0


def test_the_gateway() -> None:
    keyed = DatabaseSeen(kind="sqlite", standing=Standing(revision="2", wanted="2", known=True), keys=1)
    fine = GatewaySeen(url="http://g", alive=True, key_status=200, has_key=True, ahead_s=0.0)
    assert unwell(check_gateway(fine, keyed)) == []

    def said(**changed: object) -> Finding:
        return only(check_gateway(msgspec.structs.replace(fine, **changed), keyed))

    assert "cannot be reached" in said(problem="connection refused").said
    assert said(alive=None).said == "something else answers there"
    assert "live view" in said(alive=False).said
    assert said(waiting_for=("the database",), key_status=0).said == "not ready: it waits for the database"
    assert (said(key_status=401).level, said(key_status=401, has_key=False).level) == ("wrong", "warning")
    assert said(key_status=500).level == "wrong"
    assert said(ahead_s=120.0).subject == "clock of the gateway"
    open_door = only(check_gateway(fine, msgspec.structs.replace(keyed, keys=0)))
    assert (open_door.level, open_door.subject) == ("warning", "API key")


def test_keys_that_are_about_to_end() -> None:
    ending = tuple((name, NOW + timedelta(days=days)) for name, days in (("shop", 15), ("mail", 14), ("bridge", 2)))
    found = list(check_keys(DatabaseSeen(kind="sqlite", ending=ending), NOW))
    assert [(one.level, one.subject) for one in found] == [
        ("warning", "API key bridge"), ("warning", "API key mail"),
    ]  # fmt: skip
    assert "48 h" in found[0].said or "2 d" in found[0].said
    assert "closeloop keys rotate bridge" in found[0].remedy


def test_the_rest() -> None:
    finding = only(check_configuration(ConfigurationSeen(path="loop.yaml", problems=("loop.yaml:3: route: missing",))))
    assert "closeloop check --config loop.yaml" in finding.remedy
    assert unwell(check_configuration(ConfigurationSeen(path="loop.yaml", summary="3 rules"))) == []
    assert only(check_disk(DiskSeen(path="/d", free=GIB, size=100 * GIB))).level == "wrong"
    assert unwell(check_disk(DiskSeen(path="/d", free=50 * GIB, size=100 * GIB))) == []
    assert only(check_settings(Settings(port=8080, health_port=8080))).subject == "ports"
    assert unwell(check_settings(Settings())) == []
    assert only(check_slack(None)).level == "warning"
    wrong = Finding(level="wrong", subject="token", said="invalid_auth", remedy="copy it again")
    assert only(check_slack([wrong])).subject == "Slack, token"
