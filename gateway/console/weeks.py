"""Past weeks, read from SQL and kept for a short time."""

import threading
import time
from collections.abc import Sequence
from datetime import timedelta

import msgspec
from sqlalchemy import Text, cast, select
from sqlalchemy.orm import Session

from gateway.console.trends import Week
from gateway.explore.measures import added
from gateway.periods import Period
from schemas.metrics import DAY, Series
from schemas.tables import MetricDayRow

KEPT_SECONDS = 60.0
"""How long a week that is over is remembered: only late events change it."""
MOST_KEPT = 20_000
_AT_ONCE = 500


class _Counts(msgspec.Struct):
    """The one field of a recorded day that is needed."""

    counts: dict[str, int]


_counts = msgspec.json.Decoder(_Counts)


class Weeks:
    """The counts of past weeks, read from SQL and kept for a short time. Safe for threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._held: dict[tuple[Series, Period], tuple[float, Week]] = {}

    def read(self, session: Session, series: Sequence[Series], period: Period) -> dict[Series, Week]:
        """The counts of each series in the period; empty ones for a series that has none."""
        now = time.monotonic()
        with self._lock:
            held = {one: self._held.get((one, period), (0.0, {})) for one in series}
        found = {one: week for one, (until, week) in held.items() if until > now}
        missing = [one for one in series if one not in found]
        if missing:
            found |= _read(session, missing, period)
            with self._lock:
                if len(self._held) + len(missing) > MOST_KEPT:
                    self._held.clear()
                self._held.update({(one, period): (now + KEPT_SECONDS, found[one]) for one in missing})
        return found


def _read(session: Session, series: Sequence[Series], period: Period) -> dict[Series, Week]:
    ids = {
        msgspec.json.encode([one, DAY, period.first + timedelta(days=number)]).decode(): one
        for one in series
        for number in range(period.days)
    }
    days: dict[Series, list[Week]] = {one: [] for one in series}
    wanted = list(ids)
    for start in range(0, len(wanted), _AT_ONCE):
        query = select(MetricDayRow.id, cast(MetricDayRow.payload, Text)).where(
            MetricDayRow.id.in_(wanted[start : start + _AT_ONCE])
        )
        for row_id, payload in session.execute(query):
            days[ids[row_id]].append(_counts.decode(payload).counts)
    return {one: added(counts) for one, counts in days.items()}
