"""The life of a partition, with a processor that does as it is told."""

import asyncio
import gc
from collections.abc import Awaitable, Callable

import pytest
from faust.types import TP
from prometheus_client import CollectorRegistry

from streams.collector import Collector
from streams.instruments import Instruments
from streams.kafka.chunks import Chunk
from streams.partition import Pace, Partition
from tests.streams.test_chunks import chunk

AT = TP("t", 0)


class Told:
    """A processor whose every step can be held up or made to fail."""

    def __init__(self) -> None:
        self.did: list[str] = []
        self.held = True
        self.gates: dict[str, asyncio.Event] = {}
        self.errors: dict[str, Exception] = {}

    async def _step(self, name: str) -> None:
        self.did.append(name)
        if name in self.gates:
            await self.gates[name].wait()
        if name in self.errors:
            raise self.errors[name]

    async def recover(self) -> int:
        await self._step("recover")
        return 7

    async def still_held(self) -> bool:
        await self._step("still_held")
        return self.held

    def apply(self, chunk: Chunk) -> None:
        self.did.append(f"apply {chunk.first}")
        if "apply" in self.errors:
            raise self.errors["apply"]

    async def flush(self) -> int:
        await self._step("flush")
        return 1

    async def close(self) -> None:
        self.did.append("close")


class Stage:
    def __init__(self, interval: float = 3_600.0, records: int = 1_000_000) -> None:
        self.told = Told()
        self.released: list[Chunk] = []
        self.admitted: list[TP] = []
        self.failures: list[BaseException] = []
        self.partition = Partition(
            AT,
            self.told,
            self.admitted.append,
            self._release,
            self.failures.append,
            Instruments(CollectorRegistry()),
            Pace(interval, records),
            Collector(),
        )

    def _release(self, chunk: Chunk) -> bool:
        self.released.append(chunk)
        return True


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(60):
        while not condition():  # noqa: ASYNC110  whatever the condition looks at has no event
            await asyncio.sleep(0)


def play(scene: Callable[[Stage], Awaitable[None]], stage: Callable[[], Stage] = Stage) -> None:
    async def scenario() -> None:
        on = stage()
        await scene(on)
        await on.partition.close()

    asyncio.run(scenario())


def test_the_collector_rests_until_the_last_state_is_there() -> None:
    collector = Collector()
    with collector.resting():
        with collector.resting():
            assert not gc.isenabled()
        assert not gc.isenabled()
    assert gc.isenabled()

    async def scene(on: Stage) -> None:
        on.told.gates["recover"] = asyncio.Event()
        on.partition.start()
        await until(lambda: "recover" in on.told.did)
        assert not gc.isenabled()
        on.told.gates["recover"].set()
        await until(lambda: on.partition.ready)
        assert gc.isenabled()

    play(scene)


def test_nothing_is_taken_before_the_state_is_there() -> None:
    async def scene(on: Stage) -> None:
        on.told.gates["recover"] = asyncio.Event()
        on.partition.start()
        await until(lambda: "recover" in on.told.did)
        assert not on.partition.take(chunk(0))
        assert on.admitted == []
        on.told.gates["recover"].set()
        await until(lambda: on.partition.ready)
        assert on.admitted == [AT]
        assert on.partition.take(chunk(0))

    play(scene)


def test_a_chunk_is_released_by_the_flush_that_covers_it_and_by_no_other() -> None:
    async def scene(on: Stage) -> None:
        on.partition.start()
        await until(lambda: on.partition.ready)
        first, second = chunk(0), chunk(1)
        on.partition.take(first)
        on.told.gates["flush"] = asyncio.Event()
        flushing = asyncio.create_task(on.partition.flush())
        await until(lambda: "flush" in on.told.did)
        on.partition.take(second)
        assert on.released == []
        on.told.gates["flush"].set()
        await flushing
        assert on.released == [first]
        await on.partition.flush()
        assert on.released == [first, second]

    play(scene)


def test_many_records_are_flushed_before_their_time() -> None:
    async def scene(on: Stage) -> None:
        on.partition.start()
        await until(lambda: on.partition.ready)
        on.partition.take(chunk(0, 1))
        on.partition.take(chunk(2))
        await until(lambda: len(on.released) == 2)

    play(scene, lambda: Stage(records=3))


def test_what_was_taken_by_halves_is_never_flushed() -> None:
    """The books would say that a record was seen whose alert or dead letter had not left."""

    async def scene(on: Stage) -> None:
        on.partition.start()
        await until(lambda: on.partition.ready)
        on.told.errors["apply"] = RuntimeError("the letter is too large")
        with pytest.raises(RuntimeError):
            on.partition.take(chunk(0))
        await on.partition.park()
        assert "flush" not in on.told.did
        assert on.released == []
        assert not on.partition.take(chunk(1))
        on.partition.resume()  # and such a state is not kept
        await until(lambda: on.told.did.count("recover") == 2)

    play(scene)


def test_a_flush_that_fails_releases_nothing_and_ends_the_worker() -> None:
    async def scene(on: Stage) -> None:
        on.told.errors["flush"] = RuntimeError("no")
        on.partition.start()
        await until(lambda: bool(on.failures))
        assert on.released == []
        assert not on.partition.ready

    play(scene, lambda: Stage(interval=0.0))


def test_a_recovery_that_fails_ends_the_worker() -> None:
    async def scene(on: Stage) -> None:
        on.told.errors["recover"] = ValueError("no state row")
        on.partition.start()
        await until(lambda: bool(on.failures))
        assert on.admitted == []

    play(scene)


def test_a_parked_partition_has_flushed_and_takes_nothing() -> None:
    async def scene(on: Stage) -> None:
        on.partition.start()
        await until(lambda: on.partition.ready)
        taken = chunk(0)
        on.partition.take(taken)
        await on.partition.park()
        assert on.released == [taken]
        assert not on.partition.take(chunk(1))

    play(scene)


@pytest.mark.parametrize(("held", "recoveries"), [(True, 1), (False, 2)])
def test_after_a_rebalance_state_is_kept_only_if_nobody_else_had_the_partition(held: bool, recoveries: int) -> None:
    async def scene(on: Stage) -> None:
        on.partition.start()
        await until(lambda: on.partition.ready)
        await on.partition.park()
        on.told.held = held
        on.partition.resume()
        await until(lambda: on.partition.ready)
        assert on.told.did.count("recover") == recoveries

    play(scene)


def test_a_recovery_that_a_rebalance_interrupted_is_done_again() -> None:
    async def scene(on: Stage) -> None:
        on.told.gates["recover"] = asyncio.Event()
        on.partition.start()
        await until(lambda: "recover" in on.told.did)
        await on.partition.park()
        on.told.gates.clear()
        on.partition.resume()
        await until(lambda: on.partition.ready)
        assert on.told.did.count("recover") == 2
        assert "still_held" not in on.told.did

    play(scene)


def test_state_whose_flush_was_cut_short_is_not_kept() -> None:
    async def scene(on: Stage) -> None:
        on.partition.start()
        await until(lambda: on.partition.ready)
        on.told.gates["flush"] = asyncio.Event()
        parking = asyncio.create_task(on.partition.park())
        await until(lambda: "flush" in on.told.did)
        parking.cancel()
        await asyncio.gather(parking, return_exceptions=True)
        on.told.gates.clear()
        on.partition.resume()
        await until(lambda: on.partition.ready)
        assert on.told.did.count("recover") == 2

    play(scene)
