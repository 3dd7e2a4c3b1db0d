"""Says when a partition has stopped moving although there is work for it. Pure."""

from typing import NamedTuple


class Sight(NamedTuple):
    """One look at a partition. ``released`` is the offset up to which everything is durable."""

    position: int
    released: int | None
    lag: int


class Watchdog:
    """Remembers when each partition last moved. Times in seconds of one monotonic clock."""

    def __init__(self, limit: float) -> None:
        """``limit``: seconds without movement, while there is lag, that count as a stall."""
        self._limit = limit
        self._moved: dict[tuple[str, int], tuple[Sight, float]] = {}

    def look(self, topic: str, partition: int, sight: Sight, now: float) -> bool:
        """Take note of a partition. True if it has stalled."""
        before = self._moved.get((topic, partition))
        if before is None or sight.lag <= 0 or sight[:2] != before[0][:2]:
            self._moved[topic, partition] = (sight, now)
            return False
        return now - before[1] > self._limit

    def forget(self, topic: str, partition: int) -> None:
        """The partition is not ours any more."""
        self._moved.pop((topic, partition), None)
