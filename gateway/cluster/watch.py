"""The thread that looks at the cluster: every two seconds while somebody looks at it, every fifteen otherwise."""

import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from typing import Protocol

import structlog

from gateway.cluster.looks import Look
from gateway.cluster.report import ClusterReport, make_report
from gateway.cluster.trend import ClusterTrend
from schemas.topics import READERS

BUSY_SECONDS = 2.0
IDLE_SECONDS = 15.0
WATCHED_SECONDS = 20.0
"""How long after the last question somebody counts as looking."""
RATE_SECONDS = 10.0
"""Rates are counted over at least this time once there are looks that old: two seconds alone would make them jump."""

_log = structlog.get_logger("gateway.cluster")


class Reader(Protocol):
    """What looks at the cluster."""

    def look(self, at: float) -> Look:
        """One look; ``at`` is now, seconds since the epoch."""

    def close(self) -> None:
        """End its connections."""


class ClusterWatch:
    """Keeps the latest report. It answers from memory at once: a cluster that hangs delays nobody."""

    def __init__(
        self,
        reader: Reader,
        also: Callable[[float], None] | None = None,
        *,
        readers: Mapping[str, tuple[str, ...]] = READERS,
        busy: float = BUSY_SECONDS,
        idle: float = IDLE_SECONDS,
    ) -> None:
        """``also`` is called after each look with its time: for what is to be noted at the same moments.

        ``readers`` are the groups that ``reader`` looks at, with the topics that each reads.

        ``busy`` and ``idle`` are the seconds between two looks while somebody looks, and otherwise.
        """
        self.trend = ClusterTrend()
        """What rates and lags were lately."""
        self._reader = reader
        self._also = also
        self._readers = readers
        self._busy = busy
        self._idle = idle
        self._changed = threading.Condition()
        self._report: ClusterReport | None = None
        self._wanted_at = float("-inf")
        self._looks: deque[Look] = deque()
        self._closing = False
        self._asked = False
        self._thread = threading.Thread(target=self._run, name="cluster-watch", daemon=True)

    def start(self) -> None:
        """Begin to look."""
        self._thread.start()

    def stop(self, seconds: float = 5.0) -> None:
        """End the thread."""
        with self._changed:
            self._closing = True
            self._changed.notify_all()
        if self._thread.ident is not None:
            self._thread.join(seconds)

    def latest(self) -> ClusterReport | None:
        """The latest report, at most fifteen seconds old; ``None`` before the first. Never waits."""
        with self._changed:
            self._want()
            return self._report

    def fresh(self, age: float = 3.0, wait: float = 1.5) -> ClusterReport | None:
        """A report of the last ``age`` seconds if one comes within ``wait`` seconds, else the latest one. Blocks."""
        with self._changed:
            self._want()
            if self._thread.is_alive():
                self._changed.wait_for(
                    lambda: self._closing or (self._report is not None and time.time() - self._report.at <= age), wait
                )
            return self._report

    def _want(self) -> None:
        now = time.monotonic()
        if now - self._wanted_at > WATCHED_SECONDS:
            self._asked = True  # it has been idle: look now and not when its pause is over
            self._changed.notify_all()
        self._wanted_at = now

    def _run(self) -> None:
        try:
            while not self._closing:
                began = time.monotonic()
                self._look()
                with self._changed:
                    watched = time.monotonic() - self._wanted_at <= WATCHED_SECONDS
                    pause = (self._busy if watched else self._idle) - (time.monotonic() - began)
                    self._changed.wait_for(lambda: self._closing or self._asked, max(0.01, pause))
                    self._asked = False
        finally:
            self._reader.close()

    def _look(self) -> None:
        try:
            look = self._reader.look(time.time())
            self._looks.append(look)
            while len(self._looks) > 2 and look.at - self._looks[1].at >= RATE_SECONDS:
                self._looks.popleft()
            report = make_report(look, self._looks[0] if len(self._looks) > 1 else None, self._readers)
            self.trend.note(report)
            if self._also is not None:
                self._also(look.at)
        except Exception as error:  # noqa: BLE001 - whatever it is, requests and events must not suffer from it
            _log.error("look_at_the_cluster_failed", exc_info=error)
            return
        with self._changed:
            self._report = report
            self._changed.notify_all()
