"""What every process exports about itself, beside the measurements of its room.

Names, units and HELP follow Prometheus: base units, ``_total`` for what only grows, seconds of Unix time for moments.
No label ever has a customer, a person, an id or a text. ``docs/monitoring.md`` lists all of them.
"""

import math
import platform
import time
from collections.abc import Callable
from importlib.metadata import version

from prometheus_client import (
    CollectorRegistry,
    Gauge,
    GCCollector,
    PlatformCollector,
    ProcessCollector,
    disable_created_metrics,
)

SKEW_HOLDS_S = 300.0
"""A comparison with another clock says nothing any more after so many seconds: the gauge is then NaN."""


def clock_offset(asked: float, answered: float, theirs: float) -> float:
    """By how many seconds our clock is ahead of another one, behind if negative. Pure.

    The other clock was read at ``theirs``, between the moments ``asked`` and ``answered`` of ours. The answer is the
    least difference that explains it: 0 where ``theirs`` lies between the two.
    """
    if theirs < asked:
        return asked - theirs
    if theirs > answered:
        return answered - theirs
    return 0.0


class ProcessMetrics:
    """Version, readiness, resources, the last success of each step, and how the clock stands against others."""

    def __init__(self, registry: CollectorRegistry, room: str, *, database: bool = False) -> None:
        """``room`` is the kind of process, such as ``streams``; ``database`` whether it has one."""
        disable_created_metrics()  # type: ignore[no-untyped-call] # it has no annotations
        ProcessCollector(registry=registry)
        PlatformCollector(registry=registry)
        GCCollector(registry=registry)
        build = Gauge(
            "closeloop_build_info",
            "Always 1; the labels say which version of closeloop runs here, as which room, on which Python.",
            ["version", "room", "python"],
            registry=registry,
        )
        build.labels(version("closeloop"), room, platform.python_version()).set(1)
        self._ready = Gauge(
            "closeloop_ready",
            "1 while this process does its work, as /readyz says it; 0 while it starts, recovers or lacks something.",
            registry=registry,
        )
        self._succeeded = Gauge(
            "closeloop_last_success_timestamp_seconds",
            "When this step of the process last came to its end without an error, idle rounds included. An old time "
            "means that the step hangs or fails.",
            ["step"],
            registry=registry,
        )
        self._skew = Gauge(
            "closeloop_clock_skew_seconds",
            "How far this machine's clock is ahead of the clock of Kafka's broker or of the database; negative: "
            "behind. NaN when they were not compared within five minutes.",
            ["against"],
            registry=registry,
        )
        self._database_up = _database_gauge(registry) if database else None
        self._offsets: dict[str, tuple[float, float]] = {}

    def watch_readiness(self, ready: Callable[[], bool]) -> None:
        """Ask this at each scrape; it must answer at once."""
        self._ready.set_function(lambda: 1.0 if ready() else 0.0)

    def watch_database(self, answers: Callable[[], bool]) -> None:
        """Ask this at each scrape; it must answer at once."""
        assert self._database_up is not None, "made for a process without a database"
        self._database_up.set_function(lambda: 1.0 if answers() else 0.0)

    def succeeded(self, step: str) -> None:
        """The step has come to its end just now."""
        self._succeeded.labels(step).set_to_current_time()

    def forget_step(self, step: str) -> None:
        """This process does not take the step any more: another one does."""
        self._succeeded.remove(step)

    def compared(self, against: str, offset: float) -> None:
        """Our clock is ahead of another one by ``offset`` seconds (:func:`clock_offset`)."""
        if against not in self._offsets:
            self._skew.labels(against).set_function(lambda: self._current(against))
        self._offsets[against] = (offset, time.monotonic())

    def _current(self, against: str) -> float:
        offset, at = self._offsets[against]
        return offset if time.monotonic() - at <= SKEW_HOLDS_S else math.nan


def _database_gauge(registry: CollectorRegistry) -> Gauge:
    return Gauge(
        "closeloop_database_up",
        "1 while the database answers this process, asked every few seconds; 0 while it does not.",
        registry=registry,
    )
