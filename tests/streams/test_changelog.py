"""The changelog on a real broker: atomic flushes, recovery past holes and markers, and fencing."""

import asyncio
import signal
import subprocess
import sys
import uuid
from pathlib import Path

import pytest
from confluent_kafka import Producer

from schemas.kafka_link import KafkaLink
from streams.kafka.changelog import (
    ChangelogError,
    ChangelogWriter,
    FencedError,
    OutRecord,
    WriterSettings,
    read_partition,
)
from tests.streams.conftest import COMPACTED, ROOT, Broker, wait_until

pytestmark = pytest.mark.kafka


def rows(topic: str, values: dict[bytes, bytes | None], partition: int = 0) -> list[OutRecord]:
    return [OutRecord(topic, key, value, partition) for key, value in values.items()]


def test_what_was_flushed_is_recovered_and_deleted_keys_are_not(broker: Broker) -> None:
    topic = broker.topic(partitions=2, **COMPACTED)

    async def scenario() -> tuple[dict[bytes, bytes], dict[bytes, bytes]]:
        writer = ChangelogWriter(KafkaLink(broker.bootstrap), f"{topic}-1")
        await writer.open()
        await writer.flush(rows(topic, {b"a": b"1", b"b": b"1", b"c": b"1"}, 1))
        await writer.flush(rows(topic, {b"a": b"2", b"b": None}, 1))
        await writer.close()
        return await read_partition(KafkaLink(broker.bootstrap), topic, 1), await read_partition(
            KafkaLink(broker.bootstrap), topic, 0
        )

    written, empty = asyncio.run(scenario())
    assert written == {b"a": b"2", b"c": b"1"}
    assert empty == {}


def test_an_aborted_tail_and_bare_markers_do_not_hold_up_recovery(broker: Broker) -> None:
    topic = broker.topic(**COMPACTED)
    broker.produce(topic, [b"0", b"1"], partition=0, **{"transactional.id": topic})
    broker.aborted(topic, [b"never"] * 50)
    assert asyncio.run(read_partition(KafkaLink(broker.bootstrap), topic, 0)) == {b"0": b"0", b"1": b"1"}


def test_a_partition_of_markers_alone_recovers_as_empty(broker: Broker) -> None:
    topic = broker.topic(**COMPACTED)
    broker.aborted(topic, [b"never"])
    assert broker.ends(topic)[0] == 2
    assert asyncio.run(read_partition(KafkaLink(broker.bootstrap), topic, 0)) == {}


@pytest.mark.faults
def test_a_compacted_log_with_holes_recovers_the_last_values(broker: Broker) -> None:
    topic = broker.topic(**COMPACTED)

    async def write() -> None:
        writer = ChangelogWriter(KafkaLink(broker.bootstrap), topic)
        await writer.open()
        for turn in range(40):
            await writer.flush(rows(topic, {b"k%d" % key: b"%d" % turn for key in range(20)}))
            await asyncio.sleep(0.02)  # segments have to grow old before the cleaner may take them
        await writer.flush(rows(topic, {b"k%d" % key: None for key in range(10)}))
        await writer.close()

    asyncio.run(write())
    expected = {b"k%d" % key: b"39" for key in range(10, 20)}
    counted: list[int] = []

    def compacted() -> bool:
        from streams.kafka.changelog import ChangelogReader

        # Appending rolls the active segment, which the cleaner never touches.
        broker.produce(topic, [], partition=0)
        with ChangelogReader(KafkaLink(broker.bootstrap), topic, 0) as reader:
            counted.append(sum(len(batch) for batch in reader.batches()))
        return counted[-1] < 40 * 20

    wait_until(compacted, "the cleaner has run", 90)
    assert asyncio.run(read_partition(KafkaLink(broker.bootstrap), topic, 0)) == expected


def test_a_log_whose_start_has_moved_is_read_from_its_new_start(broker: Broker) -> None:
    from confluent_kafka import TopicPartition
    from confluent_kafka.admin import AdminClient

    topic = broker.topic(**{"cleanup.policy": "compact,delete"})
    broker.produce(topic, [b"%d" % n for n in range(10)], partition=0)
    admin = AdminClient({"bootstrap.servers": broker.bootstrap})
    for future in admin.delete_records([TopicPartition(topic, 0, 7)]).values():
        future.result()
    assert asyncio.run(read_partition(KafkaLink(broker.bootstrap), topic, 0)) == {b"7": b"7", b"8": b"8", b"9": b"9"}


def test_a_holder_that_lost_its_partition_cannot_write(broker: Broker) -> None:
    topic = broker.topic(**COMPACTED)

    async def scenario() -> None:
        old, new = (ChangelogWriter(KafkaLink(broker.bootstrap), topic) for _ in range(2))
        await old.open()
        await old.flush(rows(topic, {b"state": b"old"}))
        await new.open()
        with pytest.raises(FencedError, match="another process holds this partition"):
            await old.flush(rows(topic, {b"state": b"zombie"}))
        await new.flush(rows(topic, {b"other": b"new"}))
        await old.close()
        await new.close()

    asyncio.run(scenario())
    assert asyncio.run(read_partition(KafkaLink(broker.bootstrap), topic, 0)) == {b"state": b"old", b"other": b"new"}


def test_a_process_that_slept_through_its_successor_cannot_write(broker: Broker) -> None:
    topic = broker.topic(**COMPACTED)
    script = Path(__file__).with_name("writer_process.py")
    zombie = subprocess.Popen(
        [sys.executable, str(script), broker.bootstrap, topic, topic],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert zombie.stdin is not None
    assert zombie.stdout is not None
    try:
        assert zombie.stdout.readline() == "open\n"
        zombie.stdin.write("before\n")
        zombie.stdin.flush()
        assert zombie.stdout.readline() == "flushed\n"
        zombie.send_signal(signal.SIGSTOP)

        async def succeed() -> dict[bytes, bytes]:
            successor = ChangelogWriter(KafkaLink(broker.bootstrap), topic)
            await successor.open()
            inherited = await read_partition(KafkaLink(broker.bootstrap), topic, 0)
            await successor.flush(rows(topic, {b"state": b"after"}))
            await successor.close()
            return inherited

        assert asyncio.run(succeed()) == {b"state": b"before"}
        zombie.stdin.write("zombie\n")
        zombie.stdin.flush()
        zombie.send_signal(signal.SIGCONT)
        assert zombie.stdout.readline() == "fenced\n"
    finally:
        zombie.kill()
        zombie.communicate(timeout=30)
    assert asyncio.run(read_partition(KafkaLink(broker.bootstrap), topic, 0)) == {b"state": b"after"}


def test_a_predecessors_open_transaction_is_ended_before_recovery(broker: Broker) -> None:
    topic = broker.topic(**COMPACTED)
    hanging = Producer({"bootstrap.servers": broker.bootstrap, "transactional.id": topic})
    hanging.init_transactions(30)
    hanging.begin_transaction()
    hanging.produce(topic, key=b"half", value=b"done", partition=0)
    assert hanging.flush(30) == 0
    # Rows of others behind the open transaction are invisible until it ends.
    broker.produce(topic, [b"0"], partition=0)

    async def scenario() -> dict[bytes, bytes]:
        writer = ChangelogWriter(KafkaLink(broker.bootstrap), topic)
        await writer.open()
        found = await read_partition(KafkaLink(broker.bootstrap), topic, 0)
        await writer.close()
        return found

    assert asyncio.run(scenario()) == {b"0": b"0"}


def test_a_flush_that_cannot_be_delivered_leaves_nothing_and_says_so(broker: Broker) -> None:
    topic = broker.topic(**COMPACTED, **{"max.message.bytes": "2000"})

    async def scenario() -> None:
        writer = ChangelogWriter(KafkaLink(broker.bootstrap), topic)
        await writer.open()
        with pytest.raises(ChangelogError, match="MSG_SIZE_TOO_LARGE"):
            await writer.flush([*rows(topic, {b"small": b"1"}), *rows(topic, {b"large": b"x" * 10_000})])
        # The writer stays usable: the next flush is a transaction of its own.
        await writer.flush(rows(topic, {b"next": b"1"}))
        await writer.close()

    asyncio.run(scenario())
    assert asyncio.run(read_partition(KafkaLink(broker.bootstrap), topic, 0)) == {b"next": b"1"}


def test_closing_cuts_short_what_waits_for_a_broker_that_is_gone(free_port: int) -> None:
    async def scenario() -> None:
        writer = ChangelogWriter(
            KafkaLink(f"127.0.0.1:{free_port}"), "nobody-there", WriterSettings(open_timeout=3_600.0)
        )
        opening = asyncio.create_task(writer.open())
        await asyncio.sleep(0)
        async with asyncio.timeout(60):
            await writer.close()
            with pytest.raises(ChangelogError, match="cannot take nobody-there"):
                await opening

    asyncio.run(scenario())


def test_without_fencing_rows_are_written_all_the_same(broker: Broker) -> None:
    topic = broker.topic(**COMPACTED)

    async def scenario() -> None:
        writer = ChangelogWriter(KafkaLink(broker.bootstrap), uuid.uuid4().hex, WriterSettings(fencing=False))
        await writer.open()
        await writer.flush(rows(topic, {b"a": b"1"}))
        await writer.close()

    asyncio.run(scenario())
    assert asyncio.run(read_partition(KafkaLink(broker.bootstrap), topic, 0)) == {b"a": b"1"}
