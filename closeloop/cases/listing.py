"""Cases on standard output: a table or text for people, JSON and CSV for programs."""

import sys
from collections.abc import Sequence
from datetime import datetime

import msgspec
from rich.console import Console
from rich.table import Table
from rich.text import Text

from closeloop.cases.words import LIST_COLUMNS, lines, row
from closeloop.cleaning import clean
from gateway.case_shapes import Case
from gateway.case_table import CASE_COLUMNS, case_cells, csv_lines

_STYLES = {"critical": "bold red", "high": "yellow", "overdue": "red"}


def print_list(cases: Sequence[Case], form: str, now: datetime) -> None:
    """The cases as ``text``, ``json``, ``jsonl`` or ``csv``."""
    if form == "json":
        _print(msgspec.json.format(msgspec.json.encode(cases)).decode() + "\n")
    elif form == "jsonl":
        _print("".join(msgspec.json.encode(case).decode() + "\n" for case in cases))
    elif form == "csv":
        _print(csv_lines([CASE_COLUMNS, *map(case_cells, cases)]))
    elif sys.stdout.isatty():
        table = Table(*LIST_COLUMNS)
        for case in cases:
            table.add_row(*(Text(cell, style=_style(cell)) for cell in row(case, now)))
        Console().print(table)
    else:
        _print("".join("\t".join(row(case, now)) + "\n" for case in cases))


def print_case(case: Case, form: str, now: datetime) -> None:
    """One case as ``text`` or ``json``."""
    if form == "json":
        _print(msgspec.json.format(msgspec.json.encode(case)).decode() + "\n")
    else:
        _print("".join(f"{line}\n" for line in lines(case, now)))


def print_outcome(case: Case, form: str) -> None:
    """How a case stands after an action."""
    if form == "json":
        _print(msgspec.json.format(msgspec.json.encode(case)).decode() + "\n")
    else:
        _print(clean(f"C-{case.id} {case.state}, version {case.version}, owner {case.owner_name or 'nobody'}") + "\n")


def _style(cell: str) -> str:
    return next((style for word, style in _STYLES.items() if word in cell.split()), "")


def _print(text: str) -> None:
    sys.stdout.write(text)
