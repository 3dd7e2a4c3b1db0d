"""Events, records and plans for the tests of counting."""

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from schemas.config_rules import ContactRule, ThresholdRule
from schemas.metrics import Clock
from schemas.scales import DEFAULT_METRICS, MetricSpec, Scale
from schemas.topics import RESPONSES, TOUCHPOINTS
from streams.counting.windows import WindowSpec
from streams.plan import Plan

SOURCE = "/shop/surveys"


@dataclass(frozen=True, slots=True)
class Rec:
    """A Kafka record."""

    offset: int
    timestamp: int
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes], ...] = ()


def plan(clock: Clock = "wall", **changes: Any) -> Plan:
    settings: dict[str, Any] = {
        "metrics": {**DEFAULT_METRICS, "effort": MetricSpec("mean", Scale(1, 5, higher_is_better=False))},
        "cuts": {"all": (), "touchpoint": ("touchpoint",), "region": ("attributes.region",)},
        "windows": (WindowSpec.of("1h"), WindowSpec.of("24h")),
        "zone": ZoneInfo("America/Sao_Paulo"),
        "history_days": 50,
        "max_keys_per_cut": 100,
        "minimum_n": 3,
        "remember_s": {RESPONSES: 86_400, TOUCHPOINTS: 86_400},
        "rules": (
            ThresholdRule(name="detractor", at_or_below={"nps": 6, "csat": 2, "ces": 3}),
            ContactRule(name="contact_me"),
        ),
        "alert_max_age_s": 72 * 3600,
        "clock": clock,
    }
    return Plan(**{**settings, **changes})


def rfc3339(when: float) -> str:
    return datetime.fromtimestamp(when, UTC).isoformat()


def response(event_id: str, when: float, customer: str = "c1", **data: Any) -> bytes:
    answer = {"customer_id": customer, "metric": "csat", "score": 5, **data}
    return _event("closeloop.response.v1", event_id, when, answer)


def touchpoint(event_id: str, when: float, customer: str = "c1", **data: Any) -> bytes:
    return _event("closeloop.touchpoint.v1", event_id, when, {"customer_id": customer, "touchpoint": "order", **data})


def _event(kind: str, event_id: str, when: float, data: dict[str, Any]) -> bytes:
    envelope = {"specversion": "1.0", "id": event_id, "source": SOURCE, "type": kind, "time": rfc3339(when)}
    return json.dumps({**envelope, "data": data}).encode()
