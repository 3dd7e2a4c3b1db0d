"""Whether the database answers, and what time it has: asked every few seconds on a thread of its own.

A scrape and a probe must never wait for a database that hangs, so they read what this has seen.
"""

import threading
import time
from datetime import datetime

from sqlalchemy import Engine, text
from sqlalchemy.exc import SQLAlchemyError

from schemas.process_metrics import ProcessMetrics, clock_offset

EVERY_S = 5.0
SILENT_AFTER_S = 15.0
"""An answer older than this counts as none: the question hangs."""


class DatabasePulse:
    """Asks from :meth:`start` to :meth:`stop`."""

    def __init__(self, engine: Engine, metrics: ProcessMetrics) -> None:
        self._engine = engine.execution_options(reads_only=True)
        self._metrics = metrics
        self._answered_at: float | None = None
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="database-pulse", daemon=True)
        metrics.watch_database(self.answers)

    def answers(self) -> bool:
        """Whether the last question was answered, and not long ago."""
        return self._answered_at is not None and time.monotonic() - self._answered_at <= SILENT_AFTER_S

    def start(self) -> None:
        """Begin to ask."""
        self._thread.start()

    def stop(self) -> None:
        """Stop asking; a question under way is left to itself."""
        self._stop.set()
        if self._thread.ident is not None:
            self._thread.join(1)

    def ask(self) -> None:
        """Ask once."""
        postgresql = self._engine.dialect.name == "postgresql"
        try:
            with self._engine.connect() as connection:
                asked = time.time()
                # SQLite has no clock of its own.
                theirs = connection.scalar(text("SELECT clock_timestamp()" if postgresql else "SELECT 1"))
                answered = time.time()
        except SQLAlchemyError:
            self._answered_at = None
            return
        self._answered_at = time.monotonic()
        if isinstance(theirs, datetime):
            self._metrics.compared("database", clock_offset(asked, answered, theirs.timestamp()))

    def _run(self) -> None:
        while not self._stop.is_set():
            self.ask()
            self._stop.wait(EVERY_S)
