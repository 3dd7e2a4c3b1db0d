"""Two looks make a report: every number follows from offsets that are written down here by hand."""

from __future__ import annotations

import threading
import time
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from kafka.errors import KafkaStorageError
from prometheus_client import CollectorRegistry

from gateway.book_trend import BookTrend, Tally, rates_between
from gateway.cluster.answers import disks_of
from gateway.cluster.gauges import ClusterGauges
from gateway.cluster.looks import (
    BrokerSeen,
    DiskSeen,
    GroupSeen,
    Look,
    MemberSeen,
    PartitionSeen,
    Place,
    Reading,
    Unread,
)
from gateway.cluster.report import ClusterReport, Lag, make_report
from gateway.cluster.watch import ClusterWatch
from schemas.topics import DESK_GROUP, RECORDER_GROUP, RESPONSES, STREAMS_GROUP
from tests.gateway.serving import wait_until
from tests.gateway.test_live_rows import books

R0, R1, ALERTS0 = Place(RESPONSES, 0), Place(RESPONSES, 1), Place("cx.alerts", 0)


def partition(end: int, *, stable: int | None = None, begin: int = 0, **said: Any) -> PartitionSeen:
    fields: dict[str, Any] = {"leader": 1, "replicas": 1, "in_sync": 1, **said}
    return PartitionSeen(begin=begin, end=end, stable_end=end if stable is None else stable, **fields)


def group(committed: dict[Place, int] | None, *members: MemberSeen) -> GroupSeen:
    return GroupSeen("stable", members, committed)


def lag(report: ClusterReport, place: Place, name: str) -> Lag:
    (topic,) = [one for one in report.topics if one.topic == place.topic]
    return topic.partitions[place.partition].lag[name]


def test_rate_and_lag_of_a_partition_follow_from_two_looks() -> None:
    before = Look(at=1000.0, partitions={R0: partition(50), R1: partition(5)})
    now = Look(
        at=1010.0,
        partitions={R0: partition(90, stable=84), R1: partition(5)},
        groups={STREAMS_GROUP: group({R0: 70, R1: 5})},
        unread={Reading(STREAMS_GROUP, R0): Unread(72, 1_003_500)},
    )
    report = make_report(now, before)
    (topic,) = report.topics
    assert [one.rate_per_second for one in topic.partitions] == [4.0, 0.0]
    assert topic.rate_per_second == 4.0
    assert lag(report, R0, STREAMS_GROUP) == Lag(12, 6.5)  # from the record at 72 up to before 84
    assert lag(report, R1, STREAMS_GROUP) == Lag(0, 0.0)
    assert [one.lag for one in report.groups] == [Lag(12, 6.5)]


def test_markers_of_transactions_behind_the_last_record_are_no_lag() -> None:
    look = Look(
        at=1.0,
        partitions={R0: partition(10)},
        groups={STREAMS_GROUP: group({R0: 9})},
        unread={Reading(STREAMS_GROUP, R0): None},
    )
    assert lag(make_report(look, None), R0, STREAMS_GROUP) == Lag(0, 0.0)
    not_looked = msgspec.structs.replace(look, unread={})
    assert lag(make_report(not_looked, None), R0, STREAMS_GROUP) == Lag(1, None)


def test_a_group_that_never_committed_has_all_of_its_topics_before_it() -> None:
    partitions = {R0: partition(30, begin=10), ALERTS0: partition(7)}
    look = Look(at=1.0, partitions=partitions, groups={STREAMS_GROUP: group({}), DESK_GROUP: group({})})
    report = make_report(look, None)
    assert lag(report, R0, STREAMS_GROUP).records == 20
    assert lag(report, ALERTS0, DESK_GROUP).records == 7
    (topic,) = [one for one in report.topics if one.topic == "cx.alerts"]
    assert list(topic.partitions[0].lag) == [DESK_GROUP]


def test_a_partition_of_which_nothing_was_ever_read_is_lag_also_beside_others_that_were() -> None:
    look = Look(
        at=1.0,
        partitions={R0: partition(30), R1: partition(6)},
        groups={STREAMS_GROUP: GroupSeen("empty", (), {R0: 30}), DESK_GROUP: GroupSeen(None, None, {R1: 2})},
    )
    report = make_report(look, None)
    assert lag(report, R0, STREAMS_GROUP).records == 0
    assert lag(report, R1, STREAMS_GROUP).records == 6
    assert lag(report, R1, DESK_GROUP).records == 4  # a topic that it reads without being told to


def test_an_offset_that_retention_has_removed_counts_from_the_beginning() -> None:
    look = Look(at=1.0, partitions={R0: partition(30, begin=25)}, groups={STREAMS_GROUP: group({R0: 3})})
    assert lag(make_report(look, None), R0, STREAMS_GROUP).records == 5


def test_what_is_not_known_is_null_and_nothing_else_suffers() -> None:
    unknown = PartitionSeen(leader=None, replicas=3, in_sync=2)
    look = Look(
        at=2.0,
        partitions={R0: unknown, R1: partition(4, replicas=3, in_sync=3)},
        groups={STREAMS_GROUP: GroupSeen(None, None, None), RECORDER_GROUP: group({})},
        unknown={"members": "not known: TIMED_OUT"},
    )
    report = make_report(look, Look(at=1.0, partitions={R1: partition(1)}))
    first, second = report.topics[0].partitions
    assert (first.end, first.rate_per_second, first.lag) == (None, None, {STREAMS_GROUP: Lag(None, None)})
    assert (second.rate_per_second, second.lag) == (3.0, {STREAMS_GROUP: Lag(None, None)})
    assert (report.under_replicated_partitions, report.offline_partitions) == (1, 1)
    assert report.groups[1].members is None
    assert report.unknown == {"members": "not known: TIMED_OUT"}
    nothing = make_report(Look(at=3.0), None)
    assert (nothing.under_replicated_partitions, nothing.topics, nothing.groups) == (None, [], [])


def test_a_topic_that_was_made_anew_has_no_rate() -> None:
    report = make_report(Look(at=2.0, partitions={R0: partition(3)}), Look(at=1.0, partitions={R0: partition(9)}))
    assert report.topics[0].rate_per_second is None


def test_members_show_their_worker_and_partitions() -> None:
    member = MemberSeen("m-1", "closeloop", "10.0.0.7", (R1, ALERTS0, R0))
    look = Look(at=1.0, partitions={R0: partition(1), R1: partition(1)}, groups={STREAMS_GROUP: group({R0: 1}, member)})
    (shown,) = make_report(look, None).groups
    assert msgspec.to_builtins(shown.members) == [
        {
            "member": "m-1",
            "client": "closeloop",
            "host": "10.0.0.7",
            "partitions": [{"topic": "cx.alerts", "partitions": [0]}, {"topic": RESPONSES, "partitions": [0, 1]}],
        }
    ]


@given(
    begin=st.integers(0, 50),
    length=st.integers(0, 50),
    open_=st.integers(0, 5),
    committed=st.none() | st.integers(0, 120),
    found=st.booleans(),
)
def test_lag_is_never_negative_and_zero_only_when_nothing_is_left(
    begin: int, length: int, open_: int, committed: int | None, found: bool
) -> None:
    stable = begin + length
    place = {R0: partition(stable + open_, stable=stable, begin=begin)}
    position = max(begin, committed or 0)
    unread = {Reading(STREAMS_GROUP, R0): Unread(position, 1)} if found and position < stable else {}
    look = Look(
        at=5.0,
        partitions=place,
        groups={STREAMS_GROUP: group({} if committed is None else {R0: committed})},
        unread=unread,
    )
    told = lag(make_report(look, None), R0, STREAMS_GROUP)
    assert told.records == len(range(position, stable))
    assert (told.seconds is None) == (position < stable and not found)


def test_log_directories_are_read_and_a_lost_one_is_an_error() -> None:
    told = [
        {
            "broker": 2,
            "log_dirs": [
                {
                    "error_code": 0,
                    "log_dir": "/data",
                    "topics": [{"name": "t", "partitions": [{"partition_size": 5}, {"partition_size": 6}]}],
                    "total_bytes": 100,
                    "usable_bytes": 40,
                }
            ],
        },
        {"broker": 1, "log_dirs": [{"error_code": 0, "log_dir": "/old", "topics": []}]},
    ]
    assert disks_of(told) == (
        DiskSeen(broker=1, log_dir="/old", size_bytes=None, free_bytes=None, loop_bytes=0),
        DiskSeen(broker=2, log_dir="/data", size_bytes=100, free_bytes=40, loop_bytes=11),
    )
    with pytest.raises(KafkaStorageError):
        disks_of([{"broker": 1, "log_dirs": [{"error_code": 56, "log_dir": "/gone", "topics": []}]}])


def test_rates_are_shares_of_what_came_between_two_tallies() -> None:
    rates = rates_between(Tally(100, 10, 0, 1), Tally(140, 20, 2, 2), 20.0)
    assert msgspec.to_builtins(rates) == {
        "seconds": 20.0,
        "received_per_second": 2.0,
        "duplicate_rate": 0.25,
        "late_rate": 0.05,
        "dead_letter_rate": 0.025,
    }
    quiet = rates_between(Tally(5, 0, 0, 0), Tally(5, 0, 0, 0), 20.0)
    assert (quiet.received_per_second, quiet.late_rate) == (0.0, None)


def test_the_trend_reaches_back_five_minutes_and_keeps_few_tallies() -> None:
    trend = BookTrend()
    assert trend.rates("responses").late_rate is None
    for second in range(0, 1001, 2):
        of = books(f"{RESPONSES}/0", second, second)
        trend.note(float(second), {of.source: of})
    rates = trend.rates("responses")
    assert 300 <= rates.seconds <= 310
    assert rates.received_per_second == 1.0
    assert trend.rates("touchpoints").received_per_second == 0.0
    assert len(trend._noted) <= 80


class Looks:
    """In place of Kafka: gives the looks it was given, or fails."""

    def __init__(self) -> None:
        self.look_now: Look | None = Look(at=0.0)
        self.looks = 0
        self.closed = threading.Event()

    def look(self, at: float) -> Look:
        self.looks += 1
        if self.look_now is None:
            raise RuntimeError("a fault of ours")
        return msgspec.structs.replace(self.look_now, at=at)

    def close(self) -> None:
        self.closed.set()


def test_the_watch_looks_at_once_when_asked_and_outlives_a_fault() -> None:
    reader = Looks()
    noted: list[float] = []
    watch = ClusterWatch(reader, noted.append, busy=0.02, idle=30)
    assert watch.latest() is None
    watch.start()
    try:
        wait_until(lambda: watch.latest() is not None)
        reader.look_now = None
        looks = reader.looks
        wait_until(lambda: reader.looks > looks)
        reader.look_now = Look(at=0.0, brokers=(BrokerSeen(4, "k", 9092),))
        wait_until(lambda: (report := watch.latest()) is not None and report.brokers)
        began = time.time()
        wait_until(lambda: (report := watch.fresh()) is not None and report.at > began)
        assert noted
    finally:
        watch.stop()
    assert reader.closed.is_set()


def test_gauges_tell_what_is_known_and_nothing_else() -> None:
    reader = Looks()
    reader.look_now = Look(
        at=0.0,
        brokers=(BrokerSeen(1, "k", 9092),),
        partitions={R0: partition(90), R1: PartitionSeen(leader=None, replicas=1, in_sync=0)},
        groups={STREAMS_GROUP: group({R0: 90})},
        disks=(DiskSeen(broker=1, log_dir="/d", size_bytes=10, free_bytes=3, loop_bytes=2),),
    )
    watch = ClusterWatch(reader)
    registry = CollectorRegistry()
    registry.register(ClusterGauges(watch))
    value = registry.get_sample_value
    assert value("closeloop_kafka_brokers") is None
    watch._look()
    read = {"group": STREAMS_GROUP, "topic": RESPONSES, "partition": "0"}
    assert value("closeloop_kafka_brokers") == 1
    assert value("closeloop_kafka_lag_records", read) == 0
    assert value("closeloop_kafka_lag_seconds", read) == 0
    assert value("closeloop_kafka_lag_records", {**read, "partition": "1"}) is None
    assert value("closeloop_kafka_end_offset", {"topic": RESPONSES, "partition": "0"}) == 90
    assert value("closeloop_kafka_group_members", {"group": STREAMS_GROUP}) == 0
    assert value("closeloop_kafka_under_replicated_partitions") == 1
    assert value("closeloop_kafka_offline_partitions") == 1
    assert value("closeloop_kafka_disk_free_bytes", {"broker": "1", "log_dir": "/d"}) == 3
    assert value("closeloop_kafka_disk_size_bytes", {"broker": "1", "log_dir": "/d"}) == 10
    reader.look_now = Look(at=0.0, unknown={"kafka": "not known: Kafka does not answer"})
    watch._look()
    assert value("closeloop_kafka_brokers") == 0
    assert value("closeloop_kafka_under_replicated_partitions") is None
