"""Each fault made for real, on real processes and a real Kafka: its alert fires in Prometheus and clears after the fix.

The rules are those of deploy/prometheus on a clock twenty times as quick (tests/deploy/quick_rules.py says how).
"""

from __future__ import annotations

import shutil
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from confluent_kafka import Producer

from closeloop.broker.errors import BrokerError
from schemas.topics import RESPONSES
from tests.deploy.dashboards import queries
from tests.deploy.loop_under_watch import Watched, faketime_library, small_disk, wait_until, watched_loop
from tests.deploy.promtool import prometheus
from tests.fixtures.missing import lacking

pytestmark = [pytest.mark.faults, pytest.mark.kafka]

DISK_MB = 400
NOT_HERE = {
    "the-loop.json: What people do, an hour",
    "the-loop.json: What time does, an hour",
    "the-loop.json: Time to answer a click",
    "the-loop.json: annotations",
    "the-pipeline.json: Attempts made again",
    "the-pipeline.json: annotations",
}
"""What may be empty here: nobody clicks, no due time comes, and at the end nothing fires."""


@pytest.fixture(scope="module")
def disk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, bool]]:
    """Where the broker keeps its data, and whether that is a small disk of its own."""
    with small_disk(tmp_path_factory.mktemp("broker"), DISK_MB) as mounted:
        yield tmp_path_factory.getbasetemp() / "broker0", mounted


@pytest.fixture(scope="module")
def loop(tmp_path_factory: pytest.TempPathFactory, disk: tuple[Path, bool]) -> Iterator[Watched]:
    prometheus()
    try:
        with watched_loop(tmp_path_factory.mktemp("loop"), disk[0]) as watched:
            yield watched
    except BrokerError as error:
        lacking("a real Kafka", str(error))


def test_nothing_fires_while_all_is_well(loop: Watched) -> None:
    seen = 'topic:closeloop_books_received_events:rate5m{topic="cx.responses"} > 0'
    wait_until(lambda: loop.value(seen) is not None, 60, lambda: f"no events; firing: {loop.firing()}")
    # What fires for a moment while the first numbers come in has to go.
    loop.until_clear(*loop.firing())
    assert loop.value("count(up == 1)") == 4
    assert loop.value("count(closeloop_build_info)") == 4


def test_a_reader_that_stands_still(loop: Watched) -> None:
    streams = loop.rooms["streams"]
    streams.send(signal.SIGSTOP)
    try:
        loop.until_firing("CloseloopLagGrowing", "CloseloopProcessDown")

        def behind() -> set[tuple[str, str]]:
            return {(labels["group"], labels["topic"]) for labels in loop.firing().get("CloseloopLagGrowing", [])}

        # Of the topics that it reads, whichever got a record first fires first.
        wait_until(lambda: ("closeloop-streams", RESPONSES) in behind(), 150, lambda: f"behind: {behind()}")
        assert {group for group, _ in behind()} == {"closeloop-streams"}
    finally:
        streams.send(signal.SIGCONT)
    loop.until_clear("CloseloopLagGrowing", "CloseloopProcessDown")


def test_messages_that_nobody_can_post_and_events_that_nobody_can_read(loop: Watched) -> None:
    loop.rooms["sandbox"].stop()  # Slack is down
    loop.send(1)
    producer = Producer({"bootstrap.servers": loop.kafka})  # an app whose release went wrong
    for number in range(40):
        producer.produce(RESPONSES, key=f"c{number}", value=b'{"specversion": "1.0"}')
    assert producer.flush(20) == 0
    loop.until_firing("CloseloopDeadLettersRising")
    assert [labels["topic"] for labels in loop.firing()["CloseloopDeadLettersRising"]] == [RESPONSES]
    loop.until_firing("CloseloopSlackMessagesWait")

    loop.rooms["sandbox"].start()  # and the app sends nothing more of the kind
    loop.until_clear("CloseloopDeadLettersRising", "CloseloopSlackMessagesWait")
    assert (loop.value('closeloop_slack_outbox_rows{state="sent"}') or 0) >= 1
    assert loop.value('sum(closeloop_books_dead_letters_total{topic="cx.responses"})') == 40
    assert loop.value("max(abs(closeloop_books_unaccounted_events))") == 0


def test_a_brokers_disk_that_is_nearly_full(loop: Watched, disk: tuple[Path, bool]) -> None:
    folder, small = disk
    if not small:
        lacking("a file system of its own for the broker", "run as root where tmpfs may be mounted")
    assert "CloseloopBrokerDiskFull" not in loop.firing()
    ballast = folder / "ballast"
    with ballast.open("wb") as file:
        for _ in range(shutil.disk_usage(folder).free // 2**20 - DISK_MB // 20):
            file.write(bytes(2**20))
    loop.until_firing("CloseloopBrokerDiskFull")
    ballast.unlink()
    loop.until_clear("CloseloopBrokerDiskFull")


def test_a_clock_that_runs_behind(loop: Watched) -> None:
    if faketime_library() is None:
        lacking("libfaketime", "install it (Debian: `apt install faketime`)")
    loop.clock.write_text("-10\n")
    loop.until_firing("CloseloopClockSkew")
    (labels,) = loop.firing()["CloseloopClockSkew"]
    assert (labels["job"], labels["against"]) == ("closeloop-gateway", "kafka")
    told = loop.value('closeloop_clock_skew_seconds{job="closeloop-gateway"}')
    assert told == pytest.approx(-10, abs=3)
    loop.clock.write_text("+0\n")
    loop.until_clear("CloseloopClockSkew")


def test_dashboards_show_all_that_has_happened(loop: Watched) -> None:
    """Last, because by now there have been cases, messages, refusals and retries."""

    def empty() -> set[str]:
        return {place for place, query in queries() if not loop.ask(query)} - NOT_HERE

    # A scrape that came too late leaves a gap of seconds.
    wait_until(lambda: not empty(), 60, lambda: f"empty: {empty()}")
