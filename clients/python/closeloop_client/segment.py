"""One file of the spool: events one behind the other, each with its checksum, and how far they are settled.

The file begins with eight bytes of magic and eight of a cursor: the position of the first event that is not settled.
Then come records: length and CRC-32 of what follows (four bytes each, big-endian), the lengths of the type, the id and
the key (two bytes each), those three, and the event. A record that ends behind the file's end was being written when
its process died: nobody was told that it was taken.
"""

from __future__ import annotations

import os
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path

from closeloop_client.outgoing import Outgoing

MAGIC = b"CLSPOOL1"
START = len(MAGIC) + 8
"""Where the first record stands."""
MAX_RECORD = 256 * 1024
"""A longer one is damage: an event has at most 64 KiB."""

_HEAD = struct.Struct(">II")
_LENGTHS = struct.Struct(">HHH")
_CURSOR = struct.Struct(">Q")


class Segment:
    """An open file of the spool. Not thread-safe: its owner holds a lock."""

    def __init__(self, path: Path, *, new: bool) -> None:
        self.path = path
        flags = os.O_RDWR | os.O_CLOEXEC | (os.O_CREAT | os.O_EXCL if new else 0)
        self._fd = os.open(path, flags, 0o600)
        if new:
            os.pwrite(self._fd, MAGIC + _CURSOR.pack(START), 0)
        self.size = os.fstat(self._fd).st_size
        self.read_at = START
        """Position of the next record to be read."""
        self.damaged = 0
        """Records that were skipped because their checksum does not fit, and one for a file that cannot be followed."""
        if not new:
            self._find_cursor()

    @property
    def all_read(self) -> bool:
        """Whether nothing is left to read."""
        return self.read_at >= self.size

    def append(self, item: Outgoing) -> None:
        """Write an event behind the others. Raises ``OSError``; the file is then as it was."""
        record = pack(item)
        length = len(record)
        at = self.size
        self.size = at + length  # no call before this line: a signal handler that emits, too, writes behind it
        try:
            if os.pwrite(self._fd, record, at) < length:
                raise OSError("the disk took a part of an event only")  # noqa: TRY301 - what a full disk does
        except BaseException:
            if self.size == at + length:
                self.size = at
                os.ftruncate(self._fd, at)
            raise

    def read(self, most: int, most_bytes: int) -> list[Outgoing]:
        """The next events: at most ``most``, and of ``most_bytes`` bytes in all, but one at least if there is one."""
        found: list[Outgoing] = []
        size = 0
        for item, end in self._records():
            size += len(item.value) + 1
            if found and size > most_bytes:
                break
            self.read_at = end
            found.append(item)
            if len(found) >= most:
                break
        else:
            self.read_at = self.size
        return found

    def settle(self) -> None:
        """All that was read is done with."""
        os.pwrite(self._fd, _CURSOR.pack(self.read_at), len(MAGIC))

    def cut(self, position: int) -> None:
        """Throw away what stands from a position on."""
        os.ftruncate(self._fd, position)
        self.size = self.read_at = position

    def clear(self) -> None:
        """Empty it, when all is settled. Dying half-way through sends events again, and loses none."""
        os.pwrite(self._fd, _CURSOR.pack(START), len(MAGIC))
        os.ftruncate(self._fd, START)
        self.size = self.read_at = START

    def close(self) -> None:
        """Close the file and leave it where it is."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1

    def remove(self) -> None:
        """Close the file and delete it."""
        self.close()
        self.path.unlink(missing_ok=True)

    def _find_cursor(self) -> None:
        head = os.pread(self._fd, START, 0)
        if len(head) < START or head[: len(MAGIC)] != MAGIC:
            self.damaged += self.size > START
            self.read_at = self.size
            return
        (cursor,) = _CURSOR.unpack_from(head, len(MAGIC))
        if START <= cursor <= self.size:
            self.read_at = cursor

    def _records(self) -> Iterator[tuple[Outgoing, int]]:
        """What can be read from ``read_at`` on, with the position behind each."""
        at = self.read_at
        while True:
            head = os.pread(self._fd, _HEAD.size, at)
            if len(head) < _HEAD.size:
                return
            length, checksum = _HEAD.unpack(head)
            if not _LENGTHS.size <= length <= MAX_RECORD:
                self.damaged += 1
                return
            body = os.pread(self._fd, length, at + _HEAD.size)
            if len(body) < length:
                return
            at += _HEAD.size + length
            item = unpack(body) if zlib.crc32(body) == checksum else None
            if item is None:
                self.damaged += 1
                continue
            yield item, at


def pack(item: Outgoing) -> bytes:
    """The record of an event."""
    kind, name = item.type.encode(), item.id.encode()
    body = _LENGTHS.pack(len(kind), len(name), len(item.key)) + kind + name + item.key + item.value
    return _HEAD.pack(len(body), zlib.crc32(body)) + body


def unpack(body: bytes) -> Outgoing | None:
    """The event of a record's body; ``None`` if it is none."""
    kind, name, key = _LENGTHS.unpack_from(body)
    ends = (_LENGTHS.size + kind, _LENGTHS.size + kind + name, _LENGTHS.size + kind + name + key)
    if ends[2] > len(body):
        return None
    try:
        return Outgoing(
            body[_LENGTHS.size : ends[0]].decode(),
            body[ends[0] : ends[1]].decode(),
            body[ends[1] : ends[2]],
            body[ends[2] :],
        )
    except UnicodeDecodeError:
        return None
