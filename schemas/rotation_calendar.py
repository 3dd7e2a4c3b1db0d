"""Shifts of a rotation from an iCalendar file (RFC 5545): its events as overrides. Pure: text and a span of time in."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import icalendar
import recurring_ical_events

from schemas.config_owners import Override, Person
from schemas.typed_walk import unknown_word

MAX_BYTES = 1024 * 1024
_OFTEN = {"SECONDLY", "MINUTELY", "HOURLY"}


class CalendarError(ValueError):
    """A calendar that cannot be used; the text says why and what would be right."""


def shifts(content: bytes, zone: str, people: Mapping[str, Person], since: datetime, until: datetime) -> list[Override]:
    """The events between two instants, the latest start first: of two at once, the one that began later holds.

    An event's summary is a person's key or name. Times without a zone, and whole days, are those of ``zone``. Cancelled
    events are none. Raises :class:`CalendarError`.
    """
    if len(content) > MAX_BYTES:
        raise CalendarError(f"{len(content):,} bytes; give at most {MAX_BYTES:,}")
    known = {name: key for key, person in people.items() for name in (key, person.name.strip())}
    found: list[tuple[datetime, Override]] = []
    for event in _events(content, since, until):
        if str(event.get("STATUS", "")).upper() == "CANCELLED":
            continue
        summary = str(event.get("SUMMARY", "")).strip()
        if summary not in known:
            raise CalendarError(f"an event's summary is no person's key or name: {unknown_word(summary, known)}")
        begin, end = (_instant(moment, zone) for moment in (event.start, event.end))
        if begin < end:
            found.append((begin, Override(from_=_written(begin), until=_written(end), person=known[summary])))
    if not found:
        raise CalendarError(f"no shift between {since:%Y-%m-%d} and {until:%Y-%m-%d}; is it the right file?")
    return [shift for _, shift in sorted(found, key=lambda one: one[0], reverse=True)]


def _events(content: bytes, since: datetime, until: datetime) -> list[icalendar.Event]:
    try:
        calendars = icalendar.Calendar.from_ical(content, multiple=True)
        for calendar in calendars:
            for event in calendar.walk("VEVENT"):
                _refuse_often(event)
        return [event for one in calendars for event in recurring_ical_events.of(one).between(since, until)]
    except CalendarError:
        raise
    except (ValueError, KeyError, TypeError, AttributeError, IndexError) as error:
        # The library refuses broken files with whatever it stumbled over.
        said = str(error).partition("\n")[0][:120]
        raise CalendarError(f"cannot be read as iCalendar: {said}") from None


def _refuse_often(event: icalendar.Component) -> None:
    rules = event.get("RRULE", [])
    for rule in rules if isinstance(rules, list) else [rules]:
        if _OFTEN & {str(each).upper() for each in rule.get("FREQ", [])}:
            raise CalendarError("an event repeats more often than daily; a shift lasts longer")


def _instant(moment: date, zone: str) -> datetime:
    if not isinstance(moment, datetime):
        return datetime.combine(moment, time(0), ZoneInfo(zone)).astimezone(UTC)
    return (moment if moment.tzinfo is not None else moment.replace(tzinfo=ZoneInfo(zone))).astimezone(UTC)


def _written(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def horizon(now: datetime) -> tuple[datetime, datetime]:
    """The span that is imported: from a month ago to 400 days ahead."""
    return now - timedelta(days=31), now + timedelta(days=400)
