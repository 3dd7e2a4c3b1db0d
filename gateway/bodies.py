"""Read a request's body: with a limit that holds while reading and unpacking, and a time in which it has to come."""

import asyncio
from collections.abc import Mapping
from typing import Any

from litestar import Request

from gateway.body_room import Held
from gateway.encodings import ENCODINGS, BrokenError, NotReadError, TooLargeError, known_encoding, unpack
from gateway.problems import Refusal

_DRAIN_BYTES = 64 * 1024 * 1024
_DRAIN_SECONDS = 5.0
_LARGE_BODY = 16 * 1024
"""Larger compressed bodies are unpacked in a thread, so that they hold up no other request."""


async def read_body(
    request: Request[Any, Any, Any], limit: int, seconds: float | None = None, held: Held | None = None
) -> bytes:
    """The body, unpacked; at most ``limit`` bytes, as it comes and as it is unpacked.

    ``held`` takes the room that it needs. Raises :class:`Refusal`: 400 (not what its encoding says), 408 (not there
    within ``seconds``), 413, 415 (an encoding that is not read here), 429 (no room).
    """
    try:
        encoding = known_encoding(request.headers.get("content-encoding", ""))
    except NotReadError as unread:
        raise Refusal(415, "encoding", "content-encoding", str(unread), {"Accept-Encoding": ENCODINGS}) from None
    try:
        async with asyncio.timeout(seconds):
            body = await _read(request, limit, held)
    except TimeoutError:
        text = f"the body was not there within {seconds:g} seconds; send smaller batches"
        raise Refusal(408, "slow", "", text, {"Connection": "close"}) from None
    if not encoding:
        return body
    try:
        if len(body) > _LARGE_BODY:
            whole = await asyncio.to_thread(unpack, encoding, body, limit)
        else:
            whole = unpack(encoding, body, limit)
    except BrokenError:
        raise Refusal(400, "encoding", "content-encoding", f"the body is not {encoding}, or ends early") from None
    except TooLargeError:
        raise _too_large(limit) from None
    if held is not None:
        held.take(len(whole))
    return whole


async def _read(request: Request[Any, Any, Any], limit: int, held: Held | None) -> bytes:
    parts: list[bytes] = []
    size = 0
    stream = request.stream()
    too_large = (request.content_length or 0) > limit
    if too_large and request.headers.get("expect", "").lower() == "100-continue":
        raise _too_large(limit, {"Connection": "close"})  # it asks before it sends: so it need not send at all
    if not too_large:
        async for part in stream:
            size += len(part)
            if size > limit:
                too_large = True
                break
            if held is not None:
                held.take(len(part))
            parts.append(part)
    if too_large:
        parts.clear()
        await _drain(stream)
        raise _too_large(limit)
    return b"".join(parts)


def _too_large(limit: int, headers: Mapping[str, str] | None = None) -> Refusal:
    return Refusal(413, "too_large", "", f"a request may have {limit:,} bytes, unpacked; send smaller batches", headers)


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
