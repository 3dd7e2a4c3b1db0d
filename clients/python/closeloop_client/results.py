"""What became of each event."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class EventResult:
    """One event's answer. Where it was rejected: the reason (a code), the field, and what would be right."""

    id: str | None
    accepted: bool
    reason: str = ""
    field: str = ""
    problem: str = ""


def read_results(answer: Any, expected: int) -> list[EventResult] | None:
    """The results of a gateway's answer, one an event in their order; ``None`` if it holds none for each."""
    rows = answer.get("results") if isinstance(answer, dict) else None
    if not isinstance(rows, list) or len(rows) != expected or not all(isinstance(row, dict) for row in rows):
        return None
    return [
        EventResult(
            id=row.get("id"),
            accepted=row.get("status") == "accepted",
            reason=str(row.get("reason") or ""),
            field=str(row.get("field") or ""),
            problem=str(row.get("problem") or ""),
        )
        for row in rows
    ]
