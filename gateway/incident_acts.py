"""Resolve the open cases of an incident with one cause and one note, each by the rules for one case."""

from collections.abc import Callable, Sequence
from datetime import datetime

import msgspec
from msgspec import Struct
from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from gateway.case_acts import act_within
from gateway.case_requests import ActionRequest, change_of
from gateway.slack.acts import Wanted, take
from gateway.slack.notices import Denied
from gateway.vocabulary import Vocabulary
from schemas.case_ledger import Refused
from schemas.cases import CLOSED_STATES, Via
from schemas.config import Loop
from schemas.tables import CaseRow, IncidentRow

AT_ONCE = 60
"""Cases of one transaction: Slack waits three seconds, and other writers wait as well."""
MOST = 1_200
"""Cases of one request over HTTP."""


class ResolveAllRequest(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The body of resolving an incident's cases."""

    root_cause: str | None = None
    """Needed: a code of ``GET /v1/config``."""
    note: str | None = None
    actor: str | None = None
    """Who acts: a person key of loop.yaml, for callers that are not a person themselves."""


class ResolvedAll(Struct, frozen=True, kw_only=True):
    """What became of an incident's open cases."""

    resolved: list[int]
    refused: list[int]
    """Not resolved: who acts may not, because the case is another's, or somebody was quicker."""
    left: int
    """Cases that have not had their turn: ask again for them."""


class Resolver(Struct, frozen=True, kw_only=True):
    """Who resolves, and how."""

    actor: str
    key: str | None
    """The API key through which they act, where it is not their own."""
    via: Via
    bound: bool
    """Whether their part in a case decides what they may, as in Slack."""
    root_cause: str | None
    note: str | None


def open_cases_of(incident: int) -> list[ColumnElement[bool]]:
    """Which cases of an incident are not closed."""
    return [CaseRow.incident_id == incident, CaseRow.state.not_in(CLOSED_STATES)]


def each_by_itself(
    session: Session, which: Sequence[ColumnElement[bool]], resolve: Callable[[int, int], None], after: int = 0
) -> ResolvedAll:
    """Give the next cases by id and version to ``resolve``; one that refuses leaves the others as they are.

    It refuses by :class:`Denied` or :class:`Refused`. At most :data:`AT_ONCE` of those with an id above ``after``.
    """
    wanted = select(CaseRow.id, CaseRow.version).where(*which, CaseRow.id > after).order_by(CaseRow.id)
    rows = session.execute(wanted).all()
    resolved, refused = [], []
    for row in rows[:AT_ONCE]:
        try:
            with session.begin_nested():
                resolve(row.id, row.version)
        except (Denied, Refused):
            refused.append(row.id)
        else:
            resolved.append(row.id)
    return ResolvedAll(resolved=resolved, refused=refused, left=len(rows[AT_ONCE:]))


def resolve_some(
    session: Session, words: Vocabulary, loop: Loop, incident: int, by: Resolver, after: int, now: datetime
) -> ResolvedAll | None:
    """Resolve the next open cases of an incident in the caller's transaction; ``None`` if there is no such incident.

    Whoever is ``bound`` may what they may in Slack; all others act as on one case. Raises
    :class:`gateway.case_requests.Unfit`.
    """
    if session.get(IncidentRow, incident) is None:
        return None
    request = ActionRequest(root_cause=by.root_cause, note=by.note)
    change = change_of("resolve", request, actor_person=None, people=words.people, now=now, lease_seconds=0)
    change = msgspec.structs.replace(change, key=by.key)

    def as_bound(case: int, version: int) -> None:
        wanted = Wanted(case_id=case, version=version, deed="resolve", change=change, via=by.via)
        take(session, loop, wanted, by.actor, now)

    def as_they_like(case: int, version: int) -> None:
        seen = msgspec.structs.replace(request, version=version)
        act_within(
            session,
            words,
            loop,
            case,
            "resolve",
            seen,
            actor=by.actor,
            takes_over=None,
            key=by.key,
            via=by.via,
            now=now,
        )

    resolve = as_bound if by.bound else as_they_like
    return each_by_itself(session, open_cases_of(incident), resolve, after)
