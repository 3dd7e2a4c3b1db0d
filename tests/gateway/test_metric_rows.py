"""A metric's quantiles and parts come through the wire, the recorder's payload and the API as they were."""

from datetime import UTC, date, datetime

import msgspec
import pytest

from gateway.metric_rows import DayValue, shown
from schemas.metrics import Metric, MetricRecord, Part

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
PARTS = {"top_box": Part(62.5, 40.0, 81.0, 16), "csat": Part(None, None, None, 0)}


def metric(day: date | None) -> Metric:
    return Metric(
        metric="ces",
        window="day" if day else "1h",
        cut="all",
        key={},
        value=5.5,
        low=4.9,
        high=6.1,
        n=16,
        counts={"6": 10, "4": 6},
        too_few=False,
        as_of=NOON,
        version=3,
        day=day,
        quantiles={"p50": 6.0, "p90": 6.0},
        parts=PARTS,
    )


@pytest.mark.parametrize("day", [None, date(2026, 11, 22)])
def test_quantiles_and_parts_come_through(day: date | None) -> None:
    sent = metric(day)
    received = msgspec.json.decode(msgspec.json.encode(sent), type=MetricRecord)
    assert received == sent
    assert isinstance(received, Metric)
    current = shown(received)
    assert (current.quantiles, current.parts) == (sent.quantiles, PARTS)
    stored = msgspec.json.encode(msgspec.to_builtins(sent))  # what the recorder keeps as a row's payload
    if day is not None:
        history = msgspec.json.decode(stored, type=DayValue)
        assert (history.quantiles, history.parts, history.day) == (sent.quantiles, PARTS, day)


def test_a_metric_without_them_says_nothing_of_them_on_the_wire() -> None:
    plain = msgspec.structs.replace(metric(None), quantiles={}, parts={})
    wire = msgspec.json.decode(msgspec.json.encode(plain))
    assert wire.keys().isdisjoint({"quantiles", "parts", "day", "scale"})
    assert shown(plain).parts == {}
