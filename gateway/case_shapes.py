"""Cases as the API shows them: the shapes of its answers, and what a list can be asked for."""

from datetime import datetime
from typing import Any

from msgspec import UNSET, Struct, UnsetType

from gateway.silence_shapes import CaseSilence
from schemas.alerts import Severity, Subject
from schemas.cases import CaseState, UserAction
from schemas.events import AttributeValue


class AlertShown(Struct, frozen=True, kw_only=True):
    """What was flagged and why: an answer with what the customer said, touchpoints without one, or a metric.

    ``score`` and its scale are null where there is no answer. ``recovered``: what an earlier alert told is over.
    """

    id: str
    rule: str
    reason: str
    severity: Severity
    event_source: str
    event_id: str
    event_time: datetime
    detected_at: datetime
    subject: Subject = "customer"
    page: bool = True
    recovered: bool = False
    metric: str | None = None
    score: int | None = None
    scale_min: int | None = None
    scale_max: int | None = None
    higher_is_better: bool = True
    touchpoint: str | None = None
    channel: str | None = None
    language: str | None = None
    comment: str | None = None
    """In a list of cases cut to 280 characters."""
    contact_requested: bool = False
    attributes: dict[str, AttributeValue] = {}


class HistoryEntry(Struct, frozen=True, kw_only=True):
    """One transition of a case: who, when, from where, and what they said. Or a notice: who was told of a promise."""

    version: int | None
    """None for a notice (``reminded``, ``escalated``): it changes nothing."""
    action: str
    from_state: str | None
    to_state: str
    at: datetime
    actor: str
    actor_name: str
    via: str
    detail: dict[str, Any]


class CardPlace(Struct, frozen=True, kw_only=True):
    """Where a Slack card of the case lives; ``permalink`` opens it, where Slack has told it."""

    surface: str
    destination: str
    posted: bool
    channel: str | None
    ts: str | None
    permalink: str | None = None


class MessageShown(Struct, frozen=True, kw_only=True):
    """A message about the case that was wanted: what it is for, to whom, and what became of it."""

    kind: str
    """``card``, or the occasion of a short reminder."""
    surface: str
    destination: str
    state: str
    """``pending``, ``held`` (until the morning), ``rolled_up``, ``sending``, ``in_doubt``, ``sent``, ``dead``,
    ``cancelled``, or, of an erased customer, ``taking_back`` and ``taken_back``: deleted in Slack."""
    created_at: datetime
    attempts: int
    problem: str | None
    """The class of the last error, where it is not sent."""


class Case(Struct, frozen=True, kw_only=True):
    """One customer's complaint, or one metric's alarm, in one programme.

    ``events``, ``alerts``, ``slack`` and ``messages`` only where one case is asked.
    """

    id: int
    version: int
    subject: Subject = "customer"
    customer_id: str
    """Where ``subject`` is ``metric`` the series, such as ``nps 7d region=SP``."""
    programme: str
    state: CaseState
    severity: Severity
    page: bool = True
    """Whether anybody may be disturbed by it."""
    receiver: str
    owner: str | None
    owner_name: str | None
    opened_at: datetime
    reopened_at: datetime | None = None
    """When it was opened again, by the customer's next bad answer or a colleague: its promises count from then."""
    updated_at: datetime
    acknowledged_at: datetime | None
    contacted_at: datetime | None
    closed_at: datetime | None
    recovered_at: datetime | None = None
    """Of a metric: since when it is back to normal. Of a customer: when they answered well after it was resolved."""
    recovery_reason: str | None = None
    """What the rule said then; of a customer the answer, such as ``NPS 9 of 10``."""
    snoozed_until: datetime | None
    lease_until: datetime | None
    acknowledge_by: datetime | None
    contact_by: datetime | None
    resolve_by: datetime | None
    undelivered_at: datetime | None = None
    """Since when nobody could be told of it: neither Slack nor e-mail nor a webhook took a message."""
    root_cause: str | None
    resolution_note: str | None
    answer_count: int
    """Distinct answers of the customer, or alarms of the metric; 0 where the customer has said nothing."""
    latest_alert: AlertShown
    touchpoint: str | None
    attributes: dict[str, AttributeValue]
    incident: int | None = None
    """The number of the incident that it is part of."""
    actions: tuple[UserAction, ...]
    """What a person can do with it now."""
    silence: CaseSilence | UnsetType | None = UNSET
    """The silence that its alert fits now, or null; not in exports."""
    events: list[HistoryEntry] | UnsetType = UNSET
    alerts: list[AlertShown] | UnsetType = UNSET
    slack: list[CardPlace] | UnsetType = UNSET
    messages: list[MessageShown] | UnsetType = UNSET


class CasePage(Struct, frozen=True, kw_only=True):
    """Cases, newest first. ``next`` is the cursor of the page after this one, or null at the end."""

    cases: list[Case]
    next: str | None
    total: int | None = None
    """How many cases fit on all pages; null unless it was asked for."""
