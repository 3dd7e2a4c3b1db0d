"""The clocks of a case against an oracle that counts single minutes: hours, holidays, clock changes, sleep, owners."""

from __future__ import annotations

import os
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.case_changes import Change, columns_of
from schemas.case_clock import advanced, entered, in_time
from schemas.config_base import WEEKDAYS
from schemas.config_owners import Calendar
from schemas.tables import CaseRow
from schemas.working_time import add_working_time

MINUTE = timedelta(minutes=1)
HOUR = 3600.0
OPENED = datetime(2026, 3, 27, 9, 0, tzinfo=UTC)
"""A Friday; on Sunday clocks go forward in Europe."""

BERLIN = Calendar(
    zone="Europe/Berlin",
    hours={day: [("09:00", "12:00"), ("13:00", "17:00")] for day in WEEKDAYS[:5]},
    holidays=[date(2026, 4, 3)],
)
KOLKATA = Calendar(zone="Asia/Kolkata", hours={day: [("08:30", "18:00")] for day in WEEKDAYS})
NIGHT = Calendar(zone="Europe/Berlin", hours={"sat": [("20:00", "24:00")], "sun": [("00:00", "06:00")]})
CALENDARS = (BERLIN, KOLKATA, NIGHT, None)


def minutes_worked(start: datetime, end: datetime, calendar: Calendar | None) -> int:
    """Working minutes, one by one as a clock on the wall shows them."""
    worked = 0
    at = start
    while at < end:
        if calendar is None:
            worked += 1
        else:
            local = at.astimezone(ZoneInfo(calendar.zone))
            spans = calendar.hours.get(WEEKDAYS[local.weekday()], [])
            minute = f"{local:%H:%M}"
            worked += local.date() not in calendar.holidays and any(a <= minute < b for a, b in spans)
        at += MINUTE
    return worked


def a_case(opened: datetime = OPENED, **columns: Any) -> CaseRow:
    case = CaseRow(
        state="open",
        updated_at=opened,
        opened_at=opened,
        business_seconds=0.0,
        seconds_on_hold=0.0,
        entered={},
        acknowledged_at=None,
        contacted_at=None,
        closed_at=None,
        acknowledge_by=None,
        contact_by=None,
        resolve_by=None,
    )
    return move(case, **columns)


def move(case: CaseRow, **columns: Any) -> CaseRow:
    for name, value in columns.items():
        setattr(case, name, value)
    return case


def pass_time(case: CaseRow, now: datetime, before: Calendar | None, after: Calendar | None, **then: Any) -> None:
    move(case, **advanced(case, now, before, after), updated_at=now)
    move(case, **then)


steps = st.lists(
    st.tuples(st.integers(0, 2 * 1440), st.sampled_from(["open", "snoozed", "contacted"]), st.sampled_from(CALENDARS)),
    min_size=1,
    max_size=5,
)
examples = settings(deadline=None, max_examples=int(os.environ.get("CLOSELOOP_EXAMPLES", "25")))


@examples
@given(
    st.sampled_from([OPENED, datetime(2026, 10, 23, 14, 0, tzinfo=UTC)]),
    st.sampled_from(CALENDARS),
    st.integers(1, 3 * 1440),
    steps,
)
def test_clocks_against_single_minutes(
    opened: datetime, owner: Calendar | None, target: int, steps: list[tuple[int, str, Calendar | None]]
) -> None:
    """Whoever owns it and however it sleeps: in SLA is who needed less working time than was promised."""
    case = a_case(opened, resolve_by=add_working_time(opened, target * 60, owner))
    now, worked, held = opened, 0, 0
    for minutes, state, takes_over in steps:
        later = now + minutes * MINUTE
        if case.state == "snoozed":
            held += minutes
        else:
            worked += minutes_worked(now, later, owner)
        pass_time(case, later, owner, takes_over, state=state)
        now, owner = later, takes_over
    assert case.business_seconds == worked * 60
    assert case.seconds_on_hold == held * 60
    if worked != target:  # when just that much has been worked it is due, however long nobody works after that
        assert in_time(now, case.resolve_by) == (worked < target)


def test_a_night_in_autumn_has_an_hour_more() -> None:
    case = a_case(datetime(2026, 10, 24, 16, 0, tzinfo=UTC))
    pass_time(case, datetime(2026, 10, 25, 12, 0, tzinfo=UTC), NIGHT, NIGHT)
    assert case.business_seconds == (4 + 7) * HOUR


def test_sleep_moves_what_is_not_yet_due() -> None:
    friday = OPENED.replace(hour=14)  # 15:00 in Berlin
    case = a_case(friday, acknowledge_by=friday + timedelta(hours=1), contact_by=friday - timedelta(hours=1))
    pass_time(case, friday + timedelta(minutes=30), BERLIN, BERLIN, state="snoozed")
    # It sleeps until Tuesday, ten in the morning: half an hour is left to acknowledge it.
    tuesday = datetime(2026, 3, 31, 10, 0, tzinfo=ZoneInfo("Europe/Berlin"))
    pass_time(case, tuesday, BERLIN, BERLIN, state="open")
    assert case.acknowledge_by == tuesday + timedelta(minutes=30)
    assert case.contact_by == friday - timedelta(hours=1), "what was missed stays missed"
    assert case.business_seconds == 0.5 * HOUR
    # Friday 15:30 to Tuesday 10:00, less the hour that the clocks skipped
    assert case.seconds_on_hold == (3 * 24 + 18.5 - 1) * HOUR


def test_what_is_done_no_longer_moves() -> None:
    by = OPENED + timedelta(hours=2)
    case = a_case(acknowledge_by=by, contact_by=by, resolve_by=by, acknowledged_at=OPENED + timedelta(hours=1))
    move(case, state="snoozed")
    pass_time(case, OPENED + timedelta(hours=5), None, None, state="open")
    assert case.acknowledge_by == by
    assert case.contact_by == case.resolve_by == by + timedelta(hours=5)


def test_what_is_left_of_the_time_goes_along_to_a_new_owner() -> None:
    case = a_case(resolve_by=OPENED + timedelta(hours=2))  # opened at 10:00 in Berlin
    pass_time(case, OPENED + timedelta(hours=1), BERLIN, KOLKATA)
    # It is 15:30 in Kolkata, and an hour is left.
    assert case.resolve_by == OPENED + timedelta(hours=2)
    case = a_case(resolve_by=datetime(2026, 3, 30, 8, 0, tzinfo=UTC))  # Monday at ten: five hours of Friday, one more
    pass_time(case, OPENED + timedelta(hours=1), BERLIN, KOLKATA)
    left = datetime.combine(date(2026, 3, 28), time(12, 0), ZoneInfo("Asia/Kolkata"))
    assert case.resolve_by == left  # Friday 15:30 to 18:00, then Saturday from 8:30


def test_a_closed_case_is_not_on_hold() -> None:
    by = OPENED + timedelta(hours=3)
    case = a_case(resolve_by=by)
    pass_time(case, OPENED + timedelta(hours=1), None, None, state="resolved")
    pass_time(case, OPENED + timedelta(hours=4), None, None, state="open")
    assert (case.business_seconds, case.seconds_on_hold, case.resolve_by) == (4 * HOUR, 0.0, by)


def test_the_clock_of_a_resolved_case_stands_whatever_happens_to_it() -> None:
    case = a_case()
    end = OPENED + timedelta(hours=1)
    pass_time(case, end, None, None, state="resolved", closed_at=end)
    told = OPENED + timedelta(hours=3)
    columns = columns_of(case, "contact", "resolved", Change(channel="phone"), told, lambda owner: None)
    assert (columns["contacted_at"], columns["business_seconds_to_contact"]) == (told, 3 * HOUR)
    assert "acknowledged_at" not in columns
    move(case, **columns, updated_at=told)
    assert (case.state, case.business_seconds, case.closed_at) == ("resolved", HOUR, end)


def test_states_remember_when_they_were_first_and_last_entered() -> None:
    times = [OPENED + timedelta(hours=hour) for hour in range(5)]
    said = [time.isoformat() for time in times]
    case = a_case()
    case.entered = entered(case, "opened", "open", times[0])
    assert case.entered == {"open": [said[0], said[0]]}
    assert entered(case, "joined", "open", times[1]) == case.entered
    case.entered = entered(case, "resolve", "resolved", times[1])
    move(case, state="resolved")
    case.entered = entered(case, "reopen", "open", times[2])
    move(case, state="open")
    case.entered = entered(case, "resolve", "resolved", times[3])
    assert case.entered == {"open": [said[0], said[2]], "resolved": [said[1], said[3]]}


def test_nothing_promised_and_nothing_done() -> None:
    assert in_time(None, OPENED) is None
    assert in_time(OPENED, None) is None
    assert in_time(OPENED, OPENED) is True
    assert in_time(OPENED + MINUTE, OPENED) is False
