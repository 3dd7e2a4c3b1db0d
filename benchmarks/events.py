"""How the Python peers read an event: msgspec with the same fields and limits as ours, checked against its scale."""

from datetime import datetime, timedelta
from typing import Annotated, Literal

import msgspec
from msgspec import Meta, Struct

from benchmarks.spec import CUTS, SCALES, THRESHOLDS, value_of

Identifier = Annotated[str, Meta(min_length=1, max_length=256)]
Name = Annotated[str, Meta(min_length=1, max_length=128)]
Text = Annotated[str, Meta(max_length=1024)]
_FUTURE = timedelta(minutes=5)


class Data(Struct, frozen=True):
    """What was answered."""

    customer_id: Identifier
    metric: Name
    score: int
    touchpoint: Name
    channel: Name
    attributes: Annotated[dict[Name, Text | int | float | bool], Meta(max_length=32)]
    comment: Annotated[str, Meta(max_length=10_000)] | None = None


class Response(Struct, frozen=True, tag="closeloop.response.v1", tag_field="type"):
    """A survey response on the wire."""

    specversion: Literal["1.0"]
    id: Identifier
    source: Identifier
    time: Annotated[datetime, Meta(tz=True)]
    data: Data


class MetricOut(Struct):
    """A metric record as the peers write it; ``key`` has the values of the cut's dimensions."""

    metric: str
    cut: str
    key: list[str]
    window: str
    counts: dict[str, int]
    n: int
    value: float


_read = msgspec.json.Decoder(Response).decode
_encode = msgspec.json.Encoder().encode


def read(value: bytes, now: datetime) -> Response | None:
    """A valid response, or None for what is none: a peer that is measured need not say why."""
    try:
        event = _read(value)
    except msgspec.MsgspecError:
        return None
    scale = SCALES.get(event.data.metric)
    if scale is None or not scale[0] <= event.data.score <= scale[1] or event.time - now > _FUTURE:
        return None
    return event


def is_detractor(event: Response) -> bool:
    """Whether the answer is at or below its metric's threshold."""
    return event.data.score <= THRESHOLDS[event.data.metric]


def cut_keys(event: Response) -> tuple[str, str, str, str, str]:
    """The keys that the answer counts for: metric, cut and the values of the cut's dimensions, by ``|``."""
    data = event.data
    metric, touchpoint, attributes = data.metric, data.touchpoint, data.attributes
    return (
        f"{metric}|all",
        f"{metric}|touchpoint|{touchpoint}",
        f"{metric}|touchpoint_channel|{touchpoint}|{data.channel}",
        f"{metric}|region|{attributes['region']}",
        f"{metric}|segment|{attributes['segment']}",
    )


def metric_json(key: str, window: str, counts: dict[str, int]) -> bytes:
    """The metric record of one cut key and window."""
    metric, cut, *values = key.split("|")
    n = sum(counts.values())
    return _encode(MetricOut(metric, cut, values, window, counts, n, value_of(metric, counts) if n else 0.0))


assert tuple(CUTS) == ("all", "touchpoint", "touchpoint_channel", "region", "segment")
