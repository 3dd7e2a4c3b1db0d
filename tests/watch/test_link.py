"""The watch over a real gateway: it sees what changes, says when the gateway is gone, and comes back by itself."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress

import pytest

from closeloop.watch.link import Refused, Watcher
from gateway.keys import create_key
from tests.cli.asking import ask, refused
from tests.watch.conftest import Loop

NPS = ("nps", "1h", "all", (), "")


async def until(condition: Callable[[], object], seconds: float = 60.0) -> None:
    async with asyncio.timeout(seconds):
        while True:
            if condition():
                return
            await asyncio.sleep(0.02)


def following(loop: Loop, steps: Callable[[Watcher], Awaitable[None]]) -> None:
    async def run() -> None:
        watcher = Watcher(loop.url, None)
        task = asyncio.create_task(watcher.run())
        try:
            await steps(watcher)
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    asyncio.run(run())


def test_it_follows_what_changes_and_survives_a_restart_of_the_gateway(loop: Loop) -> None:
    async def steps(watcher: Watcher) -> None:
        await until(lambda: watcher.known.link.state == "lost")
        assert watcher.known.link.why == "not-listening"
        with loop.serve():
            await until(lambda: watcher.known.link.state == "live")
            assert watcher.known.values[NPS].value == 20.0
            assert watcher.known.numbers.waiting == 1
            assert watcher.known.cases[loop.case].owner == "ana"
            loop.counts(2, of_9=70, of_3=30)
            await until(lambda: watcher.known.values[NPS].value == 40.0)
            loop.books(110, 106)
            await until(lambda: watcher.known.totals and watcher.known.totals.responses.received == 110)
            await until(lambda: watcher.known.pipeline is not None)
            assert watcher.known.pipeline is not None
            assert watcher.known.pipeline.books["responses"].dead_letters_by_reason == {"scale": 4}
        await until(lambda: watcher.known.link.state == "lost")
        assert watcher.known.values[NPS].value == 40.0, "what was seen stays to be seen"

    following(loop, steps)


def test_once_prints_every_tab_in_plain_lines(loop: Loop) -> None:
    with loop.serve():
        answer = ask("watch", "--once", "--url", loop.url, COLUMNS="80")
    assert answer.code == 0, answer
    lines = answer.out.splitlines()
    assert lines[0].startswith("* Live  http://127.0.0.1:")
    assert [line for line in lines if line.startswith("==")] == ["== Now ==", "== Cases ==", "== Pipeline =="]
    books = " ".join(" ".join(lines[lines.index("== Pipeline ==") :]).split())
    assert "Answers 104 received = 100 counted + 0 duplicates + 0 too late + 4 dead letters" in books
    assert "\x1b" not in answer.out
    assert max(map(len, lines)) <= 80


def test_a_gateway_that_is_away_or_wants_a_key(loop: Loop) -> None:
    refused(ask("watch", "--once", "--url", loop.url), "does not answer", "--url", code=1, lines=1)
    refused(ask("watch", "--once", "--url", "gateway"), "--url: give the gateway's URL", code=2, lines=1)
    key = create_key(loop.parts.writers, "eye", "read")
    with loop.serve():
        refused(ask("watch", "--once", "--url", loop.url), "CLOSELOOP_API_KEY", code=1, lines=1)
        assert ask("watch", "--once", "--url", loop.url, CLOSELOOP_API_KEY=key).code == 0
        with pytest.raises(Refused):
            asyncio.run(Watcher(loop.url, "wrong").once())
