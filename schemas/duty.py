"""Who is on duty by a rotation, and who is there at all. Pure: loop.yaml, a person and an instant in.

A day of absence counts in the person's own zone. Somebody who will be absent when they next begin to work is absent
already: a case given to them on the evening before their leave would wait for all of it.
"""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from msgspec import Struct

from schemas.config import Loop
from schemas.config_owners import Absence, Override, Rotation
from schemas.working_time import HORIZON_DAYS, calendar_of, instant, working_spans

_DAY = timedelta(days=1)


class Away(Struct, frozen=True):
    """Why somebody is not there: until which day (their last; ``None``: further notice), and their deputy."""

    until: date | None
    deputy: str | None


def absence(loop: Loop, person: str, now: datetime) -> Away | None:
    """Why this person of loop.yaml gets no case now; ``None`` for somebody who is there."""
    known = loop.people[person]
    if known.away:
        return Away(None, None)
    if not known.absences:
        return None
    zone = zone_of(loop, person)
    calendar = calendar_of(loop, person)
    moments = [now]
    if calendar is not None:
        moments += [begin for begin, _ in _first(working_spans(calendar, now, HORIZON_DAYS))]
    for moment in moments:
        held = _on_leave(known.absences, moment.astimezone(zone).date())
        if held is not None:
            return Away(held.until, held.deputy)
    return None


def present(loop: Loop, person: str, now: datetime) -> bool:
    """Whether this is a person of loop.yaml who is there to take a case."""
    return person in loop.people and absence(loop, person, now) is None


def stand_in(loop: Loop, person: str, now: datetime) -> str | None:
    """Who is there in place of an absent person: their deputy, or the deputy's; ``None`` if there is nobody."""
    seen = {person}
    away = absence(loop, person, now) if person in loop.people else None
    while away is not None and away.deputy is not None and away.deputy in loop.people and away.deputy not in seen:
        if present(loop, away.deputy, now):
            return away.deputy
        seen.add(away.deputy)
        away = absence(loop, away.deputy, now)
    return None


def at_work_from(loop: Loop, person: str, now: datetime) -> datetime | None:
    """When this person of loop.yaml is next at work: ``now``, or later; ``None`` if not within three years."""
    known = loop.people[person]
    if known.away:
        return None
    zone = zone_of(loop, person)
    calendar = calendar_of(loop, person)
    for begin, _ in _days(now, zone) if calendar is None else working_spans(calendar, now, HORIZON_DAYS):
        if _on_leave(known.absences, begin.astimezone(zone).date()) is None:
            return begin
    return None


def on_duty(rotation: Rotation, now: datetime) -> str | None:
    """The key of whose turn it is; ``None`` before the rotation's start, and in a gap of its calendar."""
    for override in rotation.overrides:
        begin, end = override_span(override, rotation.zone)
        if begin <= now < end:
            return override.person
    if not rotation.people or rotation.start is None:
        return None
    zone = ZoneInfo(rotation.zone)
    day = now.astimezone(zone).date()
    if now < instant(day, rotation.hand_over, zone):
        day -= _DAY
    days = (day - rotation.start).days
    turn = days // (7 if rotation.every == "week" else 1)
    return rotation.people[turn % len(rotation.people)] if days >= 0 else None


def override_span(override: Override, zone: str) -> tuple[datetime, datetime]:
    """From when until when (UTC, excluded) it holds. Raises ``ValueError`` for a day that is not in the calendar."""
    return _moment(override.from_, zone, last=False), _moment(override.until, zone, last=True)


def zone_of(loop: Loop, person: str | None) -> ZoneInfo:
    """The zone of the person's calendar; without one, that of the history."""
    calendar = calendar_of(loop, person)
    return ZoneInfo(calendar.zone if calendar is not None else loop.history.zone)


@lru_cache(maxsize=8192)
def _moment(text: str, zone: str, *, last: bool) -> datetime:
    if len(text) == len("2026-12-24"):
        day = date.fromisoformat(text)
        return instant(day, "24:00" if last else "00:00", ZoneInfo(zone))
    moment = datetime.fromisoformat(text)
    return (moment if moment.tzinfo is not None else moment.replace(tzinfo=ZoneInfo(zone))).astimezone(UTC)


def _on_leave(absences: list[Absence], day: date) -> Absence | None:
    held = [one for one in absences if one.from_ <= day <= one.until]
    return max(held, key=lambda one: one.until, default=None)


def _first(spans: Iterator[tuple[datetime, datetime]]) -> Iterator[tuple[datetime, datetime]]:
    found = next(spans, None)
    if found is not None:
        yield found


def _days(now: datetime, zone: ZoneInfo) -> Iterator[tuple[datetime, datetime]]:
    """Every hour is a working hour: from now on, and from the midnight of each following day."""
    yield now, now
    day = now.astimezone(zone).date()
    for _ in range(HORIZON_DAYS):
        day += _DAY
        midnight = datetime.combine(day, time(0), zone).astimezone(UTC)
        yield midnight, midnight
