"""Counted themes that are kept for a moment: a page that is looked at is drawn again and again."""

import threading
import time

import msgspec
from sqlalchemy.orm import Session

from gateway.themes.reads import ThemeQuery, read_themes
from gateway.themes.shapes import Themes

COSTS = 30.0
"""Kept for so many times what counting took: it takes a thirtieth of one core, whoever looks."""
MOST = 32


class RememberedThemes:
    """The newest counts by what was asked. Safe between threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: dict[bytes, tuple[float, Themes]] = {}

    def read(self, session: Session, asked: ThemeQuery) -> Themes:
        """Count, unless it was just done. Who asks for the same at the same time may count twice."""
        key = msgspec.json.encode(asked)
        with self._lock:
            until, known = self._kept.get(key, (0.0, None))
        began = time.monotonic()
        if known is not None and began < until:
            return known
        found = read_themes(session, asked)
        done = time.monotonic()
        with self._lock:
            while len(self._kept) >= MOST:
                self._kept.pop(min(self._kept, key=lambda one: self._kept[one][0]))
            self._kept[key] = (done + COSTS * (done - began), found)
        return found
