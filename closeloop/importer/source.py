"""Lines of a file, a gzip file or standard input, with their numbers; nothing is held but the line at hand."""

import gzip
import io
import sys
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import msgspec

from schemas.events import MAX_EVENT_BYTES

STANDARD_INPUT = "-"
_GZIP_MAGIC = b"\x1f\x8b"
_BOM = b"\xef\xbb\xbf"
_BLANK = b" \t\r\n"
_LINE_LIMIT = MAX_EVENT_BYTES + 64
_any_json = msgspec.json.Decoder()


class SourceError(Exception):
    """The file cannot be read, or not to its end."""


@dataclass(frozen=True, slots=True)
class Line:
    """One event's untouched bytes and the number of its line in the file, from 1."""

    number: int
    value: bytes
    row: tuple[str, ...] = ()
    """The cells it was made of, where the file is a table."""


@dataclass(frozen=True, slots=True)
class Rejected:
    """A line that was not taken, by us or by the gateway: a code, the field if one is to blame, and what is wrong."""

    line: Line
    reason: str
    field: str
    problem: str


@dataclass(frozen=True, slots=True)
class Source:
    """An open file: its bytes, unpacked, and how far it has been read, in bytes of the file itself."""

    stream: "io.BufferedReader[Any]"
    size: int | None
    """Bytes of the file; ``None`` for standard input and other pipes."""
    position: Callable[[], int]


@contextmanager
def open_source(path: str | Path) -> Iterator[Source]:
    """Open the file, or standard input for ``-``. Gzip is known by its first bytes, not by its name.

    Raises :class:`SourceError` when it cannot be read, also later while it is being read.
    """
    name = str(path)
    if name == STANDARD_INPUT:
        with _clear_errors("standard input"):
            piped = io.BufferedReader(io.FileIO(sys.stdin.fileno(), closefd=False))
            yield Source(_unpacked(piped), None, lambda: 0)
        return
    with _clear_errors(name), Path(name).open("rb") as file:
        if file.seekable():
            yield Source(_unpacked(file), Path(name).stat().st_size, file.tell)
        else:
            yield Source(_unpacked(file), None, lambda: 0)


def read_lines(stream: BinaryIO, after: int = 0) -> Iterator[Line | Rejected]:
    """The lines after line ``after`` that are not blank; what is too long or no JSON comes as :class:`Rejected`."""
    number = 0
    while raw := stream.readline(_LINE_LIMIT):
        number += 1
        too_long = False
        part = raw
        while not part.endswith(b"\n") and (part := stream.readline(_LINE_LIMIT)):
            too_long = too_long or bool(part.strip(_BLANK))
        if number <= after:
            continue
        value = (raw.removeprefix(_BOM) if number == 1 else raw).strip(_BLANK)
        if too_long:
            yield _too_long(Line(number, value))
        elif value:
            yield judge(Line(number, value))


def fitting(line: Line) -> Line | Rejected:
    """The line, or that no gateway takes one as long."""
    return _too_long(line) if len(line.value) > MAX_EVENT_BYTES else line


def judge(line: Line) -> Line | Rejected:
    """The line, or why it cannot even be sent. Everything else is the gateway's to say."""
    if len(line.value) > MAX_EVENT_BYTES:
        return _too_long(line)
    try:
        line.value.decode()
        _any_json.decode(line.value)
    except UnicodeDecodeError as error:
        return Rejected(line, "not_utf8", "", f"byte {error.start} is not UTF-8")
    except (msgspec.DecodeError, RecursionError):
        return Rejected(line, "not_json", "", "not JSON; one CloudEvent a line is read")
    return line


def _too_long(line: Line) -> Rejected:
    return Rejected(line, "too_large", "", f"over {MAX_EVENT_BYTES:,} bytes")


def _unpacked(raw: "io.BufferedReader[Any]") -> "io.BufferedReader[Any]":
    if raw.peek(2)[:2] == _GZIP_MAGIC:
        return io.BufferedReader(gzip.GzipFile(fileobj=raw))  # type: ignore[type-var,return-value,unused-ignore] # GzipFile is raw enough; the stubs differ between Pythons
    return raw


@contextmanager
def _clear_errors(name: str) -> Iterator[None]:
    try:
        yield
    except FileNotFoundError:
        raise SourceError(f"{name}: no such file") from None
    except IsADirectoryError:
        raise SourceError(f"{name}: a folder; give a file") from None
    except (EOFError, gzip.BadGzipFile, zlib.error):
        raise SourceError(f"{name}: the gzip data is broken or ends early; what came before was sent") from None
    except OSError as error:
        if error.filename not in (None, name):
            raise
        raise SourceError(f"{name}: cannot be read ({(error.strerror or str(error)).lower()})") from None
