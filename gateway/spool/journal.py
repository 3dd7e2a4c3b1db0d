"""Records on the disk, in SQLite: each append is there after a power cut, or not at all.

SQLite's write-ahead log carries a checksum a frame, so a write that was torn is seen and left out at the next start;
``synchronous=FULL`` waits for the disk before an append is done.
"""

import sqlite3
import threading
import time
import uuid
from collections.abc import Sequence
from pathlib import Path

import msgspec
from msgspec import Struct

from gateway.intake import Record

FILE = "spool.sqlite3"
RECORD_BYTES = 64
"""What a record takes on the disk besides its own bytes."""
_PAGE = 4096
_WAL_BYTES = 4 * 1024 * 1024
_BUSY_SECONDS = 10.0

_Headers = tuple[tuple[str, bytes | None], ...]
_headers = msgspec.msgpack.Decoder(_Headers)

_TABLES = """
CREATE TABLE IF NOT EXISTS records (
  seq INTEGER PRIMARY KEY AUTOINCREMENT,
  at REAL NOT NULL,
  topic TEXT NOT NULL,
  key BLOB,
  value BLOB NOT NULL,
  headers BLOB NOT NULL
);
CREATE TABLE IF NOT EXISTS journal (name TEXT NOT NULL);
"""
_INSERT = "INSERT INTO records (at, topic, key, value, headers) VALUES (?, ?, ?, ?, ?)"
_READ = "SELECT seq, at, topic, key, value, headers FROM records WHERE seq > ? ORDER BY seq LIMIT ?"
_SIZE = f"length(value) + coalesce(length(key), 0) + length(headers) + length(topic) + {RECORD_BYTES}"


class Kept(Struct, frozen=True):
    """A record of the journal: its number, when it was kept (Unix seconds), and itself."""

    seq: int
    at: float
    record: Record


class Waiting(Struct, frozen=True):
    """How much is in a journal. ``oldest`` is Unix seconds, ``None`` where nothing is."""

    records: int
    bytes: int
    oldest: float | None


class Journal:
    """One connection to a journal's file. Every method may raise ``sqlite3.Error``; threads take turns."""

    def __init__(self, folder: Path, most_bytes: int, *, durable: bool = True) -> None:
        """Open it, or make it. ``durable=False`` for a connection that only removes: what comes back is sent again."""
        self.path = folder / FILE
        self._turn = threading.Lock()  # a task that is cancelled leaves its thread at work here
        self._sql = sqlite3.connect(self.path, isolation_level=None, check_same_thread=False, timeout=_BUSY_SECONDS)
        try:
            self.path.chmod(0o600)
            self._prepare(most_bytes, durable=durable)
        except BaseException:
            self._sql.close()
            raise

    def _prepare(self, most_bytes: int, *, durable: bool) -> None:
        pages = (most_bytes + most_bytes // 4) // _PAGE + 256
        for pragma in (
            f"page_size={_PAGE}",
            "auto_vacuum=INCREMENTAL",
            "journal_mode=WAL",
            f"synchronous={'FULL' if durable else 'NORMAL'}",
            f"journal_size_limit={_WAL_BYTES}",
            f"max_page_count={pages}",
            "secure_delete=ON",  # what customers wrote does not stay behind in free pages
        ):
            self._sql.execute(f"PRAGMA {pragma}")
        self._sql.executescript(_TABLES)
        if self._sql.execute("SELECT count(*) FROM journal").fetchone()[0] == 0:
            self._sql.execute("INSERT INTO journal VALUES (?)", (uuid.uuid4().hex,))
        self.name: str = self._sql.execute("SELECT name FROM journal").fetchone()[0]

    def sound(self) -> bool:
        """Whether the file is whole, as SQLite sees it."""
        with self._turn:
            found: list[tuple[str]] = self._sql.execute("PRAGMA quick_check(1)").fetchall()
        return found == [("ok",)]

    def waiting(self) -> Waiting:
        """What is in it."""
        with self._turn:
            count, size, oldest = self._sql.execute(
                f"SELECT count(*), coalesce(sum({_SIZE}), 0), min(at) FROM records"  # noqa: S608 - our own words alone
            ).fetchone()
        return Waiting(count, size, oldest)

    def append(self, batches: Sequence[Sequence[Record]]) -> None:
        """Keep all of these, or none: they are on the disk when this returns."""
        at = time.time()
        rows = [
            (at, one.topic, one.key, one.value, msgspec.msgpack.encode(one.headers))
            for batch in batches
            for one in batch
        ]
        with self._turn:
            self._sql.execute("BEGIN IMMEDIATE")
            try:
                self._sql.executemany(_INSERT, rows)
                self._sql.execute("COMMIT")
            except BaseException:
                if self._sql.in_transaction:
                    self._sql.execute("ROLLBACK")
                raise

    def read(self, after: int, most: int) -> list[Kept]:
        """The oldest records behind ``after``, at most so many."""
        with self._turn:
            rows = self._sql.execute(_READ, (after, most)).fetchall()
        return [
            Kept(seq, at, Record(topic, key, value, _headers.decode(raw))) for seq, at, topic, key, value, raw in rows
        ]

    def remove(self, through: int) -> None:
        """Forget the records up to and with this one."""
        with self._turn:
            self._sql.execute("DELETE FROM records WHERE seq <= ?", (through,))

    def shrink(self) -> None:
        """Give the disk back what is free."""
        with self._turn:
            # As a script, which runs it to its end: a statement without columns would free one page.
            self._sql.executescript("PRAGMA incremental_vacuum")
            self._sql.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()

    def close(self) -> None:
        """Close the connection; whatever uses it later raises."""
        with self._turn:
            self._sql.close()


def size_of(records: Sequence[Record]) -> int:
    """What these records count against the bound, in bytes."""
    return sum(
        len(one.value) + len(one.key or b"") + len(msgspec.msgpack.encode(one.headers)) + len(one.topic) + RECORD_BYTES
        for one in records
    )
