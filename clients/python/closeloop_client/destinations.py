"""Where events go, and what one try of sending came to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from closeloop_client.outgoing import Outgoing
from closeloop_client.results import EventResult


@dataclass(frozen=True, slots=True)
class Tried:
    """One try: a result for each event, ``None`` for those that must be sent again, and why.

    ``problem`` is in words, without anything of the events. ``pause`` is what the other end asked to wait for, seconds.
    ``needs_help``: trying again helps only after somebody changed something, such as a key.
    """

    results: Sequence[EventResult | None]
    problem: str = ""
    pause: float = 0.0
    needs_help: bool = False


class Destination(Protocol):
    """A way to the loop. Used by one thread at a time."""

    def __str__(self) -> str:
        """Where it leads, for logs: no password, no key."""

    def deliver(self, batch: Sequence[Outgoing]) -> Tried:
        """Try to send once, in order, and wait for the answer. Raises nothing that a bad network could cause."""

    def forget(self) -> None:
        """In a forked child: let go of connections that are the parent's."""

    def close(self, timeout: float) -> None:
        """Close the connections within ``timeout`` seconds."""


def all_again(batch: Sequence[Outgoing], problem: str, pause: float = 0.0, *, needs_help: bool = False) -> Tried:
    """Nothing was taken."""
    return Tried([None] * len(batch), problem, pause, needs_help)
