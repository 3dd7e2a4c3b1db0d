"""Faults that a test or a person orders: which call meets which failure, for how many calls or how long."""

import random
from collections import Counter
from enum import StrEnum
from typing import Any

import msgspec

BEYOND_API = frozenset({"socket.handshake", "interaction", "response_url"})
"""Places for faults that are no Web API methods: `*` leaves them alone."""


class FaultKind(StrEnum):
    """What goes wrong. Only `drop_after`, `late_apply`, `truncated` and `slow` let the call take effect."""

    RATELIMITED = "ratelimited"
    """HTTP 429 with Retry-After."""
    ERROR = "error"
    """HTTP 200 with `{"ok": false, "error": code}`."""
    HTTP_500 = "http_500"
    """HTTP 500, or another `status`, with an HTML page."""
    HTML = "html"
    """HTTP 200 with an HTML page and nothing done: a proxy that wants somebody to log in."""
    DROP_BEFORE = "drop_before"
    """The connection is cut and nothing was done."""
    DROP_AFTER = "drop_after"
    """The call is done, then the connection is cut: a lost reply."""
    HANG = "hang"
    """No answer and no effect until the client gives up."""
    LATE_APPLY = "late_apply"
    """No answer; done only `delay` seconds after the client gave up."""
    TRUNCATED = "truncated"
    """Done, but the answer's body breaks off."""
    SLOW = "slow"
    """Done and answered properly, `delay` seconds late."""


class Fault(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """One order: calls of `method` (`*` is every method) fail with `probability`, `times` times, for `seconds`.

    Without `times` and `seconds` it stays until it is cleared. `method` may also be one of `BEYOND_API`: the Socket
    Mode handshake, what the sandbox sends to the app (never sent, under whatever kind), a POST to a response URL.
    """

    kind: FaultKind
    method: str = "*"
    times: int | None = None
    seconds: float | None = None
    probability: float = 1.0
    error: str = "internal_error"
    retry_after: int = 1
    delay: float = 1.0
    status: int = 500
    fired: int = 0


class FaultPlan:
    """The faults in force, tried in the order given; the first that applies to a call wins."""

    def __init__(self, seed: int = 0) -> None:
        self._random = random.Random(seed)  # noqa: S311 - repeatable on purpose, guards nothing
        self._active: list[tuple[Fault, float | None]] = []
        self.fired: Counter[str] = Counter()

    def add(self, fault: Fault, now: float) -> None:
        """Put a fault in force from `now` (Unix seconds)."""
        self._active.append((fault, None if fault.seconds is None else now + fault.seconds))

    def clear(self) -> None:
        """Take every fault back."""
        self._active.clear()

    def seed(self, seed: int) -> None:
        """Start the sequence of chances anew."""
        self._random.seed(seed)

    def decide(self, method: str, now: float) -> Fault | None:
        """The fault that this call of `method` meets, or None; counts it."""
        self._active = [
            (fault, until)
            for fault, until in self._active
            if (until is None or now < until) and (fault.times is None or fault.fired < fault.times)
        ]
        for fault, _ in self._active:
            if (
                fault.method in (method, "*" if method not in BEYOND_API else method)
                and self._random.random() < fault.probability
            ):
                fault.fired += 1
                self.fired[f"{method}:{fault.kind}"] += 1
                return fault
        return None

    def listing(self) -> list[dict[str, Any]]:
        """The faults in force with how often each fired."""
        return [msgspec.to_builtins(fault) for fault, _ in self._active]
