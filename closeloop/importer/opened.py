"""A file of events, whatever its form: its lines, how large it is and how far it has been read."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from closeloop.importer.file_kind import unreadable
from closeloop.importer.mapping import TableMapping
from closeloop.importer.parquet import ParquetTable
from closeloop.importer.source import STANDARD_INPUT, Line, Rejected, SourceError, open_source, read_lines
from closeloop.importer.table import CsvTable

PARQUET = (".parquet", ".pq")
TABLES = (".csv", ".tsv", *PARQUET)
LINES = (".jsonl", ".ndjson", ".json")


@dataclass(frozen=True, slots=True)
class Opened:
    """An open file of events."""

    lines: Callable[[int], Iterator[Line | Rejected]]
    """The lines after a line, in order."""
    columns: Callable[[], tuple[str, ...]]
    """The header of a table once its first row was read; empty for JSONL."""
    size: int | None
    """Bytes, of Parquet rows; ``None`` where it is not known."""
    position: Callable[[], int]
    """How much of it is read, in the unit of the size."""


def is_table(path: Path) -> bool:
    """Whether the name says that the file is a table, which needs a mapping."""
    return _ending(path) in TABLES


def _ending(path: Path) -> str:
    return Path(path.name.lower().removesuffix(".gz")).suffix


@contextmanager
def opened(path: str | Path, mapping: TableMapping | None) -> Iterator[Opened]:
    """Open a file. Raises :class:`SourceError` and :class:`ConfigError`, also later, while it is read."""
    if mapping is not None and str(path) != STANDARD_INPUT and Path(path).suffix.lower() in PARQUET:
        yield _of_parquet(Path(path), mapping)
        return
    if mapping is not None and str(path) != STANDARD_INPUT and _ending(Path(path)) in LINES:
        raise SourceError(f"{path}: JSON lines are sent as they are; leave out --mapping, which is for tables")
    with open_source(path) as source:
        if (kind := unreadable(source.stream.peek(8), table=mapping is not None)) is not None:
            raise SourceError(f"{path}: {kind}")
        if mapping is None:
            yield Opened(lambda after: read_lines(source.stream, after), tuple, source.size, source.position)
            return
        table = CsvTable(source.stream, mapping)
        yield Opened(table.rows, lambda: table.columns, source.size, source.position)


@dataclass(slots=True)
class _Row:
    number: int = 0


def _of_parquet(path: Path, mapping: TableMapping) -> Opened:
    table = ParquetTable(path, mapping)
    last = _Row()

    def lines(after: int) -> Iterator[Line | Rejected]:
        for line in table.rows(after):
            last.number = (line.line if isinstance(line, Rejected) else line).number
            yield line

    return Opened(lines, lambda: table.columns, table.size, lambda: last.number)
