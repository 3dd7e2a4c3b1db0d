"""What the emitter and its host survive: callbacks and logs that fail, answers that are none, small buffers."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest

from closeloop_client import Delivery, Emitter
from closeloop_client.destinations import Tried
from closeloop_client.results import EventResult
from tests.client.stub import Fault, StubGateway
from tests.client.test_emitter import Recorder
from tests.client.waiting import wait_until

Make = Callable[..., Emitter]
LOG = logging.getLogger("closeloop_client")


class Short(Recorder):
    """Its first answer has a result too few."""

    def deliver(self, batch: Any) -> Tried:
        if not self.batches:
            self.batches.append([])
            return Tried([EventResult(item.id, accepted=True) for item in batch[1:]])
        return super().deliver(batch)


@pytest.fixture
def failing_log() -> Iterator[None]:
    """A host whose filter of log records raises."""

    def fails(_: logging.LogRecord) -> bool:
        raise RuntimeError("the host's own filter")

    LOG.addFilter(fails)
    yield
    LOG.removeFilter(fails)


def test_an_answer_with_a_result_too_few_loses_no_event(emitter: Make) -> None:
    recorder = Short()
    client = emitter(recorder, linger=5.0)
    ids = [client.touchpoint("c", "t") for _ in range(3)]
    assert client.flush(30)
    assert recorder.taken == ids
    assert client.stats.delivered == 3
    assert client.stats.waiting_bytes == 0


def test_a_host_whose_logging_raises_loses_no_event(failing_log: None, emitter: Make) -> None:
    recorder = Recorder("away", "away")
    client = emitter(recorder, buffer_events=3, linger=5.0)
    recorder.open.clear()
    ids = [client.touchpoint("c", "t") for _ in range(3)]
    client.touchpoint("c", "t")  # there is no room: the warning raises in the host's thread
    recorder.open.set()
    assert client.flush(30)
    assert recorder.taken == ids
    assert client.stats.dropped == 1


def test_a_callback_hears_of_all_though_it_fails_for_one(emitter: Make, caplog: pytest.LogCaptureFixture) -> None:
    heard: list[str] = []

    def callback(delivery: Delivery) -> None:
        heard.append(delivery.id)
        if delivery.id == "1":
            raise RuntimeError("the host's own")

    client = emitter(Recorder(), linger=5.0, on_delivery=callback)
    for n in range(5):
        client.touchpoint("c", "t", id=str(n))
    assert client.flush(30)
    assert heard == ["0", "1", "2", "3", "4"]
    assert "on_delivery failed for 1 events" in caplog.text
    assert "the host's own" in caplog.text  # with its traceback


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_callback_that_ends_the_thread_does_not_end_the_sending(emitter: Make) -> None:
    def callback(delivery: Delivery) -> None:
        if delivery.id == "1":
            raise SystemExit

    recorder = Recorder()
    client = emitter(recorder, on_delivery=callback)
    client.touchpoint("c", "t", id="1")
    wait_until(lambda: recorder.taken == ["1"])
    wait_until(lambda: client._pump._thread is None)
    client.touchpoint("c", "t", id="2")
    assert client.flush(30)
    assert recorder.taken == ["1", "2"]


def test_a_callback_that_emits_for_each_drop_comes_to_an_end(emitter: Make) -> None:
    told: list[str] = []
    holder: list[Emitter] = []

    def callback(delivery: Delivery) -> None:
        told.append(delivery.status)
        if delivery.status == "dropped":
            holder[0].touchpoint("operations", "event.dropped")

    recorder = Recorder()
    recorder.open.clear()
    holder.append(emitter(recorder, buffer_events=2, on_delivery=callback))
    for _ in range(3):
        holder[0].touchpoint("c", "t")
    assert told == ["dropped"]
    assert holder[0].stats.dropped == 2  # the one that was emitted for it found no room either
    recorder.open.set()
    assert holder[0].flush(30)


def test_a_buffer_smaller_than_a_batch_does_not_linger_when_it_is_full(emitter: Make) -> None:
    recorder = Recorder()
    client = emitter(recorder, buffer_events=5, when_full="block", linger=60.0, block_for=60.0)
    ids = [client.touchpoint("c", "t") for _ in range(12)]
    assert client.flush(30)
    assert recorder.taken == ids
    assert client.stats.dropped == 0


@pytest.mark.parametrize(
    "asked", ["99999999999999999999", format_datetime(datetime(9999, 1, 1, tzinfo=UTC), usegmt=True)]
)
def test_a_pause_of_years_is_not_waited_for(
    gateway: StubGateway, emitter: Make, monkeypatch: pytest.MonkeyPatch, asked: str
) -> None:
    monkeypatch.setattr("closeloop_client.pump.LONGEST_ASKED", 0.1)
    gateway.faults = [Fault(429, {"Retry-After": asked})]
    client = emitter(gateway.url)
    client.touchpoint("c", "t", id="1")
    assert client.flush(30)
    assert gateway.ids() == ["1"]


def test_a_flush_may_wait_for_as_long_as_it_takes(gateway: StubGateway, emitter: Make) -> None:
    client = emitter(gateway.url)
    client.touchpoint("c", "t")
    assert client.flush(float("inf"))
    assert client.flush(timedelta(days=365 * 500).total_seconds())


def test_where_no_thread_can_be_started_a_flush_does_not_wait_in_vain(
    emitter: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    recorder = Recorder()
    client = emitter(recorder)
    monkeypatch.setattr(threading.Thread, "start", fails)
    client.touchpoint("c", "t", id="1")
    began = time.monotonic()
    assert not client.flush(600)
    assert time.monotonic() - began < 300
    monkeypatch.undo()
    assert client.flush(30)
    assert recorder.taken == ["1"]


def test_what_a_batch_leaves_behind_does_not_linger_again(emitter: Make) -> None:
    recorder = Recorder()
    recorder.open.clear()
    client = emitter(recorder, batch_events=10, linger=60.0)
    ids = [client.touchpoint("c", "t") for _ in range(10)]
    assert recorder.entered.wait(30)
    ids += [client.touchpoint("c", "t") for _ in range(15)]
    recorder.open.set()
    wait_until(lambda: recorder.taken == ids, 30)
    assert [len(batch) for batch in recorder.batches] == [10, 10, 5]


def test_a_destination_says_how_much_it_takes_at_once(emitter: Make) -> None:
    class Small(Recorder):
        batch_bytes = 1000

    recorder = Small()
    client = emitter(recorder, linger=60.0)
    ids = [client.response("c", "nps", 3, comment="x" * 200) for _ in range(20)]
    assert client.flush(30)
    assert recorder.taken == ids
    assert {len(batch) for batch in recorder.batches} == {2}
