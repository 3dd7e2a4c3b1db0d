"""A link for each line of a file: read, made and written one at a time, so that memory does not grow with the file."""

import csv
import io
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import closing, contextmanager
from datetime import datetime
from pathlib import Path

from msgspec import Struct
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from closeloop.cases.saving import save
from closeloop.importer.pace import pace
from closeloop.importer.rejected import RejectedRows
from closeloop.importer.source import STANDARD_INPUT, Rejected, SourceError, open_source
from closeloop.mailing.customers import CsvCustomers, Customer, JsonCustomers, is_json_lines
from closeloop.mailing.requests import FIELDS, Reading
from gateway.surveys.desk import LinkMade, SurveyDesk
from gateway.surveys.links import LinkUnfit
from schemas.config import Loop
from schemas.typed_walk import unknown_word

ADDED = ("survey_link", "survey_expires_at", "survey_invitation")
"""The columns that are added."""
_HINTS = {
    "customer_id": "; --column customer_id=NAME says which column it is",
    "survey": "; or give --survey",
}
SHOWN = 5
_PIECE_ROWS = 500
_PLAIN_EVERY = 100_000


class Form(Struct, frozen=True, kw_only=True):
    """How the file is written."""

    delimiter: str = ","
    encoding: str = "utf-8"


class Counts(Struct):
    """What became of the lines."""

    made: int = 0
    alone: int = 0
    """Links about nothing: each is an invitation of its own, however often the file is read."""
    rejected: int = 0


class Mailing:
    """Makes the links of one file. ``clock`` gives seconds of any origin; progress goes to ``console``."""

    def __init__(
        self,
        desk: SurveyDesk,
        loop: Loop,
        reading: Reading,
        *,
        now: datetime,
        clock: Callable[[], float],
        console: Console,
    ) -> None:
        self.counts = Counts()
        self._desk = desk
        self._loop = loop
        self._reading = reading
        self._now = now
        self._clock = clock
        self._console = console

    def write(self, path: str | Path, form: Form, output: Path | None, rejected: RejectedRows) -> None:
        """Write the file's columns and the links to ``output`` (``None``: standard output), all of it or nothing.

        Raises :class:`SourceError` and :class:`closeloop.errors.UserError`.
        """
        try:
            with closing(self._pieces(path, form, rejected)) as pieces:
                save(pieces, output)
        finally:
            rejected.close()

    def _pieces(self, path: str | Path, form: Form, rejected: RejectedRows) -> Generator[bytes, None, None]:
        # The file is open in here, so that its faults are told from those of what is written.
        with open_source(path) as source:
            table = (
                JsonCustomers(source.stream, frozenset({*FIELDS, "attributes"}))
                if is_json_lines(source.stream)
                else CsvCustomers(source.stream, form.delimiter, form.encoding)
            )
            with self._showing(source.size) as show, closing(table.rows()) as rows:
                for piece in self._written(table, rows, form, rejected):
                    yield piece
                    show(source.position())

    def _written(
        self,
        table: CsvCustomers | JsonCustomers,
        rows: Iterable[Customer | Rejected],
        form: Form,
        rejected: RejectedRows,
    ) -> Iterator[bytes]:
        piece = io.StringIO()
        writer = csv.writer(piece, delimiter=form.delimiter)
        begun = False
        for number, customer in enumerate(rows, 1):
            if not begun and table.columns:
                self._check(table.columns)
                writer.writerow([*table.columns, *ADDED])
                begun = True
            if isinstance(customer, Rejected):
                self._reject(customer, table, rejected)
            else:
                try:
                    request = self._reading.request(customer.values)
                    made, _ = self._desk.make(request, self._loop, self._now)
                except LinkUnfit as unfit:
                    told = Rejected(customer.line, "invalid", unfit.field, unfit.problem)
                    self._reject(told, table, rejected)
                else:
                    self.counts.made += 1
                    self.counts.alone += (request.about or request.touchpoint_event_id) is None
                    writer.writerow([*customer.cells, *_cells(made)])
            if number % _PIECE_ROWS == 0:
                yield _taken(piece)
        if not begun and table.columns:
            self._check(table.columns)
            writer.writerow([*table.columns, *ADDED])
        yield _taken(piece)

    def _check(self, columns: tuple[str, ...]) -> None:
        for name in self._reading.needs():
            if name not in columns:
                raise SourceError(f"column {unknown_word(name, columns)}{_HINTS.get(name, '')}")
        for name in ADDED:
            if name in columns:
                raise SourceError(f"the file has a column {name} already, which this command adds; rename it")

    def _reject(self, told: Rejected, table: CsvCustomers | JsonCustomers, rows: RejectedRows) -> None:
        self.counts.rejected += 1
        if self.counts.rejected <= SHOWN:
            where = f"{told.field}: " if told.field else ""
            self._say(f"line {told.line.number}: {where}{told.problem}")
        rows.write(told, table.columns if isinstance(table, CsvCustomers) else ())

    @contextmanager
    def _showing(self, size: int | None) -> Iterator[Callable[[int], None]]:
        began = self._clock()

        def words(position: int) -> str:
            rate = pace(self.counts.made, self._clock() - began, position, size)
            return ", ".join(part for part in (f"{self.counts.made:,} links", rate) if part)

        if not self._console.is_terminal:
            said = 0

            def plain(position: int) -> None:
                nonlocal said
                if self.counts.made // _PLAIN_EVERY != said:
                    said = self.counts.made // _PLAIN_EVERY
                    self._say(words(position))

            yield plain
            return
        columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
        with Progress(*columns, console=self._console, transient=True) as progress:
            task = progress.add_task("0 links", total=size)
            yield lambda position: progress.update(task, completed=position, description=words(position))

    def _say(self, text: str) -> None:
        self._console.print(text, markup=False, highlight=False, soft_wrap=True)


def beside(path: str | Path) -> Path:
    """Where the report of rejected lines lies unless somebody says otherwise: next to the input."""
    return Path("stdin.rejected.csv") if str(path) == STANDARD_INPUT else Path(f"{path}.rejected.csv")


def _cells(made: LinkMade) -> tuple[str, str, str]:
    return made.url, made.expires_at.isoformat().replace("+00:00", "Z"), made.invitation


def _taken(piece: io.StringIO) -> bytes:
    """What was written since the last time."""
    text = piece.getvalue()
    piece.seek(0)
    piece.truncate()
    return text.encode()
