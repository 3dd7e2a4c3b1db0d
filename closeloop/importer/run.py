"""The import as a whole: read, send in order, report."""

import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import TextIO

from rich.console import Console

from closeloop.importer.report import Report
from closeloop.importer.sending import Sender, in_batches
from closeloop.importer.source import STANDARD_INPUT, SourceError, open_source, read_lines
from closeloop.importer.table import TableMapping, load_mapping, read_table
from closeloop_client.errors import RefusedError, UnavailableError
from closeloop_client.transport import Patience, Transport
from schemas.loop_yaml import ConfigError

RETRY_FOR_S = 600.0
TIMEOUT_S = 60.0
_TABLES = (".csv", ".tsv")
_AGAIN = "run the same import again to go on: what was sent is known"


def run_import(
    path: str | Path,
    url: str,
    key: str | None = None,
    mapping: str | Path | None = None,
    batch: int = 1000,
    *,
    retry_for: float = RETRY_FOR_S,
    rejected_file: Path | None = None,
    out: TextIO | None = None,
    err: TextIO | None = None,
) -> int:
    """Send a file's events to the gateway at ``url``: CloudEvents as JSONL (also gzip, ``-`` for standard input), or
    CSV with a ``mapping`` file.

    Batches go one after another in the order of the file. One that gets no answer is sent again for ``retry_for``
    seconds; running the import again is safe, because the events' ids make a second sending a known one. Ends with the
    counts on ``out``. Rejected lines are written with their reasons to ``rejected_file`` (default: the file's name
    and ``.rejected.jsonl``, in the current folder).

    Returns 0 when everything was accepted, else 1.
    """
    console = Console(file=err or sys.stderr)
    answers = out or sys.stdout

    def say(text: str) -> None:
        console.print(text, markup=False, highlight=False, soft_wrap=True)

    name = "stdin" if str(path) == STANDARD_INPUT else Path(path).name
    if mapping is None and Path(name.removesuffix(".gz")).suffix.lower() in _TABLES:
        say(f"{path}: a table needs a mapping file that says which column is which field; give --mapping")
        return 1
    try:
        columns = None if mapping is None else load_mapping(mapping)
        transport = Transport(url, key, TIMEOUT_S)
    except (ConfigError, ValueError) as error:
        say(str(error))
        return 1
    report = Report(console, rejected_file or Path(f"{name}.rejected.jsonl"))
    sender = Sender(transport, Patience(retry_for, longest_pause=5.0), report.waiting)
    with closing(transport):
        problem = _problem(lambda: _send_all(path, columns, batch, sender, report))
    if problem is not None:
        say(problem)
    for text in report.summary():
        print(text, file=answers)
    return 0 if problem is None and report.rejected == 0 else 1


def _send_all(path: str | Path, columns: TableMapping | None, batch: int, sender: Sender, report: Report) -> None:
    with open_source(path) as source, report.showing(source.size):
        lines = read_lines(source.stream) if columns is None else read_table(source.stream, columns)
        for together, unsent in in_batches(lines, batch):
            refused = sender.send(together) if together else []
            report.answered(len(together), refused, unsent, source.position())


def _problem(work: Callable[[], None]) -> str | None:
    """What kept the work from its end, in words for a person; ``None`` where nothing did."""
    try:
        work()
    except KeyboardInterrupt:
        return f"stopped; {_AGAIN}"
    except UnavailableError as error:
        return f"{error}; {_AGAIN}"
    except (RefusedError, SourceError, ConfigError) as error:
        return str(error)
    except OSError as error:
        return f"{error.filename}: {(error.strerror or str(error)).lower()}"
    return None
