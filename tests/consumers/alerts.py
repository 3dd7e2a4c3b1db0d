"""Alerts and a small loop.yaml for the tests of this room."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
from msgspec import structs

from schemas.alerts import Alert, alert_id
from schemas.config import Loop

NOW = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
"""A Friday."""

LOOP = msgspec.convert(
    {
        "grouping": {"roll_up": None, "incidents": None},
        "people": {
            "ana": {"name": "Ana Souza", "email": "ana@shop.example", "slack": "U0ANA"},
            "bob": {"name": "Bob Meyer", "email": "bob@shop.example"},
            "eve": {"name": "Eve Lead", "email": "eve@shop.example", "slack": "U0EVE"},
            "zed": {"name": "Zed Gone", "email": "zed@shop.example"},
        },
        "teams": {"care": {"members": ["ana", "bob"], "lead": "eve"}},
        "receivers": {
            "default": {"team": "care", "channel": "#cx"},
            "logistics": {"team": "care", "channel": "#logistics"},
            "vip": {"person": "eve", "owner_attribute": "account_owner", "channel": "#vip", "notify": "dm"},
            "bobs": {"person": "bob", "channel": "#vip", "notify": "dm"},
            "old": {"team": "care", "channel": "#old"},
            "zeds": {"person": "zed", "channel": "#logistics", "notify": "dm"},
            "both": {"person": "ana", "channel": "#cx", "notify": "both"},
        },
        "route": {
            "receiver": "default",
            "routes": [
                {"match": {"attributes.desk": "old"}, "receiver": "old"},
                {"match": {"attributes.desk": "vip"}, "receiver": "vip"},
                {"match": {"attributes.desk": "bob"}, "receiver": "bobs"},
                {"match": {"attributes.desk": "zed"}, "receiver": "zeds"},
                {"match": {"attributes.desk": "both"}, "receiver": "both"},
                {"match": {"touchpoint": ["order.delivered", "order.shipped"]}, "receiver": "logistics"},
            ],
        },
    },
    Loop,
)

_BASE = Alert(
    id="",
    rule="low_score",
    reason="CSAT 2 of 5 is at or below 2",
    severity="normal",
    programme="feedback",
    customer_id="c42",
    event_source="/shop/surveys",
    event_id="r-1",
    event_time=NOW,
    detected_at=NOW,
    metric="csat",
    score=2,
    scale_min=1,
    scale_max=5,
    higher_is_better=True,
    comment="it came late again",
    language="en",
    attributes={"region": "SP", "order_id": 4711},
)


def an_alert(**changes: Any) -> Alert:
    """An alert of customer c42, with changes; its id follows from its event as it should."""
    changed = structs.replace(_BASE, **changes)
    return structs.replace(changed, id=alert_id(changed.event_source, changed.event_id, changed.rule))


def a_silent_alert(**changes: Any) -> Alert:
    """An alert about touchpoints: there is no answer."""
    silent = {
        "rule": "silent",
        "reason": "3 touchpoints failed within 72 hours, and the customer has said nothing.",
        "event_id": "t-3",
        "metric": None,
        "score": None,
        "scale_min": None,
        "scale_max": None,
        "comment": None,
        "language": None,
        "touchpoint": "order.delivered",
    }
    return an_alert(**{**silent, **changes})


def a_metric_alert(hours: float = 0, **changes: Any) -> Alert:
    """An alert about a metric that fell, so many hours after NOW; the recovery with ``recovered=True``."""
    fell = {
        "subject": "metric",
        "rule": "nps_fall",
        "reason": "NPS fell by 31 points: 12 of the last 7 days against 43 before, 4.2 standard errors.",
        "severity": "high",
        "programme": "metrics",
        "customer_id": "nps 7d region=SP",
        "event_source": "closeloop/metrics",
        "event_id": f"nps_fall {hours} {changes.get('recovered', False)}",
        "event_time": NOW + timedelta(hours=hours),
        "metric": "nps",
        "score": None,
        "scale_min": None,
        "scale_max": None,
        "comment": None,
        "language": None,
        "attributes": {"region": "SP"},
    }
    return an_alert(**{**fell, **changes})


def alerts_of(count: int, **changes: Any) -> list[Alert]:
    """Alerts of as many customers."""
    return [an_alert(customer_id=f"c{number}", event_id=f"r-{number}", **changes) for number in range(count)]
