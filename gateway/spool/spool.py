"""What the way in speaks to: records to Kafka at once, or onto this machine's disk while Kafka is away.

All methods but :meth:`Spool.open` belong to the event loop. One thread writes: what many requests keep at the same time
is one write and one wait for the disk.
"""

import asyncio
import queue
import sqlite3
import threading
import time
from collections.abc import Awaitable, Callable, Collection, Sequence
from datetime import UTC, datetime
from pathlib import Path

import structlog

from gateway.intake import Record
from gateway.producer import NotDeliveredError
from gateway.spool.journal import FILE, Journal, size_of
from gateway.spool.place import Place, claim

UNWRITTEN_BYTES = 32 * 1024 * 1024
"""Bytes on their way to the disk above which new events wait outside."""
_JOBS_A_WRITE = 256

_log = structlog.get_logger("gateway.spool")


class NotKeptError(Exception):
    """Records that could be kept neither in Kafka nor on the disk: their sender has to send them again."""

    def __init__(self, cause: str) -> None:
        super().__init__(cause)
        self.cause = cause


class _Flight:
    """The records of one request that are on their way to Kafka, and the write of what was taken off that way."""

    __slots__ = ("diverted", "kept", "records")

    def __init__(self, records: Sequence[Record]) -> None:
        self.records = records
        self.kept: asyncio.Future[None] | None = None
        self.diverted: asyncio.Future[None] = asyncio.get_running_loop().create_future()


class _Job:
    """Records to be written, and who waits for it."""

    __slots__ = ("done", "records", "size")

    def __init__(self, records: Sequence[Record], size: int) -> None:
        self.records = records
        self.size = size
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()


class Spool:
    """A place on the disk with a bound. While anything waits in it, whatever comes goes behind it."""

    def __init__(self, directory: Path, most_bytes: int, patience: float) -> None:
        """``patience``: seconds that Kafka has for a request before its records go to the disk."""
        self.directory = directory
        self.most_bytes = most_bytes
        self.more = asyncio.Event()
        """Something waits that did not wait before."""
        self.refused = 0
        """Records since the start that were made dead letters, because Kafka takes them never."""
        self.failures = 0
        """Writes since the start that the disk did not take."""
        self._patience = patience
        self._place: Place | None = None
        self._journal: Journal | None = None
        self._records = 0
        self._bytes = 0
        self._unwritten = 0
        self._oldest: float | None = None
        self._flights: dict[_Flight, None] = {}
        self._late: set[asyncio.Future[None]] = set()
        self._jobs: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._writer = threading.Thread(target=self._write, name="spool-writer", daemon=True)

    @property
    def folder(self) -> Path | None:
        """Our place; ``None`` while none could be opened."""
        return self._place.folder if self._place is not None and self._journal is not None else None

    @property
    def records(self) -> int:
        """Records that wait."""
        return self._records

    @property
    def bytes(self) -> int:
        """What they count against the bound."""
        return self._bytes

    def age(self, now: float) -> float:
        """Seconds that the oldest record has waited."""
        return 0.0 if self._oldest is None or not self._records else max(0.0, now - self._oldest)

    def open(self) -> bool:
        """Find a place and what waits there from before; ``False``, and said in the log, where that cannot be."""
        try:
            if self._place is None:
                self._place = claim(self.directory)
            journal = _sound_journal(self._place.folder, self.most_bytes)
            found = journal.waiting()
        except (OSError, sqlite3.Error) as error:
            _log.error(
                "spool_unavailable",
                directory=str(self.directory),
                why=f"{type(error).__name__}: {error}",
                remedy="give CLOSELOOP_SPOOL_DIR a directory on a disk that this user may write; "
                "until then events are refused (503) while Kafka is away",
            )
            return False
        self._records, self._bytes, self._oldest = found.records, found.bytes, found.oldest
        self._journal = journal
        self._writer.start()
        _log.info("spool_open", folder=str(self._place.folder), records=found.records, bytes=found.bytes)
        return True

    def close(self) -> None:
        """End the writer after what it still has to write, and leave the place. For when no request is open."""
        if self._journal is not None:
            self._jobs.put(None)
            self._writer.join()
            self._journal.close()
        if self._place is not None:
            self._place.leave()

    async def hand_on(
        self, deliver: Callable[[Sequence[Record]], Awaitable[None]], records: Sequence[Record]
    ) -> Collection[int]:
        """See the records safe; returns the places of those that wait on the disk. Kafka has acknowledged the others.

        ``deliver`` sends them to Kafka. Raises :class:`NotKeptError`.
        """
        if self._records:
            await self._enqueue(records)
            return range(len(records))
        sending = asyncio.ensure_future(deliver(records))
        flight = _Flight(records)
        self._flights[flight] = None
        try:
            await asyncio.wait((sending, flight.diverted), timeout=self._patience, return_when=asyncio.FIRST_COMPLETED)
            if flight.kept is None:
                unsettled = _unsettled(sending, len(records))
                if not unsettled:
                    return ()
                self._divert(flight, unsettled)
            else:
                unsettled = range(len(records))
        except NotKeptError:
            await self._only_kafka(sending)
            return ()
        finally:
            del self._flights[flight]
            self._let_end(sending)
        assert flight.kept is not None
        await flight.kept
        return unsettled

    def first(self, at: float) -> None:
        """Note since when the oldest waits, Unix seconds."""
        self._oldest = at

    def gone(self, records: int, size: int) -> None:
        """Note that so much of it lies in Kafka now."""
        self._records -= records
        self._bytes -= size
        if not self._records:
            self._bytes = 0  # what was damaged on the disk had another size
            self._oldest = None

    def _divert(self, first: _Flight, unsettled: Collection[int]) -> None:
        """Kafka is away: what is under way goes to the disk in the order in which it came, before what comes now."""
        for flight in tuple(self._flights):
            if flight.kept is None:
                places = unsettled if flight is first else range(len(flight.records))
                try:
                    flight.kept = self._enqueue([flight.records[place] for place in places])
                except NotKeptError:
                    if flight is first:
                        raise
                    continue  # it is too large for what is left; Kafka may still take it
                if not flight.diverted.done():
                    flight.diverted.set_result(None)

    def _enqueue(self, records: Sequence[Record]) -> asyncio.Future[None]:
        size = size_of(records)
        if self._journal is None:
            raise NotKeptError("there is no spool")
        if self._bytes + size > self.most_bytes:
            raise NotKeptError("the spool is full")
        if self._unwritten + size > UNWRITTEN_BYTES:
            raise NotKeptError("the disk does not keep up")
        self._records += len(records)
        self._bytes += size
        self._unwritten += size
        if self._oldest is None:
            self._oldest = time.time()
        job = _Job(records, size)
        self._jobs.put(job)
        return job.done

    async def _only_kafka(self, sending: asyncio.Future[None]) -> None:
        """There is no room on the disk: only Kafka's own answer is left to wait for."""
        try:
            await sending
        except NotDeliveredError as error:
            raise NotKeptError(error.cause) from None

    def _let_end(self, sending: asyncio.Future[None]) -> None:
        """Let a delivery end that nobody waits for any more: what it says then changes nothing."""

        def end(done: asyncio.Future[None]) -> None:
            self._late.discard(done)
            if not done.cancelled():
                done.exception()

        if not sending.done():
            self._late.add(sending)
        sending.add_done_callback(end)

    def _write(self) -> None:
        journal = self._journal
        assert journal is not None
        ended = False
        while not ended:
            jobs = [self._jobs.get()]
            while len(jobs) < _JOBS_A_WRITE and jobs[-1] is not None:
                try:
                    jobs.append(self._jobs.get_nowait())
                except queue.Empty:
                    break
            ended = jobs[-1] is None
            writing = [job for job in jobs if job is not None]
            failure: str | None = None
            if writing:
                try:
                    journal.append([job.records for job in writing])
                except (sqlite3.Error, OSError) as error:
                    failure = f"the disk took nothing ({error})"
                writing[0].done.get_loop().call_soon_threadsafe(self._written, writing, failure)

    def _written(self, jobs: Sequence[_Job], failure: str | None) -> None:
        if failure is not None:
            self.failures += 1
            _log.error("spool_write_failed", why=failure, remedy="free space on the disk of CLOSELOOP_SPOOL_DIR")
        for job in jobs:
            self._unwritten -= job.size
            if failure is not None:
                self.gone(len(job.records), job.size)
            if job.done.done():
                continue
            if failure is None:
                job.done.set_result(None)
            else:
                job.done.set_exception(NotKeptError(failure))
        self.more.set()


def _unsettled(sending: asyncio.Future[None], count: int) -> Collection[int]:
    """The places of the records that Kafka has not acknowledged."""
    if not sending.done():
        return range(count)
    error = sending.exception()
    if error is None:
        return ()
    if isinstance(error, NotDeliveredError):
        return sorted(error.unsettled)
    raise error


def _sound_journal(folder: Path, most_bytes: int) -> Journal:
    """The journal of a place; one that is damaged is set aside, whole, and a new one begun."""
    try:
        journal = Journal(folder, most_bytes)
        if journal.sound():
            return journal
        journal.close()
    except sqlite3.OperationalError:  # the disk or its rights, not the file
        raise
    except sqlite3.DatabaseError:
        pass
    stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
    for suffix in ("", "-wal", "-shm"):
        damaged = folder / (FILE + suffix)
        if damaged.exists():
            damaged.rename(folder / f"damaged-{stamp}-{FILE}{suffix}")
    _log.error(
        "spool_damaged",
        folder=str(folder),
        set_aside=f"damaged-{stamp}-{FILE}",
        remedy="its events are not in Kafka: docs/runbooks/spool-waits.md says how to bring them back",
    )
    return Journal(folder, most_bytes)
