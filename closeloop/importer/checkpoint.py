"""How far an import came: kept on disk after each answered batch, so that an interrupted import goes on there.

A file of JSON lines: the first says which import it is, each later one how far it was after a batch. A line that a
crash tore is no line. The file is locked while its import runs. Of one that has ended its last line stays: the streams
forget ids after a while, so that the same file would count once more.
"""

import fcntl
import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from io import FileIO
from pathlib import Path
from typing import Literal

import msgspec
from msgspec import Struct, field, structs

FOLDER = "imports"
_HEAD_BYTES = 1024 * 1024


class CheckpointError(Exception):
    """An import cannot go on where it was, or another one runs; says what to do."""


class Identity(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which import it is: a file by its size and its first mebibyte, by which mapping, to which gateway."""

    file: str
    size: int
    head: str
    mapping: str
    url: str
    version: Literal[1] = 1
    """Of what is kept: another one is not read."""

    @property
    def name(self) -> str:
        """The checkpoint's own: one for a file and a gateway."""
        place = hashlib.sha256(f"{self.file}\n{self.url}".encode()).hexdigest()[:16]
        return f"{Path(self.file).name}.{place}.jsonl"


class Position(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How far an import is: the last line of the file that has its answer, and the counts until there."""

    line: int = 0
    sent: int = 0
    accepted: int = 0
    rejected: int = 0
    reasons: dict[str, int] = field(default_factory=dict)
    report_bytes: int = 0
    """Length of the report of rejected rows."""
    ended_at: datetime | None = None
    """When the whole file had its answers, UTC."""


def identify(path: Path, url: str, mapping: Path | None) -> Identity:
    """The identity of an import of a file. Raises ``OSError``."""
    columns = "" if mapping is None else hashlib.sha256(mapping.read_bytes()).hexdigest()
    return Identity(
        file=str(path.resolve()), size=path.stat().st_size, head=_head(path), mapping=columns, url=url.rstrip("/")
    )


class Checkpoint:
    """The open, locked file of one import."""

    def __init__(self, file: FileIO, path: Path, start: Position) -> None:
        self.start = start
        """Where the import goes on; all zero for one that begins. Where it has ended, nothing is to be sent."""
        self._last = start
        self._file = file
        self._path = path

    def keep(self, position: Position) -> None:
        """The batch up to ``position`` is answered. Raises :class:`CheckpointError` where it cannot be kept."""
        try:
            self._file.write(msgspec.json.encode(position) + b"\n")
            self._last = position
            os.fdatasync(self._file.fileno())
        except OSError as error:
            what = (error.strerror or str(error)).lower()
            raise CheckpointError(f"{self._path}: how far it came cannot be kept ({what})") from None

    def done(self, at: datetime) -> None:
        """The import has ended at ``at``, UTC. Raises :class:`CheckpointError` where it cannot be kept."""
        self.keep(structs.replace(self._last, ended_at=at))


@contextmanager
def checkpoint(folder: Path, identity: Identity, *, restart: bool) -> Iterator[Checkpoint]:
    """The checkpoint of this import, new or where it was. Raises :class:`CheckpointError`, ``OSError``."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / identity.name
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    with os.fdopen(descriptor, "r+b", buffering=0) as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise CheckpointError("another import of this file to this gateway is running; let it end") from None
        start, whole = _read(file.read(), identity, path, restart=restart)
        file.seek(whole)
        file.truncate()
        if whole == 0:
            file.write(msgspec.json.encode(identity) + b"\n")
        yield Checkpoint(file, path, start)


def _read(content: bytes, identity: Identity, path: Path, *, restart: bool) -> tuple[Position, int]:
    """Where the import goes on, and how many bytes of the checkpoint are whole lines."""
    whole = content.rfind(b"\n") + 1
    first, *rest = content[:whole].splitlines() or [b""]
    if restart or not first:
        return Position(), 0
    try:
        before = msgspec.json.decode(first, type=Identity)
        position = msgspec.json.decode(rest[-1], type=Position) if rest else Position()
    except msgspec.MsgspecError:
        raise CheckpointError(
            f"{path}: how far an interrupted import came cannot be read, or another version kept it; "
            "--restart sends the whole file again"
        ) from None
    if before == identity and not (position.ended_at and not position.accepted):
        return position, whole
    if position.ended_at is not None and position.accepted and _has_grown(before, identity):
        raise CheckpointError(
            f"this file was imported here to its end at {position.ended_at:%Y-%m-%d %H:%M} UTC, and has grown since. "
            f"Import what is behind line {position.line:,} as a file of its own; --restart sends all of it again, and "
            "what the streams have forgotten since would count twice"
        )
    if position.line and position.ended_at is None:
        changed = "the mapping" if before.mapping != identity.mapping else "the file"
        text = f"{changed} has changed since the import of it was interrupted; give --restart to begin anew"
        raise CheckpointError(text)
    return Position(), 0


def _has_grown(before: Identity, now: Identity) -> bool:
    """Whether a file has more than it had, behind what it had."""
    if before.mapping != now.mapping or before.size == 0 or before.size >= now.size:
        return False
    return _head(Path(now.file), before.size) == before.head


def _head(path: Path, size: int = _HEAD_BYTES) -> str:
    with path.open("rb") as file:
        return hashlib.sha256(file.read(min(size, _HEAD_BYTES))).hexdigest()
