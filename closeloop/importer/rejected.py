"""The report of rejected rows: a CSV next to the input. A table's has its own columns and four more, so that it can be
mended and imported by the same mapping; a JSONL file's has the line as text."""

import csv
import os
from pathlib import Path
from typing import TextIO

from closeloop.importer.source import Rejected

WHY = ("rejected_line", "rejected_reason", "rejected_field", "rejected_problem")
_TEXT = "rejected_text"


class RejectedRows:
    """Writes the report once there is a row for it."""

    def __init__(self, path: Path, kept: int = 0) -> None:
        """``kept`` bytes of a report there is already belong to this import; what is behind them does not."""
        self.path = path
        self._kept = kept
        self._file: TextIO | None = None

    def write(self, rejected: Rejected, columns: tuple[str, ...]) -> None:
        """Add a row; ``columns`` is the header of the table it came from, empty for JSONL. Raises ``OSError``."""
        if self._file is None:
            self._file = self._open(columns)
        row = csv.writer(self._file)
        why = (rejected.line.number, rejected.reason, rejected.field, rejected.problem)
        # What a file held that is not text stands as escapes: the report itself is always UTF-8.
        if columns:
            cells = [_readable(cell) for cell in rejected.line.row[: len(columns)]]
            cells += [""] * (len(columns) - len(cells))
            row.writerow([*cells, *why])
        else:
            row.writerow([*why, rejected.line.value.decode("utf-8", "backslashreplace")])

    def flush(self) -> int:
        """Hand what is written to the system; gives the report's length in bytes."""
        if self._file is None:
            return self._kept
        self._file.flush()
        return os.fstat(self._file.fileno()).st_size

    def close(self) -> None:
        """Close the file; one that was never opened is not there."""
        if self._file is not None:
            self._file.close()

    def _open(self, columns: tuple[str, ...]) -> TextIO:
        # The rows are customers' data: nobody else on the machine may read them.
        descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT, 0o600)
        length = min(self._kept, os.fstat(descriptor).st_size)
        os.ftruncate(descriptor, length)
        os.lseek(descriptor, 0, os.SEEK_END)
        file = os.fdopen(descriptor, "w", encoding="utf-8", newline="")
        if length == 0:
            csv.writer(file).writerow([*columns, *WHY] if columns else [*WHY, _TEXT])
        return file


def _readable(cell: str) -> str:
    return cell.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
