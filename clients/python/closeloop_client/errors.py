"""What can go wrong for a caller. No text shows the content of an event."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from closeloop_client.results import EventResult


class CloseloopError(Exception):
    """Base of this package's errors. ``results`` are those of the events answered before it, in their order."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.results: list[EventResult] = []


class UnavailableError(CloseloopError):
    """The gateway did not take the events in the time given for retries; send the same events again later."""

    def __init__(self, last_problem: str, attempts: int, seconds: float, retry_after: float = 0.0) -> None:
        times = "once" if attempts == 1 else f"{attempts} times in {seconds:.1f} s"
        super().__init__(f"gave up after trying {times}: {last_problem}")
        self.last_problem = last_problem
        self.attempts = attempts
        self.retry_after = retry_after
        """Seconds that the last answer asked to wait for; 0 where it asked for none."""


class RefusedError(CloseloopError):
    """The gateway will not take this, however often it is sent: the HTTP status, the field, and what is wrong."""

    def __init__(self, status: int, reason: str, field: str, problem: str) -> None:
        where = f"{field}: " if field else ""
        super().__init__(
            f"refused ({status} {reason}): {where}{problem}" if reason else f"refused ({status}): {problem}"
        )
        self.status = status
        self.reason = reason
        self.field = field
        self.problem = problem
