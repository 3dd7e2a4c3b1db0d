"""Events that wait in memory, bounded in number and bytes."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

from closeloop_client.outgoing import Outgoing


class Buffer:
    """A queue in memory. Not thread-safe: its owner holds a lock."""

    def __init__(self, most: int, most_bytes: int) -> None:
        self._most = most
        self._most_bytes = most_bytes
        self._items: deque[Outgoing] = deque()
        self._under_way: list[Outgoing] = []
        self._first_under_way = 0
        self._bytes = 0
        self._put = 0

    @property
    def waiting(self) -> int:
        """Events that were put and are not settled."""
        return len(self._items) + len(self._under_way)

    @property
    def waiting_bytes(self) -> int:
        """Their bytes."""
        return self._bytes

    @property
    def oldest(self) -> int:
        """The number of the first event that is not settled."""
        return self._first_under_way if self._under_way else self._put - len(self._items)

    def put(self, item: Outgoing) -> bool:
        """Keep an event, if there is room."""
        size = len(item.value)
        if self.waiting >= self._most or self._bytes + size > self._most_bytes:
            return False
        self._items.append(item)
        self._bytes += size  # no call in this line: a signal handler that emits, too, would be forgotten
        self._put += 1
        return True

    def drop_oldest(self) -> list[Outgoing]:
        """Give up the oldest event that is not under way."""
        if not self._items:
            return []
        dropped = self._items.popleft()
        self._bytes -= len(dropped.value)
        return [dropped]

    def take(self, most: int, most_bytes: int) -> list[Outgoing]:
        """The next events, which are under way until they are settled."""
        self._first_under_way = self._put - len(self._items)
        taken: list[Outgoing] = []
        size = 0
        while self._items and len(taken) < most:
            size += len(self._items[0].value) + 1
            if taken and size > most_bytes:
                break
            taken.append(self._items.popleft())
        self._under_way = taken
        return taken

    def settle(self, left: Sequence[Outgoing] = ()) -> None:
        """The events under way are done with, but for ``left``."""
        self._bytes -= sum(len(item.value) for item in self._under_way) - sum(len(item.value) for item in left)
        self._under_way = list(left)

    def close(self) -> list[Outgoing]:
        """End: everything that waits is lost."""
        lost = [*self._under_way, *self._items]
        self.forget()
        return lost

    def forget(self) -> None:
        """Empty it, and count from the beginning."""
        self._put = 0
        self._items.clear()
        self._under_way = []
        self._bytes = 0
