"""The shell around a merge's state: reads partials, writes the metrics that changed."""

import asyncio
import time
from collections.abc import Callable, Sequence
from typing import Protocol

import msgspec

from schemas.metrics import Metric
from schemas.topics import ALERTS, METRICS, PARTIALS
from streams.alarms.judge import is_alarm_row
from streams.alarms.watch import Judgement
from streams.kafka.changelog import LEASE_KEY, ChangelogWriter, OutRecord, Row, replay_partition
from streams.kafka.chunks import Chunk
from streams.kafka.cluster import committed_offset
from streams.kafka.links import Links

AT_ONCE = 20_000
"""Windows said in one transaction. After a restart all are said again: the first are not to wait for the last."""


class MergeState(Protocol):
    """What :class:`~streams.counting.merge.Merge` does; a test may put something smaller in its place."""

    def apply(self, key: bytes, value: bytes | None, *, sent: bool = False) -> None:
        """Take one record."""

    @property
    def unsaid(self) -> int:
        """What changed and was not said yet."""

    def emit(self, now: float, windows: int | None = None) -> list[Metric]:
        """The metrics that changed since the last call; of so many windows at most."""

    def judge(self, now: float) -> Judgement:
        """What the rules over metrics have to say, after :meth:`emit`."""


class MergeProcessor:
    """The processor of one partition of ``cx.partials``.

    The topic itself is the state: it is read whole before the first chunk. Metrics go through a fenced writer too, or
    a worker that slept through its successor could leave an old value as the last one of a compacted key. What is
    remembered of alarms are rows of the topic as well, written in the transaction of their alerts.
    """

    def __init__(
        self,
        partition: int,
        make_state: Callable[[], MergeState],
        links: Links,
        now: Callable[[], float] = time.time,
    ) -> None:
        """``make_state`` gives an empty state; ``now`` is the wall clock, seconds UTC."""
        self._partition = partition
        self._make_state = make_state
        self._links = links
        self._now = now
        self._partials = links.on_cluster(PARTIALS)
        self._metrics = links.on_cluster(METRICS)
        self._alerts = links.on_cluster(ALERTS)
        self._state = make_state()
        self._writer: ChangelogWriter | None = None
        self._encoder = msgspec.json.Encoder()

    async def recover(self) -> int:
        """Fence whoever had the partition, then read its partials. Raises ChangelogError, ClusterError, ValueError."""
        links = self._links
        self._writer = links.writer(PARTIALS, self._partition)
        await self._writer.open()
        sent_below = await asyncio.to_thread(
            committed_offset, links.kafka, links.group, self._partials, self._partition
        )
        state = self._make_state()

        def take(rows: Sequence[Row]) -> None:
            for row in rows:
                if row.key == LEASE_KEY:
                    continue
                state.apply(row.key, row.value, sent=row.offset < sent_below)

        read = await replay_partition(links.kafka, self._partials, self._partition, take)
        self._state = state
        return read

    async def still_held(self) -> bool:
        """Ask the broker, through the writer."""
        return self._writer is not None and await self._writer.still_held(self._partials, self._partition)

    def apply(self, chunk: Chunk) -> None:
        """Set what the sources say now. Rows of alarms are our own, or were read at the start."""
        for record in chunk.records:
            key = record.key or b""
            if key != LEASE_KEY and not is_alarm_row(key):
                self._state.apply(key, record.value)

    async def flush(self) -> int:
        """Write the metrics that changed, also where a window has moved on with no event, and the alerts about them."""
        now = self._now()
        encode = self._encoder.encode
        records = self._said(now)
        alerts, rows = self._state.judge(now)
        # Alerts first: where a broker knows no transactions, one is rather said again, under its id, than lost.
        records += [OutRecord(self._alerts, alert.customer_id.encode(), encode(alert)) for alert in alerts]
        records += [OutRecord(self._partials, key, value, self._partition) for key, value in rows]
        assert self._writer is not None
        await self._writer.flush(records)
        written = len(records)
        while self._state.unsaid:
            records = self._said(self._now())
            await self._writer.flush(records)
            written += len(records)
        return written

    def _said(self, now: float) -> list[OutRecord]:
        encode = self._encoder.encode
        metrics = self._state.emit(now, AT_ONCE)
        return [OutRecord(self._metrics, metric.record_key(), encode(metric)) for metric in metrics]

    async def close(self) -> None:
        """Forget the state."""
        writer, self._writer = self._writer, None
        if writer is not None:
            await writer.close()
        self._state = self._make_state()
