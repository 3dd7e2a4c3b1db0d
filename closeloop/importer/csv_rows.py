"""The rows of a CSV text with the lines they begin in. A row that is no CSV costs its first line alone.

A quote that nothing closes would swallow the rows behind it. So what breaks the rules is taken back but for its first
line, and read again from there.
"""

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TextIO

_LONGEST_LINE = 1024 * 1024
_ENDS = ("\n", "\r")
_QUOTES = "a quote inside a quoted cell is written twice, and one that opens a cell also closes it"


@dataclass(frozen=True, slots=True)
class Row:
    """The cells of a row, and the lines it begins and ends in, from 1."""

    line: int
    last: int
    cells: list[str]


@dataclass(frozen=True, slots=True)
class BrokenRow:
    """A line that is no CSV, what is wrong with it, and its parts between delimiters."""

    line: int
    cells: list[str]
    problem: str


def csv_rows(text: TextIO, delimiter: str) -> Iterator[Row | BrokenRow]:
    """Each row and each broken line, in order; a blank line is neither. Raises ``UnicodeError``."""
    lines = _Lines(text)
    rows = csv.reader(lines, delimiter=delimiter, strict=True)
    while True:
        lines.begin_row()
        try:
            cells = next(rows)
        except StopIteration:
            return
        except csv.Error as error:
            first = lines.give_back()
            yield BrokenRow(lines.number, first.rstrip("\r\n").split(delimiter), _problem(str(error)))
            continue
        if cells:
            yield Row(lines.begun, lines.number, cells)


class _Lines:
    """Lines of a text, of which those of the row under way can be given back."""

    def __init__(self, text: TextIO) -> None:
        self.number = 0
        """Of the last line, from 1."""
        self.begun = 1
        """The number of the line in which the row under way begins."""
        self._text = text
        self._again: list[str] = []
        self._row: list[str] = []

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = self._again.pop() if self._again else self._line()
        if not line:
            raise StopIteration
        self.number += 1
        self._row.append(line)
        if len(line) >= _LONGEST_LINE and not line.endswith(_ENDS):
            raise csv.Error("line too long")
        return line

    def begin_row(self) -> None:
        """What comes next begins a row."""
        self.begun = self.number + 1
        self._row.clear()

    def give_back(self) -> str:
        """Take back the row under way but for its first line, and give that."""
        first, *others = self._row
        self._again += reversed(others)
        self.number -= len(others)
        return first

    def _line(self) -> str:
        line = self._text.readline(_LONGEST_LINE)
        part = line
        while len(part) >= _LONGEST_LINE and not part.endswith(_ENDS):
            part = self._text.readline(_LONGEST_LINE)
        return line


def _problem(error: str) -> str:
    """What the reader found, in words for who has to mend it."""
    if error == "line too long":
        return f"a line of over {_LONGEST_LINE:,} characters"
    if error.startswith("field larger"):
        return f"a cell goes on for over {csv.field_size_limit():,} characters; {_QUOTES}"
    if error == "unexpected end of data":
        return f"a cell is open until the file ends; {_QUOTES}"
    return f"text behind the quote that closes a cell; {_QUOTES}"
