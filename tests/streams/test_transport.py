"""One contract test for each override of Faust, with the upstream issue it answers (decision 0004)."""

import asyncio
import inspect
import time
from pathlib import Path
from typing import Any

import aiokafka
import pytest
from faust.transport.drivers import aiokafka as driver
from faust.types import TP
from faust.types.tuples import ConsumerMessage

from streams.kafka.chunks import Chunk
from streams.kafka.transport import (
    ChunkApp,
    ChunkConsumer,
    ChunkConsumerThread,
    ChunkSchema,
    ChunkTransport,
    FetchSettings,
)
from tests.streams.test_chunks import Rec

AT = TP("t", 0)


class FakeThread:
    """Stands for the thread with aiokafka's consumer: what it would fetch, and what it was asked to do."""

    def __init__(self) -> None:
        self.fetches: list[dict[TP, list[Rec]]] = []
        self.committed: dict[TP, int | None] = {AT: None}
        self.commits: list[dict[TP, int]] = []
        self.rewound: list[TP] = []
        self.accepts = True
        self.during_commit: Any = None
        self.during_fetch: Any = None

    async def getmany(self, active: set[TP], timeout: float) -> dict[TP, list[Rec]]:  # noqa: ASYNC109  Faust's
        if self.during_fetch is not None:
            await self.during_fetch()
        return self.fetches.pop(0)

    async def seek_to_committed(self) -> dict[TP, int | None]:
        return dict(self.committed)

    async def seek_to_beginning(self, *partitions: TP) -> None:
        self.rewound.extend(TP(*partition) for partition in partitions)

    async def commit(self, offsets: dict[TP, int]) -> bool:
        self.commits.append(dict(offsets))
        if self.during_commit is not None:
            await self.during_commit()
        return self.accepts

    def assignment(self) -> set[TP]:
        return {AT}


def build(folder: Path) -> tuple[ChunkApp, ChunkConsumer, FakeThread]:
    app = ChunkApp(
        "contract",
        broker="kafka://127.0.0.1:1",
        datadir=folder,
        web_enabled=False,
        topic_allow_declare=False,
        topic_disable_leader=True,
        fetch=FetchSettings(chunk_records=3),
    )
    consumer = app.chunk_consumer
    thread = FakeThread()
    consumer._thread.thread_loop.close()  # the real thread is never started here
    consumer._thread = thread  # type: ignore[assignment]
    consumer._set_active_tps({AT})
    app.topics._acking_topics.add("t")
    return app, consumer, thread


def deliver(consumer: ChunkConsumer, *offsets: int) -> tuple[Chunk, ConsumerMessage]:
    chunk = Chunk("t", 0, [Rec(offset) for offset in offsets])
    return chunk, consumer._to_message(AT, chunk)


def test_every_overridden_method_still_exists_upstream_with_the_same_parameters() -> None:
    pairs = [
        (ChunkConsumer, driver.Consumer),
        (ChunkConsumerThread, driver.AIOKafkaConsumerThread),
        (ChunkTransport, driver.Transport),
    ]
    own = {
        "release",
        "admit",
        "progress",
        "released",
        "open_records",
        "_rewind",
        "_hand_over",
        "_chunk_app",
        "__init__",
    }
    for ours, theirs in pairs:
        for name, member in vars(ours).items():
            if name in own or not inspect.isfunction(member):
                continue
            base = getattr(theirs, name, None)
            assert base is not None, f"{ours.__name__}.{name} overrides nothing any more"
            assert list(inspect.signature(member).parameters) == list(inspect.signature(base).parameters), name


def test_faust_is_the_version_that_the_overrides_were_written_for() -> None:
    import faust

    assert faust.__version__ == "0.15.3"


def test_an_acknowledgement_of_fausts_allows_no_commit_527_606(tmp_path: Path) -> None:
    # A failing agent, a skipped message and a concurrent one are all acknowledged by Faust.
    async def scenario() -> None:
        _, consumer, thread = build(tmp_path)
        chunk, message = deliver(consumer, 0, 1)
        consumer.track_message(message)
        consumer.ack(message)
        assert not consumer.unacked
        await consumer.force_commit()
        assert thread.commits == []
        assert consumer.release(chunk)
        await consumer.force_commit()
        assert thread.commits == [{AT: 2}]

    asyncio.run(scenario())


def test_a_chunk_out_of_turn_is_not_committed_past_606(tmp_path: Path) -> None:
    async def scenario() -> None:
        _, consumer, thread = build(tmp_path)
        first, _ = deliver(consumer, 0)
        second, _ = deliver(consumer, 1, 2)
        consumer.release(second)
        await consumer.force_commit()
        assert thread.commits == []
        consumer.release(first)
        await consumer.force_commit()
        assert thread.commits == [{AT: 3}]

    asyncio.run(scenario())


def test_a_handover_amid_a_commit_still_commits_what_was_released_since(tmp_path: Path) -> None:
    async def scenario() -> None:
        app, consumer, thread = build(tmp_path)
        first, _ = deliver(consumer, 0, 1)
        second, _ = deliver(consumer, 2, 3)

        class Listener:
            def assigned(self, partitions: frozenset[TP]) -> None: ...

            async def handover(self, partitions: frozenset[TP]) -> None:
                consumer.release(second)

        app.listener = Listener()
        asked, answered = asyncio.Event(), asyncio.Event()

        async def slow() -> None:
            asked.set()
            await answered.wait()

        thread.during_commit = slow
        consumer.release(first)
        regular = asyncio.create_task(consumer.commit())
        await asked.wait()
        giving_up = asyncio.create_task(consumer._hand_over({AT}))
        for _ in range(5):
            await asyncio.sleep(0)
        answered.set()
        await regular
        await giving_up
        assert thread.commits == [{AT: 2}, {AT: 4}]

    asyncio.run(scenario())


def test_a_refused_commit_is_not_remembered_as_done_316(tmp_path: Path) -> None:
    async def scenario() -> None:
        _, consumer, thread = build(tmp_path)
        chunk, _ = deliver(consumer, 0, 1)
        consumer.release(chunk)
        thread.accepts = False
        assert not await consumer.force_commit()
        thread.accepts = True
        assert await consumer.force_commit()  # no further acknowledgement was needed to try again
        assert thread.commits == [{AT: 2}, {AT: 2}]
        assert AT in consumer.committed_at
        await consumer.force_commit()
        assert len(thread.commits) == 2

    asyncio.run(scenario())


def test_holes_between_and_inside_chunks_hold_up_no_commit_625(tmp_path: Path) -> None:
    async def scenario() -> None:
        _, consumer, thread = build(tmp_path)
        first, _ = deliver(consumer, 0)
        second, _ = deliver(consumer, 50, 90)
        await consumer._add_gap(AT, 1, 49)
        consumer.release(first)
        consumer.release(second)
        await consumer.force_commit()
        assert thread.commits == [{AT: 91}]

    asyncio.run(scenario())


def test_fetched_records_become_chunks_of_limited_size(tmp_path: Path) -> None:
    async def scenario() -> None:
        _, consumer, thread = build(tmp_path)
        thread.fetches = [{AT: [Rec(offset) for offset in range(7)]}]
        records, _ = await consumer._wait_next_records(1.0)
        assert [(chunk.first, chunk.last) for chunk in records[AT]] == [(0, 2), (3, 5), (6, 6)]

    asyncio.run(scenario())


def test_a_fetch_that_raced_with_a_seek_is_dropped_and_read_again(tmp_path: Path) -> None:
    # Faust resumes partitions before it seeks them after a rebalance: the first records came twice, or, from a
    # partition without a committed offset, not at all.
    async def scenario() -> None:
        _, consumer, thread = build(tmp_path)
        thread.fetches = [{AT: [Rec(0), Rec(1)]}, {AT: [Rec(0), Rec(1)]}]
        thread.during_fetch = consumer.perform_seek
        records, _ = await consumer._wait_next_records(1.0)
        assert records == {}
        assert thread.rewound == [AT, AT]  # once by the seek itself, once for what the race took
        thread.during_fetch = None
        records, _ = await consumer._wait_next_records(1.0)
        assert [(chunk.first, chunk.last) for chunk in records[AT]] == [(0, 1)]

    asyncio.run(scenario())


def test_a_cancelled_fetch_is_read_again(tmp_path: Path) -> None:
    async def scenario() -> None:
        _, consumer, thread = build(tmp_path)
        thread.fetches = [{AT: [Rec(0)]}]

        async def hang() -> None:
            await asyncio.Event().wait()

        thread.during_fetch = hang
        fetching = asyncio.create_task(consumer._wait_next_records(1.0))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        fetching.cancel()
        await asyncio.gather(fetching, return_exceptions=True)
        thread.during_fetch = None
        await consumer._wait_next_records(1.0)
        assert thread.rewound == [AT]

    asyncio.run(scenario())


def test_nothing_is_fetched_while_a_rebalance_is_under_way(tmp_path: Path) -> None:
    async def scenario() -> None:
        app, consumer, _ = build(tmp_path)
        app.rebalancing = True
        records, _ = await consumer._wait_next_records(1.0)  # a fetch would fail: the fake has none
        assert records == {}

    asyncio.run(scenario())


def test_full_partitions_are_looked_at_again_at_once(tmp_path: Path) -> None:
    # Faust sleeps for a second when every partition's buffer is full.
    async def scenario() -> None:
        _, consumer, _ = build(tmp_path)
        consumer.pause_partitions({AT})
        slept: list[float] = []

        async def sleep(seconds: float, **_: object) -> None:
            slept.append(seconds)

        consumer.sleep = sleep  # type: ignore[method-assign]
        await consumer._wait_next_records(1.0)
        assert slept == []

    asyncio.run(scenario())


def test_a_seek_starts_a_new_ledger_and_forgets_open_chunks_318(tmp_path: Path) -> None:
    async def scenario() -> None:
        _, consumer, thread = build(tmp_path)
        old, _ = deliver(consumer, 5, 6)
        thread.committed = {AT: 3}
        await consumer.perform_seek()
        assert thread.rewound == []
        again, _ = deliver(consumer, 3, 4)
        assert not consumer.release(old)
        assert consumer.release(again)
        await consumer.force_commit()
        assert thread.commits == [{AT: 5}]

    asyncio.run(scenario())


def test_partitions_are_flushed_and_committed_before_they_are_given_up(tmp_path: Path) -> None:
    # Faust forgets its acknowledgements first, so up to a commit interval came again at every rebalance.
    async def scenario() -> None:
        app, consumer, thread = build(tmp_path)
        chunk, _ = deliver(consumer, 0, 1)

        class Listener:
            def assigned(self, partitions: frozenset[TP]) -> None:
                raise AssertionError

            async def handover(self, partitions: frozenset[TP]) -> None:
                assert partitions == {AT}
                consumer.release(chunk)

        app.listener = Listener()

        async def revoked(partitions: set[TP]) -> None:
            assert thread.commits == [{AT: 2}]

        consumer._on_partitions_revoked = revoked
        await consumer.on_partitions_revoked({AT})
        assert consumer.open_records(AT) == 0

    asyncio.run(scenario())


def test_a_handover_that_takes_too_long_is_given_up(tmp_path: Path) -> None:
    async def scenario() -> None:
        app, consumer, thread = build(tmp_path)
        app.fetch = FetchSettings(handover_s=0.01)

        class Listener:
            def assigned(self, partitions: frozenset[TP]) -> None:
                raise AssertionError

            async def handover(self, partitions: frozenset[TP]) -> None:
                await asyncio.Event().wait()

        app.listener = Listener()

        async def revoked(partitions: set[TP]) -> None:
            assert thread.commits == []

        consumer._on_partitions_revoked = revoked
        await consumer.on_partitions_revoked({AT})

    asyncio.run(scenario())


def test_only_committed_records_are_read_and_fetches_wait_as_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Faust reads uncommitted records unless it is in its own transactions, and waits 1.5 s a fetch.
    made: dict[str, Any] = {}

    class Consumer:
        def __init__(self, **options: Any) -> None:
            made.update(options)

    monkeypatch.setattr(aiokafka, "AIOKafkaConsumer", Consumer)

    async def scenario() -> None:
        app, consumer, _ = build(tmp_path)
        thread = ChunkConsumerThread(consumer)
        thread.thread_loop.close()
        thread._create_worker_consumer(app.transport)  # type: ignore[arg-type]

    asyncio.run(scenario())
    assert made["isolation_level"] == "read_committed"
    assert made["fetch_max_wait_ms"] == FetchSettings().max_wait_ms
    assert made["enable_auto_commit"] is False
    assert made["auto_offset_reset"] == "earliest"


def test_the_schema_hands_the_chunk_on_as_it_is(tmp_path: Path) -> None:
    async def scenario() -> None:
        app, consumer, _ = build(tmp_path)
        chunk, message = deliver(consumer, 4, 9)
        event = await ChunkSchema().decode(app, message)
        assert event.value is chunk
        assert (message.offset, message.tp) == (9, AT)
        assert message.time_in is not None
        assert message.time_in <= time.monotonic()

    asyncio.run(scenario())


def test_a_partition_is_fetched_only_once_its_state_is_there(tmp_path: Path) -> None:
    async def scenario() -> None:
        app, consumer, thread = build(tmp_path)
        told: list[frozenset[TP]] = []

        class Listener:
            def assigned(self, partitions: frozenset[TP]) -> None:
                told.append(partitions)

            async def handover(self, partitions: frozenset[TP]) -> None:
                raise AssertionError

        app.listener = Listener()

        async def assigned(partitions: set[TP], generation: int) -> None:
            pass

        consumer._on_partitions_assigned = assigned
        await consumer.on_partitions_assigned({AT}, 1)
        assert told == [{AT}]
        records, _ = await consumer._wait_next_records(1.0)
        assert records == {}
        consumer.admit(AT)
        thread.fetches = [{AT: [Rec(0)]}]
        records, _ = await consumer._wait_next_records(1.0)
        assert list(records) == [AT]

    asyncio.run(scenario())
