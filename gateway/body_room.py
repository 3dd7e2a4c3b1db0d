"""How much memory the bodies of requests may take together: a bound, whoever sends and however many at once."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

from gateway.problems import Refusal

MOST_BYTES = 256 * 1024 * 1024
"""Of bodies that are being read and judged, as they come and as they are unpacked; above it new ones wait outside."""

MOST_UNPROVEN_BYTES = 64 * 1024 * 1024
"""Of deliveries to hooks, which anybody can begin to send: so they take nothing from those who have a key."""


class Held:
    """What one request holds of the room."""

    def __init__(self, room: "BodyRoom") -> None:
        self._room = room
        self._bytes = 0

    def take(self, size: int) -> None:
        """Hold so many bytes more. Raises :class:`Refusal` (429) where there is no room for them."""
        if size > self._room.left:
            text = "too many large requests are under way; send it again later"
            raise Refusal(429, "busy", "", text, {"Retry-After": "1"})
        self._room.left -= size
        self._bytes += size

    def give_back(self) -> None:
        """Hold nothing any more."""
        self._room.left += self._bytes
        self._bytes = 0


class BodyRoom:
    """The room that is left, and the turn of large bodies. For one event loop."""

    def __init__(self, most: int = MOST_BYTES) -> None:
        self.left = most
        """Bytes that nobody holds."""
        self.turn = asyncio.Semaphore(1)
        """Large bodies are judged one after the other: several threads would only keep the event loop waiting."""

    @contextmanager
    def hold(self) -> Iterator[Held]:
        """Room for one request, given back at the end of the block."""
        held = Held(self)
        try:
            yield held
        finally:
            held.give_back()
