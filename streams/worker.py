"""The worker: a Faust app whose partitions carry their own state, and whoever watches over it."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import faust
import structlog
from faust.types import TP
from mode.supervisors import CrashingSupervisor
from prometheus_client import CollectorRegistry

from schemas.kafka_link import KafkaLink
from schemas.topics import (
    ALERTS,
    DEADLETTERS,
    METRICS,
    PARTIALS,
    RESPONSES,
    STATE_OF,
    STREAMS_GROUP,
    TOUCHPOINTS,
)
from schemas.tracing import OFF, Tracing
from streams.arrival_clock import ArrivalClock
from streams.collector import Collector
from streams.instruments import Instruments
from streams.intake_processor import IntakeProcessor, SourceState
from streams.kafka.changelog import WriterSettings
from streams.kafka.chunks import Chunk
from streams.kafka.cluster import ClusterError, partition_counts
from streams.kafka.credentials import credentials
from streams.kafka.emitter import EmitError, Emitter
from streams.kafka.links import Links
from streams.kafka.transport import ChunkApp, FetchSettings
from streams.lifecycle import WorkerCrash, run_app
from streams.merge_processor import MergeProcessor, MergeState
from streams.partition import Pace, Partition, Processor
from streams.watchdog import Sight, Watchdog

WATCH_EVERY_S = 2.0
_STAMPED_BY_BROKER = (TOUCHPOINTS, RESPONSES)
"""The topics whose records bear the broker's time, not their sender's."""


class Stalled(Exception):  # noqa: N818  named for what was found
    """A partition has work and does not move."""


@dataclass(frozen=True, slots=True)
class WorkerSettings:
    """What a worker needs besides the plan. Times in seconds."""

    kafka: KafkaLink
    data_dir: Path
    group: str = STREAMS_GROUP
    prefix: str = ""
    """Stands before every topic's name."""
    pace: Pace = field(default_factory=Pace)
    fetch: FetchSettings = field(default_factory=FetchSettings)
    writing: WriterSettings = field(default_factory=WriterSettings)
    commit_interval: float = 1.0
    stall_after: float = 60.0
    stop_timeout: float = 4.0
    cluster_wait: float = 60.0


@dataclass(frozen=True, slots=True)
class Makers:
    """Where empty states come from. ``source`` takes a topic, its partition, and how many partitions it has."""

    source: Callable[[str, int, int], SourceState]
    merge: Callable[[], MergeState]


class Worker:
    """Reads touchpoints, responses and partials; one :class:`~streams.partition.Partition` for each assigned one."""

    def __init__(
        self, settings: WorkerSettings, makers: Makers, instruments: Instruments, tracing: Tracing = OFF
    ) -> None:
        self._tracing = tracing
        self._settings = settings
        self._makers = makers
        self._instruments = instruments
        self._partitions: dict[TP, Partition] = {}
        self._dropping: set[asyncio.Task[None]] = set()
        self._joined = False
        self._collector = Collector()
        self._clock = ArrivalClock()
        self._failure: BaseException | None = None
        self._ending = asyncio.Event()
        self._log = structlog.get_logger("streams")
        instruments.process.watch_readiness(lambda: self.ready)
        self._links: Links
        self._emitter: Emitter
        self._app: ChunkApp

    # What the health server asks

    @property
    def registry(self) -> CollectorRegistry:
        """Where the worker's metrics are."""
        return self._instruments.registry

    @property
    def alive(self) -> bool:
        """Whether nothing has failed."""
        return self._failure is None

    @property
    def ready(self) -> bool:
        """Whether the group has been joined and every assigned partition has its state."""
        return self.alive and self._joined and all(partition.ready for partition in self._partitions.values())

    # Running

    async def run(self, stop: asyncio.Event) -> None:
        """Work until ``stop`` is set.

        Raises WorkerCrash if something failed; nothing past what was durable is committed then. Raises ClusterError if
        the cluster or its topics are not there.
        """
        settings = self._settings
        self._links = await asyncio.to_thread(self._look_at_cluster)
        self._emitter = Emitter(settings.kafka)
        await self._emitter.start()
        self._app = self._build_app()
        helpers = [
            asyncio.create_task(self._pass_on(stop), name="stop"),
            asyncio.create_task(self._watch(), name="watch"),
        ]
        try:
            await run_app(self._app, self._ending, settings.stop_timeout)
        finally:
            for helper in helpers:
                helper.cancel()
            await asyncio.gather(*helpers, return_exceptions=True)
            await self._let_go()
        if self._failure is not None:
            raise WorkerCrash(f"{type(self._failure).__name__}: {self._failure}") from self._failure

    async def _pass_on(self, stop: asyncio.Event) -> None:
        await stop.wait()
        self._ending.set()

    def _look_at_cluster(self) -> Links:
        settings = self._settings
        names = [*STATE_OF, *STATE_OF.values(), PARTIALS, METRICS, ALERTS, DEADLETTERS]
        found = partition_counts(settings.kafka, [settings.prefix + name for name in names], settings.cluster_wait)
        counts = {name: found[settings.prefix + name] for name in names}
        for source, state in STATE_OF.items():
            if counts[source] != counts[state]:
                raise ClusterError(
                    f"{source} has {counts[source]} partitions and {state} {counts[state]}: they must have as many"
                )
        return Links(settings.kafka, settings.group, counts, settings.writing, settings.prefix)

    def _build_app(self) -> ChunkApp:
        settings = self._settings
        app = ChunkApp(
            settings.group,
            broker=[f"kafka://{server}" for server in settings.kafka.servers.split(",")],
            broker_credentials=credentials(settings.kafka.security),
            broker_client_id=settings.group,  # what Kafka calls the worker by
            fetch=settings.fetch,
            datadir=settings.data_dir,
            broker_commit_interval=settings.commit_interval,
            topic_allow_declare=False,
            topic_disable_leader=True,
            web_enabled=False,
            stream_wait_empty=False,  # the handover flushes; an agent never holds a chunk across an await
        )
        app.listener = self
        for topic in (*STATE_OF, PARTIALS):
            app.agent(
                app.chunk_topic(self._links.on_cluster(topic)), name=topic, supervisor_strategy=CrashingSupervisor
            )(self._consume)
        return app

    async def _consume(self, stream: faust.StreamT[Chunk]) -> None:
        try:
            async for chunk in stream:
                partition = self._partitions.get(TP(chunk.topic, chunk.partition))
                if partition is not None and partition.take(chunk):
                    self._compare_clocks(chunk)
                    await self._emitter.room()
        except Exception as exc:
            self._fail(exc)
            raise

    def _compare_clocks(self, chunk: Chunk) -> None:
        """Ask the last record of a partition that has no backlog how old it is by our clock."""
        if chunk.topic.removeprefix(self._links.prefix) not in _STAMPED_BY_BROKER:
            return
        progress = self._app.chunk_consumer.progress(TP(chunk.topic, chunk.partition))
        stamp = chunk.records[-1].timestamp
        if stamp >= 0 and progress is not None and progress.end is not None and chunk.last + 1 >= progress.end:
            self._clock.take(stamp / 1000, time.time())

    def _fail(self, exc: BaseException) -> None:
        if self._failure is None:
            self._failure = exc
            self._log.critical("stopping", error=type(exc).__name__, detail=str(exc))
        self._ending.set()

    async def _let_go(self) -> None:
        partitions, self._partitions = list(self._partitions.values()), {}
        await asyncio.gather(*(partition.close() for partition in partitions), *self._dropping, return_exceptions=True)
        try:
            await self._emitter.stop(1.0)
        except EmitError as exc:
            self._log.warning("records were left behind; their cause is not committed", detail=str(exc))

    # What the transport says (PartitionListener)

    def assigned(self, partitions: frozenset[TP]) -> None:
        """Recover what is new, go on with what stayed, drop what went."""
        self._joined = True
        for topic in {tp.topic for tp in self._partitions} - {tp.topic for tp in partitions}:
            self._instruments.process.forget_step(topic)
        for tp in self._partitions.keys() - partitions:
            self._instruments.forget_partition(tp.topic, tp.partition)
            task = asyncio.create_task(self._partitions.pop(tp).close(), name=f"drop {tp}")
            self._dropping.add(task)
            task.add_done_callback(self._dropping.discard)
        for tp in partitions:
            if tp in self._partitions:
                self._partitions[tp].resume()
            else:
                self._partitions[tp] = self._new_partition(tp)
                self._partitions[tp].start()
        self._log.info("assigned", partitions=sorted(f"{tp.topic}/{tp.partition}" for tp in partitions))

    async def handover(self, partitions: frozenset[TP]) -> None:
        """Flush what was taken. A partition that cannot be flushed is not committed and comes again elsewhere."""
        leaving = [self._partitions[tp] for tp in partitions if tp in self._partitions]
        results = await asyncio.gather(*(partition.park() for partition in leaving), return_exceptions=True)
        for result in results:
            if isinstance(result, BaseException):
                self._fail(result)

    def _new_partition(self, tp: TP) -> Partition:
        consumer = self._app.chunk_consumer
        return Partition(
            tp,
            self._processor(tp),
            consumer.admit,
            consumer.release,
            self._fail,
            self._instruments,
            self._settings.pace,
            self._collector,
        )

    def _processor(self, tp: TP) -> Processor:
        topic = tp.topic.removeprefix(self._links.prefix)
        if topic == PARTIALS:
            return MergeProcessor(tp.partition, self._makers.merge, self._links)
        make = partial(self._makers.source, topic, tp.partition, self._links.partitions[topic])
        return IntakeProcessor(
            topic, tp.partition, make, self._links, self._emitter, self._instruments, tracing=self._tracing
        )

    # Watching

    async def _watch(self) -> None:
        watchdog = Watchdog(self._settings.stall_after)
        while True:
            await asyncio.sleep(WATCH_EVERY_S)
            try:
                self._look(watchdog)
            except Stalled as exc:
                self._fail(exc)

    def _look(self, watchdog: Watchdog) -> None:
        """Measure every partition. Raises Stalled."""
        now = time.monotonic()
        consumer = self._app.chunk_consumer
        self._instruments.undelivered.set(self._emitter.undelivered)
        offset = self._clock.offset(time.time())
        if offset is not None:
            self._instruments.process.compared("kafka", offset)
        counts: dict[tuple[str, str], int] = {}
        for tp, partition in self._partitions.items():
            state = "ready" if partition.ready else "recovering"
            counts[tp.topic, state] = counts.get((tp.topic, state), 0) + 1
            progress = consumer.progress(tp)
            if not partition.ready or progress is None:
                watchdog.forget(tp.topic, tp.partition)
                continue
            behind = 0 if progress.end is None else max(progress.end - progress.position, 0)
            lag = behind + consumer.open_records(tp)
            committed_at = consumer.committed_at.get(tp, now)
            at = (tp.topic, str(tp.partition))
            self._instruments.lag.labels(*at).set(lag)
            self._instruments.commit_age.labels(*at).set(now - committed_at if lag else 0)
            if watchdog.look(tp.topic, tp.partition, Sight(progress.position, consumer.released(tp), lag), now):
                raise Stalled(
                    f"{tp.topic}/{tp.partition} has {lag} records waiting and has not moved for "
                    f"{self._settings.stall_after:g} s"
                )
        self._instruments.partitions.clear()
        for labels, count in counts.items():
            self._instruments.partitions.labels(*labels).set(count)
