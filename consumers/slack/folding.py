"""Which cards are told as one: those of an incident, and those above the rate at which a destination takes cards.

A card that was never tried is folded: its outbox row leaves ``pending`` for ``rolled_up`` by a compare-and-set, so that
it is either posted or told of in the roll-up, never both. Cards of critical cases, and those that answer a person's
own action, are never folded; a case that becomes critical later gets its card back.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

import msgspec
from msgspec import Struct
from sqlalchemy import CursorResult, func, or_, select, update
from sqlalchemy.orm import Session

from consumers.slack.digest import Entry
from schemas.case_cards import Destination, add_card_once
from schemas.cases import CLOSED_STATES
from schemas.config import Loop
from schemas.config_base import seconds
from schemas.config_grouping import RollUp
from schemas.roll_ups import ROLL_UP, ROLLED_UP, message_of
from schemas.tables import CaseRow, RollUpRow, SlackOutboxRow, SlackSurfaceRow
from schemas.working_time import calendars

AT_ONCE = 500
"""Cards that are looked at in one transaction."""
GATHERS = timedelta(seconds=2)
"""A roll-up's message waits so long: it begins with what came together."""
MOST = 100
"""Cases of one roll-up that is no incident's; and a menu of Slack has at most 100 options."""
LONGEST = timedelta(hours=1)
"""After this a new message begins: nobody scrolls up for hours."""
_OUTBOX = SlackOutboxRow


class Waiting(Struct, frozen=True):
    """A card that waits to be posted."""

    id: str
    case_id: int
    destination: str
    incident: int | None


def plan(
    waiting: Sequence[Waiting], alone: Mapping[str, int], roll_up: RollUp | None
) -> dict[tuple[str, int | None], list[Waiting]]:
    """What to fold, by destination and incident. Pure. ``waiting`` is in order, the oldest first.

    ``alone`` says how many cards a destination has got one by one within the roll-up's time. Until there are
    ``roll_up.above`` of them, cards go on by themselves; all cards of incidents are folded.
    """
    found: dict[tuple[str, int | None], list[Waiting]] = {}
    single = dict(alone)
    for card in waiting:
        if card.incident is None and (roll_up is None or single.get(card.destination, 0) < roll_up.above):
            single[card.destination] = single.get(card.destination, 0) + 1
            continue
        found.setdefault((card.destination, card.incident), []).append(card)
    return found


def fold(session: Session, loop: Loop, now: datetime, gathers: timedelta = GATHERS) -> int:
    """Fold what has to be; how many cards. The caller owns the transaction.

    Raises ``IntegrityError`` where another process began the same roll-up: roll back, look again.
    """
    cards = _waiting(session, loop, now)
    if not cards:
        return 0
    within = timedelta(seconds=seconds(loop.grouping.roll_up.within)) if loop.grouping.roll_up else timedelta()
    alone = _alone(session, {card.destination for card in cards}, now - within)
    folded = 0
    for (destination, incident), group in plan(cards, alone, loop.grouping.roll_up).items():
        left = group
        while left:
            roll_up, room = _current(session, destination, incident, within, now)
            taken = _take(session, roll_up, left[:room])
            left = left[room:]
            if taken:
                _message(session, roll_up, taken, now, gathers)
                _tell_owners(session, loop, destination, taken, now)
            folded += len(taken)
    return folded


def unfold_critical(session: Session, now: datetime) -> int:
    """Cases that have become critical get their cards after all; how many."""
    critical = select(CaseRow.id).where(CaseRow.severity == "critical", CaseRow.state.not_in(CLOSED_STATES))
    done = session.execute(
        update(_OUTBOX)
        .where(_OUTBOX.state == ROLLED_UP, _OUTBOX.case_id.in_(critical))
        .values(state="pending", not_before=now)
        .execution_options(synchronize_session=False)
    )
    assert isinstance(done, CursorResult)
    return done.rowcount


def _waiting(session: Session, loop: Loop, now: datetime) -> list[Waiting]:
    """Cards to post now that may be folded, the oldest first."""
    which = [
        _OUTBOX.state == "pending",
        _OUTBOX.not_before <= now,
        _OUTBOX.kind == "card",
        _OUTBOX.attempts == 0,
        _OUTBOX.roll_up_id.is_(None),
        _OUTBOX.surface.in_(("channel", "dm")),
        _OUTBOX.urgent.is_(False),
    ]
    if loop.grouping.roll_up is None:
        which.append(CaseRow.incident_id.is_not(None))
    rows = session.execute(
        select(_OUTBOX.id, _OUTBOX.case_id, _OUTBOX.destination, CaseRow.incident_id)
        .join(CaseRow, CaseRow.id == _OUTBOX.case_id)
        .where(*which)
        .order_by(_OUTBOX.created_at, _OUTBOX.case_id)
        .limit(AT_ONCE)
    )
    return [Waiting(row.id, row.case_id, row.destination, row.incident_id) for row in rows]


def _alone(session: Session, destinations: set[str], since: datetime) -> dict[str, int]:
    """How many cards each destination has got one by one since then."""
    rows = session.execute(
        select(_OUTBOX.destination, func.count())
        .where(
            _OUTBOX.destination.in_(sorted(destinations)),
            _OUTBOX.started_at > since,
            _OUTBOX.kind == "card",
            _OUTBOX.state.in_(("sending", "in_doubt", "sent")),
        )
        .group_by(_OUTBOX.destination)
    )
    return {str(destination): int(count) for destination, count in rows}


def _current(
    session: Session, destination: str, incident: int | None, within: timedelta, now: datetime
) -> tuple[RollUpRow, int]:
    """The roll-up that takes further cards of this destination, and how many."""
    key = f"{destination}/{incident or ''}"
    found = session.scalar(select(RollUpRow).where(RollUpRow.current_key == key).with_for_update())
    if found is not None:
        if incident is not None:
            return found, AT_ONCE
        told = session.scalar(
            select(func.count()).select_from(_OUTBOX).where(_OUTBOX.roll_up_id == found.id, _OUTBOX.kind == "card")
        )
        room = MOST - (told or 0)
        if room > 0 and now - found.last_case_at <= within and now - found.opened_at <= LONGEST:
            return found, room
        found.current_key = None
        session.flush()
    made = RollUpRow(
        destination=destination,
        incident_id=incident,
        opened_at=now,
        last_case_at=now,
        current_key=key,
        shown=0,
        redraw_at=now,
        plain=False,
        settled=False,
    )
    session.add(made)
    session.flush()
    return made, MOST if incident is None else AT_ONCE


def _take(session: Session, roll_up: RollUpRow, cards: Sequence[Waiting]) -> list[int]:
    """Fold these cards, but for those that somebody has begun to post; the cases."""
    won = session.execute(
        update(_OUTBOX)
        .where(_OUTBOX.id.in_([card.id for card in cards]), _OUTBOX.state == "pending", _OUTBOX.attempts == 0)
        .values(state=ROLLED_UP, roll_up_id=roll_up.id)
        .returning(_OUTBOX.id)
        .execution_options(synchronize_session=False)
    )
    ids = set(won.scalars())
    return [card.case_id for card in cards if card.id in ids]


def _message(session: Session, roll_up: RollUpRow, cases: Sequence[int], now: datetime, gathers: timedelta) -> None:
    """Want the roll-up's message, once; while nobody has posted it, it names the new cases too (for e-mail)."""
    roll_up.last_case_at, roll_up.settled = now, False
    own = session.scalar(select(_OUTBOX).where(_OUTBOX.roll_up_id == roll_up.id, _OUTBOX.kind == ROLL_UP).limit(1))
    entries = [Entry(case, "card", roll_up.destination.removeprefix("person:")) for case in cases]
    if own is not None:
        if own.state == "pending":
            own.content = [*(own.content or []), *msgspec.to_builtins(entries)][:MOST]
        return
    key = f"{ROLL_UP}/{roll_up.id}/{roll_up.opened_at.isoformat()}"
    content = msgspec.to_builtins(entries[:MOST])
    session.add(message_of(roll_up, cases[0], key, now, now + gathers, content))
    session.flush()


def _tell_owners(session: Session, loop: Loop, destination: str, cases: Sequence[int], now: datetime) -> None:
    """A channel's roll-up pings nobody, so the owners get direct messages; those can be folded in their turn."""
    if destination.startswith("person:"):
        return
    direct = select(SlackSurfaceRow.case_id).where(SlackSurfaceRow.surface == "dm")
    rows = session.scalars(
        select(CaseRow)
        .where(
            CaseRow.id.in_(cases),
            CaseRow.page.is_(True),
            CaseRow.owner.is_not(None),
            CaseRow.state.not_in(CLOSED_STATES),
            or_(CaseRow.recovered_at.is_(None), CaseRow.subject == "customer"),
            CaseRow.id.not_in(direct),
        )
        .order_by(CaseRow.id)
    )
    hours = calendars(loop)
    for case in rows.all():
        add_card_once(session, case, Destination("dm", f"person:{case.owner}"), now, hours)
