"""The client against a gateway that fails in every way it knows: the same ids again, no event lost, clear errors."""

from __future__ import annotations

import ast
import dataclasses
import json
import sys
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import closeloop_client
from closeloop_client import Client, RefusedError, Response, Touchpoint, UnavailableError
from closeloop_client.events import encode
from closeloop_client.transport import Patience, Transport, seconds_to_wait
from schemas.cloudevents import EventReader
from schemas.events import Money, ResponseEvent, TouchpointEvent
from schemas.scales import DEFAULT_METRICS
from tests.client.stub import Fault, StubGateway, running

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
PACKAGE = Path(closeloop_client.__file__).parent


class Sleeps:
    """A clock that only sleeping moves."""

    def __init__(self) -> None:
        self.now = 0.0
        self.slept: list[float] = []

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds

    def clock(self) -> float:
        return self.now


def _client(gateway: StubGateway, sleeps: Sleeps | None = None, **more: Any) -> Client:
    time = sleeps or Sleeps()
    transport = Transport(gateway.url, more.pop("key", None), 5.0, clock=time.clock, sleep=time.sleep)
    return Client(gateway.url, transport=transport, **more)


def test_a_touchpoint_and_an_answer_arrive_as_the_contract_says(gateway: StubGateway) -> None:
    with Client(gateway.url, "k1", source="/shop") as client:
        client.touchpoint("c42", "order.delivered", channel="parcel", outcome="failed", duration_ms=83000,
                          value=("129.90", "EUR"), attributes={"region": "SP", "n": 1}, id="b1", time=NOW)  # fmt: skip
        client.response("c42", "nps", 3, language="pt", comment="atrasou 😡", contact_requested=True, time=NOW)
    reader = EventReader(DEFAULT_METRICS)
    touchpoint, answer = (reader.read(json.dumps(event).encode(), NOW) for event in gateway.taken)
    assert isinstance(touchpoint, TouchpointEvent)
    assert (touchpoint.id, touchpoint.source, touchpoint.time) == ("b1", "/shop", NOW)
    assert touchpoint.data.value == Money("129.90", "EUR")
    assert touchpoint.data.attributes == {"region": "SP", "n": 1}
    assert isinstance(answer, ResponseEvent)
    assert (answer.data.score, answer.data.comment, answer.data.contact_requested) == (3, "atrasou 😡", True)
    assert len(answer.id) == 36
    headers = gateway.requests[0][0]
    assert headers["authorization"] == "Bearer k1"
    assert headers["content-type"] == "application/cloudevents-batch+json"


def test_every_field_of_the_contract_can_be_given() -> None:
    envelope = {"id", "time", "source", "traceparent"}
    mine = {field.name for field in dataclasses.fields(Response)} - envelope
    assert mine == set(ResponseEvent.__annotations__["data"].__struct_fields__)
    mine = {field.name for field in dataclasses.fields(Touchpoint)} - envelope
    assert mine == set(TouchpointEvent.__annotations__["data"].__struct_fields__)


def test_many_events_go_in_batches_in_their_order_on_one_connection(gateway: StubGateway) -> None:
    events = [Touchpoint(customer_id="c", touchpoint="t", id=f"e{n}", time=NOW) for n in range(2500)]
    with _client(gateway) as client:
        results = client.send(iter(events))
    assert [result.id for result in results] == [event.id for event in events] == gateway.ids()
    assert all(result.accepted for result in results)
    assert [len(json.loads(body)) for _, body in gateway.requests] == [1000, 1000, 500]
    assert gateway.connections == 1


def test_no_batch_is_larger_than_two_mebibytes(gateway: StubGateway) -> None:
    comment = "ж" * 10_000
    with _client(gateway) as client:
        client.send(Response(customer_id="c", metric="nps", score=1, comment=comment, time=NOW) for _ in range(300))
    assert len(gateway.taken) == 300
    assert max(len(body) for _, body in gateway.requests) <= 2 * 1024 * 1024 + 2


def test_nothing_to_send_sends_nothing(gateway: StubGateway) -> None:
    with _client(gateway) as client:
        assert client.send([]) == []
    assert gateway.requests == []


def test_a_bad_event_does_not_hold_up_the_others(gateway: StubGateway) -> None:
    events = [Response(customer_id="c", metric="nps", score=score, time=NOW) for score in (3, 11, 9)]
    with _client(gateway) as client:
        results = client.send(events)
    assert [result.accepted for result in results] == [True, False, True]
    assert (results[1].reason, results[1].field, results[1].problem) == (
        "scale", "data.score", "outside its scale 0..10",
    )  # fmt: skip
    assert results[1].id == events[1].id


def test_a_rejected_single_event_raises(gateway: StubGateway) -> None:
    with _client(gateway) as client, pytest.raises(RefusedError, match=r"data\.score: outside its scale") as refused:
        client.response("c", "nps", 11)
    assert (refused.value.status, refused.value.reason, refused.value.field) == (400, "scale", "data.score")


@pytest.mark.parametrize(
    "fault",
    [
        Fault(503),
        Fault(429),
        Fault(500),
        Fault(reset=True),
        Fault(reset=True, applied=True),
        Fault(503, applied=True),
    ],
    ids=["503", "429", "500", "reset", "reset after it was taken", "503 after it was taken"],
)
def test_a_lost_answer_is_sent_again_under_the_same_ids(gateway: StubGateway, fault: Fault) -> None:
    gateway.faults = [fault, fault]
    events = [Touchpoint(customer_id="c", touchpoint="t") for _ in range(3)]
    sleeps = Sleeps()
    with _client(gateway, sleeps) as client:
        results = client.send(events)
    assert [result.id for result in results] == [event.id for event in events]
    assert len({body for _, body in gateway.requests}) == 1
    assert len(gateway.requests) == 3
    assert set(gateway.ids()) == {event.id for event in events}
    assert len(sleeps.slept) == 2


def test_retry_after_is_honoured(gateway: StubGateway) -> None:
    gateway.faults = [Fault(429, {"Retry-After": "7"}), Fault(503, {"Retry-After": "0"})]
    sleeps = Sleeps()
    with _client(gateway, sleeps) as client:
        client.touchpoint("c", "t")
    assert sleeps.slept[0] == 7.0
    assert 0.2 <= sleeps.slept[1] <= 0.4


def test_a_connection_that_the_server_closed_is_no_failure(gateway: StubGateway) -> None:
    gateway.faults = [Fault(close_after=True)]
    sleeps = Sleeps()
    with _client(gateway, sleeps) as client:
        client.touchpoint("c", "t", id="1")
        client.touchpoint("c", "t", id="2")
    assert gateway.ids() == ["1", "2"]
    assert sleeps.slept == []


def test_it_gives_up_clearly_when_time_is_over(gateway: StubGateway) -> None:
    gateway.faults = [Fault(503) for _ in range(100)]
    sleeps = Sleeps()
    with _client(gateway, sleeps, retry_for=20.0) as client, pytest.raises(UnavailableError) as gone:
        client.touchpoint("c", "t")
    assert sleeps.now <= 20.0
    assert len(gateway.requests) == gone.value.attempts == len(sleeps.slept) + 1 > 4
    assert "gave up after trying" in str(gone.value)
    assert "503" in str(gone.value)


def test_a_gateway_that_is_not_there_is_named(unused_url: str) -> None:
    place = unused_url.removeprefix("http://")
    told = f": {place}/loop does not answer .*refused"
    url = unused_url.replace("//", "//user:secret@") + "/loop"
    with Client(url, retry_for=0) as client, pytest.raises(UnavailableError, match=told):
        client.touchpoint("c", "t")


def test_an_error_in_the_middle_says_what_was_answered_before(gateway: StubGateway) -> None:
    events = [Touchpoint(customer_id="c", touchpoint="t", id=f"e{n}", time=NOW) for n in range(1500)]

    refusal = b'{"error":{"reason":"unauthorized","field":"","problem":"no such key"}}'

    class Late(StubGateway):
        def handle(self, headers: dict[str, str], body: bytes) -> Fault:
            return super().handle(headers, body) if not self.requests else Fault(401, body=refusal)

    with running(Late()) as late, _client(late) as client, pytest.raises(RefusedError, match="no such key") as refused:
        client.send(events)
    assert [result.id for result in refused.value.results] == [f"e{n}" for n in range(1000)]


def test_another_server_is_recognised(gateway: StubGateway) -> None:
    gateway.faults = [Fault(404, body=b"<html>")]
    with _client(gateway) as client, pytest.raises(RefusedError, match="check the url"):
        client.touchpoint("c", "t")
    gateway.faults = [Fault(202, body=b'{"results": []}')]
    with _client(gateway) as client, pytest.raises(RefusedError, match="check the url"):
        client.touchpoint("c", "t")


def test_threads_share_a_client(gateway: StubGateway) -> None:
    with _client(gateway) as client:

        def work(name: int) -> None:
            for n in range(20):
                client.touchpoint("c", "t", id=f"{name}/{n}")

        threads = [threading.Thread(target=work, args=(name,)) for name in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert sorted(gateway.ids()) == sorted(f"{name}/{n}" for name in range(8) for n in range(20))


def test_a_closed_client_says_so(gateway: StubGateway) -> None:
    client = _client(gateway)
    client.close()
    with pytest.raises(RuntimeError, match="closed"):
        client.touchpoint("c", "t")


@pytest.mark.parametrize("url", ["", "ftp://x", "http://", "http://x:99999", "http://x:y"])
def test_an_address_that_is_none_is_refused_at_once(url: str) -> None:
    with pytest.raises(ValueError, match="url: "):
        Client(url)


@pytest.mark.parametrize("key", ["a b", "a\nb", "é", "a\r\nX-Evil: 1"])
def test_a_key_that_is_none_is_refused_without_showing_it(key: str) -> None:
    with pytest.raises(ValueError, match="key: ") as refused:
        Client("http://127.0.0.1:1", key)
    assert key not in str(refused.value)


def test_events_that_cannot_be_encoded_are_refused_before_they_are_sent() -> None:
    with pytest.raises(ValueError, match="time: has no zone"):
        encode(Touchpoint(customer_id="c", touchpoint="t", time=datetime(2026, 11, 21)))  # noqa: DTZ001
    with pytest.raises(ValueError, match="surrogate"):
        encode(Touchpoint(customer_id="\ud800", touchpoint="t"))
    with pytest.raises(ValueError, match="not JSON compliant"):
        encode(Touchpoint(customer_id="c", touchpoint="t", attributes={"a": float("nan")}))


@given(st.integers(1, 100), st.floats(0, 1))
def test_pauses_double_within_their_bounds(failures: int, jitter: float) -> None:
    pause = Patience(first_pause=0.2, longest_pause=10.0).pause(failures, jitter)
    exact = min(10.0, 0.2 * 2 ** (failures - 1))
    assert exact / 2 <= pause <= exact


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        (None, 0),
        ("12", 12),
        (" 3 ", 3),
        ("soon", 0),
        ("-5", 0),
        ("Sat, 21 Nov 2026 12:00:30 GMT", 30),
        ("Sat, 21 Nov 2026 11:00:00 GMT", 0),
    ],
)
def test_retry_after_in_both_its_forms(header: str | None, seconds: float) -> None:
    assert seconds_to_wait(header, NOW) == seconds


def test_patience_is_measured_in_time_that_requests_take_too() -> None:
    class Slow(Sleeps):
        def clock(self) -> float:
            self.now += 6.0
            return self.now

    slow = Slow()
    transport = Transport("http://127.0.0.1:1", None, 1.0, clock=slow.clock, sleep=slow.sleep)
    with pytest.raises(UnavailableError) as gone:
        transport.post("/", b"", "text/plain", Patience(10.0))
    assert gone.value.attempts == 2


BRIDGES = {
    "kafka_destination.py": {"kafka"},
    "kafka_tokens.py": {"kafka"},
    "asgi.py": {"starlette"},
    "django.py": {"django", "asgiref"},
    "flask.py": {"flask"},
    "otel.py": {"opentelemetry"},
    "pytest_plugin.py": {"pytest"},
}
"""What only those who use it have to have, and kafka-python, which is loaded where Kafka is used."""


def test_the_client_needs_nothing_but_python() -> None:
    for file in PACKAGE.glob("*.py"):
        allowed = BRIDGES.get(file.name, set())
        for node in ast.walk(ast.parse(file.read_text())):
            names = (
                [alias.name for alias in node.names]
                if isinstance(node, ast.Import)
                else [node.module or ""]
                if isinstance(node, ast.ImportFrom)
                else []
            )
            for name in names:
                top = name.split(".")[0]
                known = top in ("closeloop_client", *allowed) or top in sys.stdlib_module_names
                assert known, f"{file.name} imports {name}"


def test_the_readme_s_examples_run(gateway: StubGateway) -> None:
    readme = (PACKAGE.parent / "README.md").read_text()
    blocks = [part.split("```")[0] for part in readme.split("```python\n")[1:]]
    assert len(blocks) >= 3
    for block in blocks:
        code = block.replace("https://closeloop.example.com", gateway.url)
        assert code != block or "https" not in block
        exec(compile(code, "README.md", "exec"), {"__name__": "readme"})
    assert len(gateway.taken) >= 4
    reader = EventReader(DEFAULT_METRICS)
    for event in gateway.taken:
        reader.read(json.dumps(event).encode(), datetime.now(UTC) + timedelta(seconds=1))
