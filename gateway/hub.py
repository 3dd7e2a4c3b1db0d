"""Fan-out of server-sent events: every frame is encoded once; a client that does not keep up is let go."""

import asyncio
import math
import secrets
import time
from collections import deque
from collections.abc import AsyncIterator, Sequence
from typing import Any, Literal

import msgspec

QUEUE_BATCHES = 40
"""Batches a client may lag behind, about ten seconds' worth, before it is dropped."""
HEARTBEAT_SECONDS = 15.0
KEPT_SECONDS = 60.0
"""How long a client that was cut off is awaited."""
KEPT_BYTES = 16 * 1024 * 1024
"""What is kept for it at most; who missed more begins with the present again."""

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
    """All clients of the stream. For one event loop, not for threads.

    What was sent lately is kept, so that a client that was cut off gets what it missed: each batch ends with an id, the
    mark of how far a client has read.
    """

    def __init__(self, heartbeat: float = HEARTBEAT_SECONDS, kept_bytes: int = KEPT_BYTES) -> None:
        self._subscribers: set[Subscriber] = set()
        self._epoch = secrets.token_hex(4)
        self._number = 0
        self._kept: deque[tuple[int, bytes]] = deque()
        self._kept_bytes = 0
        self._most_bytes = kept_bytes
        self._left_at = -math.inf
        self.closed = asyncio.Event()
        """Set when the process ends its streams."""
        self.heartbeat = heartbeat
        self.dropped = 0

    def __len__(self) -> int:
        return len(self._subscribers)

    @property
    def mark(self) -> str:
        """How far whoever has everything has read: ``EPOCH.NUMBER``; the epoch is this process's."""
        return f"{self._epoch}.{self._number}"

    def wanted(self, now: float) -> bool:
        """Whether anybody listens at this time of the monotonic clock, or may come back for what they missed.

        Once nobody is awaited, what was kept is forgotten, and with it every mark: what comes now is sent to nobody, so
        a mark of before must not seem to be the newest.
        """
        if self._subscribers or now - self._left_at < KEPT_SECONDS:
            return True
        self._kept.clear()
        self._kept_bytes = 0
        self._epoch = secrets.token_hex(4)
        return False

    def publish(self, frames: Sequence[bytes]) -> None:
        """Send frames to every client."""
        if not frames:
            return
        self._number += 1
        batch = b"".join([*frames[:-1], b"id: %s\n" % self.mark.encode(), frames[-1]])
        self._keep(batch)
        for subscriber in list(self._subscribers):
            if not subscriber.offer(batch):
                self.leave(subscriber)
                self.dropped += 1

    def since(self, mark: str) -> bytes | None:
        """What was sent after a mark; None where that is not known any more, or the mark is another process's."""
        epoch, _, text = mark.rpartition(".")
        if epoch != self._epoch or not (text.isascii() and text.isdigit()) or len(text) > 15:
            return None
        number = int(text)
        first = self._kept[0][0] if self._kept else self._number + 1
        if number > self._number or number < first - 1:
            return None
        return b"".join(batch for its, batch in self._kept if its > number)

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
        self._left_at = time.monotonic()

    def close(self) -> None:
        """End every stream, also those that come from now on."""
        self.closed.set()
        for subscriber in self._subscribers:
            subscriber.end()
        self._subscribers.clear()

    def _keep(self, batch: bytes) -> None:
        self._kept.append((self._number, batch))
        self._kept_bytes += len(batch)
        while self._kept_bytes > self._most_bytes:
            self._kept_bytes -= len(self._kept.popleft()[1])
