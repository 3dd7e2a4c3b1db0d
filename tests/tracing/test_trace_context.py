"""Trace contexts in headers and events."""

from __future__ import annotations

import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from schemas.trace_context import is_sampled, is_traceparent, of_event, of_event_record, of_headers, of_record

# The example of W3C's specification.
EXAMPLE = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
OTHER = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00"


def test_the_specifications_own_examples() -> None:
    assert is_traceparent(EXAMPLE)
    assert is_sampled(EXAMPLE)
    assert is_traceparent(OTHER)
    assert not is_sampled(OTHER)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7",
        "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
        "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
        "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
        EXAMPLE + "\n",
        EXAMPLE + "-" + "a" * 300,
    ],
)
def test_what_is_no_trace_context(text: str) -> None:
    assert not is_traceparent(text)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])  # shared machines stall
@given(st.binary(max_size=200), st.lists(st.tuples(st.sampled_from(["traceparent", "x"]), st.binary(max_size=80))))
def test_whatever_comes_is_a_context_or_none(value: bytes, headers: list[tuple[str, bytes]]) -> None:
    found = of_record(value, headers)
    assert found is None or is_traceparent(found)


def test_the_hop_comes_before_the_event() -> None:
    value = json.dumps({"traceparent": EXAMPLE}).encode()
    assert of_record(value, [("traceparent", OTHER.encode())]) == OTHER
    assert of_record(value, [("traceparent", b"nonsense")]) == EXAMPLE
    assert of_headers([("ce_traceparent", EXAMPLE.encode()), ("traceparent", OTHER.encode())]) == OTHER


def test_what_an_event_brought_is_not_a_hops() -> None:
    assert of_event_record(b"{}", [("traceparent", OTHER.encode())]) is None
    assert of_event_record(b"{}", [("ce_traceparent", EXAMPLE.encode())]) == EXAMPLE


@pytest.mark.parametrize("value", [None, b"", b'{"traceparent":5}', b'{"traceparent":"x"}', b'"traceparent"', b"\xff"])
def test_an_event_without_a_context(value: bytes | None) -> None:
    assert of_event(value) is None
