"""Which records of a chunk have spans, and what is sent with what came of them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime

import msgspec

from schemas.alerts import Alert
from schemas.deadletters import DeadLetter
from schemas.signals import SIGNAL
from schemas.tracing import Attributes, Kind, Span, Tracing
from streams.counting.outcome import Outcome
from streams.kafka.forwarding import FORWARDED, Forward
from streams.kafka.traced import NOTHING, tell

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


def context(number: int, sampled: bool = True) -> str:
    return f"00-{number:032x}-{number:016x}-0{int(sampled)}"


class Record(msgspec.Struct):
    """What the fetch delivers."""

    offset: int
    value: bytes | None
    headers: list[tuple[str, bytes]] = []
    timestamp: int = 0
    key: bytes | None = None


def event(offset: int, *, hop: str | None = None, own: str | None = None) -> Record:
    body = {"id": f"e{offset}", "source": "/shop"} | ({"traceparent": own} if own else {})
    return Record(offset, json.dumps(body).encode(), [("traceparent", hop.encode())] if hop else [])


def alert(offset: int, number: int = 0) -> Alert:
    return Alert(
        id=f"a{offset}.{number}", rule="detractor", reason="", severity="normal", programme="feedback",
        customer_id="c1", event_source="/shop", event_id=f"e{offset}", event_time=NOW, detected_at=NOW,
    )  # fmt: skip


def letter(offset: int) -> DeadLetter:
    return DeadLetter(
        id="d",
        topic="cx.responses", partition=0, offset=offset, reason="not_json", field="", problem="", at=NOW,
        key=None, value=None, headers=[],
    )  # fmt: skip


class Named(Span):
    """A step that was asked for."""

    def __init__(self, traceparent: str) -> None:
        self.traceparent = traceparent
        self.failed = ""

    def fail(self, kind: str) -> None:
        self.failed = kind


class Remembering(Tracing):
    """Follows everything, and remembers what it was asked for."""

    on = True

    def __init__(self) -> None:
        self.made: list[tuple[str, str | None, str, Attributes, Named]] = []

    @contextmanager
    def span(
        self, name: str, kind: Kind, parent: str | None, attributes: Mapping[str, str | int | bool] | None = None, *,
        identity: str = "", since: int | None = None,
    ) -> Iterator[Span]:  # fmt: skip
        assert since == 5
        step = Named(context(1000 + len(self.made)))
        self.made.append((name, parent, identity, attributes or {}, step))
        yield step


def test_only_what_came_to_something_and_is_sampled_has_a_span() -> None:
    tracing = Remembering()
    records = [
        event(10, hop=context(1)),
        event(11, own=context(2)),
        event(12, hop=context(3, sampled=False)),
        event(13),
        event(14, hop=context(4)),  # good: nothing came of it
        event(15, hop=context(5)),
    ]
    outcome = Outcome([alert(10), alert(10, 1), alert(11), alert(12), alert(13)], [letter(15)], [])
    told = tell(tracing, "cx.responses", 2, records, outcome, 5)
    assert [(name, parent, identity) for name, parent, identity, _, _ in tracing.made] == [
        ("process cx.responses", context(1), "2/10"),
        ("process cx.responses", context(2), "2/11"),
        ("process cx.responses", context(5), "2/15"),
    ]
    assert [attributes["closeloop.alerts"] for _, _, _, attributes, _ in tracing.made] == [2, 1, 0]
    first, second, third = (step for _, _, _, _, step in tracing.made)
    assert third.failed == "dead letter"
    assert told.alerts == {
        "a10.0": (("traceparent", context(1000).encode()),),
        "a10.1": (("traceparent", context(1000).encode()),),
        "a11.0": (("traceparent", context(1001).encode()),),
    }
    assert told.causes[15] == (("traceparent", context(1002).encode()),)
    assert (first.failed, second.failed) == ("", "")


def test_an_event_in_binary_mode_is_found_by_its_headers() -> None:
    record = Record(3, b"{}", [("ce_id", b"e3"), ("ce_source", b"/shop"), ("ce_traceparent", context(7).encode())])
    told = tell(Remembering(), "cx.responses", 0, [record], Outcome([alert(3)], [], []), 5)
    assert set(told.alerts) == {"a3.0"}


def test_a_signal_carries_the_trace_on_and_a_forward_its_own() -> None:
    signal = Forward("cx.responses", None, b"c1", b"{}", [(SIGNAL, b"cx.touchpoints/0/4")])
    forward = Forward("cx.touchpoints", 1, b"c1", b"{}", [("traceparent", b"x"), (FORWARDED, b"cx.touchpoints/0/5")])
    records = [event(4, hop=context(1)), event(5, hop=context(2))]
    told = tell(Remembering(), "cx.touchpoints", 0, records, Outcome([], [], [signal, forward]), 5)
    assert told.of_forward(signal) == [(SIGNAL, b"cx.touchpoints/0/4"), ("traceparent", context(1000).encode())]
    assert told.of_forward(forward) == forward.headers


def test_a_chunk_that_has_nothing_to_say_is_not_looked_at() -> None:
    assert tell(Remembering(), "cx.responses", 0, [event(1, hop=context(1))], Outcome([], [], []), 5) is NOTHING
    assert tell(Remembering(), "cx.responses", 0, [event(1)], Outcome([alert(1)], [], []), 5) is NOTHING
