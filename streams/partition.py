"""One assigned partition: recover, take chunks, make them durable, release them, let go."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import structlog
from faust.types import TP

from streams.collector import Collector
from streams.instruments import Instruments
from streams.kafka.chunks import Chunk


class Processor(Protocol):
    """What is done with the records of one partition."""

    async def recover(self) -> int:
        """Take the partition and rebuild its state. Returns the rows read."""

    async def still_held(self) -> bool:
        """Whether nobody else has had the partition since :meth:`recover`."""

    def apply(self, chunk: Chunk) -> None:
        """Process a chunk, without waiting for anything."""

    async def flush(self) -> int:
        """Make what was applied until this call durable. Returns the rows written.

        What to write has to be gathered before the first await.
        """

    async def close(self) -> None:
        """Drop the state and let go of connections."""


@dataclass(frozen=True, slots=True)
class Pace:
    """How often a partition is flushed: every ``interval`` seconds, or once ``records`` wait."""

    interval: float = 1.0
    records: int = 50_000


class Partition:
    """Drives a processor. Failures go to ``fail``, which ends the process: nothing is retried in place."""

    def __init__(
        self,
        tp: TP,
        processor: Processor,
        admit: Callable[[TP], None],
        release: Callable[[Chunk], bool],
        fail: Callable[[BaseException], None],
        instruments: Instruments,
        pace: Pace,
        collector: Collector,
    ) -> None:
        self.tp = tp
        self.ready = False
        # Whether the state in memory is whole: recovered, and nothing of it lost in a flush that did not come to its
        # end. Only such a state may be kept over a rebalance.
        self._whole = False
        self._processor = processor
        self._admit = admit
        self._release = release
        self._fail = fail
        self._instruments = instruments
        self._pace = pace
        self._collector = collector
        self._pending: list[Chunk] = []
        self._waiting_records = 0
        self._full = asyncio.Event()
        self._lock = asyncio.Lock()
        self._task: asyncio.Task[None] | None = None
        self._log = structlog.get_logger("streams").bind(topic=tp.topic, partition=tp.partition)

    def start(self) -> None:
        """Recover, then be ready."""
        self._task = asyncio.create_task(self._run(held=False), name=f"{self.tp.topic}/{self.tp.partition}")

    def take(self, chunk: Chunk) -> bool:
        """Process a chunk. False if the partition is not ready: then it is dropped, and will be delivered again.

        Raises what the processor raises. The state may then hold what never left as an alert or a dead letter, so it
        is flushed no more: a successor reads the chunk again.
        """
        if not self.ready:
            return False
        began = time.perf_counter()
        try:
            self._processor.apply(chunk)
        except BaseException:
            self.ready = self._whole = False
            raise
        self._pending.append(chunk)
        self._waiting_records += len(chunk)
        if self._waiting_records >= self._pace.records:
            self._full.set()
        topic = self.tp.topic
        self._instruments.chunk_seconds.labels(topic).observe(time.perf_counter() - began)
        self._instruments.chunk_records.labels(topic).observe(len(chunk))
        self._instruments.records.labels(topic).inc(len(chunk))
        return True

    async def flush(self) -> None:
        """Make everything taken so far durable and release it. Raises what the processor raises."""
        async with self._lock:
            chunks, self._pending = self._pending, []
            self._waiting_records = 0
            self._full.clear()
            began = time.perf_counter()
            self._whole = False
            rows = await self._processor.flush()
            self._whole = True
            for chunk in chunks:
                self._release(chunk)
            self._instruments.process.succeeded(self.tp.topic)
            if rows:
                self._instruments.flush_seconds.labels(self.tp.topic).observe(time.perf_counter() - began)
                self._instruments.flushed_rows.labels(self.tp.topic).inc(rows)

    async def park(self) -> None:
        """Flush a last time and take nothing more. The state stays until it is known who gets the partition."""
        if not self.ready:
            await self._end_task()
            return
        self.ready = False
        await self.flush()

    def resume(self) -> None:
        """The partition stays here after a rebalance: go on if nobody else had it meanwhile, else recover."""
        parked = self._task
        self._task = asyncio.create_task(
            self._run(held=True, after=parked), name=f"{self.tp.topic}/{self.tp.partition}"
        )

    async def close(self) -> None:
        """Drop the state."""
        self.ready = False
        await self._end_task()
        await self._processor.close()

    async def _end_task(self) -> None:
        task, self._task = self._task, None
        if task is not None and task is not asyncio.current_task():
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def _run(self, *, held: bool, after: asyncio.Task[None] | None = None) -> None:
        try:
            if after is not None:
                after.cancel()
                await asyncio.gather(after, return_exceptions=True)
            await self._become_ready(held=held and self._whole)
            while True:
                try:
                    async with asyncio.timeout(self._pace.interval):
                        await self._full.wait()
                except TimeoutError:
                    pass
                if self.ready:
                    await self.flush()
        except asyncio.CancelledError:
            raise
        except BaseException as exc:  # noqa: BLE001  whatever it is, the worker has to end
            self.ready = False
            self._fail(exc)

    async def _become_ready(self, *, held: bool) -> None:
        began = time.perf_counter()
        if held and await self._processor.still_held():
            self._log.info("kept its state over a rebalance")
        else:
            self._whole = False
            await self._processor.close()
            with self._collector.resting():
                rows = await self._processor.recover()
            self._whole = True
            took = time.perf_counter() - began
            self._instruments.recovery_seconds.labels(self.tp.topic).observe(took)
            self._instruments.recovered_rows.labels(self.tp.topic).inc(rows)
            self._log.info("recovered", rows=rows, seconds=round(took, 3))
        self._pending.clear()
        self.ready = True
        self._admit(self.tp)
