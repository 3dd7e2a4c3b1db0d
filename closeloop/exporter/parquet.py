"""Rows of JSON as a Parquet file, a few thousand in memory at a time. Needs ``closeloop[parquet]``."""

from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

from closeloop.cases.saving import new_file
from closeloop.errors import UserError
from closeloop.exporter.columns import Exported

ROWS = 10_000
NEEDED = "--format parquet needs pyarrow: pip install 'closeloop[parquet]'"


def save_parquet(lines: Iterator[bytes], kind: Exported, path: Path) -> int:
    """Write the rows, readable by their owner alone; the file takes its place at the end. Gives how many there are.

    Raises :class:`UserError` where pyarrow is missing, or the file cannot be written.
    """
    try:
        import pyarrow as pa
        from pyarrow import parquet
    except ImportError:
        raise UserError(NEEDED) from None
    types = {
        "text": pa.string(),
        "whole": pa.int64(),
        "number": pa.float64(),
        "flag": pa.bool_(),
        "time": pa.timestamp("us", tz="UTC"),
        "day": pa.date32(),
    }
    schema = pa.schema([(name, types[type_]) for name, type_ in kind.columns])
    count = 0
    with new_file(path) as file, parquet.ParquetWriter(file, schema, compression="zstd") as writer:
        while some := list(islice(lines, ROWS)):
            writer.write_table(_table(pa, schema, [kind.row(line) for line in some]))
            count += len(some)
    return count


def whole_lines(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """Pieces of a body of JSON lines as its lines."""
    rest = b""
    for piece in pieces:
        *lines, rest = (rest + piece).split(b"\n")
        yield from (line for line in lines if line)
    if rest:
        yield rest


def _table(pa: Any, schema: Any, rows: list[list[Any]]) -> Any:
    columns = zip(schema, zip(*rows, strict=True), strict=True)
    return pa.table([pa.array(list(column), type=field.type) for field, column in columns], schema=schema)
