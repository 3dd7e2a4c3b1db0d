"""Messages that tests build on."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from schemas.alerts import Alert


def alert(**changed: Any) -> Alert:
    """A detractor's alert; keyword arguments replace fields."""
    at = datetime(2026, 11, 21, 10, 20, tzinfo=UTC)
    fields: dict[str, Any] = {
        "id": "a1",
        "rule": "detractor",
        "reason": "NPS 3, at or below 6",
        "severity": "normal",
        "programme": "feedback",
        "customer_id": "c1",
        "event_source": "/shop/surveys",
        "event_id": "r-981",
        "event_time": at,
        "detected_at": at,
        "metric": "nps",
        "score": 3,
        "scale_min": 0,
        "scale_max": 10,
        "higher_is_better": True,
    }
    return Alert(**{**fields, **changed})
