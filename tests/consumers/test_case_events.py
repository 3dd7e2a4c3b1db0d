"""What cx.cases is told of a case's clocks: working hours of its owner, sleep, due times, and reopening."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
from sqlalchemy import Engine, select

from consumers import timers
from consumers.desk import take_in
from consumers.timers import Due
from schemas import case_ledger
from schemas.case_ledger import Change
from schemas.cases import CaseAction, CaseEvent, Entered
from schemas.config import Loop
from schemas.database import sessions
from schemas.sla import promises
from schemas.tables import CaseEventRow, CaseRow
from schemas.working_time import calendars
from tests.consumers.alerts import LOOP, an_alert

FRIDAY = datetime(2026, 11, 20, 15, 0, tzinfo=UTC)
OFFICE = {"zone": "UTC", "hours": {day: [["09:00", "17:00"]] for day in ("mon", "tue", "wed", "thu", "fri")}}


def with_office(*people: str) -> Loop:
    """The loop of the tests, in which these people work on weekdays from nine to five."""
    made = msgspec.to_builtins(LOOP) | {"calendars": {"office": OFFICE}}
    for person in people:
        made["people"][person]["calendar"] = "office"
    return msgspec.convert(made, Loop)


class Life:
    """One case, acted on at times of its own."""

    def __init__(self, engine: Engine, loop: Loop, **alert: Any) -> None:
        self.database = sessions(engine)
        self.loop = loop
        self.flag(FRIDAY, **alert)

    def flag(self, now: datetime, **alert: Any) -> None:
        with self.database.begin() as session:
            take_in(session, self.loop, [an_alert(**alert)], now)

    def act(self, action: CaseAction, now: datetime, **change: Any) -> None:
        with self.database.begin() as session:
            case_ledger.act(
                session,
                1,
                action,
                actor="ana",
                via="slack",
                now=now,
                change=Change(**change),
                calendar_of=calendars(self.loop),
                due_of=promises(self.loop),
            )

    def events(self) -> list[CaseEvent]:
        with self.database() as session:
            payloads = session.scalars(select(CaseEventRow.payload).order_by(CaseEventRow.seq)).all()
        return [msgspec.convert(payload, CaseEvent) for payload in payloads]


def test_a_case_over_a_weekend_in_its_owners_hours(engine: Engine) -> None:
    life = Life(engine, with_office("ana", "bob"), severity="critical", channel="email")
    hour = timedelta(hours=1)
    life.act("acknowledge", FRIDAY + hour, owner="ana")
    life.act("snooze", FRIDAY + hour, until=FRIDAY + 3 * 24 * hour)
    monday = FRIDAY + 3 * 24 * hour
    with life.database() as session:
        version = case_ledger.unpublished(session, 10)[-1].version
    assert timers.move(life.database, life.loop, Due(1, version, "wake"), monday)
    life.act("contact", monday + 2 * hour)  # Monday at five; three of four working hours are used up
    life.act("resolve", monday + 24 * hour, root_cause="billing")
    opened, acknowledged, snoozed, woken, contacted, resolved = life.events()
    assert (opened.seconds_to_acknowledge, opened.in_sla_acknowledge, opened.seconds_on_hold) == (None, None, 0.0)
    assert (opened.channel, opened.language, opened.page) == ("email", "en", True)
    assert (acknowledged.seconds_to_acknowledge, acknowledged.business_seconds_to_acknowledge) == (3600.0, 3600.0)
    assert acknowledged.in_sla_acknowledge is True
    assert (snoozed.seconds_on_hold, woken.seconds_on_hold) == (0.0, 71 * 3600.0)
    assert (contacted.seconds_to_contact, contacted.business_seconds_to_contact) == (74 * 3600.0, 3 * 3600.0)
    assert contacted.in_sla_contact is True
    assert contacted.business_seconds_to_acknowledge == 3600.0, "the first one stays"
    # Tuesday 15:00: Friday one hour, Monday two, Tuesday six
    assert (resolved.seconds_to_resolve, resolved.business_seconds_to_resolve) == (96 * 3600.0, 9 * 3600.0)
    assert resolved.in_sla_resolve is True
    assert resolved.seconds_on_hold == 71 * 3600.0


def test_a_further_answer_advances_the_clock_too(sqlite_engine: Engine) -> None:
    life = Life(sqlite_engine, with_office("ana", "bob"))
    life.flag(FRIDAY + timedelta(hours=1), event_id="r-2")
    life.act("contact", FRIDAY + timedelta(hours=20))
    assert life.events()[-1].business_seconds_to_contact == 2 * 3600.0
    assert life.events()[-1].business_seconds_to_acknowledge == 2 * 3600.0


def test_what_is_late_is_said(sqlite_engine: Engine) -> None:
    life = Life(sqlite_engine, LOOP, severity="critical")  # acknowledged in 1 h, contacted in 4 h, resolved in 2 d
    life.act("acknowledge", FRIDAY + timedelta(hours=1, seconds=1))
    life.act("contact", FRIDAY + timedelta(hours=4))
    last = life.events()[-1]
    assert (last.in_sla_acknowledge, last.in_sla_contact, last.in_sla_resolve) == (False, True, None)


def test_a_case_that_a_colleague_opens_again_is_unresolved_and_begins_anew(sqlite_engine: Engine) -> None:
    life = Life(sqlite_engine, LOOP)
    times = [FRIDAY + timedelta(days=day) for day in range(8)]
    life.act("resolve", times[2])
    life.act("reopen", times[4])
    life.act("resolve", times[7])
    opened, resolved, reopened, again = life.events()
    assert (resolved.reopened_at, reopened.reopened_at, again.reopened_at) == (None, times[4], times[4])
    assert (resolved.seconds_to_resolve, resolved.in_sla_resolve) == (2 * 86_400.0, True)
    assert (reopened.seconds_to_resolve, reopened.business_seconds_to_resolve, reopened.in_sla_resolve) == (None,) * 3
    # Three days of the five that a normal case may take, as if it were new; by the first promise it would be late.
    assert (again.seconds_to_resolve, again.business_seconds_to_resolve) == (3 * 86_400.0, 3 * 86_400.0)
    assert again.in_sla_resolve is True
    assert again.entered == {"open": Entered(times[0], times[4]), "resolved": Entered(times[2], times[7])}
    assert opened.entered == {"open": Entered(times[0], times[0])}


def test_a_case_opened_again_is_promised_by_its_owners_hours_and_measured_from_then(sqlite_engine: Engine) -> None:
    life = Life(sqlite_engine, with_office("ana"), severity="critical")  # to acknowledge in 1 h, to contact in 4 h
    hour = timedelta(hours=1)
    life.act("acknowledge", FRIDAY, owner="ana")
    life.act("snooze", FRIDAY, until=FRIDAY + hour)
    life.act("contact", FRIDAY + hour)
    life.act("resolve", FRIDAY + hour)
    saturday, monday = FRIDAY + 20 * hour, FRIDAY + 72 * hour  # Saturday 11:00, Monday 15:00
    life.act("reopen", saturday)
    with life.database() as session:
        case = session.get_one(CaseRow, 1)
    assert case.acknowledge_by == datetime(2026, 11, 23, 10, tzinfo=UTC)
    assert case.contact_by == datetime(2026, 11, 23, 13, tzinfo=UTC)
    assert (case.acknowledged_at, case.contacted_at, case.closed_at) == (None, None, None)
    life.act("contact", monday, channel="phone")
    last = life.events()[-1]
    assert (last.seconds_to_contact, last.seconds_to_acknowledge) == (52 * 3600.0, 52 * 3600.0)
    assert (last.business_seconds_to_contact, last.seconds_on_hold) == (6 * 3600.0, 0.0)
    assert (last.in_sla_contact, last.in_sla_acknowledge) == (False, False)


def test_a_quiet_case_opened_again_promises_nothing(sqlite_engine: Engine) -> None:
    life = Life(sqlite_engine, LOOP, page=False)
    life.act("resolve", FRIDAY)
    life.act("reopen", FRIDAY + timedelta(days=1))
    with life.database() as session:
        case = session.get_one(CaseRow, 1)
    assert (case.acknowledge_by, case.contact_by, case.resolve_by) == (None, None, None)


def test_a_dismissed_case_is_not_resolved_and_a_quiet_one_promises_nothing(sqlite_engine: Engine) -> None:
    life = Life(sqlite_engine, LOOP, page=False)
    life.act("acknowledge", FRIDAY + timedelta(hours=1))
    life.act("dismiss", FRIDAY + timedelta(hours=2))
    last = life.events()[-1]
    assert (last.page, last.in_sla_acknowledge, last.seconds_to_resolve) == (False, None, None)


def test_a_clock_that_is_behind_turns_no_case_back(sqlite_engine: Engine) -> None:
    life = Life(sqlite_engine, LOOP)
    life.act("acknowledge", FRIDAY - timedelta(seconds=3))
    last = life.events()[-1]
    assert (last.at, last.seconds_to_acknowledge, last.business_seconds_to_acknowledge) == (FRIDAY, 0.0, 0.0)


def test_events_of_before_are_still_read() -> None:
    old = (
        b'{"type":"case","id":"e","case_id":1,"version":2,"action":"contact","from_state":"open","to_state":"contacted",'
        b'"at":"2026-11-20T15:10:00Z","actor":"ana","via":"slack","customer_id":"c1","programme":"feedback",'
        b'"severity":"normal","owner":"ana","opened_at":"2026-11-20T15:00:00Z","root_cause":null,'
        b'"seconds_to_acknowledge":600.0,"seconds_to_contact":600.0,"seconds_to_resolve":null,"touchpoint":null,'
        b'"attributes":{}}'
    )
    event = msgspec.json.decode(old, type=CaseEvent)
    assert (event.seconds_to_contact, event.business_seconds_to_contact, event.in_sla_contact) == (600.0, None, None)
    assert (event.subject, event.page, event.seconds_on_hold, event.entered) == ("customer", True, 0.0, {})
