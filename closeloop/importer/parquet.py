"""Parquet to CloudEvents by a mapping file, a few thousand rows in memory at a time. Needs ``closeloop[parquet]``."""

from collections.abc import Iterator, Sequence
from datetime import date, datetime, time
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec

from closeloop.importer.mapping import BadRow, RowReader, TableMapping, named_columns
from closeloop.importer.source import Line, Rejected, SourceError, fitting
from schemas.loop_yaml import ConfigError
from schemas.yaml_source import Problem

BATCH_ROWS = 5_000
NEEDED = "Parquet needs pyarrow: pip install 'closeloop[parquet]'"
_BUFFER = 256 * 1024
"""Bytes of a column read at once; without it, Arrow reads a column of a whole row group."""


class ParquetTable:
    """A table that is read once; ``columns`` is its header. Raises :class:`SourceError` where it is none."""

    def __init__(self, path: Path, mapping: TableMapping) -> None:
        try:
            import pyarrow as pa
            from pyarrow import parquet
        except ImportError:
            raise SourceError(NEEDED) from None
        if not path.is_file():
            what = "a folder; give its files one after another" if path.is_dir() else "no such file"
            raise SourceError(f"{path}: {what}")
        self._broken = (pa.ArrowException, OSError)
        try:
            self._file = parquet.ParquetFile(path, memory_map=False, buffer_size=_BUFFER)
        except self._broken:
            raise SourceError(f"{path}: not a Parquet file, or not whole") from None
        self._pa = pa
        self._schema = self._file.schema_arrow
        self.columns = tuple(self._schema.names)
        self.size: int = self._file.metadata.num_rows
        """Rows of the file."""
        times = _column_of(mapping, "time")
        if times in self.columns and pa.types.is_temporal(self._type_of(times)):
            mapping = msgspec.structs.replace(mapping, time_format=None)  # a time of its own type has no form
        self._reader = RowReader(mapping, self.columns)
        for where, name in named_columns(mapping):
            wrong = _wrong_type(pa, self._type_of(name))
            if wrong is not None:
                raise ConfigError("mapping", [Problem(0, where, f"{name} {wrong}")])

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
                columns = [_texts(self._pa, column) for column in batch.columns]
                for cells in zip(*columns, strict=True):
                    number += 1
                    if number > after:
                        yield self._event(number, cells)
        except self._broken:
            raise SourceError("the Parquet file is broken or ends early; what came before was sent") from None

    def _event(self, number: int, cells: tuple[str, ...]) -> Line | Rejected:
        try:
            return fitting(Line(number, self._reader.event(cells), cells))
        except BadRow as bad:
            return Rejected(Line(number, b"", cells), bad.reason, bad.field, bad.problem)

    def _type_of(self, name: str) -> Any:
        return self._schema.types[self.columns.index(name)]


def _column_of(mapping: TableMapping, field: str) -> str:
    """The one column that a field is; nothing where it is several or a constant."""
    columns = mapping.fields.get(field)
    return columns if isinstance(columns, str) else ""


def _wrong_type(pa: Any, type_: Any) -> str | None:
    """Why a column of this type cannot be mapped; ``None`` where it can."""
    if pa.types.is_nested(type_):
        return "holds lists or objects; only plain cells are read"
    if pa.types.is_timestamp(type_) and type_.tz is not None:
        try:
            pa.array([0], type=pa.timestamp("us", tz=type_.tz)).to_pylist()
        except Exception:  # noqa: BLE001 - which one it is depends on the library of time zones that Arrow finds
            return f"is in the time zone {type_.tz!r}, which is not known; write the file with UTC"
    return None


def _texts(pa: Any, column: Any) -> Sequence[str]:
    """The cells of a column as a CSV would have them; of lists and objects nothing."""
    type_ = column.type
    if pa.types.is_nested(type_):
        return [""] * len(column)
    if pa.types.is_float32(type_) or pa.types.is_float16(type_):
        column = column.cast(pa.float32()).cast(pa.string())  # 19.9 as it was written, not as the nearest double
        return ["" if text in (None, "nan") else text.removesuffix(".0") for text in column.to_pylist()]
    if pa.types.is_temporal(type_) and getattr(type_, "unit", "") == "ns":
        column = column.cast(_in_microseconds(pa, type_), safe=False)
    try:
        return [_text(value) for value in column.to_pylist()]
    except (ValueError, OverflowError, KeyError):  # a time beyond the year 9999, or in a zone that nobody knows
        return [_text_or_number(scalar) for scalar in column]


def _in_microseconds(pa: Any, type_: Any) -> Any:
    """The type of a time with nanoseconds, without them: Python has none."""
    if pa.types.is_timestamp(type_):
        return pa.timestamp("us", tz=type_.tz)
    return pa.time64("us") if pa.types.is_time(type_) else pa.duration("us")


def _text_or_number(scalar: Any) -> str:
    try:
        return _text(scalar.as_py())
    except (ValueError, OverflowError, KeyError):
        return f"{scalar.value} {scalar.type}"


def _text(value: object) -> str:
    """A cell as a CSV would have it: a whole number without its point, a time in ISO 8601, nothing for null and NaN."""
    if value is None or value != value:  # noqa: PLR0124 - NaN alone is not itself; data frames mean null by it
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    if isinstance(value, Decimal):
        return format(value.to_integral_value() if value == value.to_integral_value() else value, "f")
    return value.decode("utf-8", "surrogateescape") if isinstance(value, bytes) else str(value)
