"""What the middleware and the bridges do to their host: nothing it would notice, and nothing anybody could read."""

from __future__ import annotations

import asyncio
import logging
import sys
import types
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from opentelemetry.sdk.trace import TracerProvider

from closeloop_client import Delivery, Emitter
from closeloop_client.asgi import TouchpointMiddleware
from closeloop_client.logs import TouchpointHandler
from closeloop_client.otel import TouchpointProcessor
from closeloop_client.testing import FakeEmitter
from closeloop_client.tracing import traceparent
from tests.client.test_emitter import Recorder
from tests.client.waiting import wait_until

SCOPE = {"type": "http", "method": "GET", "route": types.SimpleNamespace(path="/orders")}


def serve(app: Any, fake: FakeEmitter, send: Any = None, scope: Any = None, **options: Any) -> list[dict[str, Any]]:
    """One request, without a server between."""
    sent: list[dict[str, Any]] = []

    async def keep(message: Any) -> None:
        sent.append(message)

    options = {"customer": lambda _: "c42", **options}
    middleware = TouchpointMiddleware(app, emitter=fake, **options)
    asyncio.run(middleware(scope or dict(SCOPE), None, send or keep))  # type: ignore[arg-type]
    return sent


async def well(_scope: Any, _receive: Any, send: Any) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"well"})


@pytest.mark.parametrize("callable_", ["customer", "attributes"])
def test_what_the_host_s_callables_say_of_a_customer_is_not_logged(
    callable_: str, fake_emitter: FakeEmitter, caplog: pytest.LogCaptureFixture
) -> None:
    def fails(_: Any) -> Any:
        return int("Ana Silva")  # a ValueError with the text in it

    assert len(serve(well, fake_emitter, **{callable_: fails})) == 2
    assert fake_emitter.events == []
    assert "ValueError" in caplog.text
    assert "Ana" not in caplog.text


def test_a_customer_that_cannot_be_written_down_is_not_logged_either(
    fake_emitter: FakeEmitter, caplog: pytest.LogCaptureFixture
) -> None:
    class Customer:
        def __str__(self) -> str:
            raise ValueError("Ana Silva")

    serve(well, fake_emitter, customer=lambda _: Customer())
    assert "ValueError" in caplog.text
    assert "Ana" not in caplog.text


@pytest.mark.parametrize("error", [asyncio.CancelledError, KeyboardInterrupt, SystemExit])
def test_the_end_of_a_request_from_outside_passes_untouched(
    error: type[BaseException], fake_emitter: FakeEmitter
) -> None:
    raised = error()

    async def ended(*_: Any) -> None:
        raise raised

    with pytest.raises(error):
        serve(ended, fake_emitter)
    assert fake_emitter.events == []


def test_an_answer_that_nobody_waited_for_is_no_failure_of_the_app(fake_emitter: FakeEmitter) -> None:
    async def gone(_: Any) -> None:
        raise ConnectionResetError

    with pytest.raises(ConnectionResetError):
        serve(well, fake_emitter, send=gone)
    assert [event.outcome for event in fake_emitter.touchpoints] == ["ok"]

    async def fails_with_a_file(_scope: Any, _receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        raise FileNotFoundError

    with pytest.raises(FileNotFoundError):
        serve(fails_with_a_file, fake_emitter)
    assert [event.outcome for event in fake_emitter.touchpoints] == ["ok", "failed"]


def test_facts_may_be_awaited(fake_emitter: FakeEmitter) -> None:
    async def attributes(_: Any) -> dict[str, str]:
        await asyncio.sleep(0)
        return {"region": "SP"}

    serve(well, fake_emitter, attributes=attributes)
    assert dict(fake_emitter.touchpoints[0].attributes) == {"http_status": 200, "region": "SP"}


def test_an_answer_that_ends_twice_is_one_touchpoint(fake_emitter: FakeEmitter) -> None:
    async def twice(scope: Any, receive: Any, send: Any) -> None:
        await well(scope, receive, send)
        await send({"type": "http.response.body", "body": b""})
        raise RuntimeError("in a task behind the answer")

    with pytest.raises(RuntimeError, match="behind"):
        serve(twice, fake_emitter)
    assert [event.outcome for event in fake_emitter.touchpoints] == ["ok"]


def test_websockets_and_lifespans_pass(fake_emitter: FakeEmitter) -> None:
    for kind in ("websocket", "lifespan"):

        async def app(scope: Any, receive: Any, send: Any, kind: str = kind) -> None:
            assert (scope, receive) == ({"type": kind}, None)
            await send({"type": f"{kind}.done"})

        assert serve(app, fake_emitter, scope={"type": kind}) == [{"type": f"{kind}.done"}]
    assert fake_emitter.events == []


@pytest.fixture
def root_handler() -> Iterator[Callable[[Any], None]]:
    """A bridge at the root of the host's log, whose every record carries a touchpoint."""
    added: list[logging.Handler] = []
    make = logging.getLogRecordFactory()

    def carrying(*args: Any, **more: Any) -> logging.LogRecord:
        record = make(*args, **more)
        record.touchpoint = {"customer_id": "c42", "touchpoint": "logged"}
        return record

    def add(emitter: Any) -> None:
        added.append(TouchpointHandler(emitter))
        logging.getLogger().addHandler(added[-1])
        logging.setLogRecordFactory(carrying)

    yield add
    logging.setLogRecordFactory(make)
    for handler in added:
        logging.getLogger().removeHandler(handler)


def test_what_the_sending_logs_is_no_touchpoint(
    root_handler: Callable[[Any], None], emitter: Callable[..., Emitter]
) -> None:
    class Talking(Recorder):
        def deliver(self, batch: Any) -> Any:
            logging.getLogger("kafka.producer.sender").error("sending %d", len(batch))
            return super().deliver(batch)

    def ended(delivery: Delivery) -> None:
        logging.getLogger("shop").error("%s is %s", delivery.id, delivery.status)

    recorder = Talking("away")
    client = emitter(recorder, on_delivery=ended)
    root_handler(client)
    logging.getLogger("shop").error("parcel lost")
    logging.getLogger("kafka.net").error("of another thread of kafka-python")
    assert client.flush(30)
    client.touchpoint("c", "t", id="last")
    assert client.flush(30)
    assert client.stats.delivered == 2
    assert client.stats.accepted == 2


def test_a_log_of_each_drop_comes_to_an_end(
    root_handler: Callable[[Any], None], emitter: Callable[..., Emitter]
) -> None:
    def ended(delivery: Delivery) -> None:
        logging.getLogger("shop").error("%s is %s", delivery.id, delivery.status)

    recorder = Recorder()
    recorder.open.clear()
    client = emitter(recorder, buffer_events=1, on_delivery=ended)
    root_handler(client)
    client.touchpoint("c", "t", id="waits")
    client.touchpoint("c", "t", id="dropped")
    assert client.stats.dropped == 2  # and the one that was logged of it
    recorder.open.set()
    assert client.flush(30)


def test_a_bridge_raises_nothing_into_its_host(caplog: pytest.LogCaptureFixture) -> None:
    class Failing(FakeEmitter):
        def emit(self, event: Any) -> str:
            raise OSError("c42")

    handler = TouchpointHandler(Failing())
    record = logging.makeLogRecord({"touchpoint": {"customer_id": "c42", "touchpoint": "t"}})
    handler.handle(record)
    provider = TracerProvider()
    provider.add_span_processor(TouchpointProcessor(Failing()))
    with provider.get_tracer("tests").start_as_current_span("s") as span:
        span.set_attributes({"closeloop.customer_id": "c42", "closeloop.touchpoint": "t"})
    assert len([one for one in caplog.records if one.name == "closeloop_client"]) == 2
    assert "c42" not in caplog.text


def test_spans_of_the_sending_are_no_touchpoints(emitter: Callable[..., Emitter]) -> None:
    provider = TracerProvider()
    tracer = provider.get_tracer("tests")

    class Traced(Recorder):
        def deliver(self, batch: Any) -> Any:
            with tracer.start_as_current_span("send", attributes={"closeloop.customer_id": "c"}):
                return super().deliver(batch)

    recorder = Traced()
    client = emitter(recorder)
    provider.add_span_processor(TouchpointProcessor(client, names={"send": "sent"}))
    client.touchpoint("c", "t", id="1")
    assert client.flush(30)
    tracer.start_span("send", attributes={"closeloop.customer_id": "c"}).end()  # the host's own
    assert client.flush(30)
    wait_until(lambda: client.stats.delivered == 2)
    assert client.stats.accepted == 2


def test_a_library_that_is_just_being_imported_is_no_trace(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "opentelemetry.trace", types.ModuleType("opentelemetry.trace"))
    assert traceparent() is None
