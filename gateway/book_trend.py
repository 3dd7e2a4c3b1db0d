"""How the books moved in the last minutes: the share of events that came late or twice. No clock of its own."""

import threading
from collections import deque
from collections.abc import Mapping
from typing import Literal

from msgspec import Struct

from schemas.metrics import Books
from schemas.topics import RESPONSES, TOUCHPOINTS

Kind = Literal["touchpoints", "responses"]
TOPIC_OF: dict[Kind, str] = {"touchpoints": TOUCHPOINTS, "responses": RESPONSES}

TREND_SECONDS = 300.0
"""How far back the rates reach."""
_STEP_SECONDS = 5.0


class Tally(Struct, frozen=True):
    """What one kind of event had come to at a moment."""

    received: int
    duplicates: int
    late: int
    dead_letters: int


class Rates(Struct, frozen=True, kw_only=True):
    """Shares (0 to 1) of what was received in the last ``seconds``; ``null`` where nothing was."""

    seconds: float
    received_per_second: float | None
    duplicate_rate: float | None
    late_rate: float | None
    dead_letter_rate: float | None


class BookTrend:
    """Remembers tallies of five minutes. One thread notes, others ask."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._noted: deque[tuple[float, dict[Kind, Tally]]] = deque()

    def note(self, at: float, books: Mapping[str, Books]) -> None:
        """Remember the books as of ``at`` (seconds), at most one every five seconds; nothing before there are any."""
        if not books:
            return
        tallies = {kind: _tally(books, topic) for kind, topic in TOPIC_OF.items()}
        with self._lock:
            if len(self._noted) > 1 and self._noted[-1][0] - self._noted[-2][0] < _STEP_SECONDS:
                self._noted.pop()
            self._noted.append((at, tallies))
            while len(self._noted) > 2 and at - self._noted[1][0] >= TREND_SECONDS:
                self._noted.popleft()

    def rates(self, kind: Kind) -> Rates:
        """The rates between the oldest and the newest tally."""
        with self._lock:
            if len(self._noted) < 2:
                return Rates(
                    seconds=0.0, received_per_second=None, duplicate_rate=None, late_rate=None, dead_letter_rate=None
                )
            (began, first), (ended, last) = self._noted[0], self._noted[-1]
        return rates_between(first[kind], last[kind], ended - began)


def rates_between(first: Tally, last: Tally, seconds: float) -> Rates:
    """What came between two tallies, ``seconds`` apart. Pure."""
    received = last.received - first.received

    def share(count: int) -> float | None:
        return count / received if received > 0 else None

    return Rates(
        seconds=seconds,
        received_per_second=received / seconds if seconds > 0 else None,
        duplicate_rate=share(last.duplicates - first.duplicates),
        late_rate=share(last.late - first.late),
        dead_letter_rate=share(last.dead_letters - first.dead_letters),
    )


def _tally(books: Mapping[str, Books], topic: str) -> Tally:
    mine = [one for one in books.values() if one.source.rpartition("/")[0] == topic]
    return Tally(
        sum(one.received for one in mine),
        sum(one.duplicates for one in mine),
        sum(one.late for one in mine),
        sum(sum(one.dead_letters.values()) for one in mine),
    )
