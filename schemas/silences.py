"""Silences: which alerts disturb nobody for a while. The decision is pure; the functions about rows are below it.

A silence loses nothing: a silenced alert makes or joins its case as any other, and only its messages wait.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Literal

import msgspec
from msgspec import Struct
from sqlalchemy import select
from sqlalchemy.orm import Session

from schemas.alerts import Alert
from schemas.audit import Act, Action, Entrance, Who, record
from schemas.cases import Via
from schemas.config_owners import Match
from schemas.matching import facts_of, matches
from schemas.tables import SilenceRow

Phase = Literal["to_come", "holds", "over"]

MAX_LENGTH = timedelta(days=366)
MAX_REASON = 500
"""Characters."""


class Doer(Struct, frozen=True):
    """Who did something, from where, and through which API key where that is not their own."""

    name: str
    via: Via
    key: str | None = None
    asked: Who | None = None
    """Who came in over HTTP, for the audit trail."""


class Silence(Struct, frozen=True, kw_only=True):
    """Alerts that fit ``matchers`` disturb nobody from ``starts_at`` on, until ``ends_at`` (UTC, excluded)."""

    id: int
    matchers: Match
    starts_at: datetime
    ends_at: datetime
    """Of one that somebody ended: that moment."""
    reason: str
    created_at: datetime
    created: Doer
    ended: Doer | None = None
    """Who ended it before its time."""

    def phase(self, now: datetime) -> Phase:
        """Whether it holds at ``now``."""
        return "over" if self.ends_at <= now else "holds" if self.starts_at <= now else "to_come"


def holding(silences: Iterable[Silence], alert: Alert, now: datetime) -> Silence | None:
    """The silence that holds this alert's messages now; of several, the one that ends last. Pure."""
    fact = facts_of(alert)
    held = [one for one in silences if one.starts_at <= now < one.ends_at and matches(one.matchers, fact)]
    return max(held, key=lambda one: (one.ends_at, -one.id), default=None)


class Wrong(Struct, frozen=True):
    """A value that no silence can have: which of its fields, and what would be right."""

    field: Literal["matchers", "starts_at", "ends_at", "reason"]
    problem: str


def faults(matchers: Match, starts_at: datetime, ends_at: datetime, reason: str, now: datetime) -> list[Wrong]:
    """What is wrong with a new silence, besides the names in its matchers. Pure."""
    found: list[Wrong] = []
    if not matchers:
        found.append(Wrong("matchers", "a silence of everything; give a field that the alerts have in common"))
    if ends_at <= starts_at:
        found.append(Wrong("ends_at", "it ends before it starts; give a later end"))
    elif ends_at <= now:
        found.append(Wrong("ends_at", "it is over already; give an end that is still to come"))
    elif ends_at - max(starts_at, now) > MAX_LENGTH:
        found.append(Wrong("ends_at", f"longer than {MAX_LENGTH.days} days; give an earlier end, and add it anew then"))
    if not reason.strip():
        found.append(Wrong("reason", "without a reason nobody knows later why nobody was told; give one"))
    elif len(reason.strip()) > MAX_REASON:
        found.append(Wrong("reason", f"at most {MAX_REASON} characters"))
    elif "\0" in reason:
        found.append(Wrong("reason", "contains the character U+0000"))
    return found


def current(session: Session, now: datetime, *, fixed: bool = False) -> list[Silence]:
    """The silences that hold now, by id: one query for a batch of alerts.

    ``fixed``: nobody ends one of them before this transaction is over, so that whatever it holds is found by the end.
    """
    wanted = select(SilenceRow).where(SilenceRow.starts_at <= now, SilenceRow.ends_at > now).order_by(SilenceRow.id)
    rows = session.scalars(wanted.with_for_update(read=True) if fixed else wanted)
    return [silence_of(row) for row in rows]


def listed(session: Session, now: datetime, *, over: bool) -> Sequence[Silence]:
    """The silences that hold or are still to come, by their end; with ``over`` those that are over too."""
    wanted = select(SilenceRow).order_by(SilenceRow.ends_at, SilenceRow.id)
    if not over:
        wanted = wanted.where(SilenceRow.ends_at > now)
    return [silence_of(row) for row in session.scalars(wanted)]


def add(
    session: Session, matchers: Match, starts_at: datetime, ends_at: datetime, reason: str, who: Doer, now: datetime
) -> Silence:
    """Keep a silence in which :func:`faults` finds none. The caller owns the transaction.

    Cards that are there already show it within about a second: see :mod:`schemas.silenced_cards`.
    """
    row = SilenceRow(
        matchers=msgspec.to_builtins(matchers),
        starts_at=max(starts_at, now),
        ends_at=ends_at,
        reason=reason.strip(),
        created_by=who.name,
        created_at=now,
        created_via=who.via,
        created_key=who.key,
        shown="to_come",
    )
    session.add(row)
    session.flush()
    _audit(session, "silence_added", row.id, who, now)
    return silence_of(row)


def end(session: Session, number: int, who: Doer, now: datetime) -> Silence | None:
    """End it now, whether it has begun or not; ``None`` if there is no such silence, or it is over already."""
    row = session.get(SilenceRow, number, with_for_update=True, populate_existing=True)
    if row is None or row.ends_at <= now:
        return None
    row.starts_at, row.ends_at = min(row.starts_at, now), now
    row.ended_by, row.ended_via, row.ended_key = who.name, who.via, who.key
    _audit(session, "silence_ended", row.id, who, now)
    session.flush()
    return silence_of(row)


def silence_of(row: SilenceRow) -> Silence:
    """The row as what it says."""
    via: Via = msgspec.convert(row.created_via, Via)
    ended = None
    if row.ended_by is not None:
        ended = Doer(row.ended_by, msgspec.convert(row.ended_via, Via), row.ended_key)
    return Silence(
        id=row.id,
        matchers=msgspec.convert(row.matchers, Match),
        starts_at=row.starts_at,
        ends_at=row.ends_at,
        reason=row.reason,
        created_at=row.created_at,
        created=Doer(row.created_by, via, row.created_key),
        ended=ended,
    )


def _audit(session: Session, action: Action, number: int, who: Doer, now: datetime) -> None:
    via: Entrance = "command" if who.via == "system" else who.via
    asked = who.asked or Who(name=who.name, kind="command" if via == "command" else "person", via=via)
    detail: dict[str, str | int] = {} if asked.name == who.name else {"for": who.name}
    record(session, asked, Act(action=action, subject=f"S-{number}", detail=detail), now)
