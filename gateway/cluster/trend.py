"""What rates and lags were in the last quarter of an hour, for small lines. No clock of its own."""

import threading
from collections import deque

from msgspec import Struct

from gateway.cluster.report import ClusterReport, Lag, TopicReport

STEP_SECONDS = 10.0
STEPS = 90


class Point(Struct, frozen=True):
    """One moment, by topic and partition; the whole topic stands under the partition ``None``.

    ``rates`` are offsets a second, ``lags`` offsets behind by group. What was not known then is absent.
    """

    at: float
    rates: dict[tuple[str, int | None], float]
    lags: dict[tuple[str, str, int | None], int]


class ClusterTrend:
    """Remembers the last points. One thread notes, others ask."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._points: deque[Point] = deque(maxlen=STEPS)

    def note(self, report: ClusterReport) -> None:
        """Keep the report's numbers; those of the last ten seconds give way to them."""
        point = point_of(report)
        with self._lock:
            if len(self._points) > 1 and self._points[-1].at - self._points[-2].at < STEP_SECONDS:
                self._points.pop()
            self._points.append(point)

    def rates(self, topic: str, partition: int | None = None) -> list[float]:
        """The rates of a topic or a partition, oldest first."""
        with self._lock:
            return [point.rates[topic, partition] for point in self._points if (topic, partition) in point.rates]

    def lags(self, group: str, topic: str, partition: int | None = None) -> list[int]:
        """How far a group was behind at a topic or a partition, oldest first."""
        key = (group, topic, partition)
        with self._lock:
            return [point.lags[key] for point in self._points if key in point.lags]


def point_of(report: ClusterReport) -> Point:
    """The numbers of a report. Pure."""
    rates: dict[tuple[str, int | None], float] = {}
    lags: dict[tuple[str, str, int | None], int] = {}
    for topic in report.topics:
        if topic.rate_per_second is not None:
            rates[topic.topic, None] = topic.rate_per_second
        for one in topic.partitions:
            if one.rate_per_second is not None:
                rates[topic.topic, one.partition] = one.rate_per_second
            for group, lag in one.lag.items():
                if lag.records is not None:
                    lags[group, topic.topic, one.partition] = lag.records
        for group, lag in whole_lags(topic).items():
            if lag.records is not None:
                lags[group, topic.topic, None] = lag.records
    return Point(report.at, rates, lags)


def whole_lags(topic: TopicReport) -> dict[str, Lag]:
    """Group to its lag at the whole topic: records together, age of the oldest; unknown as soon as one is. Pure."""
    found: dict[str, Lag] = {}
    for group in sorted({group for one in topic.partitions for group in one.lag}):
        mine = [one.lag[group] for one in topic.partitions if group in one.lag]
        records = [lag.records for lag in mine if lag.records is not None]
        ages = [lag.seconds for lag in mine if lag.seconds is not None]
        found[group] = Lag(
            sum(records) if len(records) == len(mine) else None, max(ages) if len(ages) == len(mine) else None
        )
    return found
