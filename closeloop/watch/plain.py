"""Without a terminal: plain lines, once a second or once."""

import asyncio
import contextlib
from collections.abc import Callable
from datetime import UTC, datetime

import aiohttp
import msgspec

from closeloop.watch.frame import status, tab_lines, title, why
from closeloop.watch.known import Known, chosen_window
from closeloop.watch.link import Refused, Watcher, why_lost
from closeloop.watch.speech import Speech

EVERY_S = 1.0


def plain_lines(
    known: Known, url: str, tabs: tuple[str, ...], window: str, width: int, at: datetime, speech: Speech
) -> list[str]:
    """The tabs below each other, without colours. Pure."""
    lines = [status(known, url, at, speech).plain]
    for tab in tabs:
        lines += ["", f"== {title(tab, speech)} =="]
        drawn = tab_lines(tab, known, chosen_window(known, window), width, at, speech)
        lines += [line.plain.rstrip() for line in drawn]
    return lines


def run_once(
    url: str, key: str | None, tabs: tuple[str, ...], window: str, width: int, speech: Speech
) -> tuple[list[str], str]:
    """Everything once, or no lines and why not."""
    try:
        known = asyncio.run(Watcher(url, key, window=window).once())
    except Refused:
        return [], why("key", 0, speech)
    except msgspec.MsgspecError:
        return [], why("foreign", 0, speech)
    except (aiohttp.ClientError, TimeoutError, OSError) as error:
        return [], speech.say("watch-no-answer", why=why(*why_lost(error), speech))
    return plain_lines(known, url, tabs, window, width, datetime.now(UTC), speech), ""


async def run_plain(
    url: str,
    key: str | None,
    tabs: tuple[str, ...],
    window: str,
    width: int,
    speech: Speech,
    say: Callable[[list[str]], None],
) -> None:
    """Say what changed once a second, until cancelled. A picture equal to the one before is not said again."""
    watcher = Watcher(url, key, window=window)
    following = asyncio.create_task(watcher.run())
    before: list[str] = []
    try:
        while True:
            await asyncio.sleep(EVERY_S)
            lines = plain_lines(watcher.known, url, tabs, window, width, datetime.now(UTC), speech)
            say([lines[0]] if lines[1:] == before else [*lines, ""])
            before = lines[1:]
    finally:
        following.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await following
