"""CSV to CloudEvents by a mapping file."""

import io
from collections.abc import Iterator
from typing import BinaryIO

from closeloop.importer.csv_rows import BrokenRow, Row, csv_rows
from closeloop.importer.mapping import BadRow, RowReader, TableMapping
from closeloop.importer.source import Line, Rejected, SourceError, fitting
from schemas.loop_yaml import ConfigError
from schemas.yaml_source import Problem

_DELIMITERS = {";": '";"', ",": '","', "\t": '"\\t"', "|": '"|"'}


class CsvTable:
    """A table that is read once, from its beginning; ``columns`` is its header once a row has been read."""

    def __init__(self, stream: BinaryIO, mapping: TableMapping) -> None:
        self.columns: tuple[str, ...] = ()
        self._stream = stream
        self._mapping = mapping

    def rows(self, after: int = 0) -> Iterator[Line | Rejected]:
        """Each row after the line ``after`` as an event, in order, numbered by the line it begins in.

        Raises :class:`schemas.loop_yaml.ConfigError` when a column is not there, and
        :class:`closeloop.importer.source.SourceError` where the text cannot be decoded at all.
        """
        utf16 = self._mapping.encoding == "utf-16"
        encoding = "utf-8-sig" if self._mapping.encoding == "utf-8" else self._mapping.encoding
        # Both keep what is no character, so that its row alone is rejected.
        errors = "surrogatepass" if utf16 else "surrogateescape"
        text = io.TextIOWrapper(self._stream, encoding, errors=errors, newline="")
        try:
            yield from self._events(csv_rows(text, self._mapping.delimiter), after)
        except UnicodeError:
            wanted = self._mapping.encoding
            raise SourceError(f"the file is not {wanted}; name its encoding in the mapping") from None
        finally:
            text.detach()  # the stream is its owner's to close

    def _events(self, rows: Iterator[Row | BrokenRow], after: int) -> Iterator[Line | Rejected]:
        header = _header(rows, self._mapping)
        if header is None:
            return
        self.columns = tuple(header)
        reader = RowReader(self._mapping, header)
        for row in rows:
            if row.line <= after:
                continue
            if isinstance(row, BrokenRow):
                yield Rejected(Line(row.line, b"", tuple(row.cells)), "not_csv", "", row.problem)
            elif not _is_blank(row.cells):
                yield _event(row, len(header), reader)


def _event(row: Row, width: int, reader: RowReader) -> Line | Rejected:
    cells = tuple(row.cells)
    try:
        if len(cells) < width or any(cells[width:]):  # blank ones at the end hold nothing
            raise _wrong_width(row, width)
        return fitting(Line(row.line, reader.event(cells), cells))
    except BadRow as bad:
        return Rejected(Line(row.line, b"", cells), bad.reason, bad.field, bad.problem)


def _wrong_width(row: Row, width: int) -> BadRow:
    said = f"{len(row.cells)} columns where the header has {width}"
    over = "" if row.last == row.line else f"; a quoted cell goes on to line {row.last}"
    return BadRow("", said + over, "not_csv")


def _header(rows: Iterator[Row | BrokenRow], mapping: TableMapping) -> list[str] | None:
    """The names of the columns; ``None`` for a table without one. Raises ``ConfigError``, ``SourceError``."""
    for first in rows:
        if isinstance(first, BrokenRow):
            raise SourceError(f"line {first.line}, the header: {first.problem}")
        if _is_blank(first.cells) or (first.line == 1 and _is_separator_line(first.cells, mapping.delimiter)):
            continue
        header = first.cells
        if not _is_text("".join(header)):
            raise SourceError(
                f"the header is not {mapping.encoding}; name the file's encoding in the mapping "
                "(Excel writes cp1252, or utf-16 as Unicode text)"
            )
        _need_delimiter(header, mapping)
        return header
    return None


def _is_blank(cells: list[str]) -> bool:
    return not any(cell and not cell.isspace() for cell in cells)


def _is_text(text: str) -> bool:
    try:
        return b"\0" not in text.encode()
    except UnicodeEncodeError:
        return False


def _is_separator_line(cells: list[str], delimiter: str) -> bool:
    """Whether a first line is the one by which Excel is told the delimiter: ``sep=;``."""
    return delimiter.join(cells).lower() in {f"sep={delimiter}", f'"sep={delimiter}"'}


def _need_delimiter(header: list[str], mapping: TableMapping) -> None:
    """Raises ``ConfigError`` where a header of one column has another delimiter in it."""
    if len(header) > 1:
        return
    for delimiter, written in _DELIMITERS.items():
        if delimiter != mapping.delimiter and delimiter in header[0]:
            text = f"the header is one column by it; say delimiter: {written}"
            raise ConfigError("mapping", [Problem(0, "delimiter", text)])
