"""Short messages above the rate of a destination become one list: reminders, escalations, what is open again.

A burst of cases has its reminders in a burst, too. Unlike cards they are not kept current, so the list is a message
that is sent once, like the morning's; what comes while it waits to be sent is added to it.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from uuid import UUID, uuid5

import msgspec
from msgspec import Struct
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from consumers.slack.digest import GATHERED, OCCASIONS, Entry
from schemas.case_cards import REMINDER
from schemas.config import Loop
from schemas.config_base import seconds
from schemas.config_grouping import RollUp
from schemas.tables import SlackOutboxRow

WAITS = timedelta(seconds=30)
"""A list waits so long for what comes with it: at most two a minute."""
AT_ONCE = 500
_NAMESPACE = UUID("c1b5f0d2-6a3e-5c8f-8f0b-7d2f9a4e6b31")
_OUTBOX = SlackOutboxRow


class Short(Struct, frozen=True):
    """A short message that waits to be posted."""

    id: str
    case_id: int
    destination: str
    kind: str


def plan(waiting: Sequence[Short], alone: Mapping[str, int], roll_up: RollUp) -> dict[str, list[Short]]:
    """What to gather, by destination. Pure. ``waiting`` is in order, the oldest first.

    ``alone`` says how many a destination has got one by one within the roll-up's time.
    """
    single, found = dict(alone), dict[str, list[Short]]()
    for message in waiting:
        if single.get(message.destination, 0) < roll_up.above:
            single[message.destination] = single.get(message.destination, 0) + 1
        else:
            found.setdefault(message.destination, []).append(message)
    return found


def gather(session: Session, loop: Loop, now: datetime) -> int:
    """Put what is above the rate into lists; how many messages. The caller owns the transaction."""
    roll_up = loop.grouping.roll_up
    waiting = _waiting(session, now) if roll_up is not None else []
    if roll_up is None or not waiting:
        return 0
    alone = _alone(session, {message.destination for message in waiting}, now, roll_up)
    gathered = 0
    for destination, messages in plan(waiting, alone, roll_up).items():
        won = session.execute(
            update(_OUTBOX)
            .where(_OUTBOX.id.in_([each.id for each in messages]), _OUTBOX.state == "pending", _OUTBOX.attempts == 0)
            .values(state="cancelled", error_class=GATHERED)
            .returning(_OUTBOX.id)
            .execution_options(synchronize_session=False)
        )
        ids = set(won.scalars())
        taken = [each for each in messages if each.id in ids]
        if taken:
            _list(session, destination, taken, now)
        gathered += len(taken)
    return gathered


def _waiting(session: Session, now: datetime) -> list[Short]:
    rows = session.execute(
        select(_OUTBOX.id, _OUTBOX.case_id, _OUTBOX.destination, _OUTBOX.kind)
        .where(
            _OUTBOX.state == "pending",
            _OUTBOX.not_before <= now,
            _OUTBOX.surface == REMINDER,
            _OUTBOX.kind.in_(OCCASIONS),
            _OUTBOX.attempts == 0,
            _OUTBOX.urgent.is_(False),
        )
        .order_by(_OUTBOX.created_at, _OUTBOX.case_id)
        .limit(AT_ONCE)
    )
    return [Short(row.id, row.case_id, row.destination, row.kind) for row in rows]


def _alone(session: Session, destinations: set[str], now: datetime, roll_up: RollUp) -> dict[str, int]:
    rows = session.execute(
        select(_OUTBOX.destination, func.count())
        .where(
            _OUTBOX.destination.in_(sorted(destinations)),
            _OUTBOX.started_at > now - timedelta(seconds=seconds(roll_up.within)),
            _OUTBOX.surface == REMINDER,
            _OUTBOX.state.in_(("sending", "in_doubt", "sent")),
        )
        .group_by(_OUTBOX.destination)
    )
    return {str(destination): int(count) for destination, count in rows}


def _list(session: Session, destination: str, messages: Sequence[Short], now: datetime) -> None:
    """Add to the list that waits for this destination, or begin one."""
    reader = destination.removeprefix("person:")
    entries = msgspec.to_builtins([Entry(each.case_id, each.kind, reader) for each in messages])
    waiting = session.scalars(
        select(_OUTBOX)
        .where(
            _OUTBOX.destination == destination,
            _OUTBOX.kind == GATHERED,
            _OUTBOX.state == "pending",
            _OUTBOX.attempts == 0,
        )
        .with_for_update()
    ).first()
    if waiting is not None:
        waiting.content = [*(waiting.content or []), *entries]
        return
    key = f"{GATHERED}/{messages[0].id}"
    session.add(
        _OUTBOX(
            id=str(uuid5(_NAMESPACE, key)),
            case_id=messages[0].case_id,
            surface=REMINDER,
            kind=GATHERED,
            dedupe_key=key,
            destination=destination,
            state="pending",
            created_at=now,
            not_before=now + WAITS,
            content=entries,
        )
    )
    session.flush()
