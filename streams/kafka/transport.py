"""Faust on chunks: whole fetched runs of records travel through Faust as one event.

Faust's per-message machinery costs some 80 microseconds; paid once a chunk instead of once a record it disappears.
Commits follow the ledger of released chunks alone, never Faust's own acknowledgements, which also happen when an agent
fails, when a stream skips a message after a rebalance, and past unfinished messages. Decision 0004 lists each override
with the upstream issue that it answers.
"""

import asyncio
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol, cast

import aiokafka
import faust
from aiokafka.consumer import fetcher
from aiokafka.coordinator.assignors.roundrobin import RoundRobinPartitionAssignor
from aiokafka.errors import IllegalStateError, KafkaError
from faust.exceptions import ConsumerNotStarted
from faust.transport.consumer import ensure_TP, ensure_TPset
from faust.transport.drivers import aiokafka as driver
from faust.types import TP, AppT, ConsumerMessage, Message
from faust.types.transports import ConsumerT, TransportT

from streams.kafka.chunks import Chunk, OffsetLedger, split

GATE_POLL = 0.01
"""Seconds between looks at whether a rebalance is over, or a full partition has room again."""


class BareRecords(fetcher.PartitionRecords):  # type: ignore[misc]  # aiokafka has no types
    """Hands records on as aiokafka parses them: they have all that :class:`~streams.kafka.chunks.Record` asks for.

    aiokafka would wrap each into a ``ConsumerRecord``, which costs more than reading it.
    """

    def _consumer_record(self, tp: Any, record: Any) -> Any:
        return record


fetcher.PartitionRecords = BareRecords  # it offers no other place to say so; nothing else here reads with aiokafka


@dataclass(frozen=True, slots=True)
class FetchSettings:
    """How records are fetched and how the group is kept. Times in milliseconds."""

    chunk_records: int = 1_000
    """At most so many records a chunk: a chunk is processed without yielding to the event loop."""
    queued_chunks: int = 8
    """Chunks that wait in front of an agent before its partition's fetch is paused."""
    max_wait_ms: int = 500
    """How long the broker may hold a fetch that finds nothing. A real broker answers as soon as data arrives; the
    embedded one does not, and wants about 10."""
    partition_bytes: int = 1_048_576
    session_timeout_ms: int = 6_000
    heartbeat_ms: int = 1_500
    rebalance_timeout_ms: int = 30_000
    request_timeout_ms: int = 40_000
    handover_s: float = 3.0
    """Seconds that flushing and committing may take when partitions are given up."""


class Progress(NamedTuple):
    """How far a partition has been fetched. ``end`` is where committed records end; ``answered_at`` the broker's last
    answer for it, seconds since the epoch. None where no answer has come yet."""

    position: int
    end: int | None
    answered_at: float | None


class PartitionListener(Protocol):
    """Who keeps the state of partitions. Called on the event loop."""

    def assigned(self, partitions: frozenset[TP]) -> None:
        """All partitions that this member has now. Each is fetched from its :meth:`ChunkConsumer.admit` on."""

    async def handover(self, partitions: frozenset[TP]) -> None:
        """These are about to be given up; offsets of what is released before this returns are still committed."""


class ChunkSchema(faust.Schema[Any, Chunk]):
    """Passes a chunk through undecoded: what a record's bytes mean is decided inside the agent, record by record."""

    def loads_key(self, app: AppT, message: Message, **_: Any) -> Any:
        """A chunk has no key of its own."""
        return None

    def loads_value(self, app: AppT, message: Message, **_: Any) -> Any:
        """The chunk itself."""
        return message.value


class ChunkConsumerThread(driver.AIOKafkaConsumerThread):
    """The thread with aiokafka's consumer, made with the settings that Faust hard-codes or does not offer."""

    def _create_worker_consumer(self, transport: driver.Transport) -> aiokafka.AIOKafkaConsumer:
        conf = self.app.conf
        fetch = cast("ChunkApp", self.app).fetch
        self._assignor = RoundRobinPartitionAssignor
        credentials = driver.credentials_to_aiokafka_auth(conf.broker_credentials, conf.ssl_context)
        return aiokafka.AIOKafkaConsumer(
            client_id=conf.broker_client_id,
            group_id=conf.id,
            group_instance_id=conf.consumer_group_instance_id,
            bootstrap_servers=driver.server_list(transport.url, transport.default_port),
            partition_assignment_strategy=[self._assignor],
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            isolation_level="read_committed",
            fetch_max_wait_ms=fetch.max_wait_ms,
            max_partition_fetch_bytes=fetch.partition_bytes,
            max_poll_interval_ms=int((conf.broker_max_poll_interval or 0) * 1000),
            session_timeout_ms=fetch.session_timeout_ms,
            heartbeat_interval_ms=fetch.heartbeat_ms,
            rebalance_timeout_ms=fetch.rebalance_timeout_ms,
            request_timeout_ms=fetch.request_timeout_ms,
            metadata_max_age_ms=conf.consumer_metadata_max_age_ms,
            connections_max_idle_ms=conf.consumer_connections_max_idle_ms,
            **credentials,
        )


class ChunkConsumer(driver.Consumer):
    """Delivers chunks, and commits what :meth:`release` was called for. Not safe to call from other threads."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self._ledgers: dict[TP, OffsetLedger] = {}
        # Goes up whenever the place to read from may have changed. A fetch that was under way then has unknown
        # standing (before the seek or after it), so what it brings is dropped and read again.
        self._epoch = 0
        self._fetching = False
        self._waiting: set[TP] = set()
        self.committed_at: dict[TP, float] = {}
        super().__init__(*args, **kwargs)

    def _new_consumer_thread(self) -> ChunkConsumerThread:
        # A loop of the worker's own kind: Faust takes asyncio's, where uvloop does the same for less.
        thread = ChunkConsumerThread(self, loop=self.loop, thread_loop=type(self.loop)(), beacon=self.beacon)
        thread._close_thread_loop_on_stop = True
        return thread

    @property
    def _chunk_app(self) -> "ChunkApp":
        return cast("ChunkApp", self.app)

    # Fetching

    async def _wait_next_records(self, timeout: float) -> tuple[Any, set[TP] | None]:
        if not self.flow_active:
            await self.wait(cast("Any", self.can_resume_flow))
        active = set(self._get_active_partitions()) - self._waiting
        if self.app.rebalancing or not active:
            await asyncio.sleep(GATE_POLL)
            return {}, active
        if self._fetching:  # the last fetch was cancelled half-way: what it took is gone from aiokafka's buffer
            await self._rewind()
        if self._waiting or self._buffered_partitions:
            # What these have in aiokafka's buffer wakes no fetch: look again soon.
            timeout = GATE_POLL
        epoch = self._epoch
        self._fetching = True
        fetched = await self._getmany(active_partitions=active, timeout=timeout)
        self._fetching = False
        if epoch != self._epoch:
            await self._rewind()
            return {}, active
        limit = self._chunk_app.fetch.chunk_records
        return {
            tp: list(split(tp.topic, tp.partition, records, limit)) for tp, records in fetched.items() if records
        }, active

    def _to_message(self, tp: TP, record: Any) -> ConsumerMessage:
        chunk: Chunk = record
        tp = ensure_TP(tp)
        self._ledgers.setdefault(tp, OffsetLedger()).deliver(chunk)
        return ConsumerMessage(
            chunk.topic,
            chunk.partition,
            chunk.last,
            chunk.records[-1].timestamp / 1000,
            0,
            [],
            None,
            cast("Any", chunk),  # Faust's type says bytes; our schema hands the chunk on untouched
            None,
            serialized_key_size=0,
            serialized_value_size=len(chunk),
            tp=tp,
            time_in=time.monotonic(),
            generation_id=self.app.consumer_generation_id,
        )

    async def _add_gap(self, tp: TP, offset_from: int, offset_to: int) -> None:
        """The offsets inside a chunk, compaction's holes and transaction markers are no gaps."""

    # Acknowledging and committing

    def ack(self, message: Message) -> bool:
        """Faust's acknowledgement says that a stream let go of the chunk, which allows no commit."""
        message.acked = True
        self._unacked_messages.discard(message)
        return True

    def release(self, chunk: Chunk) -> bool:
        """Allow the commit of a chunk: all that follows from it is durable.

        False when the chunk belongs to an earlier delivery (before a rebalance or a seek), which changes nothing.
        """
        ledger = self._ledgers.get(TP(chunk.topic, chunk.partition))
        return ledger is not None and ledger.release(chunk)

    def _filter_tps_with_pending_acks(self, topics: Any = None) -> Iterator[TP]:
        return (tp for tp in self._ledgers if topics is None or tp in topics or tp.topic in topics)

    def _new_offset(self, tp: TP) -> int | None:
        ledger = self._ledgers.get(tp)
        return None if ledger is None else ledger.committable

    async def _commit_offsets(self, offsets: Mapping[TP, int], start_new_transaction: bool = True) -> bool:
        assignment = self.assignment()
        owned = {tp: offset for tp, offset in offsets.items() if tp in assignment}
        if not owned or not await self._commit(owned):
            return False
        self._committed_offset.update(owned)
        self.committed_at.update(dict.fromkeys(owned, time.monotonic()))
        return True

    def released(self, tp: TP) -> int | None:
        """The offset up to which chunks were released since the last seek, None if none was."""
        ledger = self._ledgers.get(tp)
        return None if ledger is None else ledger.committable

    def open_records(self, tp: TP) -> int:
        """Records of a partition that were delivered and not released."""
        ledger = self._ledgers.get(tp)
        return 0 if ledger is None else ledger.open_records

    def progress(self, tp: TP) -> Progress | None:
        """Where fetching stands, None for a partition that is not assigned or has no position yet."""
        consumer = self._thread._consumer
        subscription = None if consumer is None else consumer._subscription.subscription
        if subscription is None or subscription.assignment is None:
            return None
        at = self._new_topicpartition(tp.topic, tp.partition)
        if at not in subscription.assignment.tps:
            return None
        state = subscription.assignment.state_value(at)
        if not state.has_valid_position:
            return None
        end = state.highwater if state.lso is None or state.lso < 0 else state.lso
        return Progress(state.position, end, state.timestamp / 1000 if state.timestamp else None)

    # Moving

    def admit(self, tp: TP) -> None:
        """Begin to fetch an assigned partition: its state is there."""
        self._waiting.discard(tp)

    async def perform_seek(self) -> None:
        """Read every assigned partition from its committed offset, or from its beginning if it has none."""
        if self.app.should_stop:  # what is released still has to be committed, so the ledgers stay
            return
        self._epoch += 1
        committed = await self.seek_to_committed()
        for partition, offset in committed.items():
            tp = ensure_TP(partition)
            if not offset or offset < 0:
                await self._thread.seek_to_beginning(self._new_topicpartition(tp.topic, tp.partition))
            self._ledgers.pop(tp, None)
            self._read_offset[tp] = None
            self._committed_offset[tp] = offset if offset and offset > 0 else None
        self._epoch += 1

    async def seek(self, partition: TP, offset: int) -> None:
        """Read a partition from this offset on."""
        self._epoch += 1
        self._ledgers.pop(ensure_TP(partition), None)
        await super().seek(partition, offset)

    async def _rewind(self) -> None:
        """Drop the outcome of a fetch that raced with a seek: read again from what is committed."""
        while self.app.rebalancing and not self.should_stop:  # noqa: ASYNC110  Faust offers a flag, no event
            await asyncio.sleep(GATE_POLL)
        if self.should_stop or not self.assignment():
            return
        try:
            await self.perform_seek()
        except (IllegalStateError, AssertionError):
            # Another rebalance took the partitions away meanwhile; it ends with its own seek.
            self.log.info("seek overtaken by a rebalance")

    async def on_partitions_revoked(self, revoked: set[TP]) -> None:
        """Flush and commit while that is still allowed; Faust forgets the acknowledgements first."""
        self._epoch += 1
        self.stop_flow()
        await self._hand_over(ensure_TPset(revoked))
        for tp in ensure_TPset(revoked):
            self._ledgers.pop(tp, None)
            self.committed_at.pop(tp, None)
        await super().on_partitions_revoked(revoked)

    async def on_partitions_assigned(self, assigned: set[TP], generation_id: int = 0) -> None:
        """Start from fresh positions; fetch nothing before the listener has admitted it."""
        self._epoch += 1
        listener = self._chunk_app.listener
        if listener is not None:
            partitions = ensure_TPset(assigned)
            self._waiting = set(partitions)
            listener.assigned(frozenset(partitions))
        await super().on_partitions_assigned(assigned, generation_id)

    async def _hand_over(self, partitions: Iterable[TP]) -> None:
        given_up = frozenset(partitions)
        if not given_up:
            return
        try:
            async with asyncio.timeout(self._chunk_app.fetch.handover_s):
                if self._chunk_app.listener is not None:
                    await self._chunk_app.listener.handover(given_up)
                # Faust answers a commit asked for amid another one with the outcome of that other one, which began
                # before the last chunks were released.
                await self.maybe_wait_for_commit_to_finish()
                await self.commit()
        except (TimeoutError, KafkaError) as exc:
            # Nothing is lost: what was not committed is delivered again, and the state skips what it holds.
            self.log.warning("handing over %d partitions was cut short: %r", len(given_up), exc)

    async def on_stop(self) -> None:
        """Flush and commit for the last time, then let Faust stop."""
        try:
            await self._hand_over(ensure_TPset(self.assignment()))
        except ConsumerNotStarted:
            self.log.info("stopped before the consumer had started")

    def verify_event_path(self, now: float, tp: TP) -> None:
        """Faust's livelock log lines count records; the worker's own watchdog decides about stalls."""


class ChunkTransport(driver.Transport):
    """Faust's aiokafka transport with the chunk consumer."""

    Consumer = ChunkConsumer


class ChunkApp(faust.App):
    """A Faust app whose every topic is read in chunks."""

    def __init__(self, *args: Any, fetch: FetchSettings | None = None, **options: Any) -> None:
        self.fetch = fetch or FetchSettings()
        self.listener: PartitionListener | None = None
        super().__init__(*args, **options)

    def _new_transport(self) -> TransportT:
        return ChunkTransport(self.conf.broker_consumer, self)

    @property
    def chunk_consumer(self) -> ChunkConsumer:
        """The consumer, by its real type."""
        consumer: ConsumerT = self.consumer
        assert isinstance(consumer, ChunkConsumer)
        return consumer

    def chunk_topic(self, name: str) -> faust.TopicT:
        """A topic to hang an agent on: the agent's stream yields :class:`~streams.kafka.chunks.Chunk`."""
        return self.topic(name, schema=ChunkSchema(), maxsize=self.fetch.queued_chunks)
