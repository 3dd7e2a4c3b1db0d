"""Cards that are posted already say that alerts like theirs are silenced, and stop saying so when that is over.

A silence changes no case, so no case's version moves: the cards of the open cases that it fits are asked to be drawn
anew, once when it begins and once when it is over, by whichever process sees it first.
"""

from datetime import datetime

import msgspec
from sqlalchemy import CursorResult, and_, or_, select, update
from sqlalchemy.orm import Session

from schemas.alerts import Alert
from schemas.cases import CLOSED_STATES
from schemas.matching import facts_of, matches
from schemas.silences import Silence, silence_of
from schemas.tables import CaseRow, SilenceRow, SlackSurfaceRow

_PIECE = 500


def to_show(session: Session, now: datetime) -> list[int]:
    """The silences that have begun, or are over, without the cards knowing it."""
    begun = and_(SilenceRow.shown == "to_come", SilenceRow.starts_at <= now)
    over = and_(SilenceRow.shown != "over", SilenceRow.ends_at <= now)
    return list(session.scalars(select(SilenceRow.id).where(or_(begun, over)).order_by(SilenceRow.id)))


def show(session: Session, number: int, now: datetime) -> int:
    """In the caller's transaction, let the cards of its cases be drawn anew; how many.

    None where another process was quicker.
    """
    row = session.get(SilenceRow, number, populate_existing=True)
    if row is None:
        return 0
    silence, before = silence_of(row), row.shown
    phase = silence.phase(now)
    taken = session.execute(
        update(SilenceRow)
        .where(SilenceRow.id == number, SilenceRow.shown == before, SilenceRow.shown != phase)
        .values(shown=phase)
        .execution_options(synchronize_session=False)
    )
    assert isinstance(taken, CursorResult)
    if taken.rowcount != 1 or (before, phase) == ("to_come", "over"):
        return 0
    return _draw_anew(session, silence)


def _draw_anew(session: Session, silence: Silence) -> int:
    """A card that is being drawn at this moment is taken from whoever draws it: it may be the picture of before."""
    posted = and_(SlackSurfaceRow.posted.is_(True), SlackSurfaceRow.dead_reason.is_(None))
    shown = (
        select(SlackSurfaceRow.id, CaseRow.latest_alert)
        .join(CaseRow, CaseRow.id == SlackSurfaceRow.case_id)
        .where(posted, CaseRow.state.not_in(CLOSED_STATES))
    )
    cards = [
        card
        for card, payload in session.execute(shown)
        if matches(silence.matchers, facts_of(msgspec.convert(payload, Alert)))
    ]
    for start in range(0, len(cards), _PIECE):
        session.execute(
            update(SlackSurfaceRow)
            .where(SlackSurfaceRow.id.in_(cards[start : start + _PIECE]))
            .values(rendered_version=0, lease_until=None)
            .execution_options(synchronize_session=False)
        )
    return len(cards)
