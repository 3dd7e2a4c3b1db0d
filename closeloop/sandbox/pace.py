"""Slack's limit of about one message a second a channel, as a token bucket. Pure: the time is an argument."""

import math


class Pace:
    """One token bucket a channel: `rate` tokens a second, at most `burst` of them; a rate of 0 lets all pass."""

    def __init__(self, rate: float, burst: int) -> None:
        self._rate = rate
        self._burst = max(float(burst), 1.0)
        self._buckets: dict[str, tuple[float, float]] = {}

    def take(self, channel: str, now: float) -> int:
        """Take a token at `now` (seconds). Returns 0, or the whole seconds to wait (Retry-After), at least 1."""
        if self._rate <= 0:
            return 0
        tokens, at = self._buckets.get(channel, (self._burst, now))
        tokens = min(self._burst, tokens + max(0.0, now - at) * self._rate)
        if tokens >= 1:
            self._buckets[channel] = (tokens - 1, now)
            return 0
        self._buckets[channel] = (tokens, now)
        return max(1, math.ceil((1 - tokens) / self._rate))
