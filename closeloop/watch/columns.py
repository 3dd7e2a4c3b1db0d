"""Lines of a fixed width: cells side by side, cut where they are too long. Pure."""

from collections.abc import Sequence
from typing import Literal

from msgspec import Struct
from rich.cells import cell_len, set_cell_size
from rich.text import Text

from closeloop.cleaning import clean

GAP = 2


class Column(Struct, frozen=True):
    """A column: its heading, its width in cells (0: what is left), and to which side it is aligned."""

    name: str
    width: int
    side: Literal["left", "right"] = "left"


class Cell(Struct, frozen=True):
    """Text with a style; a style never says what the text does not."""

    text: str
    style: str = ""


def heading(text: str, width: int, hint: str = "") -> Text:
    """A section's title over a whole line."""
    said = Text(fit(f"{text}  ", width, end=""), style="bold")
    if hint and cell_len(hint) < width - len(said) - 1:
        said.append(hint, style="dim")
    return said


def table(columns: Sequence[Column], rows: Sequence[Sequence[Cell]], width: int) -> list[Text]:
    """The heading and a line for each row, none longer than ``width``."""
    fixed = sum(column.width for column in columns) + GAP * (len(columns) - 1)
    wide = [max(width - fixed, 6) if column.width == 0 else column.width for column in columns]
    head = [Cell(column.name, "dim") for column in columns]
    return [_line(columns, wide, row, width) for row in (head, *rows)]


def fit(text: str, width: int, end: str = "…") -> str:
    """The text in at most so many cells."""
    said = clean(text)
    if cell_len(said) <= width:
        return said
    return set_cell_size(said, max(width - cell_len(end), 0)).rstrip() + end


def beside(left: Sequence[Text], right: Sequence[Text], left_width: int) -> list[Text]:
    """Two columns of lines as one."""
    lines = []
    for number in range(max(len(left), len(right))):
        line = left[number].copy() if number < len(left) else Text()
        line.pad_right(max(left_width - line.cell_len, 0) + 3)
        if number < len(right):
            line.append_text(right[number])
        lines.append(line)
    return lines


def _line(columns: Sequence[Column], wide: Sequence[int], row: Sequence[Cell], width: int) -> Text:
    line = Text(no_wrap=True, overflow="crop")
    for number, (column, room, cell) in enumerate(zip(columns, wide, row, strict=True)):
        said = fit(cell.text, room)
        space = " " * (room - cell_len(said))
        if number:
            line.append(" " * GAP)
        line.append(space + said if column.side == "right" else said + space, style=cell.style)
    line.truncate(width)
    return line
