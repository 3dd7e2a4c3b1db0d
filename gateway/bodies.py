"""Read a request's body with a limit that holds while reading."""

import asyncio
from typing import Any

from litestar import Request

from gateway.problems import Refusal

_DRAIN_BYTES = 64 * 1024 * 1024
_DRAIN_SECONDS = 5.0


async def read_body(request: Request[Any, Any, Any], limit: int) -> bytes:
    """The body, at most ``limit`` bytes of it in memory. Raises :class:`Refusal` (413)."""
    parts: list[bytes] = []
    size = 0
    stream = request.stream()
    too_large = (request.content_length or 0) > limit
    if not too_large:
        async for part in stream:
            size += len(part)
            if size > limit:
                too_large = True
                break
            parts.append(part)
    if too_large:
        parts.clear()
        await _drain(stream)
        raise Refusal(413, "too_large", "", f"a request may have {limit:,} bytes; send smaller batches")
    return b"".join(parts)


async def _drain(stream: Any) -> None:
    """Throw away what still comes, within bounds: a client that is still writing would not read our answer."""
    left = _DRAIN_BYTES
    try:
        async with asyncio.timeout(_DRAIN_SECONDS):
            async for part in stream:
                left -= len(part)
                if left < 0:
                    return
    except TimeoutError:
        return
