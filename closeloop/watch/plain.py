"""Without a terminal: plain lines, once a second or once."""

import asyncio
import contextlib
from collections.abc import Callable
from datetime import UTC, datetime

import aiohttp
import msgspec

from closeloop.watch.frame import status, tab_lines, title
from closeloop.watch.known import Known, chosen_window
from closeloop.watch.link import Refused, Watcher, why_lost

EVERY_S = 1.0


def plain_lines(known: Known, url: str, tabs: tuple[str, ...], window: str, width: int, at: datetime) -> list[str]:
    """The tabs below each other, without colours. Pure."""
    lines = [status(known, url, at).plain]
    for tab in tabs:
        lines += ["", f"== {title(tab)} =="]
        lines += [line.plain.rstrip() for line in tab_lines(tab, known, chosen_window(known, window), width, at)]
    return lines


def run_once(url: str, key: str | None, tabs: tuple[str, ...], window: str, width: int) -> tuple[list[str], str]:
    """Everything once, or no lines and why not."""
    try:
        known = asyncio.run(Watcher(url, key, window=window).once())
    except Refused as error:
        return [], str(error)
    except msgspec.MsgspecError:
        return [], "the answer is not that of a closeloop gateway; check --url"
    except (aiohttp.ClientError, TimeoutError, OSError) as error:
        return [], f"the gateway does not answer ({why_lost(error)}); check --url"
    return plain_lines(known, url, tabs, window, width, datetime.now(UTC)), ""


async def run_plain(
    url: str, key: str | None, tabs: tuple[str, ...], window: str, width: int, say: Callable[[list[str]], None]
) -> None:
    """Say what changed once a second, until cancelled. A picture equal to the one before is not said again."""
    watcher = Watcher(url, key, window=window)
    following = asyncio.create_task(watcher.run())
    before: list[str] = []
    try:
        while True:
            await asyncio.sleep(EVERY_S)
            lines = plain_lines(watcher.known, url, tabs, window, width, datetime.now(UTC))
            say([lines[0]] if lines[1:] == before else [*lines, ""])
            before = lines[1:]
    finally:
        following.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await following
