"""Cards on Slack that lag behind their case: which, whose turn, and never an older picture last."""

from collections.abc import Collection
from datetime import datetime, timedelta

from msgspec import Struct, structs
from sqlalchemy import CursorResult, and_, func, or_, select, update
from sqlalchemy.orm import Session

from schemas.tables import CaseEventRow, SlackSurfaceRow

_BEHIND = and_(
    SlackSurfaceRow.posted.is_(True),
    SlackSurfaceRow.dead_reason.is_(None),
    SlackSurfaceRow.rendered_version < SlackSurfaceRow.wanted_version,
)


class Behind(Struct, frozen=True, kw_only=True):
    """A card to update: this process holds it until ``lease_until``."""

    id: int
    case_id: int
    surface: str
    destination: str
    channel: str
    ts: str
    by_person: bool
    """A person's action caused it: it goes before what the system did."""
    lease_until: datetime


def behind(session: Session, now: datetime, limit: int, busy: Collection[str] = ()) -> list[Behind]:
    """Cards that are behind and free, those that a person waits for first, then the newest cases.

    ``busy`` names channels that take nothing at the moment: their cards must not hide those of others.
    """
    by_person = func.coalesce(CaseEventRow.via, "system") != "system"
    rows = session.execute(
        select(SlackSurfaceRow, by_person)
        .outerjoin(
            CaseEventRow,
            and_(
                CaseEventRow.case_id == SlackSurfaceRow.case_id, CaseEventRow.version == SlackSurfaceRow.wanted_version
            ),
        )
        .where(
            _BEHIND,
            or_(SlackSurfaceRow.lease_until.is_(None), SlackSurfaceRow.lease_until <= now),
            SlackSurfaceRow.channel.not_in(sorted(busy)),
        )
        .order_by(by_person.desc(), SlackSurfaceRow.case_id.desc())
        .limit(limit)
    )
    return [
        Behind(
            id=row.id,
            case_id=row.case_id,
            surface=row.surface,
            destination=row.destination,
            channel=row.channel,
            ts=row.ts,
            by_person=bool(person),
            lease_until=now,
        )
        for row, person in rows
        if row.channel is not None and row.ts is not None
    ]


def count_behind(session: Session) -> int:
    """How many cards are behind, free or not."""
    return session.scalar(select(func.count()).select_from(SlackSurfaceRow).where(_BEHIND)) or 0


def claim(session: Session, surface_id: int, now: datetime, lease: timedelta) -> datetime | None:
    """Hold the card; the end of the lease, or ``None`` if another process was quicker."""
    until = now + lease
    taken = session.execute(
        update(SlackSurfaceRow)
        .where(
            SlackSurfaceRow.id == surface_id,
            _BEHIND,
            or_(SlackSurfaceRow.lease_until.is_(None), SlackSurfaceRow.lease_until <= now),
        )
        .values(lease_until=until)
        .execution_options(synchronize_session=False)
    )
    assert isinstance(taken, CursorResult)
    return until if taken.rowcount == 1 else None


def held(card: Behind, until: datetime) -> Behind:
    """The card as this process holds it."""
    return structs.replace(card, lease_until=until)


def settle(session: Session, card: Behind, version: int) -> None:
    """The card shows this version now. If the lease was lost, an older picture may lie on top: draw it again."""
    held = session.execute(
        update(SlackSurfaceRow)
        .where(SlackSurfaceRow.id == card.id, SlackSurfaceRow.lease_until == card.lease_until)
        .values(rendered_version=version, lease_until=None)
        .execution_options(synchronize_session=False)
    )
    assert isinstance(held, CursorResult)
    if held.rowcount == 0:
        session.execute(
            update(SlackSurfaceRow)
            .where(SlackSurfaceRow.id == card.id, SlackSurfaceRow.ts == card.ts)
            .values(rendered_version=0)
            .execution_options(synchronize_session=False)
        )


def put_off(session: Session, card: Behind, until: datetime) -> None:
    """Try again later: the lease's end is the time before which nobody takes it."""
    session.execute(
        update(SlackSurfaceRow)
        .where(SlackSurfaceRow.id == card.id, SlackSurfaceRow.lease_until == card.lease_until)
        .values(lease_until=until)
        .execution_options(synchronize_session=False)
    )
