"""Parquet to CloudEvents by a mapping file, a few thousand rows in memory at a time. Needs ``closeloop[parquet]``."""

from collections.abc import Iterator
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from closeloop.importer.mapping import BadRow, TableMapping, event_of, named_columns, need_columns
from closeloop.importer.source import Line, Rejected, SourceError, judge
from schemas.loop_yaml import ConfigError
from schemas.yaml_source import Problem

BATCH_ROWS = 5_000
NEEDED = "Parquet needs pyarrow: pip install 'closeloop[parquet]'"


class ParquetTable:
    """A table that is read once; ``columns`` is its header. Raises :class:`SourceError` where it is none."""

    def __init__(self, path: Path, mapping: TableMapping) -> None:
        try:
            import pyarrow as pa
            from pyarrow import parquet
        except ImportError:
            raise SourceError(NEEDED) from None
        try:
            self._file = parquet.ParquetFile(path, memory_map=False)
        except pa.ArrowInvalid:
            raise SourceError(f"{path}: not a Parquet file, or not whole") from None
        self._mapping = mapping
        self._broken = pa.ArrowException
        self.columns = tuple(self._file.schema_arrow.names)
        self.size: int = self._file.metadata.num_rows
        """Rows of the file."""
        need_columns(mapping, self.columns)
        self._nested = frozenset(field.name for field in self._file.schema_arrow if pa.types.is_nested(field.type))
        for where, name in named_columns(mapping):
            if name in self._nested:
                raise ConfigError(
                    "mapping", [Problem(0, where, f"{name} holds lists or objects; only plain cells are read")]
                )

    def rows(self, after: int = 0) -> Iterator[Line | Rejected]:
        """Each row after the row ``after`` as an event, in order, numbered from 1.

        Raises :class:`SourceError` where the file breaks off.
        """
        number = 0
        groups: list[int] = []
        for group in range(self._file.num_row_groups):
            rows = self._file.metadata.row_group(group).num_rows
            if number + rows <= after and not groups:
                number += rows
            else:
                groups.append(group)
        try:
            for batch in self._file.iter_batches(batch_size=BATCH_ROWS, row_groups=groups):
                for row in batch.to_pylist():
                    number += 1
                    if number > after:
                        yield self._event(number, row)
        except self._broken:
            raise SourceError("the Parquet file is broken or ends early; what came before was sent") from None

    def _event(self, number: int, row: dict[str, Any]) -> Line | Rejected:
        cells = {name: "" if name in self._nested else _text(value) for name, value in row.items()}
        line = Line(number, b"", tuple(cells.values()))
        try:
            return judge(Line(number, event_of(cells, self._mapping), line.row))
        except BadRow as bad:
            return Rejected(line, bad.reason, bad.field, bad.problem)


def _text(value: object) -> str:
    """A cell as a CSV would have it: a whole float without its point, a time in ISO 8601, nothing for null."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, bytes):
        return value.decode("utf-8", "surrogateescape")
    return format(value, "f") if isinstance(value, Decimal) else str(value)
