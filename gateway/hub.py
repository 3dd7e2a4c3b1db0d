"""Fan-out of server-sent events: every frame is encoded once; a client that does not keep up is let go."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import Any, Literal

import msgspec

QUEUE_BATCHES = 40
"""Batches a client may lag behind, about ten seconds' worth, before it is dropped."""
HEARTBEAT_SECONDS = 15.0

_HEARTBEAT = b": still here\n\n"

EventName = Literal["metric", "case", "totals", "silences"]


def frame(event: EventName, data: Any) -> bytes:
    """One server-sent event; ``data`` is any msgspec value."""
    return b"event: %s\ndata: %s\n\n" % (event.encode(), msgspec.json.encode(data))


class Subscriber:
    """One client's waiting frames."""

    def __init__(self) -> None:
        self._queue: asyncio.Queue[bytes | None] = asyncio.Queue(QUEUE_BATCHES)
        self.dropped = False

    def offer(self, batch: bytes) -> bool:
        """Put a batch in line; False when the line is full, and the client is then let go."""
        try:
            self._queue.put_nowait(batch)
        except asyncio.QueueFull:
            self.end()
            self.dropped = True
            return False
        return True

    def end(self) -> None:
        """Let the client's stream end at once: what waits is thrown away."""
        while not self._queue.empty():
            self._queue.get_nowait()
        self._queue.put_nowait(None)

    async def frames(self, first: bytes, heartbeat: float) -> AsyncIterator[bytes]:
        """What to send: the snapshot, then batches as they come, a comment every ``heartbeat`` seconds of silence."""
        yield first
        while True:
            try:
                async with asyncio.timeout(heartbeat):
                    batch = await self._queue.get()
            except TimeoutError:
                yield _HEARTBEAT
                continue
            if batch is None:
                return
            yield batch


class Hub:
    """All clients of the stream. For one event loop, not for threads."""

    def __init__(self, heartbeat: float = HEARTBEAT_SECONDS) -> None:
        self._subscribers: set[Subscriber] = set()
        self.closed = asyncio.Event()
        """Set when the process ends its streams."""
        self.heartbeat = heartbeat
        self.dropped = 0

    def __len__(self) -> int:
        return len(self._subscribers)

    def publish(self, frames: Sequence[bytes]) -> None:
        """Send frames to every client."""
        if not frames or not self._subscribers:
            return
        batch = b"".join(frames)
        for subscriber in list(self._subscribers):
            if not subscriber.offer(batch):
                self._subscribers.discard(subscriber)
                self.dropped += 1

    def subscribe(self) -> Subscriber:
        """Add a client. From now on it gets every frame."""
        subscriber = Subscriber()
        if self.closed.is_set():
            subscriber.end()
        else:
            self._subscribers.add(subscriber)
        return subscriber

    def leave(self, subscriber: Subscriber) -> None:
        """Remove a client that has gone."""
        self._subscribers.discard(subscriber)

    def close(self) -> None:
        """End every stream, also those that come from now on."""
        self.closed.set()
        for subscriber in self._subscribers:
            subscriber.end()
        self._subscribers.clear()
