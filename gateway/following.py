"""Who follows a stream is asked again, while it lasts, whether they still may."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from litestar.connection import ASGIConnection

from gateway.access import may_follow

CHECK_SECONDS = 5.0
"""Between two looks. Keys and sessions are read again every five seconds, too: a stream is over within twice that."""


@contextmanager
def watched(connection: ASGIConnection[Any, Any, Any, Any]) -> Iterator[asyncio.Task[None]]:
    """A task that is done once the caller of a guarded route may follow no longer; the block cancels it at its end."""
    watching = asyncio.create_task(_until_over(connection), name="follower")
    try:
        yield watching
    finally:
        watching.cancel()


async def _until_over(connection: ASGIConnection[Any, Any, Any, Any]) -> None:
    while await may_follow(connection):  # noqa: ASYNC110 - keys and sessions do not tell when they are over
        await asyncio.sleep(CHECK_SECONDS)
