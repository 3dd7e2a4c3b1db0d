"""The App Home of one person: their overdue, open and snoozed cases, the most urgent first, with their buttons. Pure.

At most :data:`SHOWN` cases a section, so the view stays below Slack's 100 blocks. Customers' words are cut and escaped.
"""

from collections.abc import Sequence
from datetime import datetime

import msgspec
from msgspec import Struct

from gateway.slack.modals import View
from gateway.slack.silence_views import HeldHere, home_blocks
from schemas import card_buttons
from schemas.alerts import SEVERITIES, Alert
from schemas.config import Loop
from schemas.config_base import WEEKDAYS, Weekday
from schemas.config_owners import Calendar
from schemas.permissions import circle
from schemas.tables import CaseRow
from schemas.words import about, promises, reasons, standing
from schemas.words import safe_text as safe
from schemas.words.catalogue import Words

SHOWN = 10
_NEVER = "9999"


class Place(Struct, frozen=True, kw_only=True):
    """What the line at the foot says of this installation, and where its console is."""

    public_url: str
    environment: str
    version: str


def home_view(
    words: Words,
    loop: Loop,
    person: str,
    cases: Sequence[CaseRow],
    away: bool,
    now: datetime,
    place: Place,
    silences: Sequence[HeldHere] = (),
) -> View:
    """What a person of loop.yaml sees. ``cases`` are those that they own and that are not closed.

    ``silences`` are their own, and those that hold cases of a team that they lead.
    """
    ordered = sorted(cases, key=lambda case: _urgency(words, case))
    asleep = [case for case in ordered if case.state == "snoozed"]
    late = [case for case in ordered if promises.is_overdue(words, case, case.subject, now)]
    awake = [case for case in ordered if case not in asleep and case not in late]
    blocks = [_header(words.say("home-title")), _context(_hours(words, loop, person, away=away))]
    for title, listed in (("home-overdue", late), ("home-open", awake), ("home-snoozed", asleep)):
        if listed:
            blocks += [{"type": "divider"}, _header(words.say(title, n=len(listed)))]
            for case in listed[:SHOWN]:
                blocks += _case(words, loop, person, case, now, place)
            if len(listed) > SHOWN:
                link = f"<{place.public_url}/cases|{words.say('home-all')}>"
                blocks.append(_context(f"{words.say('home-more', n=len(listed) - SHOWN)} · {link}"))
    if not cases:
        blocks.append(_section(words.say("home-empty")))
    blocks += home_blocks(words, {key: known.name for key, known in loop.people.items()}, silences)
    blocks.append(_context(_foot(place)))
    return {"type": "home", "blocks": blocks}


def stranger_view(words: Words, user: str, place: Place) -> View:
    """What somebody sees whom loop.yaml does not know."""
    return {
        "type": "home",
        "blocks": [_section(words.say("home-stranger", user=safe.escape(user))), _context(_foot(place))],
    }


def _urgency(words: Words, case: CaseRow) -> tuple[int, str, int]:
    promised = promises.due(words, case, case.subject)
    return -SEVERITIES.index(case.severity), promised[1].isoformat() if promised else _NEVER, case.id


def _case(words: Words, loop: Loop, person: str, case: CaseRow, now: datetime, place: Place) -> list[View]:
    alert = msgspec.convert(case.latest_alert, Alert)
    who = safe.escaped(about.who(words, case.subject, case.customer_id), 90, 180)
    what = safe.escaped(standing.what(words, case, case.subject, alert), 60, 120)
    states = " · ".join(standing.states(words, case, case.subject, now))
    link = f"<{place.public_url}/cases/{case.id}|C-{case.id}>"
    lines = [f"{standing.urgency_sign(case)} *{who or words.say('customer-unnamed')}* · {what} · {states} · {link}"]
    said = safe.escaped(
        alert.comment or ("" if about.speaks_for_itself(alert) else reasons.told(words, alert.reason)), 140, 280
    )
    if said:
        lines.append(f">{said}")
    promised = promises.in_words(words, case, case.subject, now)
    if promised:
        lines.append(f"⏰ {promised}")
    acted = card_buttons.Acted(
        id=case.id,
        version=case.version,
        state=case.state,
        subject=case.subject,
        recovered=case.recovered_at is not None,
        acknowledge_by=case.acknowledge_by,
        closed_at=case.closed_at,
    )
    around = circle(loop, case.receiver, case.owner)
    buttons = card_buttons.elements(words, acted, around, person, now, ("answer", "why"))
    actions = {"type": "actions", "block_id": f"act:{case.id}:{case.version}", "elements": buttons}
    return [_section("\n".join(lines)), actions]


def _hours(words: Words, loop: Loop, person: str, *, away: bool) -> str:
    known = loop.people[person]
    if away:
        return words.say("home-away")
    if known.calendar is None:
        return words.say("home-always")
    calendar = loop.calendars[known.calendar]
    return words.say("home-hours", hours=working_hours(words, calendar), zone=calendar.zone.replace("_", " "))


def working_hours(words: Words, calendar: Calendar) -> str:
    """A week in a line: days in a row with the same hours are one stretch (``Mon – Fri 09:00–18:00``)."""
    stretches: list[tuple[Weekday, Weekday, str]] = []
    for day in WEEKDAYS:
        hours = ", ".join(f"{opening}–{closing}" for opening, closing in calendar.hours.get(day, []))
        previous = WEEKDAYS[WEEKDAYS.index(day) - 1]
        if hours and stretches and stretches[-1][1] == previous and stretches[-1][2] == hours:
            stretches[-1] = (stretches[-1][0], day, hours)
        elif hours:
            stretches.append((day, day, hours))
    return "; ".join(
        f"{words.weekday(first)}{'' if first == last else f' – {words.weekday(last)}'} {hours}"
        for first, last, hours in stretches
    )


def _foot(place: Place) -> str:
    environment = safe.escaped(place.environment, 60, 120)
    return " · ".join(part for part in (environment, f"closeloop {place.version}") if part)


def _header(text: str) -> View:
    return {"type": "header", "text": {"type": "plain_text", "text": text, "emoji": False}}


def _section(text: str) -> View:
    return {"type": "section", "text": {"type": "mrkdwn", "text": text, "verbatim": True}}


def _context(text: str) -> View:
    return {"type": "context", "elements": [{"type": "mrkdwn", "text": text, "verbatim": True}]}
