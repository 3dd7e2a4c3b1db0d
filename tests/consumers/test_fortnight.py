"""A fortnight of seven cases in three time zones, against a timetable written by hand from the rules of docs/sla.md.

Monday, 19 October 2026 to Sunday, 1 November. In Berlin clocks go back an hour on Sunday the 25th. All times here are
UTC. Two workers take turns, and every few hours both are new, as after a restart.

Working hours in UTC: Ana (São Paulo, 9 to 18) 12 to 21, not on Wednesday the 28th, a holiday. Ben (Berlin, 9 to 17) 7
to 15, from the 26th on 8 to 16; on leave from Monday the 26th to Wednesday the 28th, his deputy is Lin. Lin (Shanghai,
9 to 18) 1 to 10. Eva (Berlin, 8 to 18), everybody's lead, 6 to 16, from the 26th on 7 to 17; on leave on Thursday the
22nd. Max, the manager, keeps no hours. A normal case is to be taken within 4 working hours, its customer contacted
within 24; a critical one within 1 and 4. Reminders come after half, and after three quarters, of that. The chain is the
lead at once, the manager an hour later, #board four hours later.
"""

from __future__ import annotations

import threading
from datetime import UTC, date, datetime, timedelta
from typing import Any

import msgspec
import pytest
from sqlalchemy import Engine, select

from consumers.desk import take_in
from consumers.measures import Measures
from consumers.timers import Timers
from schemas import case_ledger
from schemas.case_ledger import Change
from schemas.cases import CaseAction
from schemas.config import Loop
from schemas.config_base import WEEKDAYS
from schemas.database import open_database, readers, sessions
from schemas.tables import CaseEventRow, SlackOutboxRow
from schemas.working_time import calendars
from tests.consumers.alerts import an_alert

BEGIN = datetime(2026, 10, 19, tzinfo=UTC)
END = datetime(2026, 11, 2, tzinfo=UTC)
HALF_HOURS = {date(2026, 10, 26)}


def office(zone: str, opening: str, closing: str, **more: Any) -> dict[str, Any]:
    return {"zone": zone, "hours": {day: [[opening, closing]] for day in WEEKDAYS[:5]}, **more}


def person(key: str, calendar: str | None = None, **more: Any) -> dict[str, Any]:
    return {"name": key.title(), "email": f"{key}@shop.example", "calendar": calendar, **more}


LOOP = msgspec.convert(
    {
        "calendars": {
            "sao_paulo": office("America/Sao_Paulo", "09:00", "18:00", holidays=["2026-10-28"]),
            "berlin": office("Europe/Berlin", "09:00", "17:00"),
            "berlin_long": office("Europe/Berlin", "08:00", "18:00"),
            "shanghai": office("Asia/Shanghai", "09:00", "18:00"),
        },
        "people": {
            "ana": person("ana", "sao_paulo"),
            "ben": person("ben", "berlin", absences=[{"from": "2026-10-26", "until": "2026-10-28", "deputy": "lin"}]),
            "lin": person("lin", "shanghai"),
            "eva": person("eva", "berlin_long", absences=[{"from": "2026-10-22", "until": "2026-10-22"}]),
            "max": person("max"),
        },
        "teams": {key: {"members": [key], "lead": "eva", "manager": "max"} for key in ("ana", "ben", "lin")},
        "receivers": {key: {"team": key, "channel": f"#{key}", "notify": "both"} for key in ("ana", "ben", "lin")},
        "route": {
            "receiver": "ana",
            "routes": [{"match": {"attributes.desk": key}, "receiver": key} for key in ("ben", "lin")],
        },
        "escalations": {
            "default": [
                {"after": "0m", "tell": "lead"},
                {"after": "1h", "tell": "manager"},
                {"after": "4h", "tell": "channel:#board"},
            ]
        },
    },
    Loop,
)


def at(text: str) -> datetime:
    """``26 09:00`` in October 2026, UTC."""
    day, _, clock = text.partition(" ")
    hour, minute = clock.split(":")
    return datetime(2026, 10, int(day), int(hour), int(minute), tzinfo=UTC)


OPENED = {
    "A": ("19 12:00", "ana", "normal"),
    "B": ("20 20:00", "ben", "normal"),
    "F": ("22 13:00", "ben", "normal"),
    "C": ("23 08:00", "lin", "normal"),
    "G": ("23 17:00", "ana", "normal"),
    "D": ("24 05:00", "ana", "critical"),
    "E": ("27 19:00", "ana", "normal"),
}
NAMES = dict(enumerate(OPENED, start=1))
"""Cases are numbered in the order in which they were opened."""

DONE: list[tuple[str, str, CaseAction, str, dict[str, Any]]] = [
    ("21 10:00", "B", "acknowledge", "ben", {"owner": "ben", "lease_until": at("22 10:00")}),
    ("21 15:00", "A", "acknowledge", "ana", {"owner": "ana", "lease_until": at("22 15:00")}),
    ("22 17:00", "A", "contact", "ana", {"channel": "phone"}),
    ("23 08:00", "F", "snooze", "ben", {"until": at("24 12:00")}),
    ("23 11:00", "B", "snooze", "ben", {"until": at("26 09:00")}),
    ("23 13:00", "A", "resolve", "ana", {}),
    ("23 18:00", "G", "reassign", "eva", {"owner": "ben"}),
    ("26 09:30", "C", "acknowledge", "lin", {"owner": "lin", "lease_until": at("27 09:30")}),
    ("26 10:00", "G", "acknowledge", "lin", {"owner": "lin", "lease_until": at("27 10:00")}),
    ("26 14:30", "B", "reassign", "eva", {"owner": "ana"}),
    ("26 16:00", "B", "contact", "ana", {"channel": "phone"}),
    ("26 16:30", "D", "acknowledge", "ana", {"owner": "ana", "lease_until": at("27 16:30")}),
    ("27 02:00", "G", "contact", "lin", {"channel": "email"}),
    ("27 03:00", "G", "resolve", "lin", {}),
    ("27 09:00", "C", "contact", "lin", {"channel": "phone"}),
    ("27 09:00", "F", "reassign", "eva", {"owner": "lin"}),
    ("27 13:00", "B", "resolve", "ana", {}),
    ("27 13:00", "D", "contact", "ana", {"channel": "phone"}),
    ("27 14:00", "D", "resolve", "ana", {}),
    ("28 02:00", "C", "resolve", "lin", {}),
    ("29 09:00", "F", "resolve", "lin", {}),
    ("29 13:00", "E", "acknowledge", "ana", {"owner": "ana", "lease_until": at("30 13:00")}),
    ("30 12:00", "E", "contact", "ana", {"channel": "phone"}),
]

TIMETABLE = {
    # A: promised by Monday 16:00 and Wednesday 18:00; nobody is there until Wednesday 15:00.
    ("19 12:00", "person:ana", "A card"),
    ("19 14:00", "person:ana", "A due_acknowledge"),
    ("20 07:00", "person:eva", "digest: A overdue"),  # 16:00 is her closing time, so it waits for Berlin's nine o'clock
    ("19 17:00", "person:max", "A overdue"),
    ("19 20:00", "#board", "A overdue"),
    ("21 12:00", "person:ana", "digest: A due_contact"),  # 18 hours are over as Tuesday closes
    ("21 18:00", "#board", "A contact_overdue"),  # everybody else was told before
    ("22 15:00", "#board", "A lease_expired"),
    # B: opened at night; taken in time; let lie until the lease ends while the lead is on leave.
    ("21 07:00", "person:ben", "digest: B card"),
    ("21 09:00", "person:ben", "B due_acknowledge"),
    ("22 10:00", "person:max", "B lease_expired"),
    ("22 14:00", "#board", "B lease_expired"),
    ("23 09:00", "person:ben", "B due_contact"),  # 8 + 8 + 2 hours
    # Asleep from Friday 11:00 with four hours left, awake on Monday 9:00; Ben is on leave, Lin is his deputy.
    ("26 09:00", "person:lin", "B wake"),
    ("26 13:00", "person:eva", "B contact_overdue"),
    ("26 14:00", "#board", "B contact_overdue"),  # in the manager's place, who was told of the lease
    ("26 14:30", "person:ana", "B card"),
    # C: over the weekend.
    ("23 08:00", "person:lin", "C card"),
    ("26 01:00", "person:lin", "digest: C due_acknowledge, F wake"),  # two hours are over as Friday closes
    ("26 08:00", "person:eva", "digest: C overdue"),  # missed at 3:00; nine o'clock in Berlin is an hour later now
    ("26 04:00", "person:max", "C overdue"),
    ("26 07:00", "#board", "C overdue"),
    ("27 08:00", "person:lin", "C due_contact"),  # 2 + 9 + 7 hours
    # D: critical, so its card wakes Ana on Saturday night; its clock runs from Monday 12:00 on.
    ("24 05:00", "person:ana", "D card"),
    ("26 12:30", "person:ana", "D due_acknowledge"),
    ("26 13:00", "person:eva", "D overdue"),
    ("26 14:00", "person:max", "D overdue"),
    ("26 15:00", "person:ana", "D due_contact"),
    ("26 16:00", "#board", "D contact_overdue"),  # and nothing more: she takes it at 16:30
    # E: a holiday lies between Tuesday's two hours and Thursday's.
    ("27 19:00", "person:ana", "E card"),
    ("29 12:00", "person:ana", "digest: E due_acknowledge"),
    # F: asleep on Friday 8:00 after three hours, awake on Saturday; due on Monday one hour after Berlin opens.
    ("22 13:00", "person:ben", "F card"),
    ("23 07:00", "person:ben", "digest: F due_acknowledge"),
    ("26 09:00", "person:eva", "F overdue"),
    ("26 10:00", "person:max", "F overdue"),
    ("26 13:00", "#board", "F overdue"),
    # Lin has it from Tuesday 9:00 on with twelve hours left: one that day, nine on Wednesday, two on Thursday.
    ("27 09:00", "person:lin", "F card"),
    ("28 06:00", "person:lin", "F due_contact"),
    ("29 03:00", "#board", "F contact_overdue"),
    # G: handed to Ben on Friday night; on Monday he is on leave.
    ("23 17:00", "person:ana", "G card"),
    ("26 08:00", "person:lin", "digest: G card"),
    ("26 09:00", "person:lin", "G due_acknowledge"),
}

MOVED = [
    ("22 10:00", "B", "lease_expired"),
    ("22 15:00", "A", "lease_expired"),
    ("24 12:00", "F", "wake"),
    ("26 09:00", "B", "wake"),
]


class Fortnight:
    """The simulated time, two workers, and what came of it."""

    def __init__(self, engine: Engine, measures: Measures) -> None:
        self.engine = engine
        self.database = sessions(engine)
        self.measures = measures
        self.sent: list[tuple[datetime, str, str]] = []

    def worker(self) -> Timers:
        return Timers(LOOP, self.database, readers(self.engine), self.measures, lambda: None, threading.Event())

    def run(self) -> None:
        now, turn = BEGIN, 0
        workers = [self.worker(), self.worker()]
        while now < END:
            if turn % 11 == 0:
                workers = [self.worker(), self.worker()]
            workers[turn % 2].tick(now)
            if turn % 5 == 0:
                workers[1 - turn % 2].tick(now)
            self.live(now)
            self.take(now)
            # Half hours matter on the busiest of the days alone.
            now, turn = now + timedelta(minutes=30 if now.date() in HALF_HOURS else 60), turn + 1

    def live(self, now: datetime) -> None:
        """What customers and colleagues do at this time."""
        for name, (moment, desk, severity) in OPENED.items():
            if at(moment) == now:
                alert = an_alert(
                    customer_id=name, event_id=name, severity=severity, attributes={"desk": desk}
                )  # fmt: skip
                with self.database.begin() as session:
                    take_in(session, LOOP, [alert], now)
        for moment, name, action, actor, change in DONE:
            if at(moment) == now:
                with self.database.begin() as session:
                    case_ledger.act(
                        session,
                        next(number for number, known in NAMES.items() if known == name),
                        action,
                        actor=actor,
                        via="slack",
                        now=now,
                        change=Change(**change),
                        calendar_of=calendars(LOOP),
                    )

    def take(self, now: datetime) -> None:
        """Send what is to be sent, and note it down; the channels' own cards are not of interest."""
        with self.database.begin() as session:
            waiting = select(SlackOutboxRow).where(SlackOutboxRow.state == "pending", SlackOutboxRow.not_before <= now)
            for row in session.scalars(waiting):
                row.state = "sent"
                if row.kind == "card" and row.surface == "channel":
                    continue
                said = f"{NAMES[row.case_id]} {row.kind}"
                if row.content is not None:
                    lines = sorted(f"{NAMES[entry['case']]} {entry['what']}" for entry in row.content)
                    said = f"digest: {', '.join(lines)}"
                self.sent.append((now, row.destination, said))

    def moved(self) -> list[tuple[datetime, str, str]]:
        with self.database() as session:
            rows = session.scalars(
                select(CaseEventRow)
                .where(CaseEventRow.via == "system", CaseEventRow.action.in_(("wake", "lease_expired")))
                .order_by(CaseEventRow.at)
            )
            return [(row.at, NAMES[row.case_id], row.action) for row in rows]


def live_through(engine: Engine, measures: Measures) -> None:
    fortnight = Fortnight(engine, measures)
    fortnight.run()
    expected = sorted((at(moment), destination, said) for moment, destination, said in TIMETABLE)
    assert sorted(fortnight.sent) == expected
    assert fortnight.moved() == [(at(moment), name, action) for moment, name, action in MOVED]


def test_everything_in_its_time_and_once(sqlite_engine: Engine, measures: Measures) -> None:
    live_through(sqlite_engine, measures)


@pytest.mark.postgres
@pytest.mark.faults
def test_the_same_on_postgresql(postgres_tables: str, measures: Measures) -> None:
    engine = open_database(postgres_tables)
    live_through(engine, measures)
    engine.dispose()
