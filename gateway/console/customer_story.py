"""The way of a case's customer as a page tells it: touchpoints, answers and actions as lines. Pure."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from hashlib import blake2b
from itertools import groupby
from typing import Literal

from msgspec import Struct

from gateway.case_shapes import Case
from gateway.console.case_lines import Reading, Said, said_of
from gateway.console.story import Line, Teller, line
from gateway.timeline_shapes import (
    CaseTimeline,
    TimelineAction,
    TimelineAlarm,
    TimelineAnswer,
    TimelineEntry,
    TimelineTouchpoint,
)
from schemas.words import about

COMMENT_CHARACTERS = 200
FAILED = "failed"
FINE = "ok"
MOST_STEPS = 5

Tone = Literal["bad", "good", ""]


class Happening(Struct, frozen=True, kw_only=True):
    """One line: something that the customer met with or said, or that was done about it."""

    id: str
    kind: Literal["touchpoint", "answer", "alarm", "action"]
    at: datetime
    what: str
    """The touchpoint, or the score with its scale; empty of an action."""
    outcome: str = ""
    """Of a touchpoint: how it went, in the app's own word; empty where it went well."""
    tone: Tone = ""
    place: tuple[str, ...] = ()
    took: timedelta | None = None
    value: str = ""
    said: Said | None = None
    """Of what was flagged: why, and the customer's words."""
    cases: tuple[int, ...] = ()
    is_this: bool = False
    """Whether it belongs to the case that is looked at."""
    done: Line | None = None
    """Of an action."""


class Step(Struct, frozen=True):
    """A step of the way that led to the case; ``times`` in a row."""

    what: str
    outcome: str
    tone: Tone
    times: int = 1


def happenings(timeline: CaseTimeline, case: Case, reading: Reading, teller: Teller) -> list[Happening]:
    """The lines of a timeline, in its order: newest first."""
    return [_happening(entry, case, reading, teller) for entry in timeline.entries]


def way(told: Sequence[Happening]) -> list[Step]:
    """The last steps up to the newest answer (or alarm) of this case, oldest first; repeats are counted, not repeated.

    Empty where nothing is known but that answer.
    """
    last = next((number for number, one in enumerate(told) if one.is_this and one.kind in ("answer", "alarm")), None)
    if last is None:
        return []
    met = [one for one in reversed(told[last:]) if one.kind != "action"]
    runs = [(key, len(list(same))) for key, same in groupby(met, lambda one: (one.what, one.outcome, one.tone))]
    steps = [Step(what, outcome, tone, times) for (what, outcome, tone), times in runs]
    return steps[-MOST_STEPS:] if len(met) > 1 else []


def _happening(entry: TimelineEntry, case: Case, reading: Reading, teller: Teller) -> Happening:
    if isinstance(entry, TimelineTouchpoint):
        return _touchpoint(entry)
    if isinstance(entry, TimelineAnswer):
        return _answer(entry, case, reading)
    if isinstance(entry, TimelineAlarm):
        return _alarm(entry, case, reading)
    return _action(entry, case, teller)


def _touchpoint(entry: TimelineTouchpoint) -> Happening:
    return Happening(
        id=_id("touchpoint", entry.event_source, entry.event_id),
        kind="touchpoint",
        at=entry.at,
        what=entry.touchpoint or "",
        outcome="" if entry.outcome in (None, FINE) else entry.outcome or "",
        tone="bad" if entry.outcome == FAILED else "",
        place=(entry.channel,) if entry.channel else (),
        took=timedelta(milliseconds=min(entry.duration_ms, 10**14)) if entry.duration_ms is not None else None,
        value=f"{entry.value.amount} {entry.value.currency}" if entry.value is not None else "",
    )


def _answer(entry: TimelineAnswer, case: Case, reading: Reading) -> Happening:
    first = next((one for one in entry.flagged if one.case == case.id), entry.flagged[0] if entry.flagged else None)
    tone: Tone = ""
    if first is not None:
        tone = "good" if first.alert.recovered else "bad"
    return Happening(
        id=_id("answer", entry.event_source, entry.event_id),
        kind="answer",
        at=entry.at,
        what=about.what(reading.words, "customer", entry),
        tone=tone,
        place=tuple(part for part in (entry.touchpoint, entry.channel) if part),
        said=said_of(first.alert, first.alert.severity, reading, COMMENT_CHARACTERS) if first is not None else None,
        cases=_once([one.case for one in entry.flagged]),
        is_this=any(one.case == case.id for one in entry.flagged),
    )


def _alarm(entry: TimelineAlarm, case: Case, reading: Reading) -> Happening:
    flagged = entry.flagged
    said = said_of(flagged.alert, flagged.alert.severity, reading, COMMENT_CHARACTERS)
    return Happening(
        id=_id("alarm", flagged.alert.id),
        kind="alarm",
        at=entry.at,
        what=said.what,
        tone="good" if flagged.alert.recovered else "bad",
        place=said.place,
        said=said,
        cases=(flagged.case,),
        is_this=flagged.case == case.id,
    )


def _action(entry: TimelineAction, case: Case, teller: Teller) -> Happening:
    return Happening(
        id=_id("action", str(entry.case), entry.entry.action, entry.at.isoformat()),
        kind="action",
        at=entry.at,
        what="",
        cases=(entry.case,),
        is_this=entry.case == case.id,
        done=line(entry.entry, case.subject, teller),
    )


def _id(*parts: str) -> str:
    """The id of an element: events' own names may hold anything."""
    return f"around-{blake2b(chr(0).join(parts).encode(), digest_size=9).hexdigest()}"


def _once(found: Sequence[int]) -> tuple[int, ...]:
    return tuple(dict.fromkeys(found))
