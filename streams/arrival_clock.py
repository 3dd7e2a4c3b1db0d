"""How this machine's clock stands against the broker's, seen from the records that it hands out. Pure."""

from collections import deque

WINDOW_S = 60.0


class ArrivalClock:
    """Takes the age of records as they come: our clock minus the broker's arrival time of the record.

    A record fetched at once is some milliseconds old. So the youngest of the last minute says by how much our clock
    is ahead, and a record from the future by how much it is behind. Records of a backlog say nothing and are left out
    by the caller.
    """

    def __init__(self) -> None:
        self._ages: deque[tuple[float, float]] = deque()
        """When and how old, seconds; ages grow from the left to the right, so the first is the youngest."""

    def take(self, arrived: float, now: float) -> None:
        """A record of the end of its partition: arrived at ``arrived`` by the broker's clock, is here at ``now``."""
        age = now - arrived
        while self._ages and self._ages[-1][1] >= age:
            self._ages.pop()
        self._ages.append((now, age))

    def offset(self, now: float) -> float | None:
        """Seconds that our clock is ahead, negative if behind; ``None`` without a record in the last minute."""
        while self._ages and not now - WINDOW_S <= self._ages[0][0] <= now:
            self._ages.popleft()
        return self._ages[0][1] if self._ages else None
