"""How far an import came: kept on disk after each answered batch, so that an interrupted import goes on there.

A file of JSON lines: the first says which import it is, each later one how far it was after a batch. A line that a
crash tore is no line. The file is locked while its import runs, and gone when it has ended.
"""

import fcntl
import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from io import FileIO
from pathlib import Path

import msgspec
from msgspec import Struct, field

FOLDER = "imports"
_HEAD_BYTES = 1024 * 1024


class CheckpointError(Exception):
    """An import cannot go on where it was, or another one runs; says what to do."""


class Identity(Struct, frozen=True, kw_only=True):
    """Which import it is: a file by its size and its first mebibyte, by which mapping, to which gateway."""

    file: str
    size: int
    head: str
    mapping: str
    url: str

    @property
    def name(self) -> str:
        """The checkpoint's own: one for a file and a gateway."""
        place = hashlib.sha256(f"{self.file}\n{self.url}".encode()).hexdigest()[:16]
        return f"{Path(self.file).name}.{place}.jsonl"


class Position(Struct, frozen=True, kw_only=True):
    """How far an import is: the last line of the file that has its answer, and the counts until there."""

    line: int = 0
    sent: int = 0
    accepted: int = 0
    rejected: int = 0
    reasons: dict[str, int] = field(default_factory=dict)
    report_bytes: int = 0
    """Length of the report of rejected rows."""


def identify(path: Path, url: str, mapping: Path | None) -> Identity:
    """The identity of an import of a file. Raises ``OSError``."""
    with path.open("rb") as file:
        head = hashlib.sha256(file.read(_HEAD_BYTES)).hexdigest()
    columns = "" if mapping is None else hashlib.sha256(mapping.read_bytes()).hexdigest()
    return Identity(file=str(path.resolve()), size=path.stat().st_size, head=head, mapping=columns, url=url.rstrip("/"))


class Checkpoint:
    """The open, locked file of one import."""

    def __init__(self, file: FileIO, path: Path, start: Position) -> None:
        self.start = start
        """Where the import goes on; all zero for one that begins."""
        self._file = file
        self._path = path

    def keep(self, position: Position) -> None:
        """The batch up to ``position`` is answered. Raises :class:`CheckpointError` where it cannot be kept."""
        try:
            self._file.write(msgspec.json.encode(position) + b"\n")
            os.fdatasync(self._file.fileno())
        except OSError as error:
            what = (error.strerror or str(error)).lower()
            raise CheckpointError(f"{self._path}: how far it came cannot be kept ({what})") from None

    def done(self) -> None:
        """The import has ended: nothing is to be gone on with."""
        self._path.unlink(missing_ok=True)


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
        start, whole = _read(file.read(), identity, restart=restart)
        file.seek(whole)
        file.truncate()
        if whole == 0:
            file.write(msgspec.json.encode(identity) + b"\n")
        yield Checkpoint(file, path, start)


def _read(content: bytes, identity: Identity, *, restart: bool) -> tuple[Position, int]:
    """Where the import goes on, and how many bytes of the checkpoint are whole lines."""
    whole = content.rfind(b"\n") + 1
    first, *rest = content[:whole].splitlines() or [b""]
    if restart or not first:
        return Position(), 0
    try:
        before = msgspec.json.decode(first, type=Identity)
        position = msgspec.json.decode(rest[-1], type=Position) if rest else Position()
    except msgspec.MsgspecError:
        raise CheckpointError("what is kept of an interrupted import cannot be read; --restart begins anew") from None
    if before != identity and position.line:
        changed = "the mapping" if before.mapping != identity.mapping else "the file"
        text = f"{changed} has changed since the import of it was interrupted; give --restart to begin anew"
        raise CheckpointError(text)
    return (position, whole) if before == identity else (Position(), 0)
