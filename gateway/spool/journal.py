"""Records on the disk, in SQLite: each append is there after a power cut, or not at all.

SQLite's write-ahead log carries a checksum a frame, so a write that was torn is seen and left out at the next start;
``synchronous=FULL`` waits for the disk before an append is done.
"""

import os
import shutil
import sqlite3
import threading
import time
import uuid
import zlib
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import msgspec
from msgspec import Struct

from gateway.intake import Record
from gateway.spool.place import sync_folder

FILE = "spool.sqlite3"
RECORD_BYTES = 64
"""What a record takes on the disk besides its own bytes."""
READ_BYTES = 4 * 1024 * 1024
"""What is read at once, and one record more: it is held in memory, and passes through the log when it is removed."""
SPARE_BYTES = 32 * 1024 * 1024
"""What stays free on the disk: to remove records takes room in the log, so a full disk could never be drained."""
_MIB = 1024 * 1024
_PAGE = 4096
_WAL_BYTES = 4 * 1024 * 1024
_INCREMENTAL = 2
_PAGES_A_STEP = 1024
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
  headers BLOB NOT NULL,
  crc INTEGER
);
CREATE TABLE IF NOT EXISTS journal (name TEXT NOT NULL);
"""
_INSERT = "INSERT INTO records (at, topic, key, value, headers, crc) VALUES (?, ?, ?, ?, ?, ?)"
_READ = "SELECT seq, at, CAST(topic AS BLOB), key, value, headers, crc FROM records WHERE seq > ? ORDER BY seq LIMIT ?"
_SIZE = f"length(value) + coalesce(length(key), 0) + length(headers) + length(topic) + {RECORD_BYTES}"


class Kept(Struct, frozen=True):
    """A record of the journal: its number, when it was kept (Unix seconds), and itself.

    ``damaged``: the disk gave back other bytes than it was given, which SQLite cannot see.
    """

    seq: int
    at: float
    record: Record
    damaged: bool = False


class Waiting(Struct, frozen=True):
    """How much is in a journal. ``oldest`` is Unix seconds, ``None`` where nothing is."""

    records: int
    bytes: int
    oldest: float | None


class Journal:
    """One connection to a journal's file. Methods may raise ``sqlite3.Error`` and ``OSError``; threads take turns."""

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
        self._sql.execute(f"PRAGMA page_size={_PAGE}")
        if self._sql.execute("PRAGMA auto_vacuum").fetchone()[0] != _INCREMENTAL:
            self._sql.execute("PRAGMA auto_vacuum=INCREMENTAL")  # it writes, which a full disk would not let it
        for pragma in (
            "journal_mode=WAL",
            f"synchronous={'FULL' if durable else 'NORMAL'}",
            f"journal_size_limit={_WAL_BYTES}",
            f"max_page_count={pages}",
            "secure_delete=ON",  # what customers wrote does not stay behind in free pages
        ):
            self._sql.execute(f"PRAGMA {pragma}")
        self._sql.executescript(_TABLES)
        if "crc" not in {row[1] for row in self._sql.execute("PRAGMA table_info(records)")}:  # a file of before
            self._sql.execute("ALTER TABLE records ADD COLUMN crc INTEGER")
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
        size = sum(size_of(batch) for batch in batches)
        if shutil.disk_usage(self.path.parent).free < SPARE_BYTES + 2 * size:  # in the log, and in the file
            raise OSError(f"less than {SPARE_BYTES // _MIB} MiB would stay free on the disk")
        at = time.time()
        rows = [_row(one, at) for batch in batches for one in batch]
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
        """The oldest records behind ``after``, at most so many, and no more once they have :data:`READ_BYTES`."""
        found: list[Kept] = []
        size = 0
        with self._turn, closing(self._sql.execute(_READ, (after, most))) as rows:
            for row in rows:
                found.append(_kept(*row))
                size += len(found[-1].record.value)
                if size >= READ_BYTES:
                    break
        return found

    def remove(self, through: int) -> None:
        """Forget the records up to and with this one."""
        with self._turn:
            self._sql.execute("DELETE FROM records WHERE seq <= ?", (through,))

    def set_aside(self, seq: int, letter: bytes) -> Path:
        """Keep a dead letter that Kafka does not take in a file beside the journal; its path."""
        path = self.path.with_name(f"refused-{self.name}-{seq}.json")
        with path.open("wb") as file:
            path.chmod(0o600)
            file.write(letter)
            file.flush()
            os.fsync(file.fileno())
        sync_folder(path.parent)
        return path

    def shrink(self) -> None:
        """Give the disk back what is free, a little at a time: each page passes through the log first."""
        while self._free_pages():
            with self._turn:
                # As a script, which runs it to its end: a statement without columns would free one page.
                self._sql.executescript(f"PRAGMA incremental_vacuum({_PAGES_A_STEP})")
                self._sql.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()

    def _free_pages(self) -> int:
        with self._turn:
            free: int = self._sql.execute("PRAGMA freelist_count").fetchone()[0]
        return free

    def close(self) -> None:
        """Close the connection; whatever uses it later raises."""
        with self._turn:
            self._sql.close()


def _row(one: Record, at: float) -> tuple[float, str, bytes | None, bytes, bytes, int]:
    headers = msgspec.msgpack.encode(one.headers)
    return at, one.topic, one.key, one.value, headers, _crc(one.topic.encode(), one.key, one.value, headers)


def _kept(seq: int, at: float, topic: bytes, key: bytes | None, value: bytes, headers: bytes, crc: int | None) -> Kept:
    if crc is None or crc == _crc(topic, key, value, headers):
        return Kept(seq, at, Record(topic.decode(), key, value, _headers.decode(headers)))
    return Kept(seq, at, Record(topic.decode(errors="replace"), key, value), damaged=True)


def _crc(*parts: bytes | None) -> int:
    found = 0
    for part in parts:
        found = zlib.crc32(part or b"", found)
    return found


def size_of(records: Sequence[Record]) -> int:
    """What these records count against the bound, in bytes."""
    return sum(
        len(one.value) + len(one.key or b"") + len(msgspec.msgpack.encode(one.headers)) + len(one.topic) + RECORD_BYTES
        for one in records
    )
