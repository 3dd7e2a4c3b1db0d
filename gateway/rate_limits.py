"""How many events one sender may send: a token bucket a sender, refilled by the second. Pure: the time is given."""

import math

from msgspec import Struct

MOST_SENDERS = 10_000
"""Remembered at once; who has not sent for the longest makes room, and begins anew with a full bucket."""


class Limit(Struct, frozen=True):
    """``rate`` events a second, and ``burst`` at once after a quiet time."""

    rate: float
    burst: float


class Standing(Struct, frozen=True):
    """How a sender stands: events that it may still send now, and seconds until it may again (0: now)."""

    left: int
    wait: int


class Throttle:
    """The buckets. A batch may overdraw its sender's bucket, which then refills for longer: so no batch is too large
    ever to be sent, and nobody sends more than the rate in the long run. For one event loop."""

    def __init__(self) -> None:
        self._buckets: dict[str, tuple[float, float]] = {}

    def standing(self, sender: str, limit: Limit, at: float) -> Standing:
        """How this sender stands at this time of a monotonic clock."""
        level = self._level(sender, limit, at)
        return Standing(max(0, math.floor(level)), 0 if level >= 1 else math.ceil((1 - level) / limit.rate))

    def charge(self, sender: str, limit: Limit, events: int, at: float) -> Standing:
        """Take so many events from its bucket; how it stands then."""
        level = self._level(sender, limit, at) - events
        self._buckets.pop(sender, None)
        while len(self._buckets) >= MOST_SENDERS:
            del self._buckets[next(iter(self._buckets))]
        self._buckets[sender] = (level, at)
        return self.standing(sender, limit, at)

    def _level(self, sender: str, limit: Limit, at: float) -> float:
        level, since = self._buckets.get(sender, (limit.burst, at))
        return min(limit.burst, level + (at - since) * limit.rate)
