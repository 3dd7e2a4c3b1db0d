"""The rate limit at a way in: how its sender stands, and the headers that tell it."""

import time

from gateway.problems import Refusal
from gateway.rate_limits import Limit, Standing, Throttle
from schemas.config_base import seconds
from schemas.config_gateway import RateLimit


class RateGate:
    """The limit of one sender; ``None``: there is none."""

    def __init__(self, configured: RateLimit | None, throttle: Throttle, sender: str) -> None:
        self._limit = None if configured is None else limit_of(configured)
        self._throttle, self._sender = throttle, sender

    def admit(self) -> None:
        """Let it in while anything is left, and count it as one event, before anything is read of it.

        So requests that are refused, and those that come at the same time, are paid for too. Raises :class:`Refusal`
        (429).
        """
        if self._limit is None:
            return
        at = time.monotonic()
        now = self._throttle.standing(self._sender, self._limit, at)
        if now.wait:
            text = f"more than {self._limit.rate:g} events a second; send again in {now.wait} seconds"
            raise Refusal(429, "rate_limit", "", text, {"Retry-After": str(now.wait), **rate_headers(self._limit, now)})
        self._throttle.charge(self._sender, self._limit, 1, at)

    def charge(self, events: int) -> dict[str, str]:
        """Count the request's other events, it had so many; the headers of the answer."""
        if self._limit is None:
            return {}
        now = self._throttle.charge(self._sender, self._limit, max(0, events - 1), time.monotonic())
        return rate_headers(self._limit, now)


def limit_of(configured: RateLimit) -> Limit:
    """loop.yaml's words as numbers."""
    return Limit(configured.events_per_second, max(1.0, configured.events_per_second * seconds(configured.burst)))


def rate_headers(limit: Limit, now: Standing) -> dict[str, str]:
    """The headers of the IETF's draft "RateLimit header fields for HTTP": the policy, and what is left of it."""
    window = max(1, round(limit.burst / limit.rate))
    return {
        "RateLimit-Policy": f'"events";q={round(limit.burst)};w={window}',
        "RateLimit": f'"events";r={now.left};t={now.wait}',
    }
