"""The clocks of a case: working time that passed, time on hold, due times that wait while it sleeps. Pure.

They are advanced at every change of the case by what has passed since the one before, so each stretch counts in the
working hours of whoever owned the case then, and a case that changes hands takes what is left of its time along. A
snoozed case is on hold: no working time passes and what is not yet due moves on. The clock
of a closed case stands at its end; who contacts the customer after that took all the time until then.
"""

from datetime import datetime, timedelta
from typing import Any

from schemas.cases import CLOSED_STATES, CaseAction, CaseState
from schemas.config_owners import Calendar
from schemas.tables import CaseRow
from schemas.working_time import add_working_time, working_time_between


def advanced(case: CaseRow, now: datetime, before: Calendar | None, after: Calendar | None) -> dict[str, Any]:
    """The columns that time alone has changed since the last change of the case, as they are at ``now``.

    ``before`` are the working hours of who owned the case until now, ``after`` of who does from now on.
    """
    since, asleep = case.updated_at, case.state == "snoozed"
    if case.state in CLOSED_STATES and case.closed_at is not None:
        since = case.closed_at
    columns: dict[str, Any] = {}
    if asleep:
        columns["seconds_on_hold"] = case.seconds_on_hold + (now - since) / timedelta(seconds=1)
    else:
        columns["business_seconds"] = case.business_seconds + working_time_between(since, now, before)
    if case.state in CLOSED_STATES:
        return columns
    counted_from = since if asleep else now
    for name, done in (
        ("acknowledge_by", case.acknowledged_at),
        ("contact_by", case.contacted_at),
        ("resolve_by", None),
    ):
        due: datetime | None = getattr(case, name)
        if done is None and due is not None and due > counted_from and (asleep or before != after):
            columns[name] = add_working_time(now, working_time_between(counted_from, due, before), after)
    return columns


def entered(case: CaseRow, action: CaseAction, target: CaseState, now: datetime) -> dict[str, list[str]]:
    """When each state was first and last entered. Taking a case anew that is open already is no entering."""
    if action == "opened":
        return {target: [now.isoformat(), now.isoformat()]}
    if case.state == target:
        return case.entered
    first, _ = case.entered.get(target, [now.isoformat(), ""])
    return {**case.entered, target: [first, now.isoformat()]}


def in_time(done: datetime | None, due: datetime | None) -> bool | None:
    """Whether it was done by its due time; ``None`` where it is not done, or nothing was promised."""
    return None if done is None or due is None else done <= due
