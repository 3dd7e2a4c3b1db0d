"""What an action changes in a case's row. Pure: the row is read, never written."""

from datetime import datetime
from typing import Any

from msgspec import Struct

from schemas import case_clock
from schemas.cases import CLOSED_STATES, CaseAction, CaseState
from schemas.sla import DueOf
from schemas.tables import CaseRow
from schemas.working_time import CalendarOf


class Change(Struct, frozen=True, kw_only=True):
    """What an action brings with it. Only the fields that the action uses are given."""

    note: str | None = None
    root_cause: str | None = None
    until: datetime | None = None
    owner: str | None = None
    lease_until: datetime | None = None
    channel: str | None = None
    """How the customer was contacted: phone, email, ..."""
    customer_told: bool | None = None
    """Whether the customer knows what was done, where a resolution says so."""
    key: str | None = None
    """The name of the API key through which somebody else acted."""


PAST: dict[CaseAction, str] = {
    "acknowledge": "acknowledged",
    "contact": "marked as contacted",
    "resolve": "resolved",
    "reassign": "reassigned",
    "snooze": "snoozed",
    "wake": "woken",
    "reopen": "reopened",
    "dismiss": "dismissed",
    "opened": "opened",
    "joined": "joined",
    "lease_expired": "returned",
}
"""What has been done to a case, as a refusal says it."""


def columns_of(
    case: CaseRow,
    action: CaseAction,
    target: CaseState,
    said: Change,
    now: datetime,
    calendar_of: CalendarOf,
    due_of: DueOf | None = None,
) -> dict[str, Any]:
    """The columns that the action changes, by name, with the times that have passed until ``now``.

    ``due_of`` gives what is promised of a case that is opened again; without it nothing is.
    """
    if action == "reopen":
        due = due_of(case.severity, case.owner, now, case.subject) if due_of is not None and case.page else None
        return begun_anew(case, now) | {
            "acknowledge_by": None if due is None else due.acknowledge_by,
            "contact_by": None if due is None else due.contact_by,
            "resolve_by": None if due is None else due.resolve_by,
        }
    owner = said.owner if action in ("acknowledge", "reassign") and said.owner is not None else case.owner
    columns = case_clock.advanced(case, now, calendar_of(case.owner), calendar_of(owner))
    columns |= {"state": target, "owner": owner, "entered": case_clock.entered(case, action, target, now)}
    worked, closed = columns.get("business_seconds", case.business_seconds), case.state in CLOSED_STATES
    if action == "contact" and closed:
        del columns["business_seconds"]  # the clock of a resolved case stands at its end
    if action in ("acknowledge", "contact") and case.acknowledged_at is None and not closed:
        columns |= {"acknowledged_at": now, "business_seconds_to_acknowledge": worked}
    if action == "contact" and case.contacted_at is None:
        columns |= {"contacted_at": now, "business_seconds_to_contact": worked}
    if action in ("resolve", "dismiss"):
        columns |= {"closed_at": now, "root_cause": said.root_cause, "resolution_note": said.note}
    if action == "acknowledge":
        columns["lease_until"] = _lease(case, said, columns.get("resolve_by", case.resolve_by))
    if action in ("contact", "resolve", "dismiss", "reassign", "lease_expired", "snooze"):
        columns["lease_until"] = None
    columns["snoozed_until"] = said.until if action == "snooze" else None if target != "snoozed" else case.snoozed_until
    return columns


def begun_anew(case: CaseRow, now: datetime) -> dict[str, Any]:
    """The columns of a closed case that is opened again, but its due times: what is measured counts from ``now``."""
    return {
        "state": "open",
        "entered": case_clock.entered(case, "reopen", "open", now),
        "reopened_at": now,
        "acknowledged_at": None,
        "contacted_at": None,
        "closed_at": None,
        "recovered_at": None,
        "recovery_reason": None,
        "snoozed_until": None,
        "lease_until": None,
        "business_seconds": 0.0,
        "business_seconds_to_acknowledge": None,
        "business_seconds_to_contact": None,
        "seconds_on_hold": 0.0,
        "root_cause": None,
        "resolution_note": None,
    }


def _lease(case: CaseRow, said: Change, resolve_by: datetime | None) -> datetime | None:
    """How long the case is theirs. Nobody is contacted about a metric, so its lease holds until the case is due."""
    if case.subject == "metric" and said.lease_until is not None and resolve_by is not None:
        return max(said.lease_until, resolve_by)
    return said.lease_until
