"""Timers: what is due, and that a change by a person in between wins."""

from __future__ import annotations

import threading
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine

from consumers import timers
from consumers.desk import take_in
from consumers.measures import Measures
from consumers.timers import Due, Timers
from schemas import case_ledger
from schemas.case_ledger import Change
from schemas.cases import CaseAction
from schemas.database import readers, sessions
from schemas.tables import CaseRow, SlackSurfaceRow
from tests.consumers.alerts import LOOP, NOW, alerts_of


@pytest.fixture
def cases(engine: Engine) -> Engine:
    with sessions(engine).begin() as session:
        take_in(session, LOOP, alerts_of(3), NOW)
    return engine


def act(engine: Engine, case_id: int, action: CaseAction, **change: Any) -> None:
    with sessions(engine).begin() as session:
        case_ledger.act(session, case_id, action, actor="ana", via="slack", now=NOW, change=Change(**change))


def tick(engine: Engine, measures: Measures, now: datetime, nudges: list[int]) -> int:
    made = Timers(sessions(engine), readers(engine), measures, lambda: nudges.append(1), threading.Event())
    return made.tick(now)


def state(engine: Engine, case_id: int) -> tuple[str, int]:
    with sessions(engine)() as session:
        case = session.get_one(CaseRow, case_id)
        return case.state, case.version


def test_snoozes_and_leases_end_in_time_and_not_before(cases: Engine, measures: Measures) -> None:
    nudges: list[int] = []
    act(cases, 1, "snooze", until=NOW + timedelta(hours=1))
    act(cases, 2, "acknowledge", owner="ana", lease_until=NOW + timedelta(hours=2))
    act(cases, 3, "acknowledge", owner="ana")
    assert tick(cases, measures, NOW + timedelta(minutes=59), nudges) == 0
    assert tick(cases, measures, NOW + timedelta(hours=1), nudges) == 1
    assert state(cases, 1) == ("open", 3)
    assert tick(cases, measures, NOW + timedelta(hours=3), nudges) == 1
    assert state(cases, 2) == ("open", 3)
    assert state(cases, 3) == ("acknowledged", 2)
    assert tick(cases, measures, NOW + timedelta(days=9), nudges) == 0
    assert len(nudges) == 2
    with sessions(cases)() as session:
        assert session.get_one(SlackSurfaceRow, 1).wanted_version == 3


def test_a_contact_ends_the_lease(cases: Engine, measures: Measures) -> None:
    act(cases, 1, "acknowledge", owner="ana", lease_until=NOW + timedelta(hours=2))
    act(cases, 1, "contact", channel="phone")
    assert tick(cases, measures, NOW + timedelta(days=1), []) == 0


def test_a_person_who_was_quicker_wins(cases: Engine) -> None:
    act(cases, 1, "snooze", until=NOW)
    with readers(cases)() as session:
        (found,) = timers.due(session, NOW)
    assert found == Due(1, 2, "wake")
    act(cases, 1, "resolve")
    assert not timers.move(sessions(cases), found, NOW)
    assert state(cases, 1) == ("resolved", 3)
