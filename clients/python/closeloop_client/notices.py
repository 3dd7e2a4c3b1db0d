"""Warnings in the host's log: the first of a kind at once, the following ones counted and told now and then."""

from __future__ import annotations

import contextlib
import logging
import time
from collections.abc import Callable

LOGGER = logging.getLogger("closeloop_client")
THREAD_NAME = "closeloop-emitter"
"""The name of the thread that sends, as the host's log shows it."""
EVERY = 60.0
"""Seconds between two warnings of one kind."""


class Notices:
    """Says things loudly, but not for each event. No text shows a customer's id or words."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._told: dict[str, float] = {}
        self._untold: dict[str, int] = {}

    def warn(self, kind: str, text: str, count: int = 1, *, trace: bool = False) -> None:
        """Warn of ``count`` things of a kind; ``text`` has ``{n}`` where their number since the last warning goes.

        ``trace``: with the traceback of the exception that is being handled.
        """
        now = self._clock()
        counted = self._untold.get(kind, 0) + count
        last = self._told.get(kind)
        if last is not None and now - last < EVERY:
            self._untold[kind] = counted
            return
        self._told[kind] = now
        self._untold[kind] = 0
        _say(text.replace("{n}", f"{counted:,}"), trace=trace)

    def over(self, kind: str, text: str) -> None:
        """Say that what was warned of is over, if it was; the next one of its kind is told at once again."""
        if self._told.pop(kind, None) is not None:
            self._untold.pop(kind, None)
            _say(text)


def _say(text: str, *, trace: bool = False) -> None:
    with contextlib.suppress(Exception):  # a filter or handler of the host's may raise: that is not worth an event
        LOGGER.warning("%s", text, exc_info=trace)
