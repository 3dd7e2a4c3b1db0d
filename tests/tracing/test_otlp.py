"""Spans against a collector over real HTTP: parents, ids, failures, and a collector that is not there."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator

import pytest

from schemas.settings import from_environment
from schemas.tracing import OFF, Tracing, TracingUnavailable, start_tracing
from tests.tracing.collector import Collector, collecting

PARENT = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
UNSAMPLED = PARENT[:-1] + "0"


@pytest.fixture
def collector() -> Iterator[Collector]:
    with collecting() as running:
        yield running


def tracing_to(url: str, monkeypatch: pytest.MonkeyPatch, sampler: str = "parentbased_always_on") -> Tracing:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", url)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setenv("OTEL_TRACES_SAMPLER", sampler)
    return start_tracing(from_environment().traces, "streams")


def test_it_is_off_without_an_endpoint() -> None:
    assert start_tracing(from_environment({}).traces, "streams") is OFF
    for off in ({"OTEL_SDK_DISABLED": "true"}, {"OTEL_TRACES_EXPORTER": "none"}):
        assert not from_environment({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:4318", **off}).traces
    with OFF.span("a", "server", PARENT) as span:
        span.note({"a": 1})
        span.fail("b")
    assert span.traceparent is None


def test_without_the_extra_it_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "schemas.otlp_tracing", None)
    monkeypatch.delitem(sys.modules, "schemas.otlp_tracing")
    for name in [name for name in sys.modules if name.startswith("opentelemetry")]:
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(TracingUnavailable, match=r"pip install 'closeloop\[otel\]'"):
        start_tracing(True, "streams")


def test_spans_follow_their_parents(collector: Collector, monkeypatch: pytest.MonkeyPatch) -> None:
    tracing = tracing_to(collector.url, monkeypatch)
    with (
        tracing.span("first", "server", PARENT, {"a": 1}) as first,
        tracing.span("second", "client", first.traceparent),
    ):
        pass
    with pytest.raises(ValueError, match="secret"), tracing.span("third", "client", first.traceparent):
        raise ValueError("the customer's secret")
    tracing.close()
    seen = {span.name: span for span in collector.spans}
    assert {span.trace for span in seen.values()} == {"4bf92f3577b34da6a3ce929d0e0e4736"}
    assert seen["first"].parent == "00f067aa0ba902b7"
    assert seen["second"].parent == seen["third"].parent == seen["first"].id
    assert seen["first"].attributes == {"a": 1}
    assert seen["first"].service == "closeloop-streams"
    assert seen["third"].failed == "ValueError"
    assert "secret" not in collector.everything


def test_a_step_done_again_has_the_same_id(collector: Collector, monkeypatch: pytest.MonkeyPatch) -> None:
    tracing = tracing_to(collector.url, monkeypatch)
    for identity in ("0/7", "0/7", "0/8", ""):
        with tracing.span("process", "consumer", PARENT, identity=identity):
            pass
    tracing.close()
    again, first, other, none = (span.id for span in collector.spans)
    assert again == first
    assert len({first, other, none}) == 3


def test_what_is_not_sampled_is_not_followed(collector: Collector, monkeypatch: pytest.MonkeyPatch) -> None:
    tracing = tracing_to(collector.url, monkeypatch, "parentbased_always_off")
    with tracing.span("a", "server", UNSAMPLED) as unsampled, tracing.span("b", "server", None) as root:
        assert unsampled.traceparent is None
        assert root.traceparent is None
    tracing.close()
    assert collector.spans == []


def test_a_hundredth_of_what_brings_no_trace(monkeypatch: pytest.MonkeyPatch) -> None:
    with collecting(503) as deaf:
        monkeypatch.setenv("OTEL_TRACES_SAMPLER", "")
        tracing = tracing_to(deaf.url, monkeypatch, "")
        made = 0
        for _ in range(20_000):
            with tracing.span("a", "server", None) as span:
                made += span.traceparent is not None
        tracing.close()
    # 20,000 at 1 %: 200, with a standard deviation of 14; six of them are never left.
    assert 115 < made < 285


def test_a_collector_that_is_not_there_holds_nothing_up(monkeypatch: pytest.MonkeyPatch, free_port: int) -> None:
    tracing = tracing_to(f"http://127.0.0.1:{free_port}", monkeypatch)
    with tracing.span("a", "server", PARENT):
        pass
    began = time.monotonic()
    tracing.close()
    assert time.monotonic() - began < 5
