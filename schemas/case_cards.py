"""The Slack cards of a case: places to keep current, and messages to post exactly once. In the caller's transaction."""

from datetime import datetime
from typing import Literal
from uuid import uuid5

from msgspec import Struct
from sqlalchemy import select
from sqlalchemy.orm import Session

from schemas.case_history import NAMESPACE
from schemas.quiet_hours import waits
from schemas.tables import CaseRow, SlackOutboxRow, SlackSurfaceRow
from schemas.working_time import CalendarOf, around_the_clock

TAKEN_OVER = "taken_over"
"""The outbox kind of the word to whoever was on a case that is somebody else's now."""
REMINDER = "reminder"
"""The outbox's surface of a message that is no card."""
HELD = "held"
"""The outbox's state of a direct message that waits for its reader's morning."""


class Destination(Struct, frozen=True):
    """A place for the card: the surface (``channel`` or ``dm``) and ``#channel``, an id or ``person:KEY``."""

    surface: Literal["channel", "dm"]
    destination: str


def add_card(
    session: Session,
    case: CaseRow,
    place: Destination,
    now: datetime,
    calendar_of: CalendarOf = around_the_clock,
    *,
    answers: bool = False,
) -> None:
    """Want a card of the case at this place: a surface to keep current, and a message to post exactly once.

    ``calendar_of`` gives the working hours of the people: outside them a direct message is held until the morning.
    ``answers`` a person's own action: it goes before others.
    """
    session.add(
        SlackSurfaceRow(
            case_id=case.id,
            surface=place.surface,
            destination=place.destination,
            wanted_version=case.version,
            rendered_version=0,
            posted=False,
        )
    )
    dedupe_key = f"{case.id}/{place.surface}/{place.destination}/card"
    session.add(
        SlackOutboxRow(
            id=str(uuid5(NAMESPACE, f"outbox/{dedupe_key}/{case.opened_at.isoformat()}")),
            case_id=case.id,
            surface=place.surface,
            kind="card",
            dedupe_key=dedupe_key,
            destination=place.destination,
            state=HELD if waits(case.severity, place.destination, calendar_of, now) else "pending",
            created_at=now,
            not_before=now,
            urgent=answers or case.severity == "critical",
        )
    )


def add_card_once(
    session: Session,
    case: CaseRow,
    place: Destination,
    now: datetime,
    calendar_of: CalendarOf = around_the_clock,
    *,
    answers: bool = False,
) -> None:
    """Want a card at this place, unless the case has one there. ``answers`` a person's own action: it goes first."""
    there = select(SlackSurfaceRow.id).where(
        SlackSurfaceRow.case_id == case.id,
        SlackSurfaceRow.surface == place.surface,
        SlackSurfaceRow.destination == place.destination,
    )
    if session.scalar(there) is None:
        add_card(session, case, place, now, calendar_of, answers=answers)


def tell_owner(session: Session, case: CaseRow, owner: str, now: datetime, calendar_of: CalendarOf) -> None:
    """Somebody made them the owner: they get a card in a direct message, as a changed card notifies nobody."""
    add_card_once(session, case, Destination("dm", f"person:{owner}"), now, calendar_of, answers=True)


def tell_previous(
    session: Session, case: CaseRow, previous: str, now: datetime, calendar_of: CalendarOf = around_the_clock
) -> None:
    """Whoever was on the case hears that it is somebody else's now: their card, which becomes a line, notifies nobody.

    Out of their hours their card alone says so.
    """
    place = f"person:{previous}"
    if not waits("normal", place, calendar_of, now):
        add_message(session, case, TAKEN_OVER, Destination("dm", place), now, calendar_of)


def add_message(
    session: Session,
    case: CaseRow,
    kind: str,
    place: Destination,
    now: datetime,
    calendar_of: CalendarOf = around_the_clock,
) -> None:
    """Want a short message about this version of the case, sent once and never redrawn."""
    dedupe_key = f"{case.id}/{kind}/{case.version}"
    session.add(
        SlackOutboxRow(
            id=str(uuid5(NAMESPACE, f"outbox/{dedupe_key}/{case.opened_at.isoformat()}")),
            case_id=case.id,
            surface=REMINDER,
            kind=kind,
            dedupe_key=dedupe_key,
            destination=place.destination,
            state=HELD if waits(case.severity, place.destination, calendar_of, now) else "pending",
            created_at=now,
            not_before=now,
            urgent=case.severity == "critical",
        )
    )
