"""Logging, OpenTelemetry, the fake, the environment, and the guide's examples."""

from __future__ import annotations

import json
import logging
import re
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.trace import Status, StatusCode

from closeloop_client import Emitter, Kafka, Response
from closeloop_client.environment import read_environment
from closeloop_client.logs import TouchpointHandler
from closeloop_client.otel import TouchpointProcessor
from closeloop_client.testing import FakeEmitter
from schemas.cloudevents import EventReader
from schemas.scales import DEFAULT_METRICS
from tests.client.stub import StubGateway

GUIDE = Path(__file__).parents[2] / "docs/emit/python.md"


def test_marked_records_become_touchpoints(fake_emitter: FakeEmitter, caplog: pytest.LogCaptureFixture) -> None:
    log = logging.getLogger("tests.bridge")
    handler = TouchpointHandler(fake_emitter)
    log.addHandler(handler)
    try:
        log.warning("nothing to do with a customer")
        log.warning("to %s", "Ana", extra={"touchpoint": {"customer_id": "c1", "touchpoint": "parcel.scanned"}})
        log.error("lost", extra={"touchpoint": {"customer_id": "c2", "touchpoint": "parcel.scanned", "duration_ms": 3}})
        log.error("x", extra={"touchpoint": {"customer_id": "c3", "touchpoint": "a", "outcome": "late", "id": "e3"}})
        log.error("bad", extra={"touchpoint": {"customer_id": "", "touchpoint": "a"}})
        log.error("bad", extra={"touchpoint": {"touchpoint": "a"}})
        log.error("bad", extra={"touchpoint": {"customer_id": "c", "touchpoint": "a", "colour": "red"}})
    finally:
        log.removeHandler(handler)
    found = [(event.customer_id, event.touchpoint, event.outcome) for event in fake_emitter.touchpoints]
    assert found == [("c1", "parcel.scanned", "ok"), ("c2", "parcel.scanned", "failed"), ("c3", "a", "late")]
    assert fake_emitter.touchpoints[2].id == "e3"
    assert abs(fake_emitter.touchpoints[0].time - datetime.now(UTC)) < timedelta(minutes=1)
    assert b"Ana" not in b"".join(fake_emitter.encoded)
    assert [record.getMessage() for record in caplog.records if record.name == "closeloop_client"] == [
        "closeloop: 1 log records carry no fit touchpoint, the last: customer_id: is empty"
    ]  # the second and third within a minute are counted


def test_spans_become_touchpoints_of_their_own_trace(fake_emitter: FakeEmitter) -> None:
    provider = TracerProvider()
    provider.add_span_processor(
        TouchpointProcessor(fake_emitter, names={"GET /pay": "order.paid"}, attributes={"shop.region": "region"})
    )
    tracer = provider.get_tracer("tests")
    begun = 1_795_000_000_000_000_000
    with tracer.start_as_current_span("outer") as outer:
        span = tracer.start_span("checkout", start_time=begun)
        span.set_attributes({"closeloop.customer_id": "c1", "closeloop.touchpoint": "checkout", "shop.region": "SP"})
        span.set_status(Status(StatusCode.ERROR))
        span.end(begun + 83_000_000)
        paid = tracer.start_span("GET /pay", attributes={"closeloop.customer_id": "c2"})
        paid.end()
        tracer.start_span("GET /pay").end()  # nobody's
        trace = f"{outer.get_span_context().trace_id:032x}"
    first, second = fake_emitter.touchpoints
    assert (first.customer_id, first.touchpoint, first.outcome) == ("c1", "checkout", "failed")
    assert (first.duration_ms, dict(first.attributes)) == (83, {"region": "SP"})
    assert first.time == datetime.fromtimestamp(begun / 1e9, UTC) + timedelta(milliseconds=83)
    assert re.fullmatch(rf"00-{trace}-{span.get_span_context().span_id:016x}-0[13]", first.traceparent)
    assert json.loads(fake_emitter.encoded[0])["traceparent"] == first.traceparent
    assert first.id == f"span:{trace}:{span.get_span_context().span_id:016x}"
    assert (second.touchpoint, second.outcome) == ("order.paid", "ok")
    reader = EventReader(DEFAULT_METRICS)
    for encoded in fake_emitter.encoded:
        reader.read(encoded, datetime(2027, 1, 1, tzinfo=UTC))


def test_an_event_within_a_span_carries_it(fake_emitter: FakeEmitter) -> None:
    with TracerProvider().get_tracer("tests").start_as_current_span("request") as span:
        fake_emitter.touchpoint("c", "t")
    context = span.get_span_context()
    carried = json.loads(fake_emitter.encoded[0])["traceparent"]
    assert carried.startswith(f"00-{context.trace_id:032x}-{context.span_id:016x}-0")


def test_the_fake_checks_as_the_real_one_does(fake_emitter: FakeEmitter) -> None:
    with pytest.raises(ValueError, match=r"^score: outside its scale 0\.\.10"):
        fake_emitter.response("c", "nps", 11)
    fake_emitter.response("c", "nps", 10)
    fake_emitter.touchpoint("c", "t")
    assert [event.score for event in fake_emitter.responses] == [10]
    assert [event.touchpoint for event in fake_emitter.touchpoints] == ["t"]
    assert fake_emitter.flush()
    assert fake_emitter.stats.delivered == 2
    fake_emitter.clear()
    assert fake_emitter.events == []
    lenient = FakeEmitter(on_invalid="drop")
    lenient.emit(Response(customer_id="c", metric="nps", score=11))
    assert lenient.invalid == ["score: outside its scale 0..10"]
    public = {name for name in dir(Emitter) if not name.startswith("_")} - {"from_environment"}
    assert public <= set(dir(FakeEmitter))


def test_the_environment_says_where_to(gateway: StubGateway, tmp_path: Path) -> None:
    (tmp_path / "key").write_text("k1\n")
    environ = {"CLOSELOOP_URL": gateway.url, "CLOSELOOP_API_KEY_FILE": str(tmp_path / "key"), "CLOSELOOP_SOURCE": "/s",
               "CLOSELOOP_SPOOL": str(tmp_path / "spool"), "CLOSELOOP_WHEN_FULL": ""}  # fmt: skip
    with Emitter.from_environment(environ) as emitter:
        emitter.touchpoint("c", "t")
        assert list((tmp_path / "spool").iterdir())
    assert gateway.requests[0][0]["authorization"] == "Bearer k1"
    assert gateway.taken[0]["source"] == "/s"
    said = read_environment({"KAFKA_BOOTSTRAP_SERVERS": "a:9092, b:9092", "KAFKA_SECURITY_PROTOCOL": "SSL"})
    assert isinstance(said.destination, Kafka)
    assert str(said.destination) == "Kafka at a:9092,b:9092"
    assert said.destination._options["security_protocol"] == "SSL"


@pytest.mark.parametrize(
    ("environ", "name"),
    [
        ({}, "CLOSELOOP_URL"),
        ({"CLOSELOOP_URL": "ftp://x"}, "CLOSELOOP_URL"),
        ({"CLOSELOOP_URL": "http://x", "CLOSELOOP_API_KEY": "a secret"}, "CLOSELOOP_API_KEY"),
        ({"CLOSELOOP_URL": "http://x", "CLOSELOOP_BUFFER_EVENTS": "many"}, "CLOSELOOP_BUFFER_EVENTS"),
        ({"CLOSELOOP_URL": "http://x", "CLOSELOOP_API_KEY_FILE": "/no/such"}, "CLOSELOOP_API_KEY_FILE"),
    ],
)
def test_a_wrong_variable_is_named(environ: dict[str, str], name: str) -> None:
    with pytest.raises(ValueError, match=f"^{name}: ") as refused:
        Emitter.from_environment(environ)
    assert "secret" not in str(refused.value)


def test_kafka_s_options_are_checked_at_once() -> None:
    with pytest.raises(ValueError, match="options: kafka-python's producer knows no sasl_mechanic"):
        Kafka("127.0.0.1:1", sasl_mechanic="PLAIN")
    with pytest.raises(ValueError, match=r"^bootstrap_servers: "):
        Kafka(" , ")


def test_the_guide_s_examples_run(gateway: StubGateway, caplog: pytest.LogCaptureFixture) -> None:
    blocks = re.findall(r"```python\n(.*?)```", GUIDE.read_text(), re.DOTALL)
    assert len(blocks) == 10
    before = {*threading.enumerate()}
    made: list[Emitter] = []

    class Kept(Emitter):
        def __init__(self, *to: object, **options: object) -> None:
            super().__init__(*to, **{"linger": 0.0, **options})  # type: ignore[arg-type]
            made.append(self)

    for block in blocks:
        code = block.replace("http://127.0.0.1:8080", gateway.url)
        scope: dict[str, object] = {"__name__": "guide", "FAKE": Kept}
        code = re.sub(r"^(from closeloop_client import .*)$", r"\1\nEmitter = FAKE", code, flags=re.MULTILINE)
        exec(compile(code, "python.md", "exec", dont_inherit=True), scope)
    for emitter in made:
        emitter.close(30)
    names = [event["data"].get("touchpoint") for event in gateway.taken]
    assert sorted(name or "answer" for name in names) == [
        "answer", "chat.closed", "checkout.completed", "order.delivered", "order.placed", "parcel.scanned",
    ]  # fmt: skip
    reader = EventReader(DEFAULT_METRICS)
    for event in gateway.taken:
        reader.read(json.dumps(event).encode(), datetime.now(UTC) + timedelta(seconds=1))
    assert [one for one in {*threading.enumerate()} - before if one.name == "closeloop-emitter"] == []
