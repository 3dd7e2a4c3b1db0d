"""One case: what was said and why it was flagged, what is promised, what was done, and what can be done now."""

from datetime import datetime
from typing import Annotated, Literal

from msgspec import UNSET, Meta, Struct

from gateway.case_permissions import person_may
from gateway.case_reads import read_case
from gateway.case_requests import MAX_NOTE_CHARACTERS
from gateway.case_shapes import CardPlace, Case, HistoryEntry, MessageShown
from gateway.console.case_lines import CaseLine, Flagged, Reading, flagged_by, line_of
from gateway.console.customer_story import Happening, Step, happenings, way
from gateway.console.page import Page
from gateway.console.reader import Reader
from gateway.console.silence_forms import Condition, conditions_of
from gateway.console.story import Line, Teller, line
from gateway.parts import Parts
from gateway.problems import Refusal
from gateway.timeline_reads import read_timeline
from schemas.alerts import Subject
from schemas.cases import CLOSED_STATES, CONTACT_CHANNELS, ROOT_CAUSES, UserAction
from schemas.config import Loop
from schemas.words import about

_MAX_ID = 2**63 - 1
_AT_ONCE = ("acknowledge", "wake")
"""Actions that ask nothing."""
_KEYS = {"acknowledge": "a", "contact": "c", "resolve": "r", "snooze": "s", "reassign": "g", "dismiss": "d"}

Outcome = Literal["kept", "late", "overdue", "due", "none"]


class CaseAsked(Struct, frozen=True, kw_only=True):
    """Which case."""

    number: Annotated[int, Meta(ge=1, le=_MAX_ID)]


class Promise(Struct, frozen=True, kw_only=True):
    """One promise: by when, when it was kept, and how that stands."""

    name: str
    by: datetime
    done: datetime | None
    outcome: Outcome


class Button(Struct, frozen=True, kw_only=True):
    """One action that can be taken now."""

    action: UserAction
    words: str
    key: str
    asks: bool
    """Whether a dialog asks for more."""


class Entry(Struct, frozen=True, kw_only=True):
    """One line of the history."""

    id: str
    version: int
    """0 for a notice, which changes nothing."""
    line: Line


class CaseShown(Struct, frozen=True, kw_only=True):
    """All that the page shows."""

    line: CaseLine
    case: Case
    answers: list[Flagged]
    promises: list[Promise]
    history: list[Entry]
    way: list[Step]
    """What led to the case, at a glance."""
    around: list[Happening]
    left_out: int
    """Touchpoints and answers that are not shown, because there are too many."""
    keeps_timeline: bool
    cards: list[CardPlace]
    messages: list[MessageShown]
    buttons: list[Button]
    causes: tuple[str, ...]
    channels: tuple[str, ...]
    conditions: list[Condition]
    """Of a silence of alerts like this one."""
    most_characters: int


class CasePage(Page[CaseAsked]):
    """One case."""

    name = "case"
    path = "/cases/{number:int}"
    section = "cases"
    asks = CaseAsked
    seconds = 1.0

    def look(self, parts: Parts, asked: CaseAsked, reader: Reader, at: datetime) -> CaseShown:
        """Read the case and what is around it. Raises :class:`Refusal` (404)."""
        reading = Reading(language=reader.language, zone=parts.words.zone, now=at)
        teller = Teller(language=reader.language, zone=parts.words.zone, now=at, people=parts.words.people)
        with parts.readers() as session:
            case = read_case(session, parts.words, asked.number, at)
            if case is None:
                raise Refusal(404, "missing", "", f"there is no case C-{asked.number}")
            timeline = read_timeline(session, parts.words, case, kept=parts.loop.timeline is not None)
        told = happenings(timeline, case, reading, teller)
        alerts = [] if case.alerts is UNSET else case.alerts
        events = [] if case.events is UNSET else case.events
        return CaseShown(
            line=line_of(case, reading),
            case=case,
            answers=flagged_by(alerts or [case.latest_alert], reading),
            promises=promises_of(case, at),
            history=list(reversed(_entries(events, case.subject, teller))),
            way=way(told),
            around=told,
            left_out=timeline.left_out,
            keeps_timeline=timeline.kept,
            cards=[] if case.slack is UNSET else case.slack,
            messages=[] if case.messages is UNSET else case.messages,
            buttons=[one for one in buttons_of(case, reading) if _may(parts.loop, reader, one.action, case, at)],
            causes=tuple(ROOT_CAUSES),
            channels=CONTACT_CHANNELS,
            conditions=conditions_of(case.latest_alert, {rule.name for rule in parts.loop.rules}),
            most_characters=MAX_NOTE_CHARACTERS,
        )


def _may(loop: Loop, reader: Reader, action: UserAction, case: Case, at: datetime) -> bool:
    """Whether the reader may do it: of those who signed in only whom the case's permissions allow, and admins."""
    if not reader.signed or reader.may("admin"):
        return reader.may("act")
    allowed = person_may(loop, action, reader.me, case.receiver, case.owner, case.state, case.acknowledge_by, at)
    return reader.may("act") and allowed


def promises_of(case: Case, at: datetime) -> list[Promise]:
    """What was promised about a case, and how it stands."""
    closed = case.closed_at if case.state in CLOSED_STATES else None
    times = (
        ("acknowledge", case.acknowledge_by, case.acknowledged_at),
        ("contact", case.contact_by if case.subject == "customer" else None, case.contacted_at),
        ("resolve", case.resolve_by, closed),
    )
    rests = case.state == "snoozed" or case.recovered_at is not None
    return [
        Promise(name=name, by=by, done=done, outcome=_outcome(by, done, at, over=closed is not None, rests=rests))
        for name, by, done in times
        if by is not None
    ]


def _outcome(by: datetime, done: datetime | None, at: datetime, *, over: bool, rests: bool) -> Outcome:
    if done is not None:
        return "kept" if done <= by else "late"
    if over:
        return "none"
    return "overdue" if by <= at and not rests else "due"


def buttons_of(case: Case, reading: Reading) -> list[Button]:
    """The actions that the case allows, the next thing to do first."""
    found = [
        Button(
            action=action,
            words=about.label(reading.words, action, case.subject),
            key=_KEYS.get(action, ""),
            asks=action not in _AT_ONCE,
        )
        for action in case.actions
    ]
    # Once the customer was contacted, or is content again, the next thing is to close it.
    nearly_done = case.recovered_at is not None or case.state == "contacted"
    return sorted(found, key=lambda one: one.action != "resolve") if nearly_done else found


def _entries(events: list[HistoryEntry], subject: Subject, teller: Teller) -> list[Entry]:
    return [
        Entry(id=f"entry-{number}", version=event.version or 0, line=line(event, subject, teller))
        for number, event in enumerate(events, 1)
    ]
