"""Due times are promised in the working hours of the case's owner."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import msgspec

from schemas.config import Loop
from schemas.config_base import WEEKDAYS
from schemas.config_owners import Calendar
from schemas.sla import due_times
from tests.consumers.alerts import LOOP

OFFICE = Calendar(zone="Europe/Berlin", hours={day: [("09:00", "12:00"), ("13:00", "17:00")] for day in WEEKDAYS[:5]})


def berlin(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo("Europe/Berlin"))


def test_due_times_are_the_owners() -> None:
    people = msgspec.to_builtins(LOOP.people)
    people["ana"]["calendar"] = "office"
    made = msgspec.to_builtins(LOOP) | {"people": people, "calendars": {"office": msgspec.to_builtins(OFFICE)}}
    loop = msgspec.convert(made, Loop)
    friday = berlin("2026-11-20T16:00")
    # critical: acknowledge in 1 h, contact in 4 h, resolve in 2 d = 48 working hours = six days of 7 h and 6 h
    ana = due_times(loop, "critical", "ana", friday)
    assert ana.acknowledge_by == berlin("2026-11-20T17:00")
    assert ana.contact_by == berlin("2026-11-23T12:00")
    assert due_times(loop, "critical", "bob", friday).contact_by == friday + timedelta(hours=4)
    assert due_times(loop, "critical", None, friday).resolve_by == friday + timedelta(days=2)
