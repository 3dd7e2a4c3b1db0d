"""``GET /v1/stream``: server-sent events."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

from litestar import Request, get
from litestar.di import NamedDependency
from litestar.response import Stream

from gateway.access import needs
from gateway.following import watched
from gateway.hub import Subscriber, frame
from gateway.metric_rows import shown
from gateway.parts import Parts, now
from gateway.routes.answers import refusals
from gateway.routes.totals import totals_of
from gateway.silence_reads import silences_now


@get(
    "/v1/stream",
    guards=[needs("read")],
    summary="Follow metrics, cases, totals and silences",
    description=(
        "Server-sent events. First the present: a `metric` event for each current value, a `totals` and a `silences` "
        "event; then what changes, at most four times a second: `metric` (as in /v1/metrics), `case` (as in "
        "/v1/cases), `totals` (as in /v1/totals), `silences` (all of /v1/silences that hold or are to come). A comment "
        "comes every 15 seconds without an event. A client that is cut off connects again with `Last-Event-ID`, as "
        "browsers do, and gets what it missed; after a minute, or from another gateway, it begins with the present. "
        "Within 15 seconds after the key or the session that it was begun with is over, the stream ends, and who "
        "connects again hears 401. With API keys: send `Authorization` with fetch."
    ),
    responses=refusals(),
    tags=["metrics"],
    media_type="text/event-stream",
)
async def get_stream(request: Request[Any, Any, Any], parts: NamedDependency[Parts]) -> Stream:
    """Subscribe first, then take the snapshot: nothing falls between."""
    subscriber = parts.hub.subscribe()
    # Whoever was cut off goes on where they were: all that they missed, and nothing twice.
    first = parts.hub.since(request.headers.get("last-event-id", ""))
    mark = parts.hub.mark
    try:
        if first is None:
            first = await asyncio.to_thread(_snapshot, parts, mark)
    except BaseException:
        parts.hub.leave(subscriber)
        raise
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    return Stream(_frames(request, parts, subscriber, first), media_type="text/event-stream", headers=headers)


def _snapshot(parts: Parts, mark: str) -> bytes:
    frames = [frame("metric", shown(row)) for row in parts.live.rows.metrics()]
    frames.append(frame("totals", totals_of(parts)))
    frames.append(b"id: %s\n" % mark.encode() + frame("silences", silences_now(parts.readers, parts.words, now())))
    return b"".join(frames)


async def _frames(
    request: Request[Any, Any, Any], parts: Parts, subscriber: Subscriber, first: bytes
) -> AsyncIterator[bytes]:
    try:
        with watched(request) as over:
            over.add_done_callback(lambda _: subscriber.end())
            async for part in subscriber.frames(first, parts.hub.heartbeat):
                yield part
    finally:
        parts.hub.leave(subscriber)


routes = [get_stream]
