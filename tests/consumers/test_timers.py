"""Timers: what is due, and that a change by a person in between wins."""

from __future__ import annotations

import threading
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, select

from consumers import timers
from consumers.desk import take_in
from consumers.measures import Measures
from consumers.reminders import recipient
from consumers.timers import Due, Timers
from schemas import case_ledger
from schemas.case_ledger import Change
from schemas.cases import CaseAction
from schemas.database import readers, sessions
from schemas.tables import CaseRow, SlackOutboxRow, SlackSurfaceRow
from tests.consumers.alerts import LOOP, NOW, a_metric_alert, alerts_of, an_alert


@pytest.fixture
def cases(engine: Engine) -> Engine:
    with sessions(engine).begin() as session:
        take_in(session, LOOP, alerts_of(3), NOW)
    return engine


def act(engine: Engine, case_id: int, action: CaseAction, **change: Any) -> None:
    with sessions(engine).begin() as session:
        case_ledger.act(session, case_id, action, actor="ana", via="slack", now=NOW, change=Change(**change))


def tick(engine: Engine, measures: Measures, now: datetime, nudges: list[int]) -> int:
    made = Timers(LOOP, sessions(engine), readers(engine), measures, lambda: nudges.append(1), threading.Event())
    return made.tick(now)


def reminders(engine: Engine) -> list[tuple[str, str]]:
    with sessions(engine)() as session:
        found = session.scalars(
            select(SlackOutboxRow).where(SlackOutboxRow.surface == "reminder").order_by(SlackOutboxRow.created_at)
        )
        return [(row.kind, row.destination) for row in found]


def state(engine: Engine, case_id: int) -> tuple[str, int]:
    with sessions(engine)() as session:
        case = session.get_one(CaseRow, case_id)
        return case.state, case.version


def test_snoozes_and_leases_end_in_time_and_not_before(cases: Engine, measures: Measures) -> None:
    nudges: list[int] = []
    act(cases, 1, "snooze", until=NOW + timedelta(hours=1))
    act(cases, 2, "acknowledge", owner="ana", lease_until=NOW + timedelta(hours=2))
    act(cases, 3, "acknowledge", owner="ana")
    assert reminders(cases) == []
    assert tick(cases, measures, NOW + timedelta(minutes=59), nudges) == 0
    assert tick(cases, measures, NOW + timedelta(hours=1), nudges) == 1
    assert state(cases, 1) == ("open", 3)
    assert tick(cases, measures, NOW + timedelta(hours=3), nudges) == 1
    assert state(cases, 2) == ("open", 3)
    assert state(cases, 3) == ("acknowledged", 2)
    assert tick(cases, measures, NOW + timedelta(days=9), nudges) == 1
    assert len(nudges) == 3
    assert reminders(cases) == [("wake", "person:ana"), ("lease_expired", "person:eve"), ("overdue", "person:eve")]
    with sessions(cases)() as session:
        assert session.get_one(SlackSurfaceRow, 1).wanted_version == 3


def test_a_contact_ends_the_lease(cases: Engine, measures: Measures) -> None:
    act(cases, 1, "acknowledge", owner="ana", lease_until=NOW + timedelta(hours=2))
    act(cases, 1, "contact", channel="phone")
    tick(cases, measures, NOW + timedelta(days=1), [])
    assert state(cases, 1) == ("contacted", 3)


def test_a_person_who_was_quicker_wins(cases: Engine) -> None:
    act(cases, 1, "snooze", until=NOW)
    with readers(cases)() as session:
        (found,) = timers.due(session, NOW)
    assert found == Due(1, 2, "wake")
    act(cases, 1, "resolve")
    assert not timers.move(sessions(cases), LOOP, found, NOW)
    assert state(cases, 1) == ("resolved", 3)


def test_a_case_that_nobody_took_in_time_is_told_to_the_lead_once(cases: Engine, measures: Measures) -> None:
    act(cases, 1, "resolve")
    act(cases, 2, "acknowledge", owner="bob")
    with sessions(cases).begin() as session:
        card = session.get_one(SlackSurfaceRow, 3)
        card.posted, card.rendered_version = True, 1
    nudges: list[int] = []
    # A normal case is to be acknowledged within four hours.
    assert tick(cases, measures, NOW + timedelta(hours=4, seconds=-1), nudges) == 0
    assert tick(cases, measures, NOW + timedelta(hours=4), nudges) == 1
    assert tick(cases, measures, NOW + timedelta(hours=5), nudges) == 0
    assert reminders(cases) == [("overdue", "person:eve")]
    with sessions(cases)() as session:
        assert session.get_one(SlackSurfaceRow, 3).rendered_version == 0, "the card is drawn again"


def test_without_a_lead_the_owner_is_told() -> None:
    assert recipient(LOOP, "bobs", "bob", "overdue") == "bob"
    assert recipient(LOOP, "default", "bob", "wake") == "bob"
    assert recipient(LOOP, "a receiver that is gone", None, "overdue") is None


def test_time_disturbs_nobody_over_a_quiet_case_nor_over_a_metric_that_is_back(
    engine: Engine, measures: Measures
) -> None:
    quiet = [an_alert(page=False, customer_id=f"q{number}", event_id=f"q{number}") for number in range(3)]
    with sessions(engine).begin() as session:
        take_in(session, LOOP, [*quiet, a_metric_alert(), a_metric_alert(1, recovered=True)], NOW)
    act(engine, 1, "snooze", until=NOW + timedelta(hours=1))
    act(engine, 2, "acknowledge", owner="bob", lease_until=NOW + timedelta(hours=1))
    assert tick(engine, measures, NOW + timedelta(days=30), []) == 2
    assert [state(engine, number)[0] for number in (1, 2, 3, 4)] == ["open"] * 4
    assert reminders(engine) == []
    with sessions(engine).begin() as session:
        take_in(session, LOOP, [a_metric_alert(2)], NOW)
    assert tick(engine, measures, NOW + timedelta(days=30), []) == 1
    assert reminders(engine) == [("overdue", "person:eve")]
