"""What is read as usual is read the same as by the reader of all events, however values are put together."""

import json
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.cloudevents import EventReader
from schemas.deadletters import InvalidEvent
from schemas.events import Event
from schemas.scales import DEFAULT_METRICS
from schemas.usual_events import UsualReader, UsualResponseEvent, UsualTouchpointEvent

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
READER = EventReader(DEFAULT_METRICS)

GOOD: dict[str, Any] = {
    "specversion": "1.0",
    "id": "r1",
    "source": "/shop",
    "type": "closeloop.response.v1",
    "time": "2026-11-22T10:00:00Z",
    "data": {"customer_id": "c1", "metric": "nps", "score": 3, "attributes": {"region": "SP"}},
}


def encode(**changes: Any) -> bytes:
    data = {**GOOD["data"], **changes.pop("data", {})}
    return json.dumps({**GOOD, **changes, "data": data}, ensure_ascii=False).encode()


def plain(event: Event) -> object:
    return msgspec.to_builtins(event)


def whole(value: bytes) -> object | None:
    """The event as the reader of all events reads it; None for one it refuses."""
    try:
        return plain(READER.read(value, NOW))
    except InvalidEvent:
        return None


PARTS = [
    encode(),
    encode(id="ü" * 60, data={"comment": "atrasou de novo, não volto"}),
    encode(id="ü" * 200),
    encode(data={"scale_max": 5}),
    encode(data={"revises": "r0"}),
    encode(data={"score": "3"}),
    encode(datacontenttype="application/cloudevents+json"),
    encode(datacontenttype="text/plain"),
    encode(data_base64="aGk="),
    encode(type="closeloop.touchpoint.v1"),
    encode(unread={"deep": [1, {"x": "}\\n{"}]}),
    encode(data={"comment": "NUL \\u0000".replace("\\\\", "\\")}),
    b'{"x": "\\u0000", ' + encode()[1:],
    b'{"x": "\xff", ' + encode()[1:],
    encode() + encode(id="r2"),
    encode() + b" ",
    b" " + encode(),
    encode().replace(b", ", b",\n"),
    encode()[:-2],
    b'{"x":{}',
    b'{"x":[{}',
    b"{}]}",
    b"{}",
    b'{"a":"}',
    b'{"}',
    b"}",
    b"{",
    b"\n",
    b"[]",
    b"null",
    b"{" + b"[" * 5000 + b"}",
    encode(data={"comment": "x" * 70_000}),
]


@settings(deadline=None, max_examples=150)
@given(st.lists(st.sampled_from(PARTS), min_size=1, max_size=6))
def test_a_run_reads_as_its_records_one_by_one(values: list[bytes]) -> None:
    found = UsualReader(UsualResponseEvent).read(values)
    assert len(found) == len(values)
    for value, event in zip(values, found, strict=True):
        if event is not None:
            assert plain(event) == whole(value)


@settings(deadline=None, max_examples=150)
@given(st.binary(max_size=3), st.integers(0, 400), st.integers(0, 4))
def test_no_change_of_bytes_makes_a_wrong_event_usual(inserted: bytes, place: int, dropped: int) -> None:
    good = encode()
    at = place % len(good)
    changed = good[:at] + inserted + good[at + dropped :]
    run = UsualReader(UsualResponseEvent).read([good, changed, good])
    assert [event is not None for event in (run[0], run[2])] == [True, True]
    if run[1] is not None and run[1].time <= NOW and run[1].data.metric in DEFAULT_METRICS:
        scale = DEFAULT_METRICS[run[1].data.metric].scale
        if scale.holds(run[1].data.score) and run[1].time.year >= 1970:
            assert plain(run[1]) == whole(changed)


@pytest.mark.parametrize("usual", [PARTS[0], PARTS[1], PARTS[10]])
def test_the_usual_is_read_in_one_call(usual: bytes) -> None:
    assert None not in UsualReader(UsualResponseEvent).read([usual] * 3)


def test_touchpoints_have_their_own() -> None:
    value = encode(type="closeloop.touchpoint.v1", data={"touchpoint": "order.delivered"})
    (event,) = UsualReader(UsualTouchpointEvent).read([value])
    assert event is not None
    assert plain(event) == whole(value)
    assert UsualReader(UsualResponseEvent).read([value]) == [None]
