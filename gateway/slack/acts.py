"""Take a person's action through the ledger, if they may in Slack: one transaction, or nothing changed.

Two of them are two steps of the ledger: to take a case over is to hand it to oneself and to take it, and a contact with
a follow-up date puts the case to sleep until then.
"""

from datetime import datetime, timedelta

import msgspec
from sqlalchemy import select
from sqlalchemy.orm import Session

from gateway.slack.notices import Denied
from schemas.case_ledger import Change, Refused, act, user_action
from schemas.cases import UNASKED, UserAction, Via, after
from schemas.config import Loop
from schemas.config_base import seconds
from schemas.permissions import REOPEN_WITHIN, Deed, circle, may, roles, situation
from schemas.sla import promises
from schemas.tables import CaseEventRow, CaseRow
from schemas.working_time import calendars


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """What a person wants of a case, at the version that they saw."""

    case_id: int
    version: int
    deed: Deed
    change: Change = Change()
    follow_up: datetime | None = None
    via: Via = "slack"


def take(session: Session, loop: Loop, wanted: Wanted, person: str, now: datetime) -> None:
    """Act in the caller's transaction. Raises :class:`Denied`, or :class:`schemas.case_ledger.Refused`."""
    case = session.get(CaseRow, wanted.case_id, with_for_update=True, populate_existing=True)
    check(session, loop, case, wanted, person, now)
    lease = now + timedelta(seconds=seconds(loop.sla.lease))
    if wanted.deed == "take_over":
        _act(session, loop, wanted, "reassign", Change(owner=person), person, now, wanted.version)
        _act(session, loop, wanted, "acknowledge", Change(owner=person, lease_until=lease), person, now, None)
        return
    assert wanted.deed != "silence", "a silence changes no case"
    change = wanted.change
    if wanted.deed == "acknowledge":
        change = msgspec.structs.replace(change, owner=person, lease_until=lease)
    _act(session, loop, wanted, wanted.deed, change, person, now, wanted.version)
    if wanted.follow_up is not None:
        _act(session, loop, wanted, "snooze", Change(until=wanted.follow_up), person, now, None)


def check(session: Session, loop: Loop, case: CaseRow | None, wanted: Wanted, person: str, now: datetime) -> None:
    """Whether this person may do that now. Raises as :func:`take` does; who is late hears that before what they may."""
    if case is None:
        raise Refused("missing", f"there is no case C-{wanted.case_id}")
    if wanted.deed != "silence" and wanted.version != case.version and _moved_since(session, case, wanted.version):
        raise Refused("stale", f"C-{case.id} has changed since: it is {case.state} now", case)
    action = user_action(wanted.deed)
    if action is not None and after(action, case.state, case.subject) is None:
        raise Refused("not_allowed", f"C-{case.id} is {case.state}", case)
    where = situation(case.state, case.acknowledge_by, now)
    held = roles(circle(loop, case.receiver, case.owner), person)
    late = wanted.deed == "reopen" and case.closed_at is not None and now - case.closed_at > REOPEN_WITHIN
    if late or not may(wanted.deed, where, held):
        raise Denied(wanted.deed)


def _act(
    session: Session,
    loop: Loop,
    wanted: Wanted,
    action: UserAction,
    change: Change,
    person: str,
    now: datetime,
    version: int | None,
) -> None:
    act(
        session,
        wanted.case_id,
        action,
        actor=person,
        via=wanted.via,
        now=now,
        change=change,
        expected_version=version,
        calendar_of=calendars(loop),
        due_of=promises(loop),
    )


def _moved_since(session: Session, case: CaseRow, version: int) -> bool:
    """Whether anything has happened since but a further answer, or a silence's end: what is meant still holds then."""
    if version > case.version:
        return True
    moved = select(CaseEventRow.seq).where(
        CaseEventRow.case_id == case.id, CaseEventRow.version > version, CaseEventRow.action.not_in(UNASKED)
    )
    return session.scalar(moved.limit(1)) is not None
