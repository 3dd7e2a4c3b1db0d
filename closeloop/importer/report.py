"""What a person sees of an import: progress with rate and time left, the wait for a gateway, and the counts."""

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from closeloop.importer.checkpoint import Position
from closeloop.importer.pace import pace
from closeloop.importer.rejected import RejectedRows
from closeloop.importer.source import Rejected

SHOWN = 5
PLAIN_EVERY = 10_000
_SAY_AGAIN_AFTER_S = 30.0


def counts(sent: int, accepted: int, rejected: int) -> str:
    """The counts of an import as its last word."""
    return f"sent {sent:,}  accepted {accepted:,}  rejected {rejected:,}"


class Report:
    """Counts while it shows. Progress goes to ``console``: a bar on a terminal, else a line every 10,000 events."""

    def __init__(
        self, console: Console, rows: RejectedRows, clock: Callable[[], float], start: Position | None = None
    ) -> None:
        """``start`` are the counts of an import that goes on; ``clock`` gives seconds of any origin."""
        start = start or Position()
        self.sent = start.sent
        self.accepted = start.accepted
        self.rejected = start.rejected
        self.examples: list[str] = []
        self._report_bytes = start.report_bytes
        self._console = console
        self._rows = rows
        self._clock = clock
        self._reasons: Counter[str] = Counter(start.reasons)
        self._waited = 0.0
        self._said_at = 0.0
        self._progress: Progress | None = None
        self._task: TaskID | None = None
        self._size: int | None = None
        self._began: tuple[float, int, int] | None = None
        """When the first batch of this run was answered, and the events sent and the position by then."""

    @contextmanager
    def showing(self, size: int | None) -> Iterator[None]:
        """Show progress while the body runs; ``size`` is the file's in bytes or rows, if it is known."""
        self._size = size
        try:
            if self._console.is_terminal:
                columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
                self._progress = Progress(*columns, console=self._console, transient=True)
                self._task = self._progress.add_task(f"{self.sent:,} sent", total=size)
                self._progress.start()
            yield
        finally:
            if self._progress is not None:
                self._progress.stop()
            self._rows.close()

    def waiting(self, problem: str, pause: float) -> None:
        """The gateway did not take a batch; it is sent again after ``pause`` seconds."""
        if self._waited == 0.0 or self._waited - self._said_at >= _SAY_AGAIN_AFTER_S:
            self._say(f"{problem}; waiting for it, nothing is lost")
            self._said_at = self._waited
        self._waited += pause

    def answered(
        self, sent: int, refused: list[Rejected], unsent: list[Rejected], position: int, columns: tuple[str, ...] = ()
    ) -> None:
        """A batch of ``sent`` lines has its answer: the gateway ``refused`` some; ``unsent`` ones never got that far.

        ``position`` is how much of the file is read, in the unit of its size; ``columns`` the header of a table. Raises
        :class:`closeloop.importer.rejected.ReportError`; the batch does not count then.
        """
        lines = sorted([*refused, *unsent], key=lambda rejected: rejected.line.number)
        for line in lines:
            self._rows.write(line, columns)
        self._report_bytes = self._rows.flush()
        if self._waited > 0.0:
            self._say("the gateway is back")
            self._waited = self._said_at = 0.0
        before = self.sent
        self.sent += sent
        self.accepted += sent - len(refused)
        self.rejected += len(refused) + len(unsent)
        for line in lines:
            self._count(line)
        words = [f"{self.sent:,} sent", f"{self.rejected:,} rejected", self._pace(position)]
        text = ", ".join(word for word in words if word)
        if self._progress is not None and self._task is not None:
            self._progress.update(self._task, completed=position, description=text)
        elif before // PLAIN_EVERY != self.sent // PLAIN_EVERY:
            self._say(text)

    def position(self, line: int) -> Position:
        """How far the import is."""
        return Position(
            line=line,
            sent=self.sent,
            accepted=self.accepted,
            rejected=self.rejected,
            reasons=dict(self._reasons),
            report_bytes=self._report_bytes,
        )

    def summary(self) -> list[str]:
        """The counts, the first rejected lines with their reasons, and where the rest is."""
        lines = [counts(self.sent, self.accepted, self.rejected)]
        if self.rejected:
            reasons = ", ".join(f"{reason} {count:,}" for reason, count in self._reasons.most_common())
            lines += [f"rejected: {reasons}", *self.examples]
            if self.rejected > len(self.examples):
                lines.append(f"... and {self.rejected - len(self.examples):,} more")
            lines.append(f"every rejected line with its reason is in {self._rows.path}")
        return lines

    def _pace(self, position: int) -> str:
        """Counted from this run's first answer: what was passed over to get there was not sent."""
        now = self._clock()
        if self._began is None:
            self._began = (now, self.sent, position)
            return ""
        at, sent, start = self._began
        whole = None if self._size is None else self._size - start
        return pace(self.sent - sent, now - at, position - start, whole)

    def _say(self, text: str) -> None:
        self._console.print(text, markup=False, highlight=False, soft_wrap=True)

    def _count(self, rejected: Rejected) -> None:
        self._reasons[rejected.reason] += 1
        where = f"{rejected.field}: " if rejected.field else ""
        if len(self.examples) < SHOWN:
            self.examples.append(f"  line {rejected.line.number}: {where}{rejected.problem}")
