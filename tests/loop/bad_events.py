"""Events that cannot be taken, as bytes, each with the answer it deserves. One list for HTTP and for Kafka."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

SECRET = "Velichkovskaya-7741"
"""Stands in every bad event as a customer's name and words; it may appear in no answer and no log."""


@dataclass(frozen=True)
class BadEvent:
    """The bytes, and what is to be said about them."""

    name: str
    value: bytes
    reason: str
    field: str


def response(number: int | str, **changed: Any) -> dict[str, Any]:
    """A response that can be taken; ``changed`` replaces parts of its data."""
    return {
        "specversion": "1.0",
        "id": f"r-{number}",
        "source": "/shop/surveys",
        "type": "closeloop.response.v1",
        "time": datetime.now(UTC).isoformat(),
        "data": {
            "customer_id": f"c-{SECRET}-{number}",
            "metric": "nps",
            "score": 9,
            "touchpoint": "order.delivered",
            "comment": f"{SECRET} is content",
            "attributes": {"region": "SP"},
            **changed,
        },
    }


def touchpoint(number: int | str) -> dict[str, Any]:
    """A touchpoint that can be taken."""
    return {
        "specversion": "1.0",
        "id": f"t-{number}",
        "source": "/shop/orders",
        "type": "closeloop.touchpoint.v1",
        "time": datetime.now(UTC).isoformat(),
        "data": {"customer_id": f"c-{SECRET}-{number}", "touchpoint": "order.delivered", "outcome": "ok"},
    }


def encoded(event: Any) -> bytes:
    """The event as JSON."""
    return json.dumps(event).encode()


def bad_events() -> list[BadEvent]:
    """Every kind of single event that cannot be taken."""
    events: list[BadEvent] = []

    def add(name: str, value: bytes, reason: str, field: str) -> None:
        events.append(BadEvent(name, value, reason, field))

    def changed(name: str, reason: str, field: str, **data: Any) -> None:
        add(name, encoded(response(name, **data)), reason, field)

    def without(name: str, field: str, reason: str = "missing") -> None:
        event = response(name)
        del event[field]
        add(name, encoded(event), reason, field)

    def envelope(name: str, reason: str, field: str, value: Any) -> None:
        add(name, encoded({**response(name), field: value}), reason, field)

    add("not JSON", f"hello {SECRET}".encode(), "not_json", "")
    add("cut short", encoded(response("cut"))[:-2], "not_json", "")
    add("a JSON string", encoded(SECRET), "invalid", "")
    add("a JSON number", b"42", "invalid", "")
    add("null", b"null", "invalid", "")
    add("an empty object", b"{}", "type", "type")
    without("no id", "id")
    without("no time", "time")
    without("no data", "data")
    without("no source", "source")
    without("no type", "type", "type")
    without("no specversion", "specversion", "specversion")
    envelope("time without a zone", "invalid", "time", "2026-11-21T10:15:02")
    envelope("time that is none", "invalid", "time", SECRET)
    envelope("a time in the future", "future", "time", (datetime.now(UTC) + timedelta(hours=3)).isoformat())
    envelope("an unknown CloudEvents version", "specversion", "specversion", "2.0")
    envelope("an unknown type", "type", "type", f"{SECRET}.v1")
    envelope("an id of 300 bytes", "invalid", "id", "x" * 300)
    envelope("an id that is a number", "invalid", "id", 7741)
    changed("score 11", "scale", "data.score", score=11)
    changed("score -1", "scale", "data.score", score=-1)
    changed("score 3.5", "invalid", "data.score", score=3.5)
    changed("score as text", "invalid", "data.score", score="5")
    changed("score null", "invalid", "data.score", score=None)
    changed("score NaN", "not_json", "", score=float("nan"))
    changed("score Infinity", "not_json", "", score=float("inf"))
    changed("an unknown metric", "metric", "data.metric", metric=SECRET)
    changed("a 1 MB comment", "too_large", "", comment=SECRET + "x" * 999_000)
    changed("a comment of 10,001 characters", "invalid", "data.comment", comment="x" * 10_001)
    changed("10,000 attributes", "too_large", "", attributes={f"{SECRET}{n}": n for n in range(10_000)})
    changed("33 attributes", "invalid", "data.attributes", attributes={f"{SECRET}{n}": n for n in range(33)})
    changed("an attribute that is a list", "invalid", "data.attributes", attributes={SECRET: [SECRET]})
    changed("a lone surrogate", "not_json", "", comment=SECRET + "\ud83d")
    add("invalid UTF-8", encoded(response("utf8")).replace(b"content", b"\xff\xfe"), "not_utf8", "")
    add("brackets alone", b"[" * 30_000 + b"]" * 30_000, "invalid", "")
    deep = encoded(response("deep")).replace(
        b'"comment"', b'"unread": ' + b"[" * 30_000 + b"]" * 30_000 + b', "comment"'
    )
    add("nested 30,000 deep", deep, "not_json", "")
    return events
