"""Silences: which alerts disturb nobody for a while. The decision is pure; the functions about rows are below it.

A silence loses nothing: a silenced alert makes or joins its case as any other, and only its messages wait.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime

import msgspec
from msgspec import Struct
from sqlalchemy import select
from sqlalchemy.orm import Session

from schemas.alerts import Alert
from schemas.config_owners import Match
from schemas.matching import facts_of, matches
from schemas.tables import SilenceRow


class Silence(Struct, frozen=True, kw_only=True):
    """Alerts that fit ``matchers`` disturb nobody from ``starts_at`` on, until ``ends_at`` (UTC, excluded)."""

    id: int
    matchers: Match
    starts_at: datetime
    ends_at: datetime
    reason: str
    created_by: str
    ended_by: str | None = None


def holding(silences: Iterable[Silence], alert: Alert, now: datetime) -> Silence | None:
    """The silence that holds this alert's messages now; of several, the one that ends last. Pure."""
    fact = facts_of(alert)
    held = [one for one in silences if one.starts_at <= now < one.ends_at and matches(one.matchers, fact)]
    return max(held, key=lambda one: (one.ends_at, -one.id), default=None)


def refusal(matchers: Match, starts_at: datetime, ends_at: datetime, reason: str, now: datetime) -> str | None:
    """What is wrong with a new silence, besides the names in its matchers; ``None`` if nothing is. Pure."""
    if not matchers:
        return "a silence of everything; give at least one field that the alerts have in common"
    if ends_at <= starts_at:
        return "it ends before it starts; give a later end"
    if ends_at <= now:
        return "it is over already; give an end that is still to come"
    if not reason.strip():
        return "without a reason nobody knows later why nobody was told; give one"
    return None


def current(session: Session, now: datetime) -> list[Silence]:
    """The silences that hold now, by id: one query for a batch of alerts."""
    rows = session.scalars(
        select(SilenceRow).where(SilenceRow.starts_at <= now, SilenceRow.ends_at > now).order_by(SilenceRow.id)
    )
    return [_silence(row) for row in rows]


def listed(session: Session, now: datetime, *, over: bool) -> Sequence[Silence]:
    """The silences that hold or are still to come, by their end; with ``over`` those that are over too."""
    wanted = select(SilenceRow).order_by(SilenceRow.ends_at, SilenceRow.id)
    if not over:
        wanted = wanted.where(SilenceRow.ends_at > now)
    return [_silence(row) for row in session.scalars(wanted)]


def add(
    session: Session, matchers: Match, starts_at: datetime, ends_at: datetime, reason: str, who: str, now: datetime
) -> Silence:
    """Keep a silence that :func:`refusal` has nothing against. The caller owns the transaction."""
    row = SilenceRow(
        matchers=msgspec.to_builtins(matchers),
        starts_at=starts_at,
        ends_at=ends_at,
        reason=reason.strip(),
        created_by=who,
        created_at=now,
    )
    session.add(row)
    session.flush()
    return _silence(row)


def end(session: Session, number: int, who: str, now: datetime) -> Silence | None:
    """End it now, whether it has begun or not; ``None`` if there is no such silence, or it is over already."""
    row = session.get(SilenceRow, number, with_for_update=True)
    if row is None or row.ends_at <= now:
        return None
    row.starts_at, row.ends_at, row.ended_by = min(row.starts_at, now), now, who
    session.flush()
    return _silence(row)


def _silence(row: SilenceRow) -> Silence:
    return Silence(
        id=row.id,
        matchers=msgspec.convert(row.matchers, Match),
        starts_at=row.starts_at,
        ends_at=row.ends_at,
        reason=row.reason,
        created_by=row.created_by,
        ended_by=row.ended_by,
    )
