"""A whole loop as a person would start it: `closeloop up` as a process, seen through HTTP and SQL only."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
from sqlalchemy import func, select

from closeloop.ports import free_port
from schemas.cases import CLOSED_STATES
from schemas.database import open_database, readers
from schemas.tables import AlertRow, CaseRow, SlackSurfaceRow

QUIET_DEADLINE = 420.0


_OURS = ("CLOSELOOP_", "SLACK_")
_KEPT = ("CLOSELOOP_CACHE",)


class RunningLoop:
    """One `closeloop up` and what it says about itself."""

    def __init__(self, folder: Path, port: int, sandbox_port: int, database: str) -> None:
        self.folder = folder
        self.url = f"http://127.0.0.1:{port}"
        self.sandbox_url = f"http://127.0.0.1:{sandbox_port}"
        self._engine = open_database(database)
        self._read = readers(self._engine)
        self.http = httpx.Client(base_url=self.url, timeout=30, trust_env=False)
        self.sandbox = httpx.Client(base_url=self.sandbox_url, timeout=60, trust_env=False)

    def close(self) -> None:
        """Close the connections of this observer."""
        self.http.close()
        self.sandbox.close()
        self._engine.dispose()

    def pid(self, room: str) -> int:
        """The process id that the supervisor noted."""
        return int((self.folder / "run" / f"{room}.pid").read_text())

    def kill(self, room: str) -> None:
        """kill -9, and wait until the supervisor has a successor running."""
        before = self.pid(room)
        os.kill(before, signal.SIGKILL)
        wait_until(lambda: self.pid(room) != before, 30, lambda: f"no successor of {room}")

    def totals(self) -> dict[str, Any]:
        """The books as the API tells them."""
        return self._get("/v1/totals")

    def days(self, metric: str, cut: str, first: str, last: str) -> list[dict[str, Any]]:
        """The history of one metric and cut, every row."""
        rows = self._get("/v1/metrics/history", params={"metric": metric, "cut": cut, "from": first, "to": last})
        assert isinstance(rows, list)
        return rows

    def metrics(self, window: str, cut: str) -> list[dict[str, Any]]:
        """The current values of every metric in one window and cut."""
        rows = self._get("/v1/metrics", params={"window": window, "cut": cut})
        assert isinstance(rows, list)
        return rows

    def cards(self) -> Counter[str]:
        """How many messages were ever posted for each outbox row, deleted ones included."""
        state = self.sandbox.get("/control/state", params={"counts": "1"}).json()
        posted = state["posts_by_metadata"].get("closeloop_card", {}).get("outbox_id", {})
        return Counter(posted)

    def alerts_by_case(self, rule: str) -> dict[str, int]:
        """Each alert of a rule and the case that holds it."""
        with self._read() as session:
            rows = session.execute(select(AlertRow.id, AlertRow.case_id).where(AlertRow.rule == rule)).all()
        return {alert: case for alert, case in rows}  # noqa: C416 - a Row is no tuple for the type checker

    def alerts_by_rule(self) -> dict[str, int]:
        """How many alerts of each rule are in cases, without those that say that something is over."""
        over = AlertRow.payload["recovered"].as_boolean()
        with self._read() as session:
            counted = select(AlertRow.rule, func.count()).where(over.is_(False)).group_by(AlertRow.rule)
            return {rule: number for rule, number in session.execute(counted)}  # noqa: C416 - as above

    def customers_with_two_cases(self) -> list[str]:
        """Who has more than one case of a programme that is not closed."""
        with self._read() as session:
            return list(
                session.scalars(
                    select(CaseRow.customer_id)
                    .where(CaseRow.state.not_in(CLOSED_STATES))
                    .group_by(CaseRow.customer_id, CaseRow.programme)
                    .having(func.count() > 1)
                )
            )

    def cases(self) -> int:
        """How many cases there are."""
        with self._read() as session:
            return session.scalar(select(func.count()).select_from(CaseRow)) or 0

    def cards_wanted(self) -> int:
        """How many cards there should be: one a surface."""
        with self._read() as session:
            return session.scalar(select(func.count()).select_from(SlackSurfaceRow)) or 0

    def cards_behind(self) -> int:
        """How many cards are not posted yet or show an older version of their case."""
        with self._read() as session:
            behind = (SlackSurfaceRow.rendered_version < SlackSurfaceRow.wanted_version) | ~SlackSurfaceRow.posted
            return session.scalar(select(func.count()).select_from(SlackSurfaceRow).where(behind)) or 0

    def wait_until_received(self, records: int) -> dict[str, Any]:
        """Wait until the books have this many records of both kinds; returns the books."""
        books: dict[str, Any] = {}

        def there() -> bool:
            nonlocal books
            books = self.totals()
            return books["touchpoints"]["received"] + books["responses"]["received"] >= records

        wait_until(there, QUIET_DEADLINE, lambda: f"{records} records expected; the books stand at {books}")
        return books

    def wait_until_quiet(self, detractors: int) -> None:
        """Wait until these detractors and all that other rules flagged are in cases, and every card is current."""

        def quiet() -> bool:
            held = self.alerts_by_rule()
            everything = held.get("detractor", 0) >= detractors and held == self.totals()["alerts"]
            return everything and self.cards_behind() == 0

        def state() -> str:
            held, counted = self.alerts_by_rule(), self.totals()["alerts"]
            return f"{detractors} detractors; {held} in cases of {counted}, {self.cards_behind()} cards behind"

        wait_until(quiet, QUIET_DEADLINE, state)

    def import_file(self, path: Path) -> tuple[int, str, float]:
        """Import the whole file, also again; returns the exit code, the output and how many seconds it took."""
        began = time.monotonic()
        done = subprocess.run(
            [*self.import_command(path), "--restart", "--rejected", str(self.folder / "rejected.csv")],
            capture_output=True,
            text=True,
            check=False,
            env={**os.environ, "CLOSELOOP_DATA_DIR": str(self.folder)},
        )
        return done.returncode, done.stdout + done.stderr, time.monotonic() - began

    def import_command(self, path: Path, *more: str) -> list[str]:
        """The command that imports a file into this loop."""
        return [sys.executable, "-m", "closeloop", "import", str(path), "--url", self.url, *more]

    def _get(self, path: str, params: Mapping[str, str] | None = None) -> Any:
        deadline = time.monotonic() + 60
        while True:
            try:
                answer = self.http.get(path, params=dict(params or {}))
                answer.raise_for_status()
                return answer.json()
            except (httpx.TransportError, httpx.HTTPStatusError) as error:
                # The gateway may have been killed by the test a moment ago.
                if time.monotonic() > deadline or (
                    isinstance(error, httpx.HTTPStatusError) and error.response.status_code < 500
                ):
                    raise
                time.sleep(0.2)


@contextmanager
def running_loop(
    folder: Path, *, database: str | None = None, more: str = "", clock: str = "event", **settings: str
) -> Iterator[RunningLoop]:
    """`closeloop up --broker local` in a folder, stopped at the end; checks that it stops in time.

    `more` is added to its loop.yaml.
    """
    port, sandbox_port = free_port(), free_port()
    database = database or f"sqlite:///{folder / 'closeloop.db'}"
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith(_OURS) or name in _KEPT},
        "DATABASE_URL": database,
        "CLOSELOOP_SLACK_PACE": "1000",
        **settings,
    }
    log = folder / "up.log"
    with log.open("wb") as errors:
        process = subprocess.Popen(
            [
                *(sys.executable, "-m", "closeloop", "up", "--broker", "local", "--clock", clock),
                *("--port", str(port), "--sandbox-port", str(sandbox_port), "--data-dir", str(folder)),
                *("--config", str(_a_card_for_each_case(folder, more))),
            ],
            stdout=subprocess.PIPE,
            stderr=errors,
            env=environment,
            text=True,
        )
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        assert line.strip() == f"ready http://127.0.0.1:{port}", log.read_text()
        running = RunningLoop(folder, port, sandbox_port, database)
        try:
            yield running
        finally:
            running.close()
    finally:
        process.terminate()
        try:
            code = process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            raise
        finally:
            if process.stdout is not None:
                process.stdout.close()
    assert code == 0, log.read_text()
    assert not list((folder / "run").glob("*.pid")), "a process was left behind"


def _a_card_for_each_case(folder: Path, more: str) -> Path:
    """The example without roll-ups and incidents: a replay brings in seconds the cases of months."""
    example = (Path(__file__).parents[2] / "loop.yaml").read_text()
    alone, found = re.subn(
        r"^grouping:\n(?:  .*\n)+", "grouping: {roll_up: null, incidents: null}\n", example, flags=re.MULTILINE
    )
    assert found == 1
    changed = folder / "loop.yaml"
    changed.write_text(alone + more)
    return changed


def wait_until(condition: Callable[[], bool], seconds: float, otherwise: Callable[[], str]) -> None:
    """Wait for a condition, with a deadline."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, otherwise()
        time.sleep(0.2)
