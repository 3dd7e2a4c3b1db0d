"""How fast each Slack channel may be written to: a token bucket a key, and holds that Slack itself asked for. Pure.

Time is an argument, in seconds of any clock that does not go back.
"""

from dataclasses import dataclass

BURST = 3.0
_KEPT = 10_000


@dataclass(slots=True)
class _Bucket:
    tokens: float
    at: float
    held_until: float = 0.0


class Pace:
    """Token buckets: ``rate`` messages a second, and a burst of three, or of a tenth of a second at a high rate."""

    def __init__(self, rate: float) -> None:
        self._rate = rate
        self._burst = max(BURST, rate / 10)
        self._buckets: dict[str, _Bucket] = {}

    def available(self, key: str, now: float) -> int:
        """How many messages may go out now."""
        bucket = self._refill(key, now)
        return 0 if now < bucket.held_until else int(bucket.tokens)

    def held(self, key: str, now: float) -> bool:
        """Whether Slack itself asked for a pause."""
        return now < self._refill(key, now).held_until

    def take(self, key: str, count: int, now: float) -> None:
        """Count messages as sent; what is sent before its turn lets the others wait the longer."""
        self._refill(key, now).tokens -= count

    def hold(self, key: str, seconds: float, now: float) -> None:
        """Send nothing for this key for so many seconds: Slack said so."""
        bucket = self._refill(key, now)
        bucket.held_until = max(bucket.held_until, now + seconds)

    def exhausted(self, prefix: str, now: float) -> list[str]:
        """The keys with this prefix, without it, for which nothing may go out now."""
        keys = [key for key in self._buckets if key.startswith(prefix)]
        return [key.removeprefix(prefix) for key in keys if self.available(key, now) < 1]

    def _refill(self, key: str, now: float) -> _Bucket:
        bucket = self._buckets.get(key)
        if bucket is None:
            if len(self._buckets) >= _KEPT:
                full = [name for name, kept in self._buckets.items() if now - kept.at > self._burst / self._rate]
                for name in full:
                    if self._buckets[name].held_until <= now:
                        del self._buckets[name]
            bucket = self._buckets[key] = _Bucket(self._burst, now)
        bucket.tokens = min(self._burst, bucket.tokens + max(0.0, now - bucket.at) * self._rate)
        bucket.at = now
        return bucket
