"""When a case's reminders and escalations are due. Pure.

All of it is reckoned on the case's own clock: the working seconds since its opening, in the hours of whoever owned it
at each time, which stand still while it is snoozed. A promise breaks, and a step comes, at a reading of that clock; the
instant follows from the reading, from how far the clock has come, and from the hours of the present owner. So a snooze,
a change of hands and a change of clocks move every timer rightly by themselves.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Literal

from msgspec import Struct, structs

from schemas.cases import CLOSED_STATES
from schemas.config import Loop
from schemas.config_base import seconds
from schemas.config_clock import BUILT_IN_CHAIN, DEFAULT_CHAIN, Share, Step
from schemas.config_owners import Calendar
from schemas.tables import CaseRow
from schemas.working_time import add_working_time, working_time_between

Promise = Literal["acknowledge", "contact"]
PROMISES: tuple[Promise, ...] = ("acknowledge", "contact")


class Span(Struct, frozen=True):
    """A promise on the case's clock, in working seconds: since when it was counted, and where it breaks."""

    since: float
    breaks: float


class Returned(Struct, frozen=True):
    """A lease that ran out without a contact: the version of the case then, when, and the reading of its clock."""

    version: int
    at: datetime
    reading: float


class Marks(Struct, frozen=True):
    """What a plan remembers of a case from one version to the next: the readings, which no row of the case has."""

    life: int = 0
    """How often it was opened again: each time, everybody may be told anew."""
    closed: bool = False
    reopened_at: datetime | None = None
    promises: Mapping[Promise, Span] = {}
    returned: Returned | None = None


class Planned(Struct, frozen=True, kw_only=True):
    """A timer that the case should have: ``remind`` of a promise, or the slot of a ``round`` of its escalation."""

    key: str
    kind: Literal["remind", "escalate"]
    due_at: datetime
    round: str
    slot: int = 0


def chain_of(loop: Loop, receiver: str) -> tuple[Step, ...]:
    """The escalation chain of a receiver; a receiver that loop.yaml has not any more has the default's."""
    known = loop.receivers.get(receiver)
    name = known.escalation if known is not None else DEFAULT_CHAIN
    steps = loop.escalations.get(name) or loop.escalations.get(DEFAULT_CHAIN)
    return tuple(steps) if steps else BUILT_IN_CHAIN


def marked(loop: Loop, case: CaseRow, marks: Marks, calendar: Calendar | None) -> Marks:
    """The marks of the case as it is now. ``calendar`` has the working hours of its owner."""
    if case.state in CLOSED_STATES:
        return structs.replace(marks, closed=True)
    reading = case.business_seconds
    if marks.closed:
        # What was promised before it was closed is broken since it was opened again, not since long ago.
        known = {name: Span(max(span.since, reading), max(span.breaks, reading)) for name, span in _spans(marks)}
        marks = Marks(life=marks.life + 1, reopened_at=case.updated_at, promises=known)
    if case.state == "snoozed":
        return marks  # its due times are those of when it fell asleep; they move when it wakes
    promises = dict(marks.promises)
    for promise in PROMISES:
        due = _due(case, promise)
        if due is None:
            promises.pop(promise, None)
        elif due > case.updated_at:
            breaks = round(reading + working_time_between(case.updated_at, due, calendar), 6)
            if promise not in promises or abs(promises[promise].breaks - breaks) > 1e-3:
                target = getattr(getattr(loop.sla, case.severity), promise)
                promises[promise] = Span(max(0.0, breaks - seconds(target)), breaks)
        elif promise not in promises:
            late = working_time_between(due, case.updated_at, calendar)
            promises[promise] = Span(0.0, max(0.0, round(reading - late, 6)))
    return structs.replace(marks, promises=promises)


def timetable(loop: Loop, case: CaseRow, marks: Marks, calendar: Calendar | None) -> list[Planned]:
    """Every timer of the case as it is now, whether fired already or not; none while it is closed, asleep or quiet."""
    if case.state not in ("open", "acknowledged") or not case.page or case.recovered_at is not None:
        return []
    found: list[Planned] = []
    starts: list[tuple[str, float]] = []
    for promise in PROMISES:
        span = marks.promises.get(promise)
        if span is None or not _is_open(case, marks, promise):
            continue
        starts.append((promise, span.breaks))
        share = getattr(loop.reminders, promise) if loop.reminders is not None else None
        if share is not None and span.since < span.breaks and case.business_seconds < span.breaks:
            at = span.since + _fraction(share) * (span.breaks - span.since)
            key = f"{case.id}/{marks.life}/remind/{promise}"
            found.append(Planned(key=key, kind="remind", due_at=_instant(case, at, calendar), round=promise))
    if marks.returned is not None and case.state == "open" and not _taken_since(case, marks.returned.at):
        starts.append((f"lease{marks.returned.version}", marks.returned.reading))
    for name, start in starts:
        for slot, step in enumerate(chain_of(loop, case.receiver)):
            due = _instant(case, start + seconds(step.after), calendar)
            key = f"{case.id}/{marks.life}/{name}/{slot}"
            found.append(Planned(key=key, kind="escalate", due_at=due, round=name, slot=slot))
    return sorted(found, key=lambda timer: timer.due_at)


def returned(case: CaseRow, marks: Marks) -> Marks:
    """The marks of a case whose lease has just run out: its escalation begins anew."""
    return structs.replace(marks, returned=Returned(case.version, case.updated_at, case.business_seconds))


def _is_open(case: CaseRow, marks: Marks, promise: Promise) -> bool:
    """Whether the promise is still to be kept, and nobody has taken the case in hand since it was broken."""
    if promise == "acknowledge":
        return case.state == "open" and case.acknowledged_at is None
    if case.contacted_at is not None or case.contact_by is None:
        return False
    return not _taken_since(case, max(case.contact_by, marks.reopened_at or case.contact_by))


def _taken_since(case: CaseRow, moment: datetime) -> bool:
    _, last = case.entered.get("acknowledged", ("", ""))
    return bool(last) and datetime.fromisoformat(last) > moment


def _due(case: CaseRow, promise: Promise) -> datetime | None:
    return case.acknowledge_by if promise == "acknowledge" else case.contact_by


def _spans(marks: Marks) -> list[tuple[Promise, Span]]:
    return list(marks.promises.items())


def _instant(case: CaseRow, reading: float, calendar: Calendar | None) -> datetime:
    """When the case's clock comes to this reading, if nothing changes; at once where it is past."""
    left = round(reading - case.business_seconds, 6)
    return case.updated_at if left <= 0 else add_working_time(case.updated_at, left, calendar)


def _fraction(share: Share) -> float:
    return int(share.removesuffix("%")) / 100
