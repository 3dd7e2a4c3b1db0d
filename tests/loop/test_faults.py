"""The same replay under faults: kill -9 of every process, a broker's restart, a Slack that fails. The same figures."""

from __future__ import annotations

import gzip
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from tests.loop.batch import Batch
from tests.loop.checks import check_books, check_cards, check_cases, check_days, check_files
from tests.loop.conftest import ZONE, real_data
from tests.loop.pages import check_pages
from tests.loop.running import RunningLoop, running_loop

pytestmark = [pytest.mark.kafka, pytest.mark.faults, pytest.mark.timeout(1200)]

SLACK_FAULTS = ("ratelimited", "http_500", "drop_after")
"""Each for half a minute, one after the other, on posting."""


@pytest.fixture
def events(generated: Path) -> Path:
    """The real data where they are, else the generated file."""
    folder = real_data()
    return folder / "events.jsonl.gz" if folder else generated


@pytest.mark.browser
def test_the_real_orders(loop: RunningLoop, olist: Path, browser: Browser, capsys: pytest.CaptureFixture[str]) -> None:
    batch = Batch(olist / "events.jsonl.gz", ZONE)
    code, output, seconds = loop.import_file(olist / "events.jsonl.gz")
    assert code == 0, output
    loop.wait_until_quiet(len(batch.detractors))
    check_books(loop, batch, duplicates=0)
    check_days(loop, batch)
    check_files(loop, olist)
    check_cases(loop, batch)
    check_cards(loop)
    check_pages(loop, browser, olist)
    cases = loop.cases()
    events = batch.touchpoints + batch.responses
    with capsys.disabled():
        sys.stdout.write(f"\nimported {events:,} events in {seconds:.1f} s; {cases} cases\n")

    code, output, _ = loop.import_file(olist / "events.jsonl.gz")
    assert code == 0, output
    check_books(loop, batch, duplicates=batch.touchpoints + batch.responses)
    check_files(loop, olist)
    assert loop.cases() == cases
    check_cards(loop)


def test_kill_every_process_once_during_the_import(loop: RunningLoop, events: Path) -> None:
    with gzip.open(events) as lines:
        records = sum(1 for _ in lines)

    def kill_each() -> None:
        for share, room in ((0.1, "streams"), (0.25, "consumers"), (0.4, "gateway"), (0.55, "kafka")):
            loop.wait_until_received(int(records * share))
            loop.kill(room)

    _replay_during(loop, events, kill_each)


def test_slack_fails_in_three_ways_during_the_import(tmp_path: Path, kafka: str, events: Path) -> None:
    del kafka
    with running_loop(tmp_path, CLOSELOOP_ZONE=ZONE) as loop:

        def fail() -> None:
            for kind in SLACK_FAULTS:
                fault = {"method": "chat.postMessage", "kind": kind, "seconds": 30, "retry_after": 2}
                loop.sandbox.post("/control/faults", json=fault).raise_for_status()
                time.sleep(30)

        _replay_during(loop, events, fail)
        fired = loop.sandbox.get("/control/state", params={"counts": "1"}).json()["faults_fired"]
        assert all(fired.get(f"chat.postMessage:{kind}", 0) > 0 for kind in SLACK_FAULTS), fired


def _replay_during(loop: RunningLoop, events: Path, trouble: Callable[[], None]) -> None:
    """Import while the trouble goes on; afterwards everything must be as if nothing had happened."""
    batch = Batch(events, ZONE)
    with _meanwhile(trouble):
        code, output, _ = loop.import_file(events)
    assert code == 0, output
    loop.wait_until_quiet(len(batch.detractors))
    # A batch that was sent again because its answer was lost arrives twice: as duplicates, and nothing else.
    books = loop.totals()
    duplicates = books["touchpoints"]["duplicates"] + books["responses"]["duplicates"]
    assert duplicates >= batch.duplicates
    check_books(loop, batch, duplicates)
    check_days(loop, batch)
    check_cases(loop, batch)
    check_cards(loop)


@contextmanager
def _meanwhile(work: Callable[[], None]) -> Iterator[None]:
    failures: list[BaseException] = []

    def run() -> None:
        try:
            work()
        except BaseException as error:  # noqa: BLE001 - handed to the test's own thread below
            failures.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    yield
    thread.join()
    if failures:
        raise failures[0]
