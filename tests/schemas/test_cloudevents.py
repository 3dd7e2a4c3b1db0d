"""The border: every bad input has its reason and field, no text shows a value, and any bytes have an answer."""

from __future__ import annotations

import copy
import json
import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.cloudevents import EventReader, arrival, context_attributes
from schemas.deadletters import InvalidEvent
from schemas.events import RESPONSE_TYPE, TOUCHPOINT_TYPE, Money, Response, ResponseEvent, TouchpointEvent
from schemas.scales import DEFAULT_METRICS, MetricSpec, Scale

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
SECRET = "zYx-secret-wVu"
READER = EventReader({**DEFAULT_METRICS, "effort": MetricSpec("mean", Scale(1, 5, higher_is_better=False))})
RESPONSE: dict[str, Any] = {
    "specversion": "1.0",
    "id": "r-981",
    "source": "/shop/surveys",
    "type": RESPONSE_TYPE,
    "time": "2026-11-21T10:20:00Z",
    "data": {"customer_id": "c42", "metric": "nps", "score": 3},
}
TOUCHPOINT: dict[str, Any] = {
    "specversion": "1.0",
    "id": "b1c7:delivered",
    "source": "/shop/orders",
    "type": TOUCHPOINT_TYPE,
    "time": "2026-11-21T10:15:02.120+01:00",
    "data": {"customer_id": "c42", "touchpoint": "order.delivered"},
}
MISSING = object()


def _changed(event: dict[str, Any], path: str, value: object) -> bytes:
    """The event as JSON with one field replaced, or removed where the value is MISSING."""
    changed = copy.deepcopy(event)
    *parents, last = path.split(".")
    node = changed
    for parent in parents:
        node = node.setdefault(parent, {})
    if value is MISSING:
        node.pop(last)
    else:
        node[last] = value
    return json.dumps(changed).encode()


def _refusal(value: bytes | None, attributes: dict[str, str] | None = None) -> InvalidEvent:
    with pytest.raises(InvalidEvent) as refused:
        READER.read(value, NOW, attributes)
    return refused.value


BAD_FIELDS: list[tuple[dict[str, Any], str, object, str, str]] = [
    # the envelope
    (RESPONSE, "specversion", MISSING, "specversion", "specversion"),
    (RESPONSE, "specversion", "0.3", "specversion", "specversion"),
    (RESPONSE, "specversion", SECRET, "specversion", "specversion"),
    (RESPONSE, "specversion", 1.0, "specversion", "specversion"),
    (RESPONSE, "type", MISSING, "type", "type"),
    (RESPONSE, "type", SECRET, "type", "type"),
    (RESPONSE, "type", 7, "type", "type"),
    (RESPONSE, "type", "closeloop.response.v2", "type", "type"),
    (RESPONSE, "id", MISSING, "missing", "id"),
    (RESPONSE, "id", "", "invalid", "id"),
    (RESPONSE, "id", 17, "invalid", "id"),
    (RESPONSE, "id", SECRET * 40, "invalid", "id"),
    (RESPONSE, "id", "é" * 129, "invalid", "id"),
    (RESPONSE, "id", SECRET + "\0", "invalid", "id"),
    (RESPONSE, "source", MISSING, "missing", "source"),
    (RESPONSE, "source", "", "invalid", "source"),
    (RESPONSE, "source", "é" * 129, "invalid", "source"),
    (RESPONSE, "time", MISSING, "missing", "time"),
    (RESPONSE, "time", "2026-11-21T10:20:00", "invalid", "time"),
    (RESPONSE, "time", "2026-11-21", "invalid", "time"),
    (RESPONSE, "time", SECRET, "invalid", "time"),
    (RESPONSE, "time", 1795256400, "invalid", "time"),
    (RESPONSE, "time", "2026-11-21T12:05:01Z", "future", "time"),
    (RESPONSE, "time", "9999-12-31T23:59:59-14:00", "future", "time"),
    (RESPONSE, "time", "1969-12-31T23:59:59Z", "invalid", "time"),
    (RESPONSE, "time", "0001-01-01T00:00:00+14:00", "invalid", "time"),
    (RESPONSE, "datacontenttype", "text/xml", "invalid", "datacontenttype"),
    (RESPONSE, "data_base64", SECRET, "invalid", "data_base64"),
    (RESPONSE, "data", MISSING, "missing", "data"),
    (RESPONSE, "data", SECRET, "invalid", "data"),
    (RESPONSE, "data", [], "invalid", "data"),
    (RESPONSE, "data", None, "invalid", "data"),
    # an answer
    (RESPONSE, "data.customer_id", MISSING, "missing", "data.customer_id"),
    (RESPONSE, "data.customer_id", "", "invalid", "data.customer_id"),
    (RESPONSE, "data.customer_id", 42, "invalid", "data.customer_id"),
    (RESPONSE, "data.customer_id", None, "invalid", "data.customer_id"),
    (RESPONSE, "data.customer_id", "é" * 129, "invalid", "data.customer_id"),
    (RESPONSE, "data.metric", MISSING, "missing", "data.metric"),
    (RESPONSE, "data.metric", SECRET, "metric", "data.metric"),
    (RESPONSE, "data.score", MISSING, "missing", "data.score"),
    (RESPONSE, "data.score", 11, "scale", "data.score"),
    (RESPONSE, "data.score", -1, "scale", "data.score"),
    (RESPONSE, "data.score", 3.5, "invalid", "data.score"),
    (RESPONSE, "data.score", "5", "invalid", "data.score"),
    (RESPONSE, "data.score", True, "invalid", "data.score"),
    (RESPONSE, "data.score", None, "invalid", "data.score"),
    (RESPONSE, "data.score", 10**30, "scale", "data.score"),
    (RESPONSE, "data.scale_max", 5, "scale", "data.scale_max"),
    (RESPONSE, "data.higher_is_better", False, "scale", "data.scale_max"),
    (RESPONSE, "data.comment", SECRET * 1000, "invalid", "data.comment"),
    (RESPONSE, "data.comment", 7, "invalid", "data.comment"),
    (RESPONSE, "data.comment", f"{SECRET}\0", "invalid", "data.comment"),
    (RESPONSE, "data.language", "x" * 36, "invalid", "data.language"),
    (RESPONSE, "data.contact_requested", "yes", "invalid", "data.contact_requested"),
    (RESPONSE, "data.revises", "r-981", "revises", "data.revises"),
    (RESPONSE, "data.touchpoint", "", "invalid", "data.touchpoint"),
    (RESPONSE, "data.attributes", {str(n): n for n in range(33)}, "invalid", "data.attributes"),
    (RESPONSE, "data.attributes", {"region": [SECRET]}, "invalid", "data.attributes"),
    (RESPONSE, "data.attributes", {"region": None}, "invalid", "data.attributes"),
    (RESPONSE, "data.attributes", {"": 1}, "invalid", "data.attributes"),
    (RESPONSE, "data.attributes", {SECRET * 5: 1}, "invalid", "data.attributes"),
    (RESPONSE, "data.attributes", {SECRET: "x" * 1025}, "invalid", "data.attributes"),
    (RESPONSE, "data.attributes", {f"{SECRET}\0": 1}, "invalid", "data.attributes"),
    (RESPONSE, "data.attributes", {SECRET: "\0"}, "invalid", "data.attributes"),
    (RESPONSE, "data.attributes", SECRET, "invalid", "data.attributes"),
    # a touchpoint
    (TOUCHPOINT, "data.touchpoint", MISSING, "missing", "data.touchpoint"),
    (TOUCHPOINT, "data.duration_ms", -1, "invalid", "data.duration_ms"),
    (TOUCHPOINT, "data.value", {"amount": 129.9, "currency": "EUR"}, "invalid", "data.value.amount"),
    (TOUCHPOINT, "data.value", {"amount": SECRET, "currency": "EUR"}, "invalid", "data.value.amount"),
    (TOUCHPOINT, "data.value", {"amount": "1", "currency": SECRET}, "invalid", "data.value.currency"),
    (TOUCHPOINT, "data.value", {"amount": "1"}, "missing", "data.value.currency"),
]


@pytest.mark.parametrize("path", ["id", "source", "time", "data.customer_id"])
def test_what_every_event_needs_says_what_would_be_right(path: str) -> None:
    assert re.fullmatch(r"is missing; give .+", _refusal(_changed(RESPONSE, path, MISSING)).problem)


def test_an_array_where_one_event_belongs_is_told_its_content_type() -> None:
    refused = _refusal(json.dumps([RESPONSE]).encode())
    assert "application/cloudevents-batch+json" in refused.problem


@pytest.mark.parametrize(("event", "path", "value", "reason", "field"), BAD_FIELDS)
def test_a_bad_field_is_named_and_its_value_is_not_shown(
    event: dict[str, Any], path: str, value: object, reason: str, field: str
) -> None:
    refused = _refusal(_changed(event, path, value))
    assert (refused.reason, refused.field) == (reason, field)
    assert SECRET not in str(refused)
    assert refused.problem
    assert str(refused) == f"{field}: {refused.problem}"


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (None, "empty"),
        (b"", "empty"),
        (b"{}" + b" " * 65_536, "too_large"),
        (b" ", "not_json"),
        (SECRET.encode(), "not_json"),
        (b"{" + SECRET.encode(), "not_json"),
        (json.dumps(RESPONSE).encode() + b"{}", "not_json"),
        (json.dumps(RESPONSE).encode().replace(b": 3}", b": NaN}"), "not_json"),
        (json.dumps(RESPONSE).encode().replace(b": 3}", b": 03}"), "not_json"),
        (json.dumps(RESPONSE).encode().replace(b'"c42"', b'"\\ud800"'), "not_json"),
        (json.dumps(RESPONSE).encode().replace(b'"c42"', b'"\n"'), "not_json"),
        (json.dumps(RESPONSE).encode().replace(b'"c42"', b'"c\xff"'), "not_utf8"),
        (json.dumps(RESPONSE).encode().replace(b'"c42"', b'"\xed\xa0\x80"'), "not_utf8"),
        (json.dumps(RESPONSE).encode("utf-16"), "not_utf8"),
        (b"\xef\xbb\xbf" + json.dumps(RESPONSE).encode(), "not_json"),
        (b"[]", "invalid"),
        (b'"text"', "invalid"),
        (b"7", "invalid"),
        (b"null", "invalid"),
        (b"[" * 60_000, "invalid"),
        (json.dumps(RESPONSE).encode()[:-1] + b',"x":' + b"[" * 20_000 + b"]" * 20_000 + b"}", "not_json"),
    ],
)
def test_bytes_that_are_no_event(value: bytes | None, reason: str) -> None:
    refused = _refusal(value)
    assert refused.reason == reason
    assert SECRET not in str(refused)


@pytest.mark.parametrize("unread", [b'"\xff"', b'"\xed\xa0\x80"', b'["\xff","\\u0000"]'])
def test_an_unread_field_cannot_hide_other_bytes_than_utf8(unread: bytes) -> None:
    value = json.dumps(RESPONSE).encode().replace(b'"score"', b'"later":' + unread + b',"score"')
    assert _refusal(value).reason == "not_utf8"


def test_an_unread_field_may_hold_what_it_likes() -> None:
    value = json.dumps(RESPONSE).encode().replace(b'"score"', b'"later":{"a":["\\u0000",1e308]},"score"')
    assert READER.read(value, NOW).data.customer_id == "c42"


def test_the_five_minutes_are_a_limit_that_is_itself_allowed() -> None:
    assert READER.read(_changed(RESPONSE, "time", "2026-11-21T12:05:00Z"), NOW).time == NOW + timedelta(minutes=5)


def test_the_longest_of_everything_is_taken() -> None:
    event = copy.deepcopy(RESPONSE)
    event |= {"id": "i" * 256, "source": "é" * 128}
    event["data"] |= {
        "customer_id": "😀" * 64,
        "comment": "愛" * 10_000,
        "attributes": {("k" * 62 + f"{n:02}"): "v" * 64 for n in range(32)},
    }
    read = READER.read(json.dumps(event, ensure_ascii=False).encode(), NOW)
    assert isinstance(read, ResponseEvent)
    assert len(read.data.comment or "") == 10_000
    assert len(read.data.attributes) == 32


def test_a_touchpoint_comes_with_all_its_fields() -> None:
    event = copy.deepcopy(TOUCHPOINT)
    event["data"] |= {
        "channel": "parcel", "outcome": "failed", "duration_ms": 83000, "unknown": {"kept": "unread"},
        "value": {"amount": "129.90", "currency": "EUR"}, "attributes": {"region": "SP", "n": 1, "x": 1.5, "b": True},
    }  # fmt: skip
    read = READER.read(json.dumps(event).encode(), NOW)
    assert isinstance(read, TouchpointEvent)
    assert read.time == datetime(2026, 11, 21, 9, 15, 2, 120_000, tzinfo=UTC)
    assert read.data.value == Money("129.90", "EUR")
    assert read.data.attributes == {"region": "SP", "n": 1, "x": 1.5, "b": True}
    assert [type(value) for value in read.data.attributes.values()] == [str, int, float, bool]


@pytest.mark.parametrize(
    ("given", "scale"),
    [
        ({"metric": "csat", "score": 5}, Scale(1, 5)),
        ({"metric": "csat", "score": 7, "scale_max": 7}, Scale(1, 7)),
        ({"metric": "csat", "score": 0, "scale_min": 0, "scale_max": 100}, Scale(0, 100)),
        ({"metric": "ces", "score": 1, "scale_max": 5, "higher_is_better": False}, Scale(1, 5, higher_is_better=False)),
        ({"metric": "effort", "score": 1}, Scale(1, 5, higher_is_better=False)),
        ({"metric": "effort", "score": 1, "higher_is_better": True}, Scale(1, 5)),
        ({"metric": "nps", "score": 10, "scale_min": 0, "scale_max": 10, "higher_is_better": True}, Scale(0, 10)),
    ],
)
def test_an_answer_may_say_its_scale(given: dict[str, Any], scale: Scale) -> None:
    read = READER.read(_changed(RESPONSE, "data", {"customer_id": "c42", **given}), NOW)
    assert isinstance(read, ResponseEvent)
    assert READER.scale_of(read.data) == scale


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"scale_min": 5, "scale_max": 5}, "data.scale_max"),
        ({"scale_min": 5, "scale_max": 1}, "data.scale_max"),
        ({"scale_min": 0, "scale_max": 101}, "data.scale_max"),
        ({"scale_max": 2**70}, "data.scale_max"),
        ({"scale_min": 10**30, "scale_max": 10**30 + 5, "score": 10**30}, "data.scale_max"),
        ({"scale_min": -2000, "scale_max": -1990, "score": -1995}, "data.scale_max"),
        ({"scale_max": 3, "score": 4}, "data.score"),
    ],
)
def test_a_scale_that_is_none(given: dict[str, Any], field: str) -> None:
    data = {"customer_id": "c42", "metric": "csat", "score": 5, **given}
    refused = _refusal(_changed(RESPONSE, "data", data))
    assert (refused.reason, refused.field) == ("scale", field)


def _attributes(event: dict[str, Any], **changed: str) -> dict[str, str]:
    return {name: value for name, value in event.items() if name != "data"} | changed


def test_binary_mode_reads_the_same_event() -> None:
    body = json.dumps(RESPONSE["data"]).encode()
    assert READER.read(body, NOW, _attributes(RESPONSE)) == READER.read(json.dumps(RESPONSE).encode(), NOW)


@pytest.mark.parametrize(
    ("body", "attributes", "reason", "field"),
    [
        (b'{},"type":"x"', _attributes(RESPONSE), "not_json", ""),
        (b'{}} {"a":{}', _attributes(RESPONSE), "not_json", ""),
        (b"\xff", _attributes(RESPONSE), "not_utf8", ""),
        (b"[]", _attributes(RESPONSE), "invalid", "data"),
        (json.dumps(RESPONSE["data"]).encode(), _attributes(RESPONSE, id="a\0b"), "invalid", "id"),
        (json.dumps(RESPONSE["data"]).encode(), _attributes(RESPONSE, type=SECRET), "type", "type"),
        (json.dumps(RESPONSE["data"]).encode(), {"specversion": "1.0"}, "type", "type"),
        (b'{"customer_id":"c","metric":"nps","score":3}', _attributes(RESPONSE, data_base64=""), "invalid",
         "data_base64"),
    ],
)  # fmt: skip
def test_binary_mode_is_checked_as_strictly(body: bytes, attributes: dict[str, str], reason: str, field: str) -> None:
    refused = _refusal(body, attributes)
    assert (refused.reason, refused.field) == (reason, field)
    assert SECRET not in str(refused)


def test_context_attributes_of_kafka_and_http() -> None:
    assert context_attributes([]) is None
    assert context_attributes([("traceparent", b"00-1")]) is None
    assert context_attributes([("CE_Id", b"1"), ("ce_source", "/é".encode()), ("x", b"\xff"), ("ce_time", None)]) == {
        "id": "1",
        "source": "/é",
    }
    structured = [("content-type", b"application/cloudevents+json; charset=UTF-8"), ("ce_id", b"1")]
    assert context_attributes(structured) is None
    assert context_attributes({"Ce-Id": "1", "content-type": "application/json"}) == {"id": "1"}
    assert context_attributes({"content-type": "application/json"}) is None


def test_a_header_that_is_not_utf8_is_named() -> None:
    with pytest.raises(InvalidEvent) as refused:
        context_attributes([("ce_id", b"\xff")])
    assert (refused.value.reason, refused.value.field) == ("not_utf8", "ce_id")


def test_arrival_is_utc() -> None:
    assert arrival(1_795_262_400_123) == datetime(2026, 11, 21, 12, 0, 0, 123_000, tzinfo=UTC)


_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda child: st.lists(child, max_size=4) | st.dictionaries(st.text(), child, max_size=4),
    max_leaves=8,
)
_FIELDS = [*Response.__struct_fields__, "touchpoint", "outcome", "duration_ms", "value"]


def _answers(value: bytes, attributes: dict[str, str] | None) -> None:
    """Reading ends in an event or in InvalidEvent; anything else fails the test."""
    try:
        event = READER.read(value, NOW, attributes)
    except InvalidEvent as refused:
        assert refused.problem  # noqa: PT017 - the exception is one of the two right answers
    else:
        assert isinstance(event, TouchpointEvent | ResponseEvent)


@given(st.binary(max_size=300), st.booleans())
def test_any_bytes_have_an_answer(value: bytes, binary: bool) -> None:
    _answers(value, _attributes(RESPONSE) if binary else None)


@given(
    st.dictionaries(st.sampled_from(["id", "source", "time", "type", "specversion", "data", "subject"]), _json),
    st.dictionaries(st.sampled_from(_FIELDS), _json),
    st.sampled_from([RESPONSE, TOUCHPOINT]),
)
def test_any_json_near_an_event_has_an_answer(
    envelope: dict[str, object], data: dict[str, object], event: dict[str, Any]
) -> None:
    mixed = {**event, "data": {**event["data"], **data}, **envelope}
    _answers(json.dumps(mixed).encode("utf-8", "surrogatepass"), None)


@given(st.integers(0, 200), st.binary(min_size=1, max_size=4), st.sampled_from([RESPONSE, TOUCHPOINT]))
def test_any_damage_to_an_event_has_an_answer(at: int, put: bytes, event: dict[str, Any]) -> None:
    whole = json.dumps({**event, "subject": "unread é"}, ensure_ascii=False).encode()
    _answers(whole[:at] + put + whole[at + len(put) :], None)
    _answers(whole[: at + 1], None)
    _answers(whole.replace(b"unread", put), None)


@given(st.dictionaries(st.sampled_from(["id", "source", "type", "time", "specversion", "x"]), st.text()))
def test_any_headers_have_an_answer(changed: dict[str, str]) -> None:
    _answers(json.dumps(RESPONSE["data"]).encode(), _attributes(RESPONSE, **changed))
