"""One event on its way: its bytes, made when the host handed it over, and what sending it needs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Protocol


class Outgoing(NamedTuple):
    """An encoded event. ``key`` is the customer's id in UTF-8: what Kafka keeps in order by."""

    type: str
    id: str
    key: bytes
    value: bytes


class Queue(Protocol):
    """Events that wait, first in, first out. Not thread-safe: its owner holds a lock."""

    @property
    def waiting(self) -> int:
        """How many events were put and are not settled, those under way included."""

    @property
    def waiting_bytes(self) -> int:
        """Their bytes."""

    @property
    def oldest(self) -> int:
        """The number, from 0, of the first event put that is not settled; the number of the next one if none waits."""

    def put(self, item: Outgoing) -> bool:
        """Keep an event, if there is room. Raises ``OSError`` where a disk does not take it."""

    def drop_oldest(self) -> list[Outgoing]:
        """Make room: the events given up, none of them under way."""

    def take(self, most: int, most_bytes: int) -> list[Outgoing]:
        """The next events, which are under way until :meth:`settle`."""

    def settle(self, left: Sequence[Outgoing] = ()) -> None:
        """The events taken are done with; ``left`` are those of them that are not, in their order."""

    def close(self) -> list[Outgoing]:
        """End, and say which events are lost thereby."""

    def forget(self) -> None:
        """In a forked child: let go of all that the parent has, without a trace."""
