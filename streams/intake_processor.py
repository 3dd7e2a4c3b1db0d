"""The shell around a source partition's state: what it decides is sent at once, what it keeps is flushed."""

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import Protocol

import msgspec

from schemas.topics import ALERTS, DEADLETTERS, METRICS, PARTIALS, STATE_OF
from schemas.tracing import OFF, Tracing
from streams.counting.outcome import Flush, Outcome
from streams.instruments import Instruments
from streams.kafka.changelog import ChangelogWriter, OutRecord, read_partition
from streams.kafka.chunks import Chunk, Record
from streams.kafka.emitter import Emitter
from streams.kafka.links import Links
from streams.kafka.placement import CACHE_LIMIT, partition_of
from streams.kafka.traced import NOTHING, Told, tell


class SourceState(Protocol):
    """What :class:`~streams.counting.source_state.SourcePartition` does; a test may put something smaller there."""

    @property
    def overflowed(self) -> int:
        """Events counted under the ``other`` key."""

    @property
    def silenced(self) -> int:
        """Alerts not raised because of their age."""

    def apply(self, records: Sequence[Record], now: float) -> Outcome:
        """Take records; those at or below the position are skipped."""

    def dirty(self, now: float) -> Flush | None:
        """What changed since the last call."""

    def restore(self, rows: Iterable[tuple[bytes, bytes | None]]) -> None:
        """Rebuild from rows."""


class IntakeProcessor:
    """The processor of one partition of a source topic."""

    def __init__(
        self,
        topic: str,
        partition: int,
        make_state: Callable[[], SourceState],
        links: Links,
        emitter: Emitter,
        instruments: Instruments,
        now: Callable[[], float] = time.time,
        tracing: Tracing = OFF,
    ) -> None:
        """``make_state`` gives an empty state; ``now`` is the wall clock, seconds UTC."""
        self._tracing = tracing
        self._topic = topic
        self._partition = partition
        self._make_state = make_state
        self._links = links
        self._emitter = emitter
        self._instruments = instruments
        self._now = now
        self._state_topic = links.on_cluster(STATE_OF[topic])
        self._state = make_state()
        self._writer: ChangelogWriter | None = None
        self._encoder = msgspec.json.Encoder()
        self._places: dict[bytes, int] = {}

    async def recover(self) -> int:
        """Fence whoever had the partition, then read its state. Raises ChangelogError or ValueError."""
        self._writer = self._links.writer(self._topic, self._partition)
        await self._writer.open()
        rows = await read_partition(self._links.kafka, self._state_topic, self._partition)
        state = self._make_state()
        await asyncio.to_thread(state.restore, list(rows.items()))
        self._state = state
        return len(rows)

    async def still_held(self) -> bool:
        """Ask the broker, through the writer."""
        return self._writer is not None and await self._writer.still_held(self._state_topic, self._partition)

    def apply(self, chunk: Chunk) -> None:
        """Count and flag; alerts, dead letters and forwards leave at once."""
        if not self._tracing.on:
            self._send(self._state.apply(chunk.records, self._now()), NOTHING)
            return
        since = time.time_ns()
        outcome = self._state.apply(chunk.records, self._now())
        self._send(outcome, tell(self._tracing, self._topic, self._partition, chunk.records, outcome, since))

    def _send(self, outcome: Outcome, told: Told) -> None:
        encode, send, named = self._encoder.encode, self._emitter.send, self._links.on_cluster
        topic = named(ALERTS)
        for alert in outcome.alerts:
            send(topic, alert.customer_id.encode(), encode(alert), told.alerts.get(alert.id))
        for rule, count in Counter(alert.rule for alert in outcome.alerts).items():
            self._instruments.alerts.labels(rule).inc(count)
        for letter in outcome.dead_letters:
            send(named(DEADLETTERS), self._topic.encode(), encode(letter), told.causes.get(letter.offset))
            self._instruments.dead_letters.labels(self._topic, letter.reason).inc()
        for forward in outcome.forwards:
            send(named(forward.topic), forward.key, forward.value, told.of_forward(forward), forward.partition)
        if outcome.forwards:
            self._instruments.forwards.labels(self._topic).inc(len(outcome.forwards))

    async def flush(self) -> int:
        """Write what changed in one transaction, once all that was sent has arrived."""
        flush = self._state.dirty(self._now())
        if flush is None:
            await self._emitter.drained()
            return 0
        named, every = self._links.on_cluster, range(self._links.partitions[PARTIALS])
        state_topic, partials = self._state_topic, named(PARTIALS)
        records = [OutRecord(state_topic, key, value, self._partition) for key, value in flush.state_rows]
        for key, value, place in flush.partial_rows:
            for partition in every if place is None else (self._place(place),):
                records.append(OutRecord(partials, key, value, partition))  # noqa: PERF401  one row, seldom several
        records.append(OutRecord(named(METRICS), flush.books.record_key(), self._encoder.encode(flush.books)))
        at = (self._topic, str(self._partition))
        self._instruments.overflowed.labels(*at).set(self._state.overflowed)
        self._instruments.silenced.labels(*at).set(self._state.silenced)
        await self._emitter.drained()
        assert self._writer is not None
        await self._writer.flush(records)
        return len(records)

    def _place(self, series: bytes) -> int:
        """The partition of ``cx.partials`` that a series belongs to, remembered: the hash is slow in Python."""
        partition = self._places.get(series)
        if partition is None:
            if len(self._places) >= CACHE_LIMIT:
                self._places.clear()
            partition = self._places[series] = partition_of(series, self._links.partitions[PARTIALS])
        return partition

    async def close(self) -> None:
        """Forget the state."""
        writer, self._writer = self._writer, None
        if writer is not None:
            await writer.close()
        self._state = self._make_state()
