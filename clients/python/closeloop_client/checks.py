"""What the server would refuse, found before it is sent: each error names the field and what would be right.

No text shows a value: what a customer wrote stays out of logs and tracebacks.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from closeloop_client.events import Event, Response, Touchpoint

MAX_EVENT_BYTES = 64 * 1024
MAX_ID_BYTES = 256
MAX_NAME = 128
MAX_COMMENT = 10_000
MAX_LANGUAGE = 35
MAX_ATTRIBUTES = 32
MAX_ATTRIBUTE_NAME = 64
MAX_ATTRIBUTE_TEXT = 1024
MAX_SCORE = 1000
MAX_SCALE_SPAN = 100
FUTURE_TOLERANCE = timedelta(minutes=5)

DEFAULT_SCALES: Mapping[str, tuple[int, int]] = {"nps": (0, 10), "csat": (1, 5), "ces": (1, 7)}
"""The first and the last score of the metrics that every loop knows."""

_EARLIEST = datetime(1970, 1, 1, tzinfo=UTC)
_LARGEST = 2**63
_AMOUNT = re.compile(r"-?[0-9]{1,18}(\.[0-9]{1,6})?")
_CURRENCY = re.compile(r"[A-Z]{3}")
_TRACEPARENT = re.compile(r"[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}")


def check(event: Event, now: datetime, scales: Mapping[str, tuple[int, int]] = DEFAULT_SCALES) -> None:
    """Raise ``ValueError`` for what the server would refuse, with the name of the field in front.

    Args:
        event: what is to be sent.
        now: the clock, with a zone; an event of the future is refused.
        scales: first and last score by metric. The score of another metric is only held against the server's bounds,
            since its scale stands in a loop.yaml that the client does not see.
    """
    _identifier("customer_id", event.customer_id)
    _identifier("id", event.id)
    if event.source:
        _identifier("source", event.source)
    if event.traceparent and not _TRACEPARENT.fullmatch(str(event.traceparent)):
        raise ValueError("traceparent: not W3C's form; give 00-<32 hex digits>-<16 hex digits>-01, or leave it out")
    _time(event.time, now)
    if isinstance(event, Touchpoint):
        _touchpoint(event)
    elif isinstance(event, Response):
        _response(event, scales)
    else:
        raise ValueError("not an event; give a Touchpoint or a Response")
    if event.channel is not None:
        _text("channel", event.channel, MAX_NAME)
    _attributes(event.attributes)


def check_size(encoded: bytes) -> None:
    """Raise ``ValueError`` for an event of more bytes than the server takes."""
    if len(encoded) > MAX_EVENT_BYTES:
        raise ValueError(
            f"the event has {len(encoded):,} bytes of JSON; at most {MAX_EVENT_BYTES:,}: shorten the comment or the "
            "attributes"
        )


def _touchpoint(event: Touchpoint) -> None:
    _text("touchpoint", event.touchpoint, MAX_NAME)
    if event.outcome is not None:
        _text("outcome", event.outcome, MAX_NAME)
    if event.duration_ms is not None:
        _whole("duration_ms", event.duration_ms)
        if event.duration_ms < 0:
            raise ValueError("duration_ms: below zero; give whole milliseconds")
    if event.value is not None:
        _money(event.value)


def _response(event: Response, scales: Mapping[str, tuple[int, int]]) -> None:
    _text("metric", event.metric, MAX_NAME)
    _whole("score", event.score)
    for name in ("scale_min", "scale_max"):
        bound = getattr(event, name)
        if bound is not None:
            _whole(name, bound)
    for name in ("higher_is_better", "contact_requested"):
        if not isinstance(getattr(event, name), bool) and (name, getattr(event, name)) != ("higher_is_better", None):
            raise ValueError(f"{name}: not a truth value; give True or False")
    _scale(event, scales)
    if event.touchpoint is not None:
        _text("touchpoint", event.touchpoint, MAX_NAME)
    for name in ("touchpoint_event_id", "revises"):
        if getattr(event, name) is not None:
            _text(name, getattr(event, name), MAX_ID_BYTES)
    if event.revises is not None and event.revises == event.id:
        raise ValueError("revises: is the event's own id; name the earlier answer that it replaces")
    if event.language is not None:
        _text("language", event.language, MAX_LANGUAGE, least=0)
    if event.comment is not None:
        _text("comment", event.comment, MAX_COMMENT, least=0)


def _scale(event: Response, scales: Mapping[str, tuple[int, int]]) -> None:
    known = scales.get(event.metric)
    least = event.scale_min if event.scale_min is not None else known[0] if known else None
    most = event.scale_max if event.scale_max is not None else known[1] if known else None
    if event.metric == "nps" and known == (0, 10) and ((least, most) != known or event.higher_is_better is False):
        raise ValueError("scale_max: NPS is defined on 0..10, high is good; use a metric of your own")
    for name, bound in (("scale_min", least), ("scale_max", most), ("score", event.score)):
        if bound is not None and abs(bound) > MAX_SCORE:
            raise ValueError(f"{name}: outside -{MAX_SCORE}..{MAX_SCORE}")
    if least is not None and most is not None and not 1 <= most - least <= MAX_SCALE_SPAN:
        raise ValueError("scale_max: a scale has 2 to 101 whole scores, scale_min below scale_max")
    if (least is not None and event.score < least) or (most is not None and event.score > most):
        first, last = "" if least is None else least, "" if most is None else most
        raise ValueError(f"score: outside its scale {first}..{last}")


def _identifier(name: str, text: object) -> None:
    _text(name, text, MAX_ID_BYTES)
    if isinstance(text, str) and not text.isascii() and len(text.encode()) > MAX_ID_BYTES:
        raise ValueError(f"{name}: over {MAX_ID_BYTES} bytes of UTF-8")


def _text(name: str, text: object, most: int, least: int = 1) -> None:
    if not isinstance(text, str):
        raise ValueError(f"{name}: not a text but {type(text).__name__}; give a str")
    if len(text) < least:
        raise ValueError(f"{name}: is empty")
    if len(text) > most:
        raise ValueError(f"{name}: has {len(text):,} characters; at most {most:,}")
    if "\0" in text:
        raise ValueError(f"{name}: contains the character U+0000")
    if not text.isascii():
        try:
            text.encode()
        except UnicodeEncodeError:
            raise ValueError(f"{name}: holds half of a surrogate pair, which is no character") from None


def _whole(name: str, number: object) -> None:
    if not isinstance(number, int) or isinstance(number, bool):
        raise ValueError(f"{name}: not a whole number but {type(number).__name__}; give an int")
    if abs(number) >= _LARGEST:
        raise ValueError(f"{name}: too large a number")


def _time(moment: object, now: datetime) -> None:
    if not isinstance(moment, datetime):
        raise ValueError(f"time: not a datetime but {type(moment).__name__}")
    if moment.utcoffset() is None:
        raise ValueError("time: has no zone; give an aware datetime, e.g. datetime.now(UTC)")
    if moment < _EARLIEST:
        raise ValueError("time: before 1970; give the time at which it happened")
    if moment - now > FUTURE_TOLERANCE:
        raise ValueError("time: more than 5 minutes ahead of the clock; give when it happened, in its own zone")


def _money(value: object) -> None:
    if not isinstance(value, tuple) or len(value) != 2:
        raise ValueError('value: not an amount with its currency; give two texts such as ("129.90", "EUR")')
    amount, currency = value
    if isinstance(amount, float):
        raise ValueError('value: a float does not hold money exactly; give a text such as "129.90", or a Decimal')
    exact = isinstance(amount, str | int | Decimal) and not isinstance(amount, bool)
    if isinstance(amount, Decimal):
        amount = f"{amount:f}"
    if not exact or not _AMOUNT.fullmatch(str(amount)):
        raise ValueError("value: the amount has at most 18 digits before the point and 6 behind it, such as 129.90")
    if not isinstance(currency, str) or not _CURRENCY.fullmatch(currency):
        raise ValueError("value: the currency is three capital letters of ISO 4217, such as EUR")


def _attributes(attributes: object) -> None:
    if not attributes and isinstance(attributes, Mapping):
        return
    if not isinstance(attributes, Mapping):
        raise ValueError('attributes: not a mapping; give a dict such as {"region": "SP"}')
    if len(attributes) > MAX_ATTRIBUTES:
        raise ValueError(f"attributes: has {len(attributes)}; at most {MAX_ATTRIBUTES}")
    for name, value in attributes.items():
        _text("attributes: a name", name, MAX_ATTRIBUTE_NAME)
        field = f"attributes.{name}"
        if isinstance(value, str):
            _text(field, value, MAX_ATTRIBUTE_TEXT, least=0)
        elif isinstance(value, float):
            if not math.isfinite(value):
                raise ValueError(f"{field}: not a number that JSON knows")
        elif not isinstance(value, bool):
            if not isinstance(value, int):
                raise ValueError(f"{field}: {type(value).__name__} is no text, number or truth value")
            _whole(field, value)
