"""The life of a case: its states, its actions, and the one table that says which action leads where."""

from datetime import datetime
from typing import Literal, get_args

from msgspec import Struct

from schemas.alerts import Severity, Subject
from schemas.events import AttributeValue

CaseState = Literal["open", "acknowledged", "contacted", "snoozed", "resolved", "dismissed"]
CLOSED_STATES: frozenset[CaseState] = frozenset({"resolved", "dismissed"})
TAKEN_STATES: frozenset[CaseState] = frozenset({"acknowledged", "contacted", "snoozed"})
"""States in which somebody is on the case."""

UserAction = Literal["acknowledge", "contact", "resolve", "reassign", "snooze", "wake", "reopen", "dismiss"]
SystemAction = Literal["opened", "joined", "lease_expired"]
CaseAction = UserAction | SystemAction
Aside = Literal["recovered", "unsilenced", "linked", "erased"]
"""What a history tells beside the actions: the customer is content again, a silence is over, the case has become part
of an incident, the customer was erased. ``cx.cases`` tells of it as ``joined``, the one word its readers know."""
ASIDES: tuple[Aside, ...] = get_args(Aside)
Notice = Literal["reminded", "escalated"]
"""Somebody was told of a promise that is about to break, or is broken. It changes nothing, and has no version."""
HistoryAction = CaseAction | Aside | Notice
"""What a case's history says. ``cx.cases`` tells nothing of notices."""
UNASKED: frozenset[HistoryAction] = frozenset({"joined", "unsilenced", "linked", "erased", "reminded", "escalated"})
"""What happens to a case without anybody deciding about it: what a person means to do with it still holds then."""
Via = Literal["slack", "console", "api", "system"]

_LIVE: tuple[CaseState, ...] = ("open", "acknowledged", "contacted", "snoozed")

TRANSITIONS: dict[CaseAction, dict[CaseState, CaseState]] = {
    "acknowledge": {"open": "acknowledged", "snoozed": "acknowledged"},
    "contact": {**dict.fromkeys(_LIVE, "contacted"), "resolved": "resolved"},
    "resolve": dict.fromkeys(_LIVE, "resolved"),
    "reassign": {"open": "open", "acknowledged": "open", "contacted": "contacted", "snoozed": "snoozed"},
    "snooze": {"open": "snoozed", "acknowledged": "snoozed", "contacted": "snoozed", "snoozed": "snoozed"},
    "wake": {"snoozed": "open"},
    "reopen": {"resolved": "open", "dismissed": "open"},
    "dismiss": dict.fromkeys(_LIVE, "dismissed"),
    "joined": {state: state for state in _LIVE},
    "lease_expired": {"acknowledged": "open"},
}
"""``TRANSITIONS[action][state]`` is the state after; a state that is not there refuses the action.

A customer who is told of the solution once the case is resolved has been contacted: the case stays resolved.
"""

ROOT_CAUSES: dict[str, str] = {
    "late_delivery": "Late delivery",
    "damaged": "Damaged or wrong goods",
    "product_quality": "Product quality",
    "billing": "Billing or refund",
    "support": "Support experience",
    "usability": "Hard to use",
    "expectation": "Wrong expectation set",
    "other": "Something else",
}
"""What went wrong, asked when a case is resolved: the code in data, the words for people."""

CONTACT_CHANNELS: tuple[str, ...] = ("phone", "email", "chat", "in_person", "letter")
"""How a customer can have been contacted, as Slack's dialog asks it."""


class Entered(Struct, frozen=True):
    """When a state was entered for the first and for the last time."""

    first: datetime
    last: datetime


class CaseEvent(Struct, frozen=True, kw_only=True, tag_field="type", tag="case"):
    """One transition on ``cx.cases``, keyed by the case id. It carries codes and times, no words of customer or owner.

    ``seconds_to_*`` count wall-clock seconds from ``opened_at`` (from ``reopened_at``, where the customer's next bad
    answer or a colleague has opened the case again: it starts anew then) to the first acknowledgement, the first
    contact, and the resolution; that one is there while the case is resolved, because a case that is opened again was
    not.
    ``business_seconds_to_*`` count the same in the working hours of who owned the case, without the time on hold.
    ``in_sla_*`` says whether it was done by its due time, which moves on while the case sleeps. ``None`` where it is
    not done, where nothing was promised, and in events of versions that did not say it.
    """

    id: str
    case_id: int
    version: int
    action: CaseAction
    from_state: CaseState | None
    to_state: CaseState
    at: datetime
    actor: str
    via: Via
    customer_id: str
    programme: str
    severity: Severity
    owner: str | None
    opened_at: datetime
    reopened_at: datetime | None = None
    subject: Subject = "customer"
    """``metric``: the case is about a series, which ``customer_id`` names, and is never contacted."""
    page: bool = True
    """False for a case that disturbs nobody and promises nothing."""
    root_cause: str | None = None
    seconds_to_acknowledge: float | None = None
    seconds_to_contact: float | None = None
    seconds_to_resolve: float | None = None
    business_seconds_to_acknowledge: float | None = None
    business_seconds_to_contact: float | None = None
    business_seconds_to_resolve: float | None = None
    seconds_on_hold: float = 0.0
    """Wall-clock seconds that the case has been snoozed so far."""
    in_sla_acknowledge: bool | None = None
    in_sla_contact: bool | None = None
    in_sla_resolve: bool | None = None
    entered: dict[CaseState, Entered] = {}
    touchpoint: str | None = None
    channel: str | None = None
    language: str | None = None
    attributes: dict[str, AttributeValue] = {}


def after(action: CaseAction, state: CaseState, subject: Subject = "customer") -> CaseState | None:
    """The state that the action leads to from ``state``, or ``None`` where it is not allowed.

    A case about a metric has nobody to contact.
    """
    if action == "contact" and subject == "metric":
        return None
    return TRANSITIONS.get(action, {}).get(state)


def allowed_actions(state: CaseState, subject: Subject = "customer") -> tuple[UserAction, ...]:
    """What a person can do with a case in this state: drives the buttons and the server's checks."""
    actions: tuple[UserAction, ...] = (
        "acknowledge",
        "contact",
        "resolve",
        "snooze",
        "wake",
        "reassign",
        "reopen",
        "dismiss",
    )
    return tuple(action for action in actions if after(action, state, subject) is not None)
