"""What is remembered of alarms over metrics: rows of ``cx.partials``, beside the partials they follow from. Internal.

The owner of a partition of ``cx.partials`` writes them in the transaction that carries the alert itself, and reads them
back when it takes the partition.
"""

import msgspec
from msgspec import Struct

from schemas.metrics import Series

ALARM_PREFIX = b'["alarm"'
PROFILE_PREFIX = b'["profile"'
PREFIXES = (ALARM_PREFIX, PROFILE_PREFIX)
"""How the keys of these rows begin; no partial's and no tick's does."""


class Standing(Struct, frozen=True, array_like=True):
    """Where a metric stands over a stretch of time, and how sure that is.

    ``value`` is the metric as it is shown; ``estimate`` and ``variance`` are its adjusted estimate and the square of
    its standard error, in the metric's unit (points, percent, scale points): see :mod:`schemas.standings`.
    """

    n: int
    value: float
    estimate: float
    variance: float


class FallAlarm(Struct, frozen=True, kw_only=True, tag_field="type", tag="fall_alarm"):
    """A metric has fallen and has not recovered. ``since`` and ``calm_since`` are seconds UTC of the loop's own now.

    ``reference`` is the baseline as it stood when the fall was seen: recovery is measured against it, because the
    rolling baseline takes in the fall itself with time. ``calm_since``: from when on the metric has been near it again.
    ``window`` and ``baseline`` are those of the rule: an alarm of other ones means something else.
    """

    rule: str
    series: Series
    window: str
    baseline: str
    since: int
    reference: Standing
    calm_since: int | None = None

    def key(self) -> bytes:
        """The compaction key."""
        return alarm_key(self.rule, self.series)


class StopAlarm(Struct, frozen=True, kw_only=True, tag_field="type", tag="stop_alarm"):
    """A series has stopped coming. ``since`` is the first hour of the silence, in hours since the epoch."""

    rule: str
    series: Series
    since: int

    def key(self) -> bytes:
        """The compaction key."""
        return alarm_key(self.rule, self.series)


class HourProfile(Struct, frozen=True, kw_only=True, tag_field="type", tag="profile"):
    """How often a series came in each hour of one UTC day, as seen soon after the hour.

    ``day`` is days since the epoch. ``hours`` has 24 numbers: a count; -1 where the count is not known; -2 - count for
    an hour that belongs to a silence and is not to be learnt from.
    """

    series: Series
    day: int
    hours: tuple[int, ...]

    def key(self) -> bytes:
        """The compaction key."""
        return profile_key(self.series, self.day)


AlarmRow = FallAlarm | StopAlarm | HourProfile


def alarm_key(rule: str, series: Series) -> bytes:
    """The key of an alarm, also for its tombstone."""
    return msgspec.json.encode(["alarm", rule, series])


def profile_key(series: Series, day: int) -> bytes:
    """The key of one day of a profile, also for its tombstone."""
    return msgspec.json.encode(["profile", series, day])
