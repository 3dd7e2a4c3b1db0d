"""One event from an app's call to the sandbox's Slack message, as one trace; and again after kills and redelivery."""

from __future__ import annotations

import re
import shutil
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import confluent_kafka
import pytest
from opentelemetry.sdk.trace import TracerProvider

from closeloop_client import Client
from closeloop_client.results import EventResult
from schemas.topics import ALERTS
from tests.fixtures.missing import lacking
from tests.loop.running import RunningLoop, running_loop, wait_until
from tests.tracing.collector import Collector, Seen, collecting

pytestmark = [pytest.mark.kafka, pytest.mark.faults, pytest.mark.timeout(300)]

STEPS = ["POST /v1/events", "process cx.responses", "process cx.alerts", "chat.postMessage"]
ROOMS = ["closeloop-gateway", "closeloop-streams", "closeloop-consumers", "closeloop-consumers"]
COMMENT, CUSTOMER = "it never arrived, call me", "customer-4711"


@pytest.fixture
def collector() -> Iterator[Collector]:
    with collecting() as running:
        yield running


@pytest.fixture
def loop(tmp_path: Path, collector: Collector) -> Iterator[RunningLoop]:
    """A loop that traces what it is asked to follow and nothing by itself."""
    if shutil.which("java") is None or shutil.which("mvn") is None:
        lacking("a real Kafka", "no JDK or no mvn (Debian: `apt install default-jre-headless maven`)")
    with running_loop(
        tmp_path,
        OTEL_EXPORTER_OTLP_ENDPOINT=collector.url,
        OTEL_TRACES_SAMPLER="parentbased_always_off",
        NO_PROXY="127.0.0.1",
    ) as running:
        yield running


def answer(number: int) -> dict[str, object]:
    """A bad answer as a CloudEvent."""
    return {
        "specversion": "1.0", "id": f"r-{number}", "source": "/shop", "type": "closeloop.response.v1",
        "time": datetime.now(UTC).isoformat(),
        "data": {"customer_id": f"{CUSTOMER}-{number}", "metric": "nps", "score": 2, "comment": COMMENT},
    }  # fmt: skip


def chain(spans: list[Seen], trace: str, first_parent: str) -> list[Seen]:
    """The steps of a trace from the app's own span on; each has one child."""
    found: list[Seen] = []
    parent = first_parent
    while True:
        children = {span.id: span for span in spans if span.trace == trace and span.parent == parent}
        if not children:
            return found
        assert len(children) == 1, children
        found += children.values()
        parent = found[-1].id


def whole(spans: list[Seen], trace: str) -> bool:
    return {span.name for span in spans if span.trace == trace} >= set(STEPS)


def test_one_event_is_one_trace(loop: RunningLoop, collector: Collector) -> None:
    # An app over plain HTTP: its trace comes in the request's header.
    trace, app = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
    sent = loop.http.post("/v1/events", json=answer(1), headers={"traceparent": f"00-{trace}-{app}-01"})
    assert sent.status_code == 202
    # One that is not sampled, and one without any: nobody follows them.
    loop.http.post("/v1/events", json=answer(2), headers={"traceparent": f"00-{'ab' * 16}-{app}-00"})
    loop.http.post("/v1/events", json=answer(3))
    # An app in Python with OpenTelemetry: the client puts its span into the event.
    result, client_trace, client_span = from_an_app(loop.url)
    assert result.accepted
    spans = collector.wait_for(lambda seen: whole(seen, trace) and whole(seen, client_trace), 60)

    for one, root in ((trace, app), (client_trace, client_span)):
        steps = chain(spans, one, root)
        assert [step.name for step in steps] == STEPS
        assert [step.service for step in steps] == ROOMS
        assert [step.failed for step in steps] == [""] * 4
        assert steps[1].attributes["messaging.destination.name"] == "cx.responses"
        assert steps[2].attributes["closeloop.case"] == steps[3].attributes["closeloop.case"]
        assert steps[2].attributes["closeloop.messages"] == 1

    wait_until(lambda: loop.cases() == 4 and loop.cards_behind() == 0, 60, lambda: f"{loop.cases()} cases")
    # The same again: after kill -9 of both rooms, from the app, and from the topic, as a worker that died does.
    before = len([span for span in collector.spans if span.name == "process cx.alerts"])
    loop.kill("streams")
    loop.kill("consumers")
    again = loop.http.post("/v1/events", json=answer(1) | {"time": datetime.now(UTC).isoformat()})
    assert again.status_code == 202
    assert repeat_alerts(bootstrap(loop)) == 4
    collector.wait_for(lambda seen: len([s for s in seen if s.name == "process cx.alerts"]) >= before + 2, 60)
    fresh = answer(5)
    loop.http.post("/v1/events", json=fresh, headers={"traceparent": f"00-{'cd' * 16}-{app}-01"})
    spans = collector.wait_for(lambda seen: whole(seen, "cd" * 16), 60)
    for one, root in ((trace, app), (client_trace, client_span), ("cd" * 16, app)):
        assert [step.name for step in chain(spans, one, root)] == STEPS
    assert {span.trace for span in spans} == {trace, client_trace, "cd" * 16}
    known = {(span.trace, span.id) for span in spans} | {(trace, app), (client_trace, client_span), ("cd" * 16, app)}
    assert [span for span in spans if (span.trace, span.parent) not in known] == []
    # One message each, whatever was delivered twice.
    assert len([span for span in spans if span.name == "chat.postMessage"]) == 3
    assert set(loop.cards().values()) == {1}

    # Nothing of people, nothing that an app wrote.
    for personal in (CUSTOMER, COMMENT, "it never", "r-1", "/shop", "grace", "Grace", "example.com"):
        assert personal not in collector.everything, personal


def from_an_app(url: str) -> tuple[EventResult, str, str]:
    """Send an answer as an app with a span of its own; the result, the trace's id and the span's."""
    tracer = TracerProvider(shutdown_on_exit=False).get_tracer("app")
    with tracer.start_as_current_span("checkout") as span, Client(url) as client:
        result = client.response(f"{CUSTOMER}-4", "nps", 1, comment=COMMENT)
        context = span.get_span_context()
        return result, f"{context.trace_id:032x}", f"{context.span_id:016x}"


def bootstrap(loop: RunningLoop) -> str:
    """Where the loop's Kafka is, as it said at its start."""
    found = re.search(r"^kafka ([\d.:,]+)", (loop.folder / "up.log").read_text(), re.MULTILINE)
    assert found
    return found[1]


def repeat_alerts(bootstrap: str) -> int:
    """Put every alert on its topic once more, headers and all."""
    consumer = confluent_kafka.Consumer(
        {"bootstrap.servers": bootstrap, "group.id": "again", "auto.offset.reset": "earliest"}
    )
    consumer.subscribe([ALERTS])
    found: list[confluent_kafka.Message] = []
    deadline = time.monotonic() + 30
    while len(found) < 4 and time.monotonic() < deadline:
        message = consumer.poll(0.5)
        if message is not None and message.error() is None:
            found.append(message)
    consumer.close()
    producer = confluent_kafka.Producer({"bootstrap.servers": bootstrap})
    for message in found:
        producer.produce(ALERTS, message.value(), message.key(), headers=message.headers())
    producer.flush(10)
    return len(found)
