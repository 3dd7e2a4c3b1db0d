"""Metrics on the wire: series and panes, the partials of one source partition, rolling values, and the books."""

from datetime import date, datetime
from typing import Literal

import msgspec
from msgspec import Struct

OUTCOME = "outcome"
"""The metric that counts touchpoints by their outcome; its value is the share of ``failed`` in percent."""

RESPONSE_RATE = "response_rate"
"""The metric of invitations: the share that was answered in time, in percent."""

RECOVERED = "recovered"
"""The share of closed cases whose customer's next answer was no longer bad, in percent."""

CSI = "csi"
"""The composite satisfaction index, points of 0..100."""

LIFECYCLE = "lifecycle"
"""The series that counts customers who came, bought and left; :data:`LIFECYCLE_METRICS` follow from it."""

LIFECYCLE_METRICS = ("retention", "churn", "clv")
"""Retention and churn in percent, and the lifetime value in units of the declared currency."""

RESERVED_METRICS = (OUTCOME, RESPONSE_RATE, RECOVERED, CSI, LIFECYCLE, *LIFECYCLE_METRICS)
RESERVED_PREFIXES = ("time_to_", "in_sla_")
"""Names of metrics that are not answers: loop.yaml cannot give them to a metric of its own."""

EVER = "ever"
"""The window name of what is counted of all time, as pane 0; no metric is sent for it."""

DAY = "day"
"""The window name of calendar days in the zone of loop.yaml."""


class Series(Struct, frozen=True, array_like=True):
    """What one metric is kept for: the metric, the cut of loop.yaml, and the values of the cut's dimensions.

    ``scale`` is empty for the metric's declared scale and a label such as ``1..5-`` for answers given on another:
    scores of different scales never share a histogram. ``values`` are in the order of the cut's dimensions.
    """

    metric: str
    cut: str
    values: tuple[str, ...]
    scale: str = ""

    def key(self) -> bytes:
        """The cut key: canonical JSON, the same in every process. It places partials and metrics."""
        return msgspec.json.encode(self)


class Partial(Struct, frozen=True, tag_field="type", tag="partial"):
    """All that one source partition has counted for one pane: a total, not a difference.

    ``source`` is ``topic/partition``. ``pane`` is the number of the pane since the epoch (pane start divided by pane
    length, both seconds UTC) or, for the window ``day``, the proleptic Gregorian ordinal of the local day, or 0 for the
    window ``ever``. ``counts``
    maps a score or an outcome to how often it came. ``version`` is the last source offset counted: a merge takes a
    partial only if it is newer than the one it holds (a grow-only counter a partition).
    """

    series: Series
    source: str
    window: str
    pane: int
    counts: dict[str, int]
    version: int

    def key(self) -> bytes:
        """The compaction key: one row for each series, pane and source partition."""
        return partial_key(self.series, self.source, self.window, self.pane)


class Tick(Struct, frozen=True, tag_field="type", tag="tick"):
    """A source partition's watermark (latest event time seen, seconds UTC) and version, sent to every merge partition.

    It lets windows move on under ``--clock event`` where a merge partition's own series are silent.
    """

    source: str
    watermark: float
    version: int

    def key(self) -> bytes:
        """The compaction key: one row for each source partition."""
        return msgspec.json.encode(["tick", self.source])


PartialRecord = Partial | Tick


class Part(Struct, frozen=True):
    """A number that a metric goes along with or is made of, with its 95 % interval and how many it rests on.

    None where there is none: ``n`` is 0, or the part has no interval.
    """

    value: float | None
    low: float | None
    high: float | None
    n: int


class Metric(Struct, frozen=True, kw_only=True, tag_field="type", tag="metric", omit_defaults=True):
    """One current value on ``cx.metrics``: of a rolling window, or of a calendar day (``window`` is ``day``).

    ``value``, ``low`` and ``high`` (95 % interval) are points for NPS, percent for shares, scale points for means;
    ``None`` where n is 0. ``too_few``: n is below the minimum of loop.yaml. ``version`` grows with every source
    record counted: a reader keeps the row with the higher ``(version, as_of)``.

    ``quantiles`` (of durations: ``p50``, ``p90``) are in the unit of the value. ``parts`` hold what stands beside it:
    ``top_box`` of a mean of scores, the metrics of a composite, what a lifetime value is made of.
    docs/metrics.md has the unit, the formula and the parts of every metric.
    """

    metric: str
    window: str
    cut: str
    key: dict[str, str]
    value: float | None
    low: float | None
    high: float | None
    n: int
    counts: dict[str, int]
    too_few: bool
    as_of: datetime
    version: int
    day: date | None = None
    scale: str = ""
    quantiles: dict[str, float] = {}
    parts: dict[str, Part] = {}

    def record_key(self) -> bytes:
        """The compaction key: the series and the window, and the day where there is one."""
        series = [self.metric, self.cut, list(self.key.values()), self.scale]
        return msgspec.json.encode([series, self.window, self.day])


class Books(Struct, frozen=True, kw_only=True, tag_field="type", tag="books"):
    """The accounts of one source partition, on ``cx.metrics``: received = counted + duplicates + late + dead letters.

    ``version`` is the last source offset accounted for. ``alerts`` counts by rule. ``forwarded`` are records lying on
    another partition than their customer's and were sent on to it; they are not among ``received``. ``revised`` are
    answers among ``counted`` in whose place a later one stands.
    """

    source: str
    version: int
    watermark: float | None
    received: int
    counted: int
    duplicates: int
    late: int
    forwarded: int
    dead_letters: dict[str, int]
    alerts: dict[str, int]
    revised: int = 0

    def record_key(self) -> bytes:
        """The compaction key: one row for each source partition."""
        return msgspec.json.encode(["books", self.source])


MetricRecord = Metric | Books
Clock = Literal["wall", "event"]


def partial_key(series: Series, source: str, window: str, pane: int) -> bytes:
    """The compaction key of a partial, also for its tombstone when the pane has left its window."""
    return msgspec.json.encode([series, source, window, pane])
