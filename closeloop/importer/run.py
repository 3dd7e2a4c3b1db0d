"""The import as a whole: read, send in order, keep how far it came, report."""

import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TextIO

from rich.console import Console

from closeloop.importer.checkpoint import Checkpoint, CheckpointError, Position, checkpoint, identify
from closeloop.importer.mapping import TableMapping, load_mapping
from closeloop.importer.opened import is_table, opened
from closeloop.importer.rejected import ReportError, need_place, report_beside, report_of
from closeloop.importer.report import Report, counts
from closeloop.importer.sending import Sender, in_batches
from closeloop.importer.source import STANDARD_INPUT, Line, Rejected, SourceError
from closeloop_client.errors import RefusedError, UnavailableError
from closeloop_client.transport import Patience, Transport
from schemas.loop_yaml import ConfigError

RETRY_FOR_S = 600.0
TIMEOUT_S = 60.0
NEEDS_MAPPING = "a table needs a mapping file that says which column is which field; give --mapping"
_KEY_STATUSES = (401, 403)
_AGAIN = "run the same import again to go on: what was sent is known"
_HAD_ENDED = (
    "this file was imported here to its end at {at:%Y-%m-%d %H:%M} UTC, and nothing is sent now: what the streams have "
    "forgotten since would count twice. --restart sends it again"
)
_GOES_ON = "run the same import again to go on where it stopped"


def run_import(
    path: str | Path,
    url: str,
    key: str | None = None,
    mapping: str | Path | None = None,
    batch: int = 1000,
    *,
    checkpoints: Path | None = None,
    restart: bool = False,
    retry_for: float = RETRY_FOR_S,
    rejected_file: Path | None = None,
    out: TextIO | None = None,
    err: TextIO | None = None,
) -> int:
    """Send a file's events to the gateway at ``url``: CloudEvents as JSONL (also gzip, ``-`` for standard input), or
    CSV or Parquet with a ``mapping`` file.

    Batches go one after another in the order of the file. One that gets no answer is sent again for ``retry_for``
    seconds. With a folder for ``checkpoints``, an import that was interrupted goes on after its last answered batch,
    unless ``restart``. Ends with the counts of all its runs on ``out``. Rejected lines are written with their reasons
    to ``rejected_file`` (default: the input's name and ``.rejected.csv``, next to it).

    Returns 0 when everything was accepted, else 1.
    """
    console = Console(file=err or sys.stderr)
    answers = out or sys.stdout

    def say(text: str) -> None:
        console.print(text, markup=False, highlight=False, soft_wrap=True)

    piped = str(path) == STANDARD_INPUT
    if mapping is None and not piped and is_table(Path(path)):
        say(f"{path}: {NEEDS_MAPPING}")
        return 1
    try:
        columns = None if mapping is None else load_mapping(mapping)
        place = rejected_file or report_beside(path)
        need_place(place, path)
        transport = Transport(url, key, TIMEOUT_S)
    except (ConfigError, ReportError, ValueError) as error:
        say(str(error))
        return 1
    report: Report | None = None
    problem: str | None
    with closing(transport):
        try:
            with _checkpoint(path, url, mapping, checkpoints, restart=restart) as kept:
                start = kept.start if kept is not None else Position()
                if start.ended_at is not None:
                    say(_HAD_ENDED.format(at=start.ended_at))
                    print(counts(start.sent, start.accepted, start.rejected), file=answers)
                    return 0 if start.rejected == 0 else 1
                if start.line:
                    say(f"goes on after line {start.line:,}: {start.sent:,} were sent before (--restart begins anew)")
                report = Report(console, report_of(columns, place, start.report_bytes), time.monotonic, start)
                sender = Sender(transport, Patience(retry_for, longest_pause=5.0), report.waiting)
                problem = _problem(_Work(path, columns, batch, sender, report, kept).run, resumes=kept is not None)
        except (CheckpointError, OSError) as error:
            problem = str(error) if isinstance(error, CheckpointError) else _in_words(error)
    if problem is not None:
        say(problem)
    for text in report.summary() if report is not None else []:
        print(text, file=answers)
    return 0 if problem is None and report is not None and report.rejected == 0 else 1


class _Work:
    """Sends what is left of a file."""

    def __init__(
        self,
        path: str | Path,
        mapping: TableMapping | None,
        batch: int,
        sender: Sender,
        report: Report,
        kept: Checkpoint | None,
    ) -> None:
        self._path = path
        self._mapping = mapping
        self._batch = batch
        self._sender = sender
        self._report = report
        self._kept = kept

    def run(self) -> None:
        """Send it all, a batch after another."""
        after = self._kept.start.line if self._kept is not None else 0
        with opened(self._path, self._mapping) as file, self._report.showing(file.size):
            for together, unsent in in_batches(file.lines(after), self._batch):
                refused = self._sender.send(together) if together else []
                self._report.answered(len(together), refused, unsent, file.position(), file.columns())
                if self._kept is not None:
                    self._kept.keep(self._report.position(_last(together, unsent)))
        if self._kept is not None:
            self._kept.done(datetime.now(UTC))


def _last(sent: Sequence[Line], unsent: Sequence[Rejected]) -> int:
    return max([line.number for line in sent[-1:]] + [rejected.line.number for rejected in unsent[-1:]])


@contextmanager
def _checkpoint(
    path: str | Path, url: str, mapping: str | Path | None, folder: Path | None, *, restart: bool
) -> Iterator[Checkpoint | None]:
    """The checkpoint of an import; ``None`` where there is none: standard input cannot be read again."""
    if folder is None or str(path) == STANDARD_INPUT or not Path(path).is_file():
        yield None
        return
    identity = identify(Path(path), url, None if mapping is None else Path(mapping))
    with checkpoint(folder, identity, restart=restart) as kept:
        yield kept


def _problem(work: Callable[[], None], *, resumes: bool) -> str | None:
    """What kept the work from its end, in words for a person; ``None`` where nothing did."""
    again = _GOES_ON if resumes else _AGAIN
    try:
        work()
    except KeyboardInterrupt:
        return f"stopped; {again}"
    except RefusedError as error:
        key = "give a key that may send events in CLOSELOOP_API_KEY and " if error.status in _KEY_STATUSES else ""
        return f"{error}; {key}{again}"
    except (UnavailableError, ReportError, CheckpointError) as error:
        return f"{error}; {again}"
    except (SourceError, ConfigError) as error:
        return str(error)
    except OSError as error:
        return _in_words(error)
    return None


def _in_words(error: OSError) -> str:
    what = (error.strerror or str(error)).lower()
    return f"{error.filename}: {what}" if error.filename else what
