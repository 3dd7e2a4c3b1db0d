"""What became of events, as the host sees it: one delivery an event, and the counts of all."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

Status = Literal["delivered", "rejected", "dropped"]
DropReason = Literal["full", "closed", "spool", "invalid"]


@dataclass(frozen=True, slots=True)
class Delivery:
    """The end of one event's way.

    ``delivered``: the gateway or Kafka has acknowledged it. ``rejected``: it will not be taken however often it is
    sent; ``reason`` (a code), ``field`` and ``problem`` say why. ``dropped``: it was not sent; ``reason`` is ``full``
    (no room in the buffer), ``closed`` (the emitter ended before it could be sent, or before it was emitted), ``spool``
    (the disk did not take it) or ``invalid`` (the server would refuse it, and the emitter does not raise).
    """

    id: str
    type: str
    status: Status
    reason: str = ""
    field: str = ""
    problem: str = ""


OnDelivery = Callable[[Delivery], None]


@dataclass(frozen=True, slots=True)
class Stats:
    """Counts since this process made its first event; ``waiting`` and ``waiting_bytes`` are of this moment.

    ``accepted`` events were taken by the emitter; each of them is in the end delivered, rejected or dropped, unless
    the process dies first. ``dropped`` counts also those that were never accepted, for want of room, and those that a
    damaged spool does not give back. ``invalid`` counts those that the checks refused. ``retries`` counts tries of a
    batch that failed, and ``recovered`` the events of processes that died, found in the spool; they count as delivered
    too. ``problem`` says in words what the last failed try met, and is empty while all goes well.
    """

    accepted: int = 0
    delivered: int = 0
    rejected: int = 0
    dropped: int = 0
    invalid: int = 0
    retries: int = 0
    recovered: int = 0
    waiting: int = 0
    waiting_bytes: int = 0
    problem: str = ""
