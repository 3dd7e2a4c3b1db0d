"""Recorded events and small loops for the tests of rules."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from closeloop.rules.recorded import Recorded
from schemas.config import Loop
from schemas.loop_yaml import parse
from schemas.topics import RESPONSES, TOUCHPOINTS

DAY_S = 86_400.0
BEGIN = datetime(2026, 3, 2, 9, 0, tzinfo=UTC).timestamp()
"""A Monday morning."""
NOW = BEGIN + 300 * DAY_S
"""The wall clock of every rehearsal: long after the events."""

PEOPLE = """\
people:
  ana: {name: Ana, email: ana@example.com}
  bo: {name: Bo, email: bo@example.com}
  cy: {name: Cy, email: cy@example.com}
teams:
  care: {members: [ana, bo]}
receivers:
  care: {team: care, channel: "#care"}
  calls: {person: cy, channel: "#calls"}
route:
  receiver: care
"""
CALLBACK = """\
  routes:
    - match: {programme: callback}
      receiver: calls
"""


def loop(rules: str, routes: str = "") -> Loop:
    """A loop of three people with these rules, as they stand in loop.yaml."""
    return parse(f"{PEOPLE}{routes}rules:\n{rules}")


def detractor(threshold: int) -> str:
    return f"  - {{name: detractor, kind: threshold, at_or_below: {{csat: {threshold}}}}}\n"


def answer(number: int, customer: str, score: int, day: float, **more: Any) -> Recorded:
    """An answer ``day`` days after the beginning."""
    data = {"customer_id": customer, "metric": "csat", "score": score, "touchpoint": "order.delivered", **more}
    return _event(RESPONSES, f"r{number}", "closeloop.response.v1", day, data)


def touchpoint(number: int, customer: str, day: float, outcome: str = "ok") -> Recorded:
    """A touchpoint ``day`` days after the beginning."""
    data = {"customer_id": customer, "touchpoint": "order.delivered", "outcome": outcome}
    return _event(TOUCHPOINTS, f"t{number}", "closeloop.touchpoint.v1", day, data)


def _event(topic: str, name: str, kind: str, day: float, data: dict[str, Any]) -> Recorded:
    when = BEGIN + day * DAY_S
    event = {
        "specversion": "1.0",
        "id": name,
        "source": "/shop",
        "type": kind,
        "time": datetime.fromtimestamp(when, UTC).isoformat(),
        "data": data,
    }
    return Recorded(topic, -1, None, json.dumps(event).encode(), (), when)
