"""The timeline of a case's customer as the API shows it."""

from datetime import datetime

from msgspec import Struct

from gateway.case_shapes import AlertShown, HistoryEntry
from schemas.events import Money


class FlaggedAs(Struct, frozen=True, kw_only=True):
    """A rule that flagged something, and the case that it came to."""

    case: int
    alert: AlertShown


class TimelineTouchpoint(Struct, frozen=True, kw_only=True, tag_field="kind", tag="touchpoint"):
    """Something that the customer met with."""

    at: datetime
    event_source: str
    event_id: str
    touchpoint: str | None
    channel: str | None = None
    outcome: str | None = None
    duration_ms: int | None = None
    value: Money | None = None


class TimelineAnswer(Struct, frozen=True, kw_only=True, tag_field="kind", tag="answer"):
    """An answer of the customer. Its words stand in the alerts of the rules that flagged it, if any did."""

    at: datetime
    event_source: str
    event_id: str
    metric: str | None
    score: int | None
    scale_min: int | None
    scale_max: int | None
    higher_is_better: bool
    touchpoint: str | None = None
    channel: str | None = None
    flagged: list[FlaggedAs] = []


class TimelineAlarm(Struct, frozen=True, kw_only=True, tag_field="kind", tag="alarm"):
    """What was flagged without an answer: a customer who says nothing after failures, or a metric."""

    at: datetime
    flagged: FlaggedAs


class TimelineAction(Struct, frozen=True, kw_only=True, tag_field="kind", tag="action"):
    """What was done about one of the customer's cases: a contact, its end, its reopening."""

    at: datetime
    case: int
    entry: HistoryEntry


TimelineEntry = TimelineTouchpoint | TimelineAnswer | TimelineAlarm | TimelineAction


class CaseTimeline(Struct, frozen=True, kw_only=True):
    """What a case's customer met with and said, and what was done about it, newest first."""

    case: int
    since: datetime
    """From when on touchpoints and answers that no rule flagged are told: 14 days before the case's first alert."""
    kept: bool
    """Whether ``loop.yaml`` keeps timelines; otherwise there are flagged answers and actions alone."""
    entries: list[TimelineEntry]
    left_out: int
    """Touchpoints and answers since then that are not told, because there are too many."""
