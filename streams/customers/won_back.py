"""What is told of a customer who has recovered: a small alert that wakes nobody and opens nothing. Pure.

Its id follows from the event and the programme, so the same answer seen again is the same alert. It is in no book: the
books count what calls for somebody.
"""

from collections.abc import Sequence
from datetime import UTC, datetime

from schemas.alerts import Alert, alert_id
from schemas.events import Event, Response
from schemas.scales import Scale
from schemas.signals import SignalEvent
from streams.customers.observation import Recovery

RULE = "recovered"
"""What stands in place of a rule of loop.yaml."""


def recovery_alerts(
    event: Event | SignalEvent, recoveries: Sequence[Recovery], scale: Scale | None, detected_at: datetime
) -> list[Alert]:
    """One alert a programme. ``event`` is the answer, given on ``scale``; or the end of a case that it was ahead of."""
    answer = event.data if isinstance(event.data, Response) and scale is not None else None
    given = "" if answer is None or scale is None else f": {answer.metric} {answer.score} on {_span(scale)}"
    return [
        Alert(
            id=alert_id(event.source, event.id, f"{RULE} {recovery.programme}"),
            rule=RULE,
            reason=f"The customer's next answer is no longer bad{given}.",
            severity="normal",
            programme=recovery.programme,
            customer_id=event.data.customer_id,
            event_source=event.source,
            event_id=event.id,
            event_time=datetime.fromtimestamp(recovery.when, UTC),
            detected_at=detected_at,
            page=False,
            recovered=True,
            metric=None if answer is None else answer.metric,
            score=None if answer is None else answer.score,
            scale_min=None if answer is None or scale is None else scale.minimum,
            scale_max=None if answer is None or scale is None else scale.maximum,
            higher_is_better=scale is None or scale.higher_is_better,
        )
        for recovery in recoveries
    ]


def _span(scale: Scale) -> str:
    return f"{scale.minimum}..{scale.maximum}" + ("" if scale.higher_is_better else " (low is good)")
