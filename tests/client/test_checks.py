"""What the checks let pass the reader takes, and what they refuse it would refuse too, by the field that they name."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from closeloop_client import Response, Touchpoint
from closeloop_client.checks import check, check_size
from closeloop_client.events import Event, encode
from schemas.cloudevents import EventReader
from schemas.deadletters import InvalidEvent
from schemas.scales import DEFAULT_METRICS

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
READER = EventReader(DEFAULT_METRICS)

_any_text = st.text(st.characters(), max_size=140) | st.sampled_from(["", "\0", "\ud800", "é" * 129, "x" * 257])
_zones = st.timezones() | st.builds(timezone, st.timedeltas(timedelta(hours=-23), timedelta(hours=23)))
_times = st.datetimes(datetime(1960, 1, 2), datetime(2026, 12, 1), timezones=_zones)  # noqa: DTZ001
_values = st.none() | st.tuples(
    st.integers()
    | st.decimals(allow_nan=True, allow_infinity=True)
    | st.sampled_from(["1", "1.50", "-3", "x", "1.", ""]),
    st.sampled_from(["EUR", "eur", "EURO", ""]),
)
_attributes = st.dictionaries(
    _any_text,
    _any_text | st.integers(-(2**63) + 1, 2**63 - 1) | st.floats() | st.booleans(),
    max_size=34,
)
_maybe_text = st.none() | _any_text
_scores = st.integers(-5, 12) | st.integers()
_touchpoints = st.builds(
    Touchpoint, customer_id=_any_text, touchpoint=_any_text, channel=_maybe_text, outcome=_maybe_text,
    duration_ms=st.none() | st.integers(), value=_values, attributes=_attributes, id=_any_text, time=_times,
    source=_any_text,
)  # fmt: skip
_responses = st.builds(
    Response, customer_id=_any_text, metric=st.sampled_from(["nps", "csat", "ces"]), score=_scores,
    scale_min=st.none() | _scores, scale_max=st.none() | _scores, higher_is_better=st.none() | st.booleans(),
    touchpoint=_maybe_text, touchpoint_event_id=_maybe_text, channel=_maybe_text, language=_maybe_text,
    comment=_maybe_text | st.sampled_from(["ж" * 10_000, "ж" * 10_001]), contact_requested=st.booleans(),
    revises=_maybe_text, attributes=_attributes, id=_any_text, time=_times, source=_any_text,
)  # fmt: skip


def _accepted(event: Event) -> bytes | None:
    """The bytes that would be sent, if the client sends it."""
    try:
        check(event, NOW)
        encoded = encode(event)
        check_size(encoded)
    except ValueError:
        return None
    return encoded


@given(_touchpoints | _responses)
def test_whatever_passes_the_checks_the_reader_takes(event: Event) -> None:
    encoded = _accepted(event)
    if encoded is not None:
        read = READER.read(encoded, NOW)
        assert (read.id, read.time.timestamp()) == (event.id, event.time.timestamp())


_good = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=60)
_good_times = st.datetimes(datetime(1971, 1, 2), datetime(2026, 11, 19), timezones=_zones)  # noqa: DTZ001


@given(
    st.builds(
        Response, customer_id=_good, metric=st.just("nps"), score=st.integers(0, 10), comment=_good,
        attributes=st.dictionaries(
            _good, _good | st.booleans() | st.floats(allow_nan=False, allow_infinity=False), max_size=32
        ),
        time=_good_times,
    )
)  # fmt: skip
def test_what_is_right_is_not_refused(event: Event) -> None:
    encoded = _accepted(event)
    assert encoded is not None
    READER.read(encoded, NOW)


def _touchpoint(**fields: Any) -> Touchpoint:
    return Touchpoint(**{"customer_id": "c", "touchpoint": "t", "time": NOW, **fields})


def _response(**fields: Any) -> Response:
    return Response(**{"customer_id": "c", "metric": "nps", "score": 3, "time": NOW, **fields})


BAD = [
    (_touchpoint(customer_id=""), "customer_id"),
    (_touchpoint(customer_id="é" * 129), "customer_id"),
    (_touchpoint(touchpoint="x" * 129), "touchpoint"),
    (_touchpoint(id="a\0"), "id"),
    (_touchpoint(source="x" * 257), "source"),
    (_touchpoint(channel=""), "channel"),
    (_touchpoint(outcome=""), "outcome"),
    (_touchpoint(duration_ms=-1), "duration_ms"),
    (_touchpoint(duration_ms=1.5), "duration_ms"),
    (_touchpoint(duration_ms=True), "duration_ms"),
    (_touchpoint(value=("1,50", "EUR")), "value"),
    (_touchpoint(value=("1.50", "Euro")), "value"),
    (_touchpoint(time=datetime(1969, 12, 31, tzinfo=UTC)), "time"),
    (_touchpoint(time=NOW + timedelta(minutes=6)), "time"),
    (_touchpoint(attributes={"a": "x" * 1025}), "attributes.a"),
    (_touchpoint(attributes={"a": float("nan")}), "attributes.a"),
    (_touchpoint(attributes={f"a{n}": n for n in range(33)}), "attributes"),
    (_response(score=11), "score"),
    (_response(metric="csat", score=0), "score"),
    (_response(score=3.0), "score"),
    (_response(scale_max=5), "scale_max"),
    (_response(metric="ces", scale_min=7, scale_max=7), "scale_max"),
    (_response(comment="x" * 10_001), "comment"),
    (_response(language="x" * 36), "language"),
    (_response(id="r", revises="r"), "revises"),
    (_response(touchpoint_event_id=""), "touchpoint_event_id"),
]


@pytest.mark.parametrize(("event", "field"), BAD, ids=[f"{field} {n}" for n, (_, field) in enumerate(BAD)])
def test_the_error_names_the_field_that_the_server_names(event: Event, field: str) -> None:
    with pytest.raises(ValueError, match=rf"^{field.replace('.', '[.]')}: ") as refused:
        check(event, NOW)
    assert "xxx" not in str(refused.value)
    try:
        encoded = encode(event)
    except ValueError:
        return  # it cannot even be written down
    with pytest.raises(InvalidEvent) as server:
        READER.read(encoded, NOW)
    assert field.split(".", maxsplit=1)[0] in server.value.field


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"customer_id": 7}, "customer_id"),
        ({"attributes": {"a": None}}, "attributes.a"),
        ({"attributes": {"a": Decimal(1)}}, "attributes.a"),
        ({"attributes": {3: "x"}}, "attributes: a name"),
        ({"attributes": ["a"]}, "attributes"),
        ({"value": "1.50"}, "value"),
        ({"value": (1.5, "EUR")}, "value"),
        ({"time": "2026-11-21"}, "time"),
        ({"time": datetime(2026, 11, 21)}, "time"),  # noqa: DTZ001
        ({"traceparent": "00-1-2-3"}, "traceparent"),
        ({"attributes": {"a": 2**63}}, "attributes.a"),
    ],
)
def test_a_wrong_type_is_named_too(fields: dict[str, Any], field: str) -> None:
    with pytest.raises(ValueError, match=rf"^{field}: "):
        check(_touchpoint(**fields), NOW)


def test_an_event_of_too_many_bytes_is_refused_before_it_is_sent() -> None:
    event = _response(comment="😡" * 10_000, attributes={f"a{n}": "ж" * 1024 for n in range(32)})
    check(event, NOW)
    with pytest.raises(ValueError, match="at most 65,536"):
        check_size(encode(event))


def test_a_metric_of_one_s_own_has_its_scale_from_the_caller() -> None:
    check(_response(metric="effort", score=900), NOW)
    with pytest.raises(ValueError, match=r"score: outside its scale 1\.\.7"):
        check(_response(metric="csat", score=8), NOW, {"csat": (1, 7)})
    check(_response(metric="csat", score=7), NOW, {"csat": (1, 7)})


def test_money_is_written_exactly() -> None:
    event = _touchpoint(value=(Decimal("1E+3"), "EUR"))
    check(event, NOW)
    assert READER.read(encode(event), NOW).data.value.amount == "1000"
    assert b'"129.90"' in encode(_touchpoint(value=("129.90", "EUR")))
