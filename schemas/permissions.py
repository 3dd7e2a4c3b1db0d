"""Who may do what with a case, when: one table, by which Slack's buttons are drawn and its clicks are judged. Pure.

Roles add up: a lead is a member of the team too, and everybody in loop.yaml is anybody. A manager is no member. A
receiver without a team has its person as the only member. Where a team names no lead, the owner decides as the lead
would; where a case has no owner, every member stands in the owner's place, so that nothing can become nobody's to do.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Literal, get_args

from msgspec import Struct

from schemas.cases import CLOSED_STATES, CaseState, UserAction
from schemas.config import Loop

Role = Literal["owner", "member", "lead", "manager", "anybody"]
ROLES: frozenset[Role] = frozenset(get_args(Role))
Deed = UserAction | Literal["take_over", "silence"]
"""What a person can want: an action, to take a case from whoever is on it, or to silence alerts like the case's."""
Situation = Literal["open", "overdue", "acknowledged", "contacted", "snoozed", "closed"]

REOPEN_WITHIN = timedelta(days=30)
"""A case that has been closed for longer stays so: a new answer opens a new one."""

_ANYBODY: tuple[Role, ...] = ("anybody",)
_MEMBER: tuple[Role, ...] = ("member", "owner", "lead")
_OWNER: tuple[Role, ...] = ("owner",)
_OWNER_OR_LEAD: tuple[Role, ...] = ("owner", "lead")
_LEAD: tuple[Role, ...] = ("lead",)
_LEADING: tuple[Role, ...] = ("lead", "manager")

MATRIX: Mapping[Situation, Mapping[Deed, tuple[Role, ...]]] = {
    "open": {
        "acknowledge": _MEMBER,
        "contact": _ANYBODY,
        "resolve": _ANYBODY,
        "snooze": _OWNER_OR_LEAD,
        "reassign": _ANYBODY,
        "dismiss": _LEAD,
        "silence": _LEADING,
    },
    "overdue": {
        "acknowledge": _MEMBER,
        "contact": _ANYBODY,
        "resolve": _ANYBODY,
        "snooze": _LEAD,
        "reassign": _LEAD,
        "dismiss": _LEAD,
        "silence": _LEADING,
    },
    "acknowledged": {
        "take_over": _MEMBER,
        "contact": _OWNER,
        "resolve": _OWNER_OR_LEAD,
        "snooze": _OWNER,
        "reassign": _OWNER_OR_LEAD,
        "dismiss": _LEAD,
        "silence": _LEADING,
    },
    "contacted": {
        "contact": _MEMBER,
        "resolve": _OWNER_OR_LEAD,
        "snooze": _OWNER,
        "reassign": _OWNER_OR_LEAD,
        "dismiss": _LEAD,
        "silence": _LEADING,
    },
    "snoozed": {
        "acknowledge": _MEMBER,
        "contact": _ANYBODY,
        "resolve": _ANYBODY,
        "snooze": _OWNER_OR_LEAD,
        "wake": _MEMBER,
        "reassign": _ANYBODY,
        "dismiss": _LEAD,
        "silence": _LEADING,
    },
    "closed": {"contact": _MEMBER, "reopen": _ANYBODY},
}
"""``MATRIX[situation][deed]`` are the roles any of which suffices; a deed that is not there is nobody's."""


class Circle(Struct, frozen=True, kw_only=True):
    """The people around a case: keys of loop.yaml."""

    owner: str | None
    members: tuple[str, ...]
    leads: tuple[str, ...]
    managers: tuple[str, ...] = ()
    everybody: frozenset[str]


def circle(loop: Loop, receiver: str, owner: str | None) -> Circle:
    """Who is around a case of this receiver and owner. A receiver that loop.yaml no longer has leaves the owner."""
    known = loop.receivers.get(receiver)
    team = loop.teams.get(known.team) if known is not None and known.team is not None else None
    members = tuple(team.members) if team is not None else ()
    if not members and known is not None and known.person is not None:
        members = (known.person,)
    lead = team.lead if team is not None else None
    return Circle(
        owner=owner,
        members=members,
        managers=(team.manager,) if team is not None and team.manager is not None else (),
        leads=(lead,) if lead is not None else (owner,) if owner is not None else members,
        everybody=frozenset(loop.people),
    )


def roles(around: Circle, person: str | None) -> frozenset[Role]:
    """The roles of a person; none for somebody whom loop.yaml does not know."""
    if person is None or person not in around.everybody:
        return frozenset()
    found: set[Role] = {"anybody"}
    if person in around.members or person in around.leads or person == around.owner:
        found.add("member")
    if person in around.leads:
        found.add("lead")
    if person in around.managers:
        found.add("manager")
    if person == around.owner or (around.owner is None and "member" in found):
        found.add("owner")
    return frozenset(found)


def situation(state: CaseState, acknowledge_by: datetime | None, now: datetime) -> Situation:
    """The row of the table: the state, and of an open case whether somebody should have taken it by now."""
    if state in CLOSED_STATES:
        return "closed"
    if state == "open":
        return "overdue" if acknowledge_by is not None and acknowledge_by <= now else "open"
    # mypy keeps `resolved` and `dismissed` in the type: they are closed.
    return state  # type: ignore[return-value]


def may(deed: Deed, where: Situation, held: Iterable[Role]) -> bool:
    """Whether any of these roles suffices."""
    wanted = MATRIX[where].get(deed, ())
    return any(role in wanted for role in held)


def who_may(deed: Deed, where: Situation, around: Circle) -> tuple[str, ...]:
    """The people to be named to somebody who may not, the owner first; empty where nobody may, or everybody."""
    if "anybody" in MATRIX[where].get(deed, ()):
        return ()
    candidates = dict.fromkeys((around.owner, *around.leads, *around.managers, *around.members))
    return tuple(person for person in candidates if person is not None and may(deed, where, roles(around, person)))
