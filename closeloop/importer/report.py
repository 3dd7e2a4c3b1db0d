"""What a person sees of an import: progress, the wait for a gateway, the counts, and the file of rejected lines."""

import base64
import json
import os
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from closeloop.importer.source import Rejected

SHOWN = 5
PLAIN_EVERY = 10_000
_SAY_AGAIN_AFTER_S = 30.0


class Report:
    """Counts while it shows. Progress goes to ``console``: a bar on a terminal, else a line every 10,000 events."""

    def __init__(self, console: Console, rejected_file: Path) -> None:
        self.sent = 0
        self.accepted = 0
        self.rejected = 0
        self._console = console
        self._rejected_file = rejected_file
        self._rejected: TextIO | None = None
        self._reasons: Counter[str] = Counter()
        self._examples: list[str] = []
        self._waited = 0.0
        self._said_at = 0.0
        self._progress: Progress | None = None
        self._task: TaskID | None = None

    @contextmanager
    def showing(self, size: int | None) -> Iterator[None]:
        """Show progress while the body runs; ``size`` is that of the file in bytes, if it is known."""
        try:
            if self._console.is_terminal:
                columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
                self._progress = Progress(*columns, console=self._console, transient=True)
                self._task = self._progress.add_task("0 sent", total=size)
                self._progress.start()
            yield
        finally:
            if self._progress is not None:
                self._progress.stop()
            if self._rejected is not None:
                self._rejected.close()

    def waiting(self, problem: str, pause: float) -> None:
        """The gateway did not take a batch; it is sent again after ``pause`` seconds."""
        if self._waited == 0.0 or self._waited - self._said_at >= _SAY_AGAIN_AFTER_S:
            self._console.print(f"{problem}; waiting for it, nothing is lost", markup=False, highlight=False)
            self._said_at = self._waited
        self._waited += pause

    def answered(self, sent: int, refused: list[Rejected], unsent: list[Rejected], position: int) -> None:
        """A batch of ``sent`` lines has its answer: the gateway ``refused`` some; ``unsent`` ones never got that far.

        ``position`` is how many bytes of the file are read.
        """
        if self._waited > 0.0:
            self._console.print("the gateway is back", markup=False, highlight=False)
            self._waited = self._said_at = 0.0
        before = self.sent
        self.sent += sent
        self.accepted += sent - len(refused)
        self.rejected += len(refused) + len(unsent)
        for line in sorted([*refused, *unsent], key=lambda rejected: rejected.line.number):
            self._keep(line)
        text = f"{self.sent:,} sent, {self.rejected:,} rejected"
        if self._progress is not None and self._task is not None:
            self._progress.update(self._task, completed=position, description=text)
        elif before // PLAIN_EVERY != self.sent // PLAIN_EVERY:
            self._console.print(text, markup=False, highlight=False)

    def summary(self) -> list[str]:
        """The counts, the first rejected lines with their reasons, and where the rest is."""
        lines = [f"sent {self.sent:,}  accepted {self.accepted:,}  rejected {self.rejected:,}"]
        if self.rejected:
            reasons = ", ".join(f"{reason} {count:,}" for reason, count in self._reasons.most_common())
            lines += [f"rejected: {reasons}", *self._examples]
            if self.rejected > len(self._examples):
                lines.append(f"... and {self.rejected - len(self._examples):,} more")
            lines.append(f"every rejected line with its reason is in {self._rejected_file}")
        return lines

    def _keep(self, rejected: Rejected) -> None:
        self._reasons[rejected.reason] += 1
        where = f"{rejected.field}: " if rejected.field else ""
        if len(self._examples) < SHOWN:
            self._examples.append(f"  line {rejected.line.number}: {where}{rejected.problem}")
        if self._rejected is None:
            # The lines are customers' data: nobody else on the machine may read them.
            descriptor = os.open(self._rejected_file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            self._rejected = os.fdopen(descriptor, "w", encoding="utf-8")
        try:
            held = {"text": rejected.line.value.decode()}
        except UnicodeDecodeError:
            held = {"base64": base64.b64encode(rejected.line.value).decode()}
        row = {
            "line": rejected.line.number,
            "reason": rejected.reason,
            "field": rejected.field,
            "problem": rejected.problem,
            **held,
        }
        self._rejected.write(json.dumps(row, ensure_ascii=False) + "\n")
