"""Whether every segment reaches somebody at every hour: the proof of ``closeloop routes prove``. Pure.

Somebody is reached if a case has an owner who is there and who is at work within a given time. The hours are those of
the week that begins now, those of the coming holidays and absences, and the turns of overrides.
"""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from msgspec import Struct

from consumers.routing.owners import Standing, choose_owner
from consumers.routing.segments import Segment, in_words, segments
from schemas.alerts import Alert
from schemas.config import Loop
from schemas.config_owners import Receiver
from schemas.duty import absence, at_work_from, override_span, present, zone_of
from schemas.public_holidays import is_public_holiday

AHEAD = timedelta(days=400)
LONGEST = 14
"""Days of one absence that are looked at: the first and the last half of them."""

_HOUR = timedelta(hours=1)
_DAY = timedelta(days=1)


class Hole(Struct, frozen=True):
    """A segment that reaches nobody, at how many of the hours, the first of them, and why."""

    receiver: str
    segment: str
    more: int
    """Further segments with the same fate."""
    why: str
    hours: int
    first: datetime


class Proof(Struct, frozen=True):
    """What was looked at, and the holes."""

    segments: int
    hours: int
    holes: tuple[Hole, ...]


class _Case(Struct, frozen=True):
    """What the choice of an owner depends on."""

    receiver: str
    language: str | None
    account_owner: str | None


def prove(loop: Loop, now: datetime, within: timedelta) -> Proof:
    """Look at every segment at every hour. Raises :class:`consumers.routing.segments.TooManySegmentsError`."""
    told: dict[_Case, list[str]] = {}
    count = 0
    for segment, reached in segments(loop):
        count += 1
        for case, extra in _cases(loop, reached[0].receiver, segment):
            told.setdefault(case, []).append(in_words({**segment, **extra}))
    moments = hours(loop, now)
    looker = _Looker(loop, within)
    merged: dict[tuple[str, str], tuple[dict[str, None], set[datetime]]] = {}
    for case, words in told.items():
        for moment in moments:
            why = looker.nobody(case, moment)
            if why is not None:
                where, when = merged.setdefault((case.receiver, why), ({}, set()))
                where.update(dict.fromkeys(words))
                when.add(moment)
    holes = tuple(
        Hole(receiver, next(iter(where)), len(where) - 1, why, len(when), min(when))
        for (receiver, why), (where, when) in merged.items()
    )
    return Proof(count, len(moments), holes)


def hours(loop: Loop, now: datetime) -> list[datetime]:
    """The hours that are looked at (UTC), in order."""
    start = now.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
    found = {start + number * _HOUR for number in range(168)}
    for person, known in loop.people.items():
        zone = zone_of(loop, person)
        for leave in known.absences:
            days = [leave.from_ + number * _DAY for number in range((leave.until - leave.from_).days + 1)]
            if len(days) > LONGEST:
                days = [*days[: LONGEST // 2], *days[-LONGEST // 2 :]]
            for day in [leave.from_ - _DAY, *days]:
                found |= set(_hours_of(day, zone))
    for calendar in loop.calendars.values():
        zone = ZoneInfo(calendar.zone)
        today = now.astimezone(zone).date()
        for day in (today + number * _DAY for number in range(AHEAD.days)):
            if day in calendar.holidays or is_public_holiday(calendar.holidays_of, day):
                found |= set(_hours_of(day, zone))
    for rotation in loop.rotations.values():
        for override in rotation.overrides:
            begin, end = override_span(override, rotation.zone)
            found |= {begin - _HOUR, begin, end - _HOUR, end}
    return sorted(moment for moment in found if start <= moment < start + AHEAD)


def _hours_of(day: date, zone: ZoneInfo) -> Iterator[datetime]:
    begin = datetime.combine(day, time(0), zone).astimezone(UTC).replace(minute=0)
    for number in range(24):
        yield begin + number * _HOUR


def _cases(loop: Loop, name: str, segment: Segment) -> Iterator[tuple[_Case, Segment]]:
    """What else makes a difference to who is chosen: the language, and whose account it is."""
    receiver = loop.receivers[name]
    attribute = f"attributes.{receiver.owner_attribute}" if receiver.owner_attribute is not None else None
    owners = [None, *loop.people] if attribute is not None and attribute not in segment else [None]
    languages = _languages(loop, receiver) if "language" not in segment else [None]
    for owner in owners:
        for language in languages if owner is None else [None]:
            extra: dict[str, str] = {}
            if owner is not None and attribute is not None:
                extra[attribute] = owner
            if language is not None:
                extra["language"] = language
            said = {**segment, **extra}
            spoken, named = said.get("language"), said.get(attribute) if attribute is not None else None
            yield (
                _Case(
                    name,
                    spoken if isinstance(spoken, str) else None,
                    named if isinstance(named, str) else None,
                ),
                extra,
            )


def _languages(loop: Loop, receiver: Receiver) -> list[str | None]:
    team = loop.teams.get(receiver.team) if receiver.team is not None else None
    spoken = {language for member in (team.members if team else []) for language in loop.people[member].languages}
    return [None, *sorted(spoken)]


class _Looker:
    """Looks at one case at one hour after another, and remembers what cases and hours have in common."""

    def __init__(self, loop: Loop, within: timedelta) -> None:
        self._loop = loop
        self._within = within
        self._there: dict[datetime, frozenset[str]] = {}
        self._owners: dict[tuple[_Case, frozenset[str]], str | None] = {}
        self._works: dict[tuple[str, datetime], datetime | None] = {}

    def nobody(self, case: _Case, moment: datetime) -> str | None:
        """Why nobody is reached; ``None`` if somebody is."""
        owner = self._owner(case, moment)
        if owner is None:
            return "nobody is there"
        if owner not in self._present(moment):
            away = absence(self._loop, owner, moment)
            return f"{owner} is " + ("away" if away is None or away.until is None else f"absent until {away.until}")
        if (owner, moment) not in self._works:
            self._works[owner, moment] = at_work_from(self._loop, owner, moment)
        begin = self._works[owner, moment]
        if begin is None:
            return f"{owner} is not at work within three years"
        return None if begin - moment <= self._within else f"{owner} is not at work before {begin:%Y-%m-%d %H:%M} UTC"

    def _present(self, moment: datetime) -> frozenset[str]:
        if moment not in self._there:
            people = self._loop.people
            self._there[moment] = frozenset(person for person in people if present(self._loop, person, moment))
        return self._there[moment]

    def _owner(self, case: _Case, moment: datetime) -> str | None:
        """Without shifts the choice depends on nothing but who is there."""
        receiver = self._loop.receivers[case.receiver]
        team = self._loop.teams.get(receiver.team) if receiver.team is not None else None
        if team is not None and team.choose == "on_shift":
            return _chosen(self._loop, receiver, case, moment)
        key = (case, self._present(moment))
        if key not in self._owners:
            self._owners[key] = _chosen(self._loop, receiver, case, moment)
        return self._owners[key]


def _chosen(loop: Loop, receiver: Receiver, case: _Case, moment: datetime) -> str | None:
    attribute, owner = receiver.owner_attribute, case.account_owner
    attributes = {attribute: owner} if attribute is not None and owner is not None else {}
    return choose_owner(loop, receiver, _alert(moment, case.language, attributes), Standing(), moment).owner


def _alert(moment: datetime, language: str | None, attributes: dict[str, str]) -> Alert:
    """An alert of which only what the choice asks for is said."""
    return Alert(
        id="",
        rule="",
        reason="",
        severity="normal",
        programme="",
        customer_id="",
        event_source="",
        event_id="",
        event_time=moment,
        detected_at=moment,
        language=language,
        attributes={**attributes},
    )
