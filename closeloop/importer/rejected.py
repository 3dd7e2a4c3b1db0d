"""The report of rejected rows: a CSV next to the input. A table's has its own columns and four more, so that it can be
mended and imported by the same mapping; a JSONL file's has the line as text."""

import csv
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from closeloop.importer.mapping import TableMapping
from closeloop.importer.source import STANDARD_INPUT, Rejected, SourceError

WHY = ("rejected_line", "rejected_reason", "rejected_field", "rejected_problem")
_TEXT = "rejected_text"


class ReportError(SourceError):
    """The report cannot be written; says where, and what to do."""


def report_beside(path: str | Path) -> Path:
    """Where the report of a file is: next to it; of standard input and of other pipes in the current folder."""
    if str(path) == STANDARD_INPUT or (Path(path).exists() and not Path(path).is_file()):
        return Path("stdin.rejected.csv")
    return Path(f"{path}.rejected.csv")


def need_place(report: Path, path: str | Path) -> None:
    """Raises :class:`ReportError` where a report of ``path`` cannot be at ``report``."""
    if report.exists() and Path(path).exists() and report.samefile(path):
        raise ReportError(f"{report}: is the file to import itself; name another report by --rejected")
    with _clear_errors(report):
        if not report.parent.is_dir():
            raise FileNotFoundError(2, "no such folder")
        if not os.access(report if report.exists() else report.parent, os.W_OK):
            raise PermissionError(13, "permission denied")


class RejectedRows:
    """Writes the report once there is a row for it, in the form that the table has, so that it can be read as it."""

    def __init__(self, path: Path, kept: int = 0, *, delimiter: str = ",", encoding: str = "utf-8") -> None:
        """``kept`` bytes of a report there is already belong to this import; what is behind them does not."""
        self.path = path
        self._kept = kept
        self._encoding = encoding
        self._delimiter = delimiter
        self._file: TextIO | None = None

    def write(self, rejected: Rejected, columns: tuple[str, ...]) -> None:
        """Add a row; ``columns`` is the header of the table it came from, empty for JSONL.

        Raises :class:`ReportError`.
        """
        with _clear_errors(self.path):
            if self._file is None:
                self._file = self._open(columns)
            csv.writer(self._file, delimiter=self._delimiter).writerow(self._cells(rejected, columns))

    def flush(self) -> int:
        """Hand what is written to the system; gives the report's length in bytes. Raises :class:`ReportError`."""
        if self._file is None:
            return self._kept
        with _clear_errors(self.path):
            self._file.flush()
        return os.fstat(self._file.fileno()).st_size

    def close(self) -> None:
        """Close the file; one that was never opened is not there. Raises :class:`ReportError`."""
        if self._file is not None:
            with _clear_errors(self.path):
                self._file.close()

    def _cells(self, rejected: Rejected, columns: tuple[str, ...]) -> list[str]:
        why = [str(rejected.line.number), rejected.reason, rejected.field, rejected.problem]
        # What a file held that is not text stands as escapes: the report itself can always be read.
        if not columns:
            return [*why, rejected.line.value.decode("utf-8", "backslashreplace")]
        cells = [_readable(cell) for cell in rejected.line.row]
        last = len(columns) - 1
        if len(cells) > len(columns):  # too many: the last column has the rest, so that nothing is lost
            cells = [*cells[:last], self._delimiter.join(cells[last:])]
        return [*cells, *[""] * (len(columns) - len(cells)), *why]

    def _open(self, columns: tuple[str, ...]) -> TextIO:
        # The rows are customers' data: nobody else on the machine may read them.
        descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT, 0o600)
        length = min(self._kept, os.fstat(descriptor).st_size)
        os.ftruncate(descriptor, length)
        os.lseek(descriptor, 0, os.SEEK_END)
        file = os.fdopen(descriptor, "w", encoding=self._encoding, errors="backslashreplace", newline="")
        if length == 0:
            csv.writer(file, delimiter=self._delimiter).writerow([*columns, *WHY] if columns else [*WHY, _TEXT])
        return file


def report_of(mapping: TableMapping | None, path: Path, kept: int = 0) -> RejectedRows:
    """The report of a table that ``mapping`` reads, which it reads, too; of JSONL without one."""
    if mapping is None:
        return RejectedRows(path, kept)
    return RejectedRows(path, kept, delimiter=mapping.delimiter, encoding=mapping.encoding)


def _readable(cell: str) -> str:
    return cell.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


@contextmanager
def _clear_errors(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        what = (error.strerror or str(error)).lower()
        text = f"{path}: the rejected rows cannot be written ({what}); mend that, or name another report by --rejected"
        raise ReportError(text) from None
