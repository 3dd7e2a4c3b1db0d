"""The emitter against a gateway that misbehaves: order, ids, full buffers, ends, and what its host gets to see."""

from __future__ import annotations

import asyncio
import gc
import json
import logging
import threading
import time
import weakref
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from closeloop_client import AsyncEmitter, Delivery, Emitter, Http, Response, Touchpoint
from closeloop_client.destinations import Tried, all_again
from closeloop_client.results import EventResult
from tests.client.stub import Fault, StubGateway, running
from tests.client.waiting import wait_until

Make = Callable[..., Emitter]
SOURCE = "closeloop_client"


class Recorder:
    """A destination in memory that does what it is told."""

    def __init__(self, *plan: str) -> None:
        self.plan = list(plan)
        self.batches: list[list[str]] = []
        self.taken: list[str] = []
        self.open = threading.Event()
        self.open.set()
        self.entered = threading.Event()

    def __str__(self) -> str:
        return "the recorder"

    def deliver(self, batch: Any) -> Tried:
        self.entered.set()
        self.open.wait(30)
        ids = [item.id for item in batch]
        self.batches.append(ids)
        step = self.plan.pop(0) if self.plan else "take"
        if step == "raise":
            raise RuntimeError("the comment of a customer")
        if step == "away":
            return all_again(batch, "is away")
        if step == "lost answer":
            self.taken += ids
            return all_again(batch, "is away")
        if step == "half":
            taken = ids[::2]
            self.taken += taken
            return Tried([EventResult(one, accepted=True) if one in taken else None for one in ids], "is half away")
        self.taken += ids
        return Tried([EventResult(one, accepted=True) for one in ids])

    def forget(self) -> None:
        pass

    def close(self, timeout: float) -> None:
        pass


def test_events_arrive_in_their_order_and_batches_on_one_connection(gateway: StubGateway, emitter: Make) -> None:
    told: list[Delivery] = []
    client = emitter(gateway.url, "k1", source="/shop", linger=5.0, on_delivery=told.append)
    ids = [client.touchpoint("c42", "order.delivered", outcome="failed", duration_ms=n) for n in range(1200)]
    assert client.flush(30)
    assert gateway.ids() == ids
    assert [row.id for row in told] == ids
    assert {row.status for row in told} == {"delivered"}
    assert gateway.connections == 1
    headers, body = gateway.requests[0]
    assert (headers["authorization"], headers["content-encoding"]) == ("Bearer k1", "gzip")
    assert len(body) < 60_000  # 500 events of 250 bytes
    assert gateway.taken[0]["source"] == "/shop"
    stats = client.stats
    assert (stats.accepted, stats.delivered, stats.waiting, stats.waiting_bytes) == (1200, 1200, 0, 0)


def test_a_gateway_that_does_not_read_gzip_gets_plain_bodies(gateway: StubGateway, emitter: Make) -> None:
    gateway.reads_gzip = False
    client = emitter(gateway.url, linger=5.0)
    for _ in range(2):
        for n in range(20):
            client.touchpoint("c", "t", attributes={"n": n})
        assert client.flush(30)
    assert len(gateway.taken) == 40
    assert [headers.get("content-encoding") for headers, _ in gateway.requests] == ["gzip", None, None]


def test_what_is_too_large_is_halved_down_to_the_event_to_blame(gateway: StubGateway, emitter: Make) -> None:
    told: list[Delivery] = []
    client = emitter(Http(gateway.url, compress=False), linger=5.0, on_delivery=told.append)
    gateway.max_bytes = 4000
    ids = [client.touchpoint("c", "t") for _ in range(30)]
    ids.insert(15, client.response("c", "nps", 3, comment="x" * 5000))
    assert client.flush(30)
    assert gateway.ids() == [one for one in ids if one != ids[15]]
    assert [(row.id, row.reason) for row in told if row.status == "rejected"] == [(ids[15], "http_413")]


@pytest.mark.parametrize(
    "faults",
    [
        [Fault(503), Fault(500), Fault(429)],
        [Fault(reset=True), Fault(reset=True, applied=True)],
        [Fault(200, body=b"<html>")],
    ],
    ids=["busy", "cut off", "not ours at first"],
)
def test_lost_answers_are_asked_for_again_under_the_same_ids(
    gateway: StubGateway, emitter: Make, faults: list[Fault], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("closeloop_client.pump._HELP_PAUSE", 0.1)
    gateway.faults = list(faults)
    client = emitter(gateway.url, linger=5.0)
    ids = [client.touchpoint("c", "t") for _ in range(3)]
    assert client.flush(30)
    assert set(gateway.ids()) == set(ids)
    assert gateway.ids()[-3:] == ids
    assert client.stats.retries == len(faults)
    assert client.stats.delivered == 3


def test_retry_after_is_waited_for_even_by_a_flush(gateway: StubGateway, emitter: Make) -> None:
    gateway.faults = [Fault(429, {"Retry-After": "1"})]
    client = emitter(gateway.url)
    began = time.monotonic()
    client.touchpoint("c", "t")
    assert client.flush(30)
    assert time.monotonic() - began >= 1.0


@given(st.lists(st.sampled_from(["away", "half", "lost answer", "raise"]), max_size=3), st.integers(1, 40))
@settings(max_examples=15)
def test_whatever_goes_wrong_each_event_is_delivered_once_and_told_once(plan: list[str], count: int) -> None:
    recorder = Recorder(*plan)
    told: list[Delivery] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("closeloop_client.pump._HELP_PAUSE", 0.0)
        client = Emitter(recorder, linger=0.0, batch_events=7, on_delivery=told.append)
        ids = [client.touchpoint("c", "t", id=f"e{n}") for n in range(count)]
        assert client.flush(60)
        client.close()
    assert sorted({*recorder.taken}) == sorted(ids)
    assert sorted(row.id for row in told) == sorted(ids)
    assert client.stats.delivered == count
    first_seen = list(dict.fromkeys(one for batch in recorder.batches for one in batch))
    assert first_seen == ids


def test_a_rejected_event_is_told_and_does_not_hold_up_the_others(
    gateway: StubGateway, emitter: Make, caplog: pytest.LogCaptureFixture
) -> None:
    told: list[Delivery] = []
    client = emitter(gateway.url, scales={"nps": (0, 20)}, linger=5.0, on_delivery=told.append)
    for n in range(20):
        client.response("customer-4711", "nps", 11 if n % 2 else 3, comment="my own words")
    assert client.flush(30)
    rejected = [row for row in told if row.status == "rejected"]
    assert len(rejected) == client.stats.rejected == 10
    assert (rejected[0].reason, rejected[0].field) == ("scale", "data.score")
    warnings = [record.getMessage() for record in caplog.records if record.name == SOURCE]
    assert len(warnings) == 1
    assert "data.score: outside its scale 0..10" in warnings[0]
    assert "4711" not in caplog.text
    assert "words" not in caplog.text


def _full(policy: str, recorder: Recorder, emitter: Make, told: list[Delivery], **more: Any) -> Emitter:
    """An emitter of ten events, one of them under way in a destination that does not answer."""
    recorder.open.clear()
    client = emitter(recorder, buffer_events=10, when_full=policy, on_delivery=told.append, **more)
    client.touchpoint("c", "t", id="0")
    assert recorder.entered.wait(30)
    for n in range(1, 10):
        client.touchpoint("c", "t", id=str(n))
    assert client.stats.waiting == 10
    return client


@pytest.mark.parametrize(
    ("policy", "lost"),
    [("drop_newest", ["10", "11", "12"]), ("drop_oldest", ["1", "2", "3"]), ("block", ["10", "11", "12"])],
)
def test_a_full_buffer_drops_by_its_policy_and_says_so(
    policy: str, lost: list[str], emitter: Make, caplog: pytest.LogCaptureFixture
) -> None:
    recorder, told = Recorder(), list[Delivery]()
    client = _full(policy, recorder, emitter, told, block_for=0.05)
    for n in (10, 11, 12):
        assert client.touchpoint("c", "t", id=str(n)) == str(n)
    assert [(row.id, row.status, row.reason) for row in told] == [(one, "dropped", "full") for one in lost]
    assert client.stats.dropped == 3
    assert "buffer is full" in caplog.text
    recorder.open.set()
    assert client.flush(30)
    assert recorder.taken == [str(n) for n in range(13) if str(n) not in lost]
    stats = client.stats
    assert stats.delivered == 10
    assert stats.waiting == 0


def test_blocking_ends_when_there_is_room(emitter: Make) -> None:
    recorder, told = Recorder(), list[Delivery]()
    client = _full("block", recorder, emitter, told, block_for=60.0)
    threading.Timer(0.1, recorder.open.set).start()
    client.touchpoint("c", "t", id="10")
    assert client.flush(30)
    assert recorder.taken == [str(n) for n in range(11)]
    assert client.stats.dropped == 0


def test_a_buffer_is_bounded_in_bytes_too(emitter: Make) -> None:
    recorder, told = Recorder(), list[Delivery]()
    recorder.open.clear()
    client = emitter(recorder, buffer_bytes=128 * 1024, on_delivery=told.append)
    for n in range(30):
        client.response("c", "nps", 3, comment="x" * 9000, id=str(n))
    assert client.stats.waiting_bytes <= 128 * 1024
    assert client.stats.accepted == 14  # of 9,200 bytes each
    assert [row.id for row in told] == [str(n) for n in range(14, 30)]
    recorder.open.set()


def test_the_host_is_not_held_up_by_what_does_not_answer(emitter: Make) -> None:
    recorder = Recorder()
    recorder.open.clear()
    client = emitter(recorder)
    for _ in range(100):
        client.touchpoint("c", "t")
    assert recorder.batches == []  # all calls are over, and no answer came
    assert not client.flush(0.05)
    recorder.open.set()


def test_what_waits_at_the_end_is_counted_and_told(unused_url: str, emitter: Make) -> None:
    told: list[Delivery] = []
    client = emitter(unused_url, on_delivery=told.append)
    ids = [client.touchpoint("c", "t") for _ in range(3)]
    client.close(0.2)
    client.close(0.2)
    client.touchpoint("c", "t", id="late")
    assert [(row.id, row.status, row.reason) for row in told] == [
        (one, "dropped", "closed") for one in [*ids, "late"]
    ]  # fmt: skip
    assert client.stats.dropped == 4
    assert client.stats.waiting == 0
    assert client.flush(0.0)


def test_a_wrong_key_is_said_and_nothing_is_lost(
    gateway: StubGateway, emitter: Make, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("closeloop_client.pump._HELP_PAUSE", 0.05)
    gateway.faults = [Fault(401), Fault(404)]
    client = emitter(gateway.url, "secret-key")
    client.touchpoint("c", "t")
    assert client.flush(30)
    assert client.stats.delivered == 1
    assert "check the key and its role" in caplog.text
    wait_until(lambda: "takes events again" in caplog.text)
    assert "secret-key" not in caplog.text


def test_invalid_events_raise_or_are_counted(emitter: Make, caplog: pytest.LogCaptureFixture) -> None:
    recorder = Recorder()
    client = emitter(recorder)
    with pytest.raises(ValueError, match=r"^score: outside its scale 0\.\.10$"):
        client.response("c", "nps", 11)
    with pytest.raises(ValueError, match=r"^time: has no zone"):
        client.touchpoint("c", "t", time=datetime(2026, 11, 21))  # noqa: DTZ001
    assert client.stats.invalid == 2
    told: list[Delivery] = []
    lenient = emitter(recorder, on_invalid="drop", on_delivery=told.append)
    assert lenient.response("c", "nps", 11, id="r1") == "r1"
    assert [(row.id, row.reason, row.problem) for row in told] == [("r1", "invalid", "score: outside its scale 0..10")]
    assert lenient.stats.invalid == 1
    assert "score: outside its scale" in caplog.text
    assert recorder.batches == []


def test_a_callback_that_fails_stops_nothing(emitter: Make, caplog: pytest.LogCaptureFixture) -> None:
    recorder = Recorder()

    def callback(_: Delivery) -> None:
        raise RuntimeError("the host's own")

    client = emitter(recorder, on_delivery=callback)
    for _ in range(2):
        client.touchpoint("c", "t")
        assert client.flush(30)
    assert len(recorder.taken) == 2
    assert "on_delivery failed" in caplog.text


def test_a_callback_may_emit(emitter: Make) -> None:
    recorder = Recorder()
    holder: list[Emitter] = []

    def callback(delivery: Delivery) -> None:
        if delivery.id == "1":
            holder[0].touchpoint("c", "t", id="2")

    holder.append(emitter(recorder, on_delivery=callback))
    holder[0].touchpoint("c", "t", id="1")
    wait_until(lambda: recorder.taken == ["1", "2"])


def test_warnings_are_few(emitter: Make, caplog: pytest.LogCaptureFixture) -> None:
    recorder = Recorder()
    client = _full("drop_newest", recorder, emitter, [])
    for _ in range(500):
        client.touchpoint("c", "t")
    assert client.stats.dropped == 500
    assert len([record for record in caplog.records if record.name == SOURCE]) == 1
    assert all(record.levelno == logging.WARNING for record in caplog.records if record.name == SOURCE)
    recorder.open.set()


def test_threads_share_an_emitter(gateway: StubGateway, emitter: Make) -> None:
    client = emitter(gateway.url, linger=0.05)

    def work(name: int) -> None:
        for n in range(200):
            client.touchpoint(f"c{name}", "t", id=f"{name}/{n:03}")

    threads = [threading.Thread(target=work, args=(name,)) for name in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert client.flush(30)
    for name in range(6):
        of = [one for one in gateway.ids() if one.startswith(f"{name}/")]
        assert of == [f"{name}/{n:03}" for n in range(200)]


def test_an_emitter_that_was_closed_is_let_go() -> None:
    recorder = Recorder()
    client = Emitter(recorder, linger=0.0)
    client.touchpoint("c", "t")
    client.close(10)
    reference = weakref.ref(client._pump)
    del client
    gc.collect()
    assert reference() is None


def test_asyncio_awaits_what_waits_and_nothing_else() -> None:
    recorder = Recorder()

    async def main() -> list[str]:
        ticks = 0
        async with AsyncEmitter(Emitter(recorder, linger=0.0)) as client:
            recorder.open.clear()
            ids = [client.touchpoint("c", "t"), client.response("c", "nps", 3)]
            flush = asyncio.create_task(client.flush(30))
            while ticks < 20:
                await asyncio.sleep(0.001)  # the loop goes on while the flush waits
                ticks += 1
            assert not flush.done()
            recorder.open.set()
            assert await flush
            assert client.stats.delivered == 2
            with pytest.raises(ValueError, match="score"):
                client.response("c", "nps", 11)
        return ids

    assert asyncio.run(main()) == recorder.taken
    with pytest.raises(ValueError, match="event loop"):
        AsyncEmitter(Emitter(recorder, when_full="block"))


@pytest.mark.parametrize(
    ("options", "name"),
    [
        ({"when_full": "wait"}, "when_full"),
        ({"buffer_events": 0}, "buffer_events"),
        ({"batch_events": 5001}, "batch_events"),
        ({"buffer_bytes": 10}, "buffer_bytes"),
        ({"on_invalid": "ignore"}, "on_invalid"),
        ({"linger": -1}, "linger"),
    ],
)
def test_a_wrong_option_is_named(options: dict[str, Any], name: str) -> None:
    with pytest.raises(ValueError, match=f"^{name}: "):
        Emitter("http://127.0.0.1:1", **options)


def test_events_made_by_hand_keep_their_own_source_and_trace(gateway: StubGateway, emitter: Make) -> None:
    trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
    client = emitter(gateway.url, source="/mine")
    client.emit(Touchpoint(customer_id="c", touchpoint="t", source="/other", traceparent=trace))
    client.emit(Response(customer_id="c", metric="nps", score=3, time=datetime.now(UTC), revises="earlier"))
    assert client.flush(30)
    first, second = gateway.taken
    assert (first["source"], first["traceparent"]) == ("/other", trace)
    assert (second["source"], second["data"]["revises"]) == ("/mine", "earlier")
    assert "traceparent" not in json.dumps(second)


def test_a_gateway_that_comes_back_gets_what_waited(emitter: Make) -> None:
    with running(StubGateway()) as first:
        port = first.port
    client = emitter(f"http://127.0.0.1:{port}")
    ids = [client.touchpoint("c", "t") for _ in range(5)]
    wait_until(lambda: client.stats.retries > 0)
    assert "refused" in client.stats.problem
    with running(StubGateway(), port) as second:
        assert client.flush(30)
        assert second.ids() == ids
    assert client.stats.problem == ""
