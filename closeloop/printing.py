"""Output of the commands: a table for a person at a terminal, tab-separated lines or JSON for a program."""

import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import msgspec
from rich.console import Console
from rich.progress import Progress
from rich.table import Column, Table
from rich.text import Text

from closeloop.cleaning import clean

_BYTES_A_STEP = 1024


def print_json(value: Any) -> None:
    """Any msgspec value as indented JSON on standard output."""
    sys.stdout.write(msgspec.json.format(msgspec.json.encode(value)).decode() + "\n")


def print_rows(columns: Sequence[str], rows: Iterable[Sequence[str]], numbers: Sequence[str] = ()) -> None:
    """Rows as a table on a terminal, else as tab-separated lines without a heading.

    ``numbers`` names the columns that are aligned to the right. What could steer a terminal is taken out of every cell.
    """
    cleaned = [[clean(cell) for cell in row] for row in rows]
    if not sys.stdout.isatty():
        sys.stdout.write("".join("\t".join(row) + "\n" for row in cleaned))
        return
    table = Table(*(Column(name, justify="right" if name in numbers else "left") for name in columns))
    for row in cleaned:
        table.add_row(*map(Text, row))
    Console().print(table)


def print_lines(lines: Iterable[str]) -> None:
    """Lines as they come, each at once. What could steer a terminal is taken out, but for tabs."""
    try:
        for line in lines:
            sys.stdout.write("\t".join(map(clean, line.split("\t"))) + "\n")
            sys.stdout.flush()
    except KeyboardInterrupt:
        return


@contextmanager
def progress(what: str, total: int | None) -> Iterator[Callable[[], None]]:
    """A bar on a terminal's standard error while something long is done; call what it gives after each step.

    Without a ``total`` it only shows that something is done.
    """
    console = Console(stderr=True)
    with Progress(console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task(what, total=total)
        yield lambda: bar.advance(task)


def in_time(seconds: float) -> str:
    """A duration as people read it: ``12 s``, ``3 min``, ``5 h``, ``2 d``."""
    count, unit = largest_unit(seconds)
    return f"{count} {unit}"


def largest_unit(seconds: float) -> tuple[int, str]:
    """A duration in ``d``, ``h``, ``min`` or ``s``: the largest of which there are two."""
    for unit, length in (("d", 86_400), ("h", 3_600), ("min", 60)):
        if seconds >= 2 * length:
            return round(seconds / length), unit
    return round(max(seconds, 0)), "s"


def in_bytes(count: int | None) -> str:
    """A size as people read it: ``1.4 MB``, in steps of 1,024; a dash where it is not known."""
    if count is None:
        return "-"
    size = float(count)
    for unit in ("B", "kB", "MB", "GB", "TB"):
        if size < _BYTES_A_STEP or unit == "TB":
            return f"{size:.0f} {unit}" if unit == "B" else f"{size:.1f} {unit}"
        size /= _BYTES_A_STEP
    raise AssertionError
