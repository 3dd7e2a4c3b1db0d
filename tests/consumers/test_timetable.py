"""Reminders and escalations over changes of clocks, snoozes and changes of hands, against a plain count of minutes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from consumers.timers.chain import Told, next_told
from consumers.timers.timetable import Marks, chain_of, marked, timetable
from schemas.case_clock import advanced
from schemas.config import Loop
from schemas.config_base import WEEKDAYS
from schemas.config_clock import Step
from schemas.tables import CaseRow
from schemas.working_time import add_working_time, calendar_of
from tests.consumers.alerts import LOOP, NOW

MINUTE = timedelta(minutes=1)
DAYS = 16
# Each is a Friday before a weekend on which clocks change: Berlin in autumn and in spring, New York in both.
STARTS = [datetime(2026, month, day, tzinfo=UTC) for month, day in ((10, 23), (3, 27), (10, 30), (3, 6))]
HOURS = {
    "berlin": ("Europe/Berlin", [("09:00", "12:00"), ("13:00", "17:00")], WEEKDAYS[:5]),
    "new_york": ("America/New_York", [("00:00", "06:00"), ("22:00", "24:00")], WEEKDAYS),
    "shanghai": ("Asia/Shanghai", [("09:30", "18:30")], WEEKDAYS[:6]),
}
AFTER = (0, 45, 240)
"""Minutes after the broken promise."""


def made() -> Loop:
    built = msgspec.to_builtins(LOOP) | {
        "calendars": {
            name: {"zone": zone, "hours": {day: [list(span) for span in spans] for day in days}}
            for name, (zone, spans, days) in HOURS.items()
        },
        "escalations": {"default": [{"after": f"{after}m", "tell": "channel"} for after in AFTER]},
    }
    for person, calendar in zip(("ana", "bob", "eve"), HOURS, strict=True):
        built["people"][person]["calendar"] = calendar
    return msgspec.convert(built, Loop)


CLOCKED = made()
OWNERS = dict(zip(("ana", "bob", "eve"), HOURS, strict=True))


@cache
def minutes(calendar: str, start: datetime) -> bytes:
    """For each minute from ``start`` on whether it is one of work, by looking at a clock on the wall."""
    zone, spans, days = HOURS[calendar]
    place = ZoneInfo(zone)

    def works(moment: datetime) -> bool:
        local = moment.astimezone(place)
        shown = f"{local:%H:%M}"
        return WEEKDAYS[local.weekday()] in days and any(begin <= shown < end for begin, end in spans)

    return bytes(works(start + number * MINUTE) for number in range(DAYS * 1440))


def counted(start: datetime, opened: int, moments: list[tuple[int, str, str]], owner: str) -> list[int]:
    """The minute at which the case's clock has come to each number of working minutes."""
    reached: list[int] = []
    since, state = opened, "open"
    for until, following, person in [*moments, (DAYS * 1440, "open", owner)]:
        if state != "snoozed":
            table = minutes(OWNERS[owner], start)
            reached += [minute + 1 for minute in range(since, until) if table[minute]]
        since, state, owner = until, following, person
    return reached


@settings(max_examples=20, deadline=None)
@given(
    start=st.sampled_from(STARTS),
    opened=st.integers(0, 2 * 1440),
    owner=st.sampled_from(sorted(OWNERS)),
    changes=st.lists(
        st.tuples(st.integers(1, 1500), st.one_of(st.sampled_from(sorted(OWNERS)), st.integers(1, 2000))), max_size=4
    ),
)
def test_timers_come_when_a_plain_count_of_minutes_says(
    start: datetime, opened: int, owner: str, changes: list[tuple[int, str | int]]
) -> None:
    """A change is so many minutes after the one before: a new owner, or a snooze of so many minutes."""
    case = a_case(start + opened * MINUTE, owner)
    now, person = opened, owner
    moments: list[tuple[int, str, str]] = []
    for wait, change in changes:
        now += wait
        if isinstance(change, str):
            person = change
            moments.append((now, "open", person))
        else:
            moments += [(now, "snoozed", person), (now + change, "open", person)]
            now += change
    marks = marked(CLOCKED, case, Marks(), calendar_of(CLOCKED, case.owner))
    fired: dict[str, datetime] = {}
    for minute, state, person in [*moments, (DAYS * 1440, "open", "ana")]:
        moment = start + minute * MINUTE
        for timer in timetable(CLOCKED, case, marks, calendar_of(CLOCKED, case.owner)):
            if timer.due_at <= moment:
                fired.setdefault(timer.key, timer.due_at)
        before, after = calendar_of(CLOCKED, case.owner), calendar_of(CLOCKED, person)
        for name, value in advanced(case, moment, before, after).items():
            setattr(case, name, value)
        case.state, case.owner, case.updated_at = state, person, moment  # type: ignore[assignment] # a CaseState
        marks = marked(CLOCKED, case, marks, calendar_of(CLOCKED, case.owner))
    clock = counted(start, opened, moments, owner)
    # A normal case: taken within 4 hours, contacted within 24, reminders at half and at three quarters of that.
    wanted = {"1/0/remind/acknowledge": 120, "1/0/remind/contact": 1080}
    wanted |= {f"1/0/acknowledge/{slot}": 240 + after for slot, after in enumerate(AFTER)}
    wanted |= {f"1/0/contact/{slot}": 1440 + after for slot, after in enumerate(AFTER)}
    expected = {
        key: start + clock[reading - 1] * MINUTE
        for key, reading in wanted.items()
        if reading <= len(clock) and clock[reading - 1] <= DAYS * 1440
    }
    assert fired == expected


def a_case(now: datetime, owner: str) -> CaseRow:
    hours = calendar_of(CLOCKED, owner)
    return CaseRow(
        id=1,
        version=1,
        subject="customer",
        state="open",
        severity="normal",
        page=True,
        receiver="default",
        owner=owner,
        opened_at=now,
        updated_at=now,
        acknowledge_by=add_working_time(now, 4 * 3600, hours),
        contact_by=add_working_time(now, 24 * 3600, hours),
        resolve_by=None,
        business_seconds=0.0,
        seconds_on_hold=0.0,
        entered={},
    )


CHAIN = (Step(after="0m", tell="lead"), Step(after="1h", tell="person:bob"), Step(after="4h", tell="channel:#board"))


def away(*people: str) -> Loop:
    built = msgspec.to_builtins(LOOP)
    for person in people:
        built["people"][person]["away"] = True
    return msgspec.convert(built, Loop)


def tell(loop: Loop, told: list[Told], slot: int, round_name: str = "acknowledge") -> Told | None:
    return next_told(loop, "default", "ana", CHAIN, told, round_name, slot, NOW)


def test_somebody_absent_is_stepped_over_to_the_next_at_once() -> None:
    gone = away("eve")
    first = tell(gone, [], 0)
    assert first == Told("acknowledge", 1, "person:bob")
    assert tell(gone, [first], 1) is None, "told already"
    assert tell(gone, [first], 2) == Told("acknowledge", 2, "#board")


def test_the_last_step_always_reaches_somebody() -> None:
    nobody = (Step(after="0m", tell="lead"), Step(after="1h", tell="person:bob"))
    reached = next_told(away("eve", "bob"), "default", "ana", nobody, [], "acknowledge", 0, NOW)
    assert reached == Told("acknowledge", 1, "#cx"), "the default receiver's channel"


def test_a_later_round_goes_on_where_the_first_ended_and_tells_the_last_again() -> None:
    told = [Told("acknowledge", 0, "person:eve")]
    assert tell(LOOP, told, 0, "lease7") == Told("lease7", 1, "person:bob")
    told += [Told("acknowledge", 1, "person:bob"), Told("acknowledge", 2, "#board")]
    assert tell(LOOP, told, 0, "lease7") == Told("lease7", 2, "#board")


def test_a_receiver_names_its_chain_and_the_built_in_one_is_the_lead_and_then_the_channel() -> None:
    built = msgspec.to_builtins(CLOCKED)
    built["escalations"]["loud"] = [{"after": "5m", "tell": "manager"}]
    built["receivers"]["vip"]["escalation"] = "loud"
    loop = msgspec.convert(built, Loop)
    assert [step.tell for step in chain_of(loop, "vip")] == ["manager"]
    assert [step.after for step in chain_of(loop, "a receiver that is gone")] == ["0m", "45m", "240m"]
    assert [(step.after, step.tell) for step in chain_of(LOOP, "vip")] == [("0m", "lead"), ("4h", "channel")]
