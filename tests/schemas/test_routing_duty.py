"""Who is there and whose turn it is: absences in people's own zones, hand-overs, clock changes, imported calendars."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.config import Loop
from schemas.config_owners import Calendar, Rotation
from schemas.duty import absence, at_work_from, on_duty, present, stand_in
from schemas.loop_yaml import Calendars, ConfigError, parse
from schemas.working_time import add_working_time
from tests.schemas.test_loop_yaml import SMALL

BERLIN = ZoneInfo("Europe/Berlin")
OFFICE = {day: [["09:00", "17:00"]] for day in ("mon", "tue", "wed", "thu", "fri")}


def a_loop(**people: dict[str, Any]) -> Loop:
    return msgspec.convert(
        {
            "calendars": {
                "berlin": {"zone": "Europe/Berlin", "hours": OFFICE},
                "tokyo": {"zone": "Asia/Tokyo", "hours": OFFICE},
            },
            "people": {
                name: {"name": name.title(), "email": f"{name}@example.com"} | said for name, said in people.items()
            },
            "receivers": {"care": {"person": next(iter(people)), "channel": "#care"}},
            "route": {"receiver": "care"},
        },
        Loop,
    )


def away(begin: str, end: str, **more: str) -> dict[str, Any]:
    return {"absences": [{"from": begin, "until": end} | more]}


def at(text: str) -> datetime:
    return datetime.fromisoformat(text)


@pytest.mark.parametrize(
    ("moment", "there"),
    [
        ("2026-12-01T16:00+01:00", True),  # Tuesday, in the office
        ("2026-12-01T17:00+01:00", False),  # the office is closed, and tomorrow she is on leave
        ("2026-12-02T00:00+01:00", False),  # the first day
        ("2026-12-04T23:59+01:00", False),  # the last day, a Friday
        ("2026-12-05T00:00+01:00", True),  # Saturday: she is back on Monday
        ("2026-12-04T23:30+00:00", True),  # Saturday in Berlin already
    ],
)
def test_an_absence_has_both_its_days_in_the_persons_own_zone(moment: str, there: bool) -> None:
    loop = a_loop(ana={"calendar": "berlin"} | away("2026-12-02", "2026-12-04"))
    assert present(loop, "ana", at(moment)) is there


def test_the_same_instant_is_another_day_elsewhere() -> None:
    loop = a_loop(
        ana={"calendar": "berlin"} | away("2026-12-02", "2026-12-02"),
        aki={"calendar": "tokyo"} | away("2026-12-02", "2026-12-02"),
    )
    tuesday_evening = at("2026-12-01T15:30+00:00")  # 16:30 in Berlin, 00:30 on Wednesday in Tokyo
    assert present(loop, "ana", tuesday_evening)
    assert not present(loop, "aki", tuesday_evening)


def test_deputies_of_deputies_and_no_circle() -> None:
    loop = a_loop(
        ana=away("2026-12-01", "2026-12-10", deputy="bob"),
        bob=away("2026-12-05", "2026-12-08", deputy="eve"),
        eve=away("2026-12-07", "2026-12-07", deputy="ana"),
    )
    found = [stand_in(loop, "ana", at(f"2026-12-{day:02}T12:00Z")) for day in (4, 5, 7, 9)]
    assert found == ["bob", "eve", None, "bob"]
    told = absence(loop, "ana", at("2026-12-04T12:00Z"))
    assert told is not None
    assert (str(told.until), told.deputy) == ("2026-12-10", "bob")


def test_work_begins_after_the_weekend_and_after_the_leave() -> None:
    loop = a_loop(
        ana={"calendar": "berlin"} | away("2026-12-07", "2026-12-08"), bob=away("2026-12-04", "2026-12-05"), eve={}
    )
    friday = at("2026-12-04T20:00+01:00")
    assert at_work_from(loop, "ana", friday) == at("2026-12-09T09:00+01:00")
    assert at_work_from(loop, "bob", friday) == at("2026-12-06T00:00Z")
    assert at_work_from(loop, "eve", friday) == friday


def test_public_holidays_are_no_working_days() -> None:
    office = msgspec.convert({"zone": "America/Sao_Paulo", "hours": OFFICE, "holidays_of": "BR-SP"}, Calendar)
    # Carnival is no public holiday in Brazil; 9 July is one in the state of Sao Paulo alone, and a Friday in 2027.
    assert add_working_time(at("2027-07-08T16:00-03:00"), 2 * 3600, office) == at("2027-07-12T10:00-03:00")
    nation = msgspec.structs.replace(office, holidays_of="BR")
    assert add_working_time(at("2027-07-08T16:00-03:00"), 2 * 3600, nation) == at("2027-07-09T10:00-03:00")


WEEKLY = Rotation(
    zone="Europe/Berlin",
    start=date(2026, 3, 2),
    hand_over="09:00",
    people=["ana", "bob", "eve"],
)


@pytest.mark.parametrize(
    ("moment", "person"),
    [
        ("2026-03-02T08:59", None),
        ("2026-03-02T09:00", "ana"),
        ("2026-03-09T08:59", "ana"),
        ("2026-03-09T09:00", "bob"),
        ("2026-03-30T08:59", "ana"),  # the clocks went forward on the 29th; the hand-over is still at nine
        ("2026-03-30T09:00", "bob"),
        ("2026-10-26T08:59", "ana"),  # and back on 25 October; 34 weeks are over: eleven rounds and one turn
        ("2026-10-26T09:00", "bob"),
    ],
)
def test_a_week_is_handed_over_at_nine_whatever_the_clocks_do(moment: str, person: str | None) -> None:
    assert on_duty(WEEKLY, at(moment).replace(tzinfo=BERLIN)) == person


def test_days_and_overrides() -> None:
    daily = msgspec.convert(
        {
            "every": "day",
            "zone": "Asia/Tokyo",
            "start": "2026-12-01",
            "people": ["ana", "bob"],
            "overrides": [
                {"from": "2026-12-03", "until": "2026-12-03", "person": "eve"},
                {"from": "2026-12-03T20:00", "until": "2026-12-04T10:00", "person": "zoe"},
            ],
        },
        Rotation,
    )
    tokyo = ZoneInfo("Asia/Tokyo")
    found = {
        text: on_duty(daily, at(text).replace(tzinfo=tokyo))
        for text in ("2026-12-02T12:00", "2026-12-03T00:00", "2026-12-03T23:59", "2026-12-04T09:59", "2026-12-04T10:00")
    }
    assert list(found.values()) == ["bob", "eve", "eve", "zoe", "bob"]


@given(st.integers(0, 3_000), st.sampled_from(["day", "week"]), st.integers(1, 5))
def test_turns_go_round_by_calendar_days(days: int, every: Any, people: int) -> None:
    rotation = msgspec.structs.replace(WEEKLY, every=every, people=[f"p{number}" for number in range(people)])
    assert rotation.start is not None
    noon = datetime.combine(rotation.start + timedelta(days=days), datetime.min.time().replace(hour=12), BERLIN)
    assert on_duty(rotation, noon.astimezone(UTC)) == f"p{(days // 7 if every == 'week' else days) % people}"


ICS = """BEGIN:VCALENDAR
VERSION:2.0
PRODID:-//example//on call//EN
BEGIN:VEVENT
UID:1
DTSTAMP:20261101T000000Z
SUMMARY:Ana
DTSTART;TZID=Europe/Berlin:20261102T090000
DTEND;TZID=Europe/Berlin:20261109T090000
RRULE:FREQ=WEEKLY;INTERVAL=2
EXDATE;TZID=Europe/Berlin:20261116T090000
END:VEVENT
BEGIN:VEVENT
UID:2
DTSTAMP:20261101T000000Z
SUMMARY:bo
DTSTART;VALUE=DATE:20261104
DTEND;VALUE=DATE:20261105
END:VEVENT
BEGIN:VEVENT
UID:3
DTSTAMP:20261101T000000Z
SUMMARY:bo
STATUS:CANCELLED
DTSTART;VALUE=DATE:20261106
END:VEVENT
END:VCALENDAR
"""

ROTATION = """
rotations:
  night:
    zone: Europe/Berlin
    calendar: night.ics
"""


def read(folder: Path, ics: str, rotation: str = ROTATION) -> Rotation:
    (folder / "night.ics").write_bytes(ics.replace("\n", "\r\n").encode())
    now = datetime(2026, 11, 3, tzinfo=UTC)
    return parse(SMALL + rotation, "loop.yaml", Calendars(folder, now)).rotations["night"]


@pytest.mark.parametrize(
    ("moment", "person"),
    [
        ("2026-11-02T08:59", None),  # before the first event
        ("2026-11-02T09:00", "ana"),
        ("2026-11-04T00:00", "bo"),  # the whole day, over the week
        ("2026-11-05T00:00", "ana"),
        ("2026-11-06T12:00", "ana"),  # the cancelled day does not count
        ("2026-11-09T09:00", None),  # every other week
        ("2026-11-16T09:00", None),  # the exception
        ("2026-11-30T09:00", "ana"),
        ("2027-11-15T09:00", "ana"),  # a year on, in winter as in summer at nine
        ("2027-06-28T08:59", None),
        ("2027-06-28T09:00", "ana"),
    ],
)
def test_a_rotation_from_a_calendar(tmp_path: Path, moment: str, person: str | None) -> None:
    assert on_duty(read(tmp_path, ICS), at(moment).replace(tzinfo=BERLIN)) == person


def test_what_loop_yaml_says_wins_over_the_calendar_and_the_calendar_over_the_turns(tmp_path: Path) -> None:
    more = ROTATION + (
        "    start: 2026-11-02\n    people: [bo]\n    overrides: [{from: 2026-11-03, until: 2026-11-03, person: bo}]\n"
    )
    rotation = read(tmp_path, ICS, more)
    found = [on_duty(rotation, datetime(2026, 11, day, 12, tzinfo=BERLIN)) for day in (3, 5, 10)]
    assert found == ["bo", "ana", "bo"]


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("SUMMARY:Ana", "SUMMARY:Anna", "did you mean Ana?"),
        ("FREQ=WEEKLY", "FREQ=MINUTELY", "more often than daily"),
        ("DTSTART;VALUE=DATE:20261104", "DTSTART;VALUE=DATE:soon", "cannot be read as iCalendar"),
        ("BEGIN:VCALENDAR", "hello", "cannot be read as iCalendar"),
        (ICS, "BEGIN:VCALENDAR\nEND:VCALENDAR\n", "no shift between 2026-10-03 and 2027-12-08"),
        (ICS, "A" * 1_100_000, "give at most 1,048,576"),
    ],
)
def test_a_calendar_that_cannot_be_used_is_named(tmp_path: Path, old: str, new: str, words: str) -> None:
    with pytest.raises(ConfigError) as error:
        read(tmp_path, ICS.replace(old, new))
    assert error.value.problems[0].startswith("loop.yaml:14: rotations.night.calendar: `night.ics`")
    assert words in error.value.problems[0]


def test_a_calendar_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"`night\.ics` cannot be read: No such file"):
        parse(SMALL + ROTATION, "loop.yaml", Calendars(tmp_path, datetime(2026, 11, 3, tzinfo=UTC)))


@pytest.mark.parametrize(
    ("old", "new", "field", "words"),
    [
        ("name: Ana,", "name: Ana, languages: [pt, '7'],", "people.ana.languages[1]", "no language tag"),
        ("name: Ana,", "name: Ana, capacity: 0,", "people.ana.capacity", "does not fit"),
        ("name: Ana,", "name: Ana, absences: [{from: 2026-12-02, until: 2026-12-01}],", "people.ana.absences[0].until",
         "2026-12-01 is before 2026-12-02"),
        ("name: Ana,", "name: Ana, absences: [{from: soon, until: 2026-12-01}],", "people.ana.absences[0].from",
         "`soon` is no date"),
        ("name: Ana,", "name: Ana, absences: [{from: 2026-12-01, until: 2026-12-01, deputy: bob}],",
         "people.ana.absences[0].deputy", "did you mean bo?"),
        ("name: Ana,", "name: Ana, absences: [{from: 2026-12-01, until: 2026-12-01, deputy: ana}],",
         "people.ana.absences[0].deputy", "nobody is their own deputy"),
        ("[ana, bo]", "[ana, bo], choose: random", "teams.care.choose", "known: least_loaded, on_shift, round_robin"),
        ("[ana, bo]", "[ana, bo], choose: on_shift, rotation: x", "teams.care.rotation", "none is declared"),
        ("route:", "rotations: {r: {zone: UTC, start: 2026-01-01, people: [anna]}}\nroute:", "rotations.r.people[0]",
         "did you mean ana?"),
        ("route:", "rotations: {r: {zone: UTX, start: 2026-01-01, people: [ana]}}\nroute:", "rotations.r.zone",
         "no time zone"),
        ("route:", "rotations: {r: {zone: UTC, people: [ana]}}\nroute:", "rotations.r.start", "missing"),
        ("route:", "rotations: {r: {zone: UTC}}\nroute:", "rotations.r", "nobody in it"),
        ("route:", "rotations: {r: {zone: UTC, hand_over: '24:00', start: 2026-01-01, people: [ana]}}\nroute:",
         "rotations.r.hand_over", "00:00"),
        ("route:", "rotations: {r: {zone: UTC,overrides: [{from: 2026-02-30, until: 2026-03-01, person: bo}]}}\nroute:",
         "rotations.r.overrides[0]", "no day of the calendar"),
        ("route:", "rotations: {r: {zone: UTC,overrides: [{from: 2026-02-03, until: 2026-02-02, person: bo}]}}\nroute:",
         "rotations.r.overrides[0].until", "is not after"),
        ("route:", "rotations: {r: {zone: UTC,overrides: [{from: noon, until: 2026-02-02, person: ana}]}}\nroute:",
         "rotations.r.overrides[0].from", "give a day or a local time"),
        ("route:", "calendars: {c: {zone: UTC, hours: {mon: [['09:00', '17:00']]}, holidays_of: XBR}}\nroute:",
         "calendars.c.holidays_of", "such as BR"),
        ("route:", "calendars: {c: {zone: UTC, hours: {mon: [['09:00', '17:00']]}, holidays_of: BR-XX}}\nroute:",
         "calendars.c.holidays_of", "no part of BR"),
    ],
)  # fmt: skip
def test_a_mistake_about_people_and_rotations_is_named(old: str, new: str, field: str, words: str) -> None:
    text = SMALL.replace(old, new, 1)
    with pytest.raises(ConfigError) as error:
        parse(text)
    line = next(
        number for number, (a, b) in enumerate(zip(SMALL.split("\n"), text.split("\n"), strict=False), 1) if a != b
    )
    assert error.value.problems[0].startswith(f"loop.yaml:{line}: {field}: ")
    assert words in error.value.problems[0]
