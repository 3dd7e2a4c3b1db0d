"""The chunk transport on a real broker: what is delivered, what is committed, over stops, kills and rebalances."""

import signal

import pytest

from tests.streams.conftest import Broker, ChunkWorkers, wait_until

pytestmark = pytest.mark.kafka


def everything(broker: Broker, topic: str) -> set[tuple[int, int]]:
    """Every offset of a topic that holds no markers and no holes."""
    return {(partition, offset) for partition, end in broker.ends(topic).items() for offset in range(end)}


def in_order(seen: list[tuple[int, int]]) -> bool:
    last: dict[int, int] = {}
    for partition, offset in seen:
        if offset <= last.get(partition, -1):
            return False
        last[partition] = offset
    return True


def test_a_stop_and_a_restart_under_load_deliver_every_record_once(broker: Broker, chunk_workers: ChunkWorkers) -> None:
    topic = broker.topic(partitions=3)
    broker.produce(topic, [b"x" * 50] * 5_000)
    first = chunk_workers.start(topic, delay=0.1)  # five seconds for all of it: time to stop it also on a busy machine
    wait_until(lambda: len(chunk_workers.seen()) > 500, "the first worker is under way")
    first.process.send_signal(signal.SIGTERM)
    assert first.process.wait(30) == 0
    done = len(chunk_workers.seen())
    assert done < 5_000, "the stop came too late to interrupt anything"
    # What was processed is committed to the record, at the moment of the stop.
    per_partition: dict[int, int] = {}
    for partition, offset in chunk_workers.seen():
        per_partition[partition] = offset + 1
    assert broker.committed(chunk_workers.group, topic) == per_partition
    chunk_workers.start(topic)
    wait_until(lambda: len(chunk_workers.seen()) >= 5_000, "the second worker reads the rest")
    seen = chunk_workers.seen()
    assert in_order(seen)
    assert set(seen) == everything(broker, topic)


@pytest.mark.faults
def test_a_kill_loses_nothing_and_repeats_only_what_was_not_committed(
    broker: Broker, chunk_workers: ChunkWorkers
) -> None:
    topic = broker.topic(partitions=3)
    broker.produce(topic, [b"x" * 50] * 5_000)
    first = chunk_workers.start(topic, "first", delay=0.02)
    wait_until(lambda: len(chunk_workers.seen("first")) > 1_000, "the first worker is under way")
    first.process.kill()
    first.process.wait(30)
    committed = broker.committed(chunk_workers.group, topic)
    before = chunk_workers.seen("first")
    assert in_order(before)
    chunk_workers.start(topic, "second")
    total = everything(broker, topic)
    wait_until(lambda: set(before) | set(chunk_workers.seen("second")) == total, "all records are read")
    after = chunk_workers.seen("second")
    assert in_order(after)
    assert all(offset >= committed.get(partition, 0) for partition, offset in after)
    # Nothing was committed that had not been processed.
    assert all(
        offset in {o for p, o in before if p == partition}
        for partition, end in committed.items()
        for offset in range(end)
    )


def test_two_members_share_the_partitions_and_hand_over(broker: Broker, chunk_workers: ChunkWorkers) -> None:
    topic = broker.topic(partitions=4)
    broker.produce(topic, [b"x" * 50] * 6_000)
    one = chunk_workers.start(topic, "one", delay=0.03, chunk_records=20)
    wait_until(lambda: len(chunk_workers.seen("one")) > 300, "the first member is under way")
    chunk_workers.start(topic, "two", delay=0.03, chunk_records=20)
    wait_until(lambda: len(chunk_workers.seen("two")) > 300, "the second member got partitions")
    one.process.send_signal(signal.SIGTERM)
    assert one.process.wait(30) == 0
    total = everything(broker, topic)
    wait_until(lambda: set(chunk_workers.seen("one")) | set(chunk_workers.seen("two")) == total, "all is read")
    doubled = len(chunk_workers.seen("one")) + len(chunk_workers.seen("two")) - len(total)
    # Partitions are flushed and committed before they are given up, so a handover between living members repeats
    # nothing.
    assert doubled == 0


def test_commits_never_pass_an_unreleased_chunk(broker: Broker, chunk_workers: ChunkWorkers) -> None:
    topic = broker.topic(partitions=1)
    broker.produce(topic, [b"x"] * 2_000)
    worker = chunk_workers.start(topic, never_release=950)
    wait_until(lambda: len(chunk_workers.seen()) == 2_000, "all is processed")
    wait_until(lambda: broker.committed(chunk_workers.group, topic).get(0, 0) > 0, "what comes before is committed")
    worker.process.send_signal(signal.SIGTERM)
    assert worker.process.wait(30) == 0
    assert 0 < broker.committed(chunk_workers.group, topic)[0] <= 950
    chunk_workers.start(topic, "again")
    wait_until(lambda: (0, 950) in chunk_workers.seen("again"), "the unreleased record comes again")
    wait_until(lambda: broker.committed(chunk_workers.group, topic)[0] == 2_000, "all is committed")


def test_an_error_in_the_agent_ends_the_process_and_the_chunk_comes_again(
    broker: Broker, chunk_workers: ChunkWorkers
) -> None:
    topic = broker.topic(partitions=1)
    broker.produce(topic, [b"x"] * 2_000)
    failing = chunk_workers.start(topic, "failing", fail_at=1_000)
    assert failing.process.wait(40) != 0
    assert broker.committed(chunk_workers.group, topic).get(0, 0) <= 1_000
    assert (0, 1_000) not in chunk_workers.seen("failing")
    chunk_workers.start(topic, "healthy")
    total = everything(broker, topic)
    wait_until(
        lambda: set(chunk_workers.seen("failing")) | set(chunk_workers.seen("healthy")) == total, "nothing is lost"
    )


def test_records_of_aborted_transactions_are_not_delivered_and_markers_do_not_stop_commits(
    broker: Broker, chunk_workers: ChunkWorkers
) -> None:
    topic = broker.topic(partitions=1)
    broker.produce(topic, [b"a"] * 10, partition=0, **{"transactional.id": f"{topic}-1"})  # 0..9, marker 10
    broker.aborted(topic, [b"never"] * 10)  # 11..20, marker 21
    broker.produce(topic, [b"b"] * 10, partition=0)  # 22..31
    broker.aborted(topic, [b"never"])  # 32, marker 33
    chunk_workers.start(topic)
    expected = [(0, offset) for offset in [*range(10), *range(22, 32)]]
    wait_until(lambda: len(chunk_workers.seen()) >= 20, "the committed records are read")
    wait_until(lambda: broker.committed(chunk_workers.group, topic).get(0) == 32, "all of them are committed")
    assert chunk_workers.seen() == expected
