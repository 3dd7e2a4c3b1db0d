"""A spool on a bench: a Kafka that is away when it is told to, and a forwarder that runs when it is asked to."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from pathlib import Path
from typing import Any

from gateway.intake import Record
from gateway.producer import NotDeliveredError
from gateway.spool.forwarder import Forwarder
from gateway.spool.spool import Spool

MB = 1_000_000
SECONDS = 20.0


def record(number: int, size: int = 20) -> Record:
    return Record("cx.responses", b"c%d" % (number % 3), b"%0*d" % (size, number))


def numbers(records: Sequence[Record]) -> list[int]:
    return [int(one.value[-20:]) for one in records if one.topic == "cx.responses"]


async def until(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(SECONDS):
        while not condition():  # noqa: ASYNC110 - what is waited for has no event of its own
            await asyncio.sleep(0.01)


class Kafka:
    """In place of the producer: up, away (refuses at once), or silent (never answers)."""

    def __init__(self) -> None:
        self.state = "up"
        self.taken: list[Record] = []
        self.never: set[bytes] = set()

    async def deliver(self, records: Sequence[Record]) -> None:
        await asyncio.sleep(0)
        if self.state == "silent":
            await asyncio.Event().wait()
        if self.state == "away":
            raise NotDeliveredError(len(records), "_MSG_TIMED_OUT")
        if any(one.value in self.never for one in records):  # a broker refuses what travelled together
            raise NotDeliveredError(len(records), "MSG_SIZE_TOO_LARGE")
        self.taken.extend(records)


class Bench:
    """A spool, its Kafka, and a forwarder that runs when it is asked to."""

    def __init__(self, directory: Path, most: int = 10 * MB, patience: float = 0.05) -> None:
        self.kafka = Kafka()
        self.spool = Spool(directory, most, patience)
        self._running: asyncio.Task[None] | None = None

    async def hand_on(self, *numbers: int, size: int = 20) -> list[int]:
        return list(await self.spool.hand_on(self.kafka.deliver, [record(number, size) for number in numbers]))

    def forward(self) -> None:
        self._running = asyncio.create_task(Forwarder(self.spool, self.kafka.deliver).run())

    async def drained(self) -> None:
        await until(lambda: not self.spool.records)

    async def end(self) -> None:
        if self._running is not None:
            self._running.cancel()
            await asyncio.wait((self._running,))
        self.spool.close()


def on_bench(
    directory: Path, play: Callable[[Bench], Coroutine[Any, Any, None]], most: int = 10 * MB, patience: float = 0.05
) -> None:
    async def run() -> None:
        bench = Bench(directory, most, patience)
        assert bench.spool.open()
        try:
            await play(bench)
        finally:
            await bench.end()

    asyncio.run(run())
