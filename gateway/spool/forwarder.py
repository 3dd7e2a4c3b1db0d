"""Sends what waits in the spool to Kafka, in its order. What Kafka never takes becomes a dead letter."""

import asyncio
import sqlite3
import time
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from uuid import NAMESPACE_URL, uuid5

import msgspec
import structlog

from gateway.intake import Record
from gateway.producer import NotDeliveredError
from gateway.spool.journal import FILE, Journal, Kept, size_of
from gateway.spool.place import left_behind
from gateway.spool.spool import Spool
from schemas.deadletters import DeadLetter, DeadLetterReason, InvalidEvent, dead_letter
from schemas.topics import DEADLETTERS

BATCH_RECORDS = 500
AGAIN_SECONDS = 1.0
"""Between two attempts at what Kafka did not take."""
NEIGHBOURS_SECONDS = 30.0
"""How often places are looked at that other gateways left behind."""
REFUSALS: dict[str, DeadLetterReason] = {
    "MSG_SIZE_TOO_LARGE": "too_large",
    "RECORD_LIST_TOO_LARGE": "too_large",
    "INVALID_RECORD": "invalid",
}
"""Kafka's errors that no later attempt mends, and the reason of the dead letter."""
_REFUSED = "Kafka refused it for good when it was sent from the spool; check max.message.bytes of its topic"
_DAMAGED = "its bytes were damaged on the gateway's disk, where it waited for Kafka; have the disk checked"

_log = structlog.get_logger("gateway.spool")


class Forwarder:
    """Drains our place, and the places of gateways that are gone."""

    def __init__(self, spool: Spool, deliver: Callable[[Sequence[Record]], Awaitable[None]]) -> None:
        self._spool = spool
        self._deliver = deliver
        self._sent: dict[str, int] = {}
        """The last record that Kafka has of each journal, by its name, while the disk lets none be removed."""

    async def run(self) -> None:
        """Until cancelled. Whatever was under way then is sent again after the next start: duplicates count once."""
        looked = float("-inf")
        while True:
            try:
                await self._drain_own()
            except Exception as error:  # noqa: BLE001 - whatever it is, what waits must not wait for ever
                _tell(self._spool.folder, error)
                await asyncio.sleep(NEIGHBOURS_SECONDS)
                continue
            if time.monotonic() - looked >= NEIGHBOURS_SECONDS:
                looked = time.monotonic()
                await self._drain_neighbours()
            try:
                async with asyncio.timeout(NEIGHBOURS_SECONDS):
                    await self._spool.more.wait()
            except TimeoutError:
                continue

    async def _drain_own(self) -> None:
        spool = self._spool
        spool.more.clear()
        if spool.folder is None and not await asyncio.to_thread(spool.open):
            return
        assert spool.folder is not None
        if not spool.records and not self._sent:
            return
        journal = await asyncio.to_thread(Journal, spool.folder, spool.most_bytes, durable=False)
        try:
            await self._drain(journal, spool)
        finally:
            await asyncio.to_thread(journal.close)

    async def _drain_neighbours(self) -> None:
        """Finish what gateways of this directory left when they ended for good. One that is damaged keeps back none."""
        try:
            for place in await asyncio.to_thread(lambda: list(left_behind(self._spool.directory))):
                try:
                    await self._drain_neighbour(place.folder)
                except Exception as error:  # noqa: BLE001 - as above
                    _tell(place.folder, error)
                finally:
                    place.leave()
        except OSError as error:
            _tell(self._spool.directory, error)

    async def _drain_neighbour(self, folder: Path) -> None:
        if not (folder / FILE).exists():
            return
        journal = await asyncio.to_thread(Journal, folder, self._spool.most_bytes, durable=False)
        try:
            await self._drain(journal, None)
        finally:
            await asyncio.to_thread(journal.close)

    async def _drain(self, journal: Journal, own: Spool | None) -> None:
        """Send all of it, and only then mind what could not be removed: a full disk holds nothing back."""
        after, sent = self._sent.get(journal.name, 0), 0
        while True:
            batch = await asyncio.to_thread(journal.read, after, BATCH_RECORDS)
            if batch:
                if own is not None:
                    own.first(batch[0].at)
                await self._send(journal, [one for one in batch if not one.damaged])
                for one in batch:
                    if one.damaged:
                        await self._bury(journal, one, "invalid", _DAMAGED)
                after = batch[-1].seq
                if own is not None:
                    own.gone(len(batch), size_of([one.record for one in batch]))
                sent += len(batch)
            try:
                await asyncio.to_thread(journal.remove, after)
                self._sent.pop(journal.name, None)
            except sqlite3.Error:
                self._spool.failures += 1
                self._sent[journal.name] = after
                if not batch:
                    raise
            if not batch:
                break
        if sent:
            await asyncio.to_thread(journal.shrink)
            _log.info("spool_drained", records=sent)

    async def _send(self, journal: Journal, batch: Sequence[Kept]) -> None:
        """Send until Kafka has them all, or never will."""
        left = list(batch)
        while left:
            try:
                await self._deliver([one.record for one in left])
            except NotDeliveredError as error:
                refusal = next((REFUSALS[name] for name in error.unsettled.values() if name in REFUSALS), None)
                left = [left[place] for place in sorted(error.unsettled)]
            else:
                return
            if refusal is None:
                await asyncio.sleep(AGAIN_SECONDS)
            elif len(batch) == 1:
                await self._bury(journal, left[0], refusal, _REFUSED)
                return
            else:  # one that is refused takes along those that travel with it
                for one in left:
                    await self._send(journal, [one])
                return

    async def _bury(self, journal: Journal, kept: Kept, reason: DeadLetterReason, problem: str) -> None:
        """Make a dead letter of a record that Kafka never takes. Where it does not take that either: a file."""
        letter = letter_of(journal.name, kept, reason, problem, datetime.now(UTC))
        record = Record(DEADLETTERS, letter.topic.encode(), msgspec.json.encode(letter))
        if kept.record.topic == DEADLETTERS and not kept.damaged:
            record = kept.record  # in a letter of its own it would only be larger
        said: dict[str, str] = {}
        while True:
            try:
                await self._deliver([record])
            except NotDeliveredError as error:
                if any(name in REFUSALS for name in error.unsettled.values()):
                    said["set_aside"] = str(await asyncio.to_thread(journal.set_aside, kept.seq, record.value))
                    break
                _log.error("dead_letter_not_sent", topic=letter.topic, error=error.cause)
                await asyncio.sleep(AGAIN_SECONDS)
            else:
                break
        self._spool.refused += 1
        event = "event_damaged_on_disk" if kept.damaged else "event_refused_by_kafka"
        _log.error(event, topic=letter.topic, reason=reason, letter=letter.id, **said)


def _tell(place: Path | None, error: Exception) -> None:
    _log.error("spool_not_read", place=str(place), why=f"{type(error).__name__}: {error}")


def letter_of(journal: str, kept: Kept, reason: DeadLetterReason, problem: str, at: datetime) -> DeadLetter:
    """The dead letter of a record that never came onto its topic: partition -1, its number in the spool as offset.

    Pure. The id follows from the journal's name and that number, so a repeat is the same dead letter.
    """
    record = kept.record
    letter = dead_letter(
        record.topic,
        -1,
        kept.seq,
        record.key,
        record.value,
        list(record.headers),
        InvalidEvent(reason, "", problem),
        at,
    )
    return msgspec.structs.replace(letter, id=str(uuid5(NAMESPACE_URL, f"spool/{journal}/{kept.seq}")))
