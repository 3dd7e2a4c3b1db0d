"""How many requests a link and an address may make: a few at once, then one at a time. Pure: the time is given."""

from collections import OrderedDict

_REMEMBERED = 20_000


class Pace:
    """A token bucket a name. The names used longest ago are forgotten first; memory is bounded."""

    def __init__(self, burst: int, every_s: float) -> None:
        """``burst`` requests at once, and then one each ``every_s`` seconds."""
        self._burst = burst
        self._every_s = every_s
        self._full_at: OrderedDict[str, float] = OrderedDict()

    def allows(self, name: str, now: float) -> bool:
        """Count a request, unless it is one too many. ``now`` in seconds of any clock that only goes forward."""
        full_at = max(self._full_at.pop(name, now), now) + self._every_s
        allowed = full_at <= now + self._burst * self._every_s
        self._full_at[name] = full_at if allowed else full_at - self._every_s
        if len(self._full_at) > _REMEMBERED:
            self._full_at.popitem(last=False)
        return allowed
