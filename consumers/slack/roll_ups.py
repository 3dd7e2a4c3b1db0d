"""Roll-ups on Slack: what one shows, which lag behind their cases, and whose turn it is to draw them."""

from collections.abc import Collection
from datetime import datetime, timedelta

from msgspec import Struct
from sqlalchemy import CursorResult, Select, case, func, select, union_all, update
from sqlalchemy.orm import Session

from consumers.slack import view
from consumers.slack.case_view import CaseView
from schemas.cases import CLOSED_STATES, CaseState
from schemas.config_base import Scalar
from schemas.roll_ups import ROLL_UP, message_of
from schemas.tables import CaseRow, IncidentRow, RollUpRow, SlackOutboxRow, SlackSurfaceRow

SHOWN = 40
"""Cases whose picture is read: the first are listed, all can be chosen."""
_SEVERITY_ORDER = case({"critical": 0, "high": 1}, value=CaseRow.severity, else_=2)
_CLOSED_LAST = case((CaseRow.state.in_(CLOSED_STATES), 1), else_=0)


class RollUpView(Struct, frozen=True, kw_only=True):
    """All that a roll-up shows: a picture of one version, which is the sum of its cases' versions."""

    id: int
    version: int
    destination: str
    incident: int | None
    shared: dict[str, Scalar]
    """Of an incident: field to value."""
    since: datetime
    states: dict[CaseState, int]
    """How many of its cases are in which state."""
    cases: tuple[CaseView, ...]
    """At most :data:`SHOWN` of them: open ones first, then by severity and age."""

    @property
    def total(self) -> int:
        """How many cases it tells of."""
        return sum(self.states.values())

    @property
    def live(self) -> int:
        """How many of them are not closed."""
        return sum(count for state, count in self.states.items() if state not in CLOSED_STATES)


class Behind(Struct, frozen=True, kw_only=True):
    """A roll-up to draw again: this process holds it until ``lease_until``."""

    id: int
    channel: str
    ts: str
    redraw_at: datetime
    """When it was free."""
    plain: bool
    lease_until: datetime


def load(session: Session, ids: Collection[int]) -> dict[int, RollUpView]:
    """One consistent picture of each roll-up, by its number."""
    found: dict[int, RollUpView] = {}
    for row in session.scalars(select(RollUpRow).where(RollUpRow.id.in_(sorted(set(ids))))):
        members = _members(row)
        counts = session.execute(
            select(CaseRow.state, func.count(), func.sum(CaseRow.version), func.max(CaseRow.opened_at))
            .where(CaseRow.id.in_(members))
            .group_by(CaseRow.state)
        ).all()
        order = select(CaseRow.id).where(CaseRow.id.in_(members))
        first = session.scalars(order.order_by(_CLOSED_LAST, _SEVERITY_ORDER, CaseRow.id).limit(SHOWN)).all()
        pictures = view.load(session, first)
        incident = session.get(IncidentRow, row.incident_id) if row.incident_id is not None else None
        found[row.id] = RollUpView(
            id=row.id,
            version=sum(int(versions) for _, _, versions, _ in counts),
            destination=row.destination,
            incident=row.incident_id,
            shared=dict(incident.shared) if incident is not None else {},
            since=incident.opened_at if incident is not None else row.opened_at,
            states={state: int(count) for state, count, _, _ in counts},
            cases=tuple(pictures[number] for number in first if number in pictures),
        )
    return found


def behind(session: Session, now: datetime) -> list[Behind]:
    """Roll-ups whose cases have changed since they were drawn, and that nobody draws at the moment."""
    free = [
        row
        for row in session.scalars(
            select(RollUpRow).where(
                RollUpRow.ts.is_not(None),
                RollUpRow.dead_reason.is_(None),
                RollUpRow.settled.is_(False),
                RollUpRow.redraw_at <= now,
            )
        )
        if row.channel is not None and row.ts is not None
    ]
    if not free:
        return []
    versions = _versions(session, [row.id for row in free])
    return [
        Behind(
            id=row.id,
            channel=row.channel or "",
            ts=row.ts or "",
            redraw_at=row.redraw_at,
            plain=row.plain,
            lease_until=now,
        )
        for row in free
        if versions.get(row.id, 0) != row.shown
    ]


def claim(session: Session, roll_up: Behind, now: datetime, lease: timedelta) -> Behind | None:
    """Hold the roll-up; ``None`` if another process was quicker."""
    taken = session.execute(
        update(RollUpRow)
        .where(RollUpRow.id == roll_up.id, RollUpRow.redraw_at == roll_up.redraw_at)
        .values(redraw_at=now + lease)
        .execution_options(synchronize_session=False)
    )
    assert isinstance(taken, CursorResult)
    if taken.rowcount != 1:
        return None
    return Behind(
        id=roll_up.id,
        channel=roll_up.channel,
        ts=roll_up.ts,
        redraw_at=roll_up.redraw_at,
        plain=roll_up.plain,
        lease_until=now + lease,
    )


def drawn(session: Session, roll_up: Behind, version: int, again: datetime, *, over: bool) -> None:
    """The message shows this version now, and is not drawn before ``again``. ``over``: all its cases are closed.

    If the lease was lost, an older picture may lie on top: draw it again.
    """
    row = session.get(RollUpRow, roll_up.id, with_for_update=True, populate_existing=True)
    if row is None:
        return
    if row.redraw_at != roll_up.lease_until:
        row.shown = 0
        return
    row.shown, row.redraw_at = version, again
    row.settled = over and _versions(session, [row.id]).get(row.id) == version


def posted(session: Session, roll_up_id: int, channel: str, ts: str, version: int, now: datetime) -> None:
    """The message is there. ``version`` 0: nobody knows which picture it shows.

    Cases that were all closed before it came need no other picture.
    """
    row = session.get(RollUpRow, roll_up_id, with_for_update=True, populate_existing=True)
    if row is None:
        return
    row.channel, row.ts, row.shown, row.redraw_at, row.dead_reason = channel, ts, version, now, None
    live = select(CaseRow.id).where(CaseRow.id.in_(_members(row)), CaseRow.state.not_in(CLOSED_STATES)).limit(1)
    row.settled = _versions(session, [row.id]).get(row.id) == version and session.scalar(live) is None


def put_off(session: Session, roll_up: Behind, until: datetime, *, plain: bool = False) -> None:
    """Try again later; ``plain``: as text alone."""
    session.execute(
        update(RollUpRow)
        .where(RollUpRow.id == roll_up.id, RollUpRow.redraw_at == roll_up.lease_until)
        .values(redraw_at=until, plain=roll_up.plain or plain)
        .execution_options(synchronize_session=False)
    )


def lost(session: Session, roll_up: Behind, code: str, now: datetime, *, deleted: bool) -> None:
    """The message cannot be drawn again. One that was ``deleted`` is posted anew while any of its cases is open."""
    row = session.get(RollUpRow, roll_up.id, with_for_update=True, populate_existing=True)
    if row is None or row.redraw_at != roll_up.lease_until:
        return
    live = select(CaseRow.id).where(CaseRow.id.in_(_members(row)), CaseRow.state.not_in(CLOSED_STATES))
    first = session.scalar(live.order_by(CaseRow.id).limit(1)) if deleted else None
    if first is None:
        row.dead_reason, row.current_key = code, None
        return
    entries = [{"case": first, "what": "card", "of": row.destination.removeprefix("person:")}]
    session.add(message_of(row, first, f"{ROLL_UP}/{row.id}/after/{row.ts}", now, now, entries))
    row.ts, row.redraw_at = None, now


def cases_of(session: Session, roll_up_id: int) -> list[int]:
    """The cases of which this roll-up tells."""
    row = session.get(RollUpRow, roll_up_id)
    return [] if row is None else list(session.scalars(_members(row)))


def _members(row: RollUpRow) -> Select[int]:
    """Of an incident: all its cases that go to this destination, those with a card of their own as well."""
    if row.incident_id is None:
        return select(SlackOutboxRow.case_id).where(SlackOutboxRow.roll_up_id == row.id, SlackOutboxRow.kind != ROLL_UP)
    return (
        select(SlackSurfaceRow.case_id)
        .join(CaseRow, CaseRow.id == SlackSurfaceRow.case_id)
        .where(CaseRow.incident_id == row.incident_id, SlackSurfaceRow.destination == row.destination)
    )


def _versions(session: Session, ids: Collection[int]) -> dict[int, int]:
    """The sum of the versions of the cases of each of these roll-ups."""
    folded = (
        select(RollUpRow.id.label("roll_up"), CaseRow.version.label("version"))
        .join(SlackOutboxRow, SlackOutboxRow.roll_up_id == RollUpRow.id)
        .join(CaseRow, CaseRow.id == SlackOutboxRow.case_id)
        .where(RollUpRow.id.in_(ids), RollUpRow.incident_id.is_(None), SlackOutboxRow.kind != ROLL_UP)
    )
    linked = (
        select(RollUpRow.id.label("roll_up"), CaseRow.version.label("version"))
        .join(CaseRow, CaseRow.incident_id == RollUpRow.incident_id)
        .join(
            SlackSurfaceRow,
            (SlackSurfaceRow.case_id == CaseRow.id) & (SlackSurfaceRow.destination == RollUpRow.destination),
        )
        .where(RollUpRow.id.in_(ids), RollUpRow.incident_id.is_not(None))
    )
    both = union_all(folded, linked).subquery()
    rows = session.execute(select(both.c.roll_up, func.sum(both.c.version)).group_by(both.c.roll_up))
    return {int(roll_up): int(version) for roll_up, version in rows}
