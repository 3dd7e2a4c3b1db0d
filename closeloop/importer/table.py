"""CSV to CloudEvents by a mapping file."""

import csv
import io
from collections.abc import Iterator
from typing import BinaryIO, TextIO

from closeloop.importer.mapping import BadRow, TableMapping, event_of, need_columns
from closeloop.importer.source import Line, Rejected, SourceError, judge


class CsvTable:
    """A table that is read once, from its beginning; ``columns`` is its header once a row has been read."""

    def __init__(self, stream: BinaryIO, mapping: TableMapping) -> None:
        self.columns: tuple[str, ...] = ()
        self._stream = stream
        self._mapping = mapping

    def rows(self, after: int = 0) -> Iterator[Line | Rejected]:
        """Each row after the line ``after`` as an event, in order, numbered by its last line.

        Raises :class:`schemas.loop_yaml.ConfigError` when a column is not there, and
        :class:`closeloop.importer.source.SourceError` where the text cannot be decoded at all.
        """
        encoding = "utf-8-sig" if self._mapping.encoding == "utf-8" else self._mapping.encoding
        text = io.TextIOWrapper(self._stream, encoding, errors="surrogateescape", newline="")
        try:
            yield from self._events(text, after)
        except UnicodeError:
            wanted = self._mapping.encoding
            raise SourceError(f"the file is not {wanted}; name its encoding in the mapping") from None
        finally:
            text.detach()  # the stream is its owner's to close

    def _events(self, text: TextIO, after: int) -> Iterator[Line | Rejected]:
        rows = csv.reader(text, delimiter=self._mapping.delimiter)
        header = next(rows, None)
        if header is None:
            return
        self.columns = tuple(header)
        places = {name.strip(): place for place, name in reversed(list(enumerate(header)))}
        need_columns(self._mapping, places)
        while True:
            try:
                row = next(rows)
            except StopIteration:
                return
            except csv.Error as error:
                if rows.line_num > after:
                    yield Rejected(Line(rows.line_num, b""), "not_csv", "", f"not CSV: {error}")
                continue
            if not row or rows.line_num <= after:
                continue
            cells = tuple(row)
            try:
                yield judge(Line(rows.line_num, event_of(_by_name(row, header, places), self._mapping), cells))
            except BadRow as bad:
                yield Rejected(Line(rows.line_num, b"", cells), bad.reason, bad.field, bad.problem)


def _by_name(row: list[str], header: list[str], places: dict[str, int]) -> dict[str, str]:
    if len(row) != len(header):
        raise BadRow("", f"{len(row)} columns where the header has {len(header)}", "not_csv")
    return {name: row[place] for name, place in places.items()}
