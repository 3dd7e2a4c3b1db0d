"""Customers of a CSV or JSONL file, one at a time, with all that their line says of them."""

import io
from collections.abc import Generator, Iterator, Mapping
from typing import Any, BinaryIO, TextIO

import msgspec
from msgspec import Struct

from closeloop.importer.csv_rows import BrokenRow, csv_rows
from closeloop.importer.source import Line, Rejected, SourceError, read_lines

_BOM = b"\xef\xbb\xbf"


class Customer(Struct, frozen=True):
    """A line of the file: its number, from 1, its values by column, and its cells in the file's order."""

    line: Line
    values: Mapping[str, Any]
    cells: tuple[str, ...]


def is_json_lines(stream: BinaryIO) -> bool:
    """Whether a file that was not read yet begins as an object of JSON does; any other is read as CSV."""
    return isinstance(stream, io.BufferedReader) and stream.peek(64).removeprefix(_BOM).lstrip().startswith(b"{")


class CsvCustomers:
    """A table that is read once; ``columns`` is its header once the first row was asked for."""

    def __init__(self, stream: BinaryIO, delimiter: str, encoding: str) -> None:
        self.columns: tuple[str, ...] = ()
        self._stream = stream
        self._delimiter = delimiter
        self._encoding = "utf-8-sig" if encoding == "utf-8" else encoding

    def rows(self) -> Generator[Customer | Rejected, None, None]:
        """Each row, numbered by its first line. Raises :class:`SourceError` for a file without a header."""
        text = io.TextIOWrapper(self._stream, self._encoding, errors="surrogateescape", newline="")
        try:
            yield from self._rows(text)
        except UnicodeError:
            raise SourceError("the file is in another encoding; name it with --encoding") from None
        finally:
            text.detach()  # the stream is its owner's to close

    def _rows(self, text: TextIO) -> Iterator[Customer | Rejected]:
        rows = csv_rows(text, self._delimiter)
        header = next(rows, None)
        if isinstance(header, BrokenRow):
            raise SourceError(f"line {header.line}: not CSV: {header.problem}")
        if header is None:
            raise SourceError("the file begins with no line of column names")
        if not _is_text(header.cells):
            raise SourceError("the column names are not UTF-8; name the file's encoding with --encoding")
        self.columns = tuple(name.strip() for name in header.cells)
        for row in rows:
            cells = tuple(row.cells)
            line = Line(row.line, b"", cells)
            if isinstance(row, BrokenRow):
                yield Rejected(line, "not_csv", "", f"not CSV: {row.problem}")
            elif len(cells) != len(self.columns):
                said = f"{len(cells)} columns where the header has {len(self.columns)}"
                yield Rejected(line, "not_csv", "", said)
            elif not _is_text(cells):
                yield Rejected(line, "not_utf8", "", "not UTF-8; name the file's encoding with --encoding")
            else:
                # Of two columns of one name the first is meant.
                yield Customer(line, dict(reversed(list(zip(self.columns, cells, strict=True)))), cells)


class JsonCustomers:
    """A JSON object a line; ``columns`` are the fields of the first once it was asked for."""

    def __init__(self, stream: BinaryIO, known: frozenset[str]) -> None:
        """``known`` are the fields that a later object may have although the first has not: those of a link."""
        self.columns: tuple[str, ...] = ()
        self._stream = stream
        self._known = known

    def rows(self) -> Generator[Customer | Rejected, None, None]:
        """Each object in order, numbered by its line."""
        for line in read_lines(self._stream):
            if isinstance(line, Rejected):
                # What the reader says of events is not all true of customers.
                said = "not JSON; one object a line is read" if line.reason == "not_json" else line.problem
                yield Rejected(line.line, line.reason, line.field, said)
                continue
            yield self._customer(line)

    def _customer(self, line: Line) -> Customer | Rejected:
        values = msgspec.json.decode(line.value)
        if not isinstance(values, dict):
            return Rejected(line, "not_json", "", "not a JSON object; give one a line")
        if not self.columns:
            self.columns = tuple(values)
        for name in values:
            if name not in self.columns and name not in self._known:
                said = "the first line has no such field, and its fields are the columns of what is written"
                return Rejected(line, "invalid", name, said)
        return Customer(line, values, tuple(_cell(values.get(name)) for name in self.columns))


def _cell(value: Any) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()


def _is_text(cells: list[str] | tuple[str, ...]) -> bool:
    try:
        for cell in cells:
            cell.encode()
    except UnicodeEncodeError:
        return False
    return True
