"""Timers: what is due, once, and that a change by a person in between wins."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any

import msgspec
import pytest
from sqlalchemy import Engine, delete, select

from consumers import timers
from consumers.desk import take_in
from consumers.measures import Measures
from consumers.timers import Due, Timers
from consumers.timers.firing import due_timers, fire
from schemas import case_ledger
from schemas.case_ledger import Change
from schemas.cases import CaseAction
from schemas.config import Loop
from schemas.database import readers, sessions
from schemas.sla import promises
from schemas.tables import CaseEventRow, CaseRow, SlackOutboxRow, SlackSurfaceRow, TimerRow
from tests.consumers.alerts import LOOP, NOW, a_metric_alert, alerts_of, an_alert

HOUR = timedelta(hours=1)


def with_chain(*steps: tuple[str, str], **more: Any) -> Loop:
    """The loop of the tests with this default chain and without reminders."""
    chain = [{"after": after, "tell": tell} for after, tell in steps]
    made = msgspec.to_builtins(LOOP) | {"escalations": {"default": chain}, "reminders": None, **more}
    return msgspec.convert(made, Loop)


@pytest.fixture
def cases(engine: Engine) -> Engine:
    with sessions(engine).begin() as session:
        take_in(session, LOOP, alerts_of(3), NOW)
    return engine


def act(engine: Engine, case_id: int, action: CaseAction, now: datetime = NOW, **change: Any) -> None:
    with sessions(engine).begin() as session:
        case_ledger.act(
            session, case_id, action, actor="ana", via="slack", now=now, change=Change(**change), due_of=promises(LOOP)
        )


def worker(engine: Engine, measures: Measures, nudges: list[int] | None = None, loop: Loop = LOOP) -> Timers:
    heard = [] if nudges is None else nudges
    return Timers(loop, sessions(engine), readers(engine), measures, lambda: heard.append(1), threading.Event())


def tick(engine: Engine, measures: Measures, now: datetime, loop: Loop = LOOP) -> None:
    worker(engine, measures, loop=loop).tick(now)


def messages(engine: Engine) -> list[tuple[int, str, str]]:
    with sessions(engine)() as session:
        found = session.scalars(
            select(SlackOutboxRow)
            .where(SlackOutboxRow.surface == "reminder")
            .order_by(SlackOutboxRow.created_at, SlackOutboxRow.case_id)
        )
        return [(row.case_id, row.kind, row.destination) for row in found]


def state(engine: Engine, case_id: int) -> tuple[str, int]:
    with sessions(engine)() as session:
        case = session.get_one(CaseRow, case_id)
        return case.state, case.version


def test_snoozes_and_leases_end_in_time_and_not_before(cases: Engine, measures: Measures) -> None:
    quiet = with_chain(("0m", "lead"), ("4h", "channel"))
    act(cases, 1, "snooze", until=NOW + HOUR)
    act(cases, 2, "acknowledge", owner="ana", lease_until=NOW + 2 * HOUR)
    act(cases, 3, "acknowledge", owner="ana")
    tick(cases, measures, NOW + timedelta(minutes=59), quiet)
    assert (state(cases, 1), messages(cases)) == (("snoozed", 2), [])
    tick(cases, measures, NOW + HOUR, quiet)
    assert (state(cases, 1), messages(cases)) == (("open", 3), [(1, "wake", "person:ana")])
    tick(cases, measures, NOW + 3 * HOUR, quiet)
    assert state(cases, 2) == ("open", 3)
    assert state(cases, 3) == ("acknowledged", 2)
    assert messages(cases)[1:] == [(2, "lease_expired", "person:eve")]
    with sessions(cases)() as session:
        assert session.get_one(SlackSurfaceRow, 1).wanted_version == 3


def test_a_contact_ends_the_lease_and_the_reminders(cases: Engine, measures: Measures) -> None:
    act(cases, 2, "resolve")
    act(cases, 3, "resolve")
    act(cases, 1, "acknowledge", owner="ana", lease_until=NOW + 2 * HOUR)
    act(cases, 1, "contact", channel="phone")
    tick(cases, measures, NOW + timedelta(days=9))
    assert state(cases, 1) == ("contacted", 3)
    assert messages(cases) == []


def test_a_person_who_was_quicker_wins(cases: Engine) -> None:
    act(cases, 1, "snooze", until=NOW)
    with readers(cases)() as session:
        (found,) = timers.due(session, NOW)
    assert found == Due(1, 2, "wake")
    act(cases, 1, "resolve")
    assert not timers.move(sessions(cases), LOOP, found, NOW)
    assert state(cases, 1) == ("resolved", 3)


def test_a_case_that_nobody_took_in_time_climbs_the_chain(cases: Engine, measures: Measures) -> None:
    loop = with_chain(("0m", "lead"), ("1h", "person:bob"), ("4h", "channel:#board"))
    act(cases, 1, "resolve")
    act(cases, 2, "acknowledge", owner="bob", lease_until=NOW + 99 * HOUR)
    with sessions(cases).begin() as session:
        card = session.get_one(SlackSurfaceRow, 3)
        card.posted, card.rendered_version = True, 1
    # A normal case is to be acknowledged within four hours.
    tick(cases, measures, NOW + 4 * HOUR - timedelta(seconds=1), loop)
    assert messages(cases) == []
    tick(cases, measures, NOW + 4 * HOUR, loop)
    tick(cases, measures, NOW + 5 * HOUR - timedelta(seconds=1), loop)
    assert messages(cases) == [(3, "overdue", "person:eve")]
    with sessions(cases)() as session:
        assert session.get_one(SlackSurfaceRow, 3).rendered_version == 0, "the card is drawn again"
    tick(cases, measures, NOW + 5 * HOUR, loop)
    tick(cases, measures, NOW + 8 * HOUR, loop)
    assert messages(cases)[1:] == [(3, "overdue", "person:bob"), (3, "overdue", "#board")]
    act(cases, 3, "acknowledge", now=NOW + 9 * HOUR, owner="ana", lease_until=NOW + 999 * HOUR)
    tick(cases, measures, NOW + 23 * HOUR, loop)
    assert len(messages(cases)) == 3


def notices(engine: Engine, case_id: int) -> list[tuple[datetime, str, dict[str, Any]]]:
    """What the history says of those who were told, without a version and not for cx.cases."""
    with sessions(engine)() as session:
        found = session.scalars(
            select(CaseEventRow)
            .where(CaseEventRow.case_id == case_id, CaseEventRow.version.is_(None))
            .order_by(CaseEventRow.seq)
        ).all()
        assert all(row.published_at is not None and row.from_state == row.to_state for row in found)
        return [(row.at, row.action, row.detail) for row in found]


def test_the_history_says_who_was_told_when_and_of_what(cases: Engine, measures: Measures) -> None:
    loop = with_chain(("0m", "lead"), ("1h", "person:bob"), reminders={"acknowledge": "50%", "contact": "75%"})
    act(cases, 2, "resolve")
    for hours in (2, 4, 4.25, 4.5):
        tick(cases, measures, NOW + hours * HOUR, loop)
    act(cases, 1, "acknowledge", now=NOW + 4.5 * HOUR, owner="ana", lease_until=NOW + 6 * HOUR)
    for hours in (5, 6, 7, 8):
        tick(cases, measures, NOW + hours * HOUR, loop)
    assert notices(cases, 1) == [
        (NOW + 2 * HOUR, "reminded", {"of": "acknowledge", "told": "person:ana"}),
        (NOW + 4 * HOUR, "escalated", {"of": "acknowledge", "told": "person:eve", "step": 1}),
        # Back since 6 h: Eve has been told, so it is Bob's turn at once.
        (NOW + 6 * HOUR, "escalated", {"of": "lease", "told": "person:bob", "step": 2}),
    ]
    assert notices(cases, 2) == []
    assert notices(cases, 3)[1:] == [
        (NOW + 4 * HOUR, "escalated", {"of": "acknowledge", "told": "person:eve", "step": 1}),
        (NOW + 5 * HOUR, "escalated", {"of": "acknowledge", "told": "person:bob", "step": 2}),
    ]
    assert state(cases, 1) == ("open", 3), "taken and returned; being told of it is no change"
    assert state(cases, 3) == ("open", 1)


def test_an_acknowledgement_ends_the_chain_and_a_lost_lease_goes_on_with_the_next(
    cases: Engine, measures: Measures
) -> None:
    loop = with_chain(("0m", "lead"), ("1h", "person:bob"), ("4h", "channel"))
    act(cases, 2, "resolve")
    act(cases, 3, "resolve")
    tick(cases, measures, NOW + 4 * HOUR, loop)
    act(cases, 1, "acknowledge", now=NOW + 4.5 * HOUR, owner="ana", lease_until=NOW + 10 * HOUR)
    tick(cases, measures, NOW + 9 * HOUR, loop)
    assert messages(cases) == [(1, "overdue", "person:eve")]
    tick(cases, measures, NOW + 10 * HOUR, loop)
    tick(cases, measures, NOW + 13 * HOUR, loop)
    assert messages(cases)[1:] == [(1, "lease_expired", "person:bob")], "the lead was told before"
    tick(cases, measures, NOW + 14 * HOUR, loop)
    tick(cases, measures, NOW + 23 * HOUR, loop)
    assert messages(cases)[2:] == [(1, "lease_expired", "#cx")]
    # The contact, promised within 24 hours, is a promise of its own: everybody else was told, so the last step is.
    tick(cases, measures, NOW + 24 * HOUR, loop)
    tick(cases, measures, NOW + timedelta(days=9), loop)
    assert messages(cases)[3:] == [(1, "contact_overdue", "#cx")]


def test_a_broken_contact_climbs_the_chain_of_a_case_that_was_taken(cases: Engine, measures: Measures) -> None:
    loop = with_chain(("0m", "lead"), ("1h", "channel"))
    act(cases, 2, "resolve")
    act(cases, 3, "resolve")
    act(cases, 1, "acknowledge", owner="ana", lease_until=NOW + 999 * HOUR)
    tick(cases, measures, NOW + 24 * HOUR - timedelta(seconds=1), loop)
    assert messages(cases) == []
    tick(cases, measures, NOW + 24 * HOUR, loop)
    act(cases, 1, "contact", now=NOW + 24.5 * HOUR, channel="phone")
    tick(cases, measures, NOW + 99 * HOUR, loop)
    assert messages(cases) == [(1, "contact_overdue", "person:eve")]


def test_the_owner_is_reminded_once_of_each_promise(cases: Engine, measures: Measures) -> None:
    act(cases, 2, "resolve")
    act(cases, 3, "snooze", until=NOW + timedelta(days=30))
    tick(cases, measures, NOW + 2 * HOUR - timedelta(seconds=1))
    assert messages(cases) == []
    tick(cases, measures, NOW + 2 * HOUR)
    act(cases, 1, "acknowledge", now=NOW + 3 * HOUR, owner="bob", lease_until=NOW + 999 * HOUR)
    tick(cases, measures, NOW + 18 * HOUR - timedelta(seconds=1))
    assert messages(cases) == [(1, "due_acknowledge", "person:ana")]
    tick(cases, measures, NOW + 18 * HOUR)
    assert messages(cases)[1:] == [(1, "due_contact", "person:bob")]


def test_nobody_is_reminded_of_a_promise_that_is_broken_already(cases: Engine, measures: Measures) -> None:
    tick(cases, measures, NOW)
    tick(cases, measures, NOW + 99 * HOUR)
    assert {kind for _, kind, _ in messages(cases)} == {"overdue", "contact_overdue"}


def test_a_clock_that_jumps_back_fires_nothing_twice(cases: Engine, measures: Measures) -> None:
    tick(cases, measures, NOW + 4 * HOUR)
    told = messages(cases)
    assert len(told) == 3
    act(cases, 1, "reassign", now=NOW + 4.1 * HOUR, owner="bob")
    for back in (NOW + 2 * HOUR, NOW + 4 * HOUR, NOW + 4.5 * HOUR):
        tick(cases, measures, back)
    assert messages(cases) == told


def test_of_many_workers_one_fires(cases: Engine, measures: Measures) -> None:
    tick(cases, measures, NOW)
    later = NOW + 4 * HOUR
    with readers(cases)() as session:
        found = due_timers(session, later)
    assert len(found) == 3 + 3, "a reminder and a step of each case"

    def run(_: int) -> int:
        return sum(fire(sessions(cases), LOOP, timer, case, later) is not None for timer, case in found)

    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(run, range(4))) == 6
    assert len(messages(cases)) == 3


def test_workers_side_by_side_tell_everything_once(engine: Engine, measures: Measures) -> None:
    with sessions(engine).begin() as session:
        take_in(session, LOOP, alerts_of(6), NOW)
    several = [worker(engine, measures) for _ in range(3)]
    for hours in (0, 2, 4, 8):
        with ThreadPoolExecutor(3) as pool:
            list(pool.map(lambda one, now=NOW + hours * HOUR: one.tick(now), several))
    told = messages(engine)
    assert len(told) == len(set(told)) == 6 * 3, "a reminder, the lead and the channel of each case"


def test_a_timer_of_an_older_picture_is_void(cases: Engine, measures: Measures) -> None:
    tick(cases, measures, NOW)
    with readers(cases)() as session:
        found = due_timers(session, NOW + 4 * HOUR)
    for case in (1, 2, 3):
        act(cases, case, "acknowledge", owner="ana", lease_until=NOW + 99 * HOUR)
    with readers(cases)() as session:
        assert due_timers(session, NOW + 4 * HOUR) == []
    assert [fire(sessions(cases), LOOP, timer, case, NOW + 4 * HOUR) for timer, case in found] == [None] * 6
    assert messages(cases) == []


def test_cases_of_an_older_version_get_their_timers_at_a_start(cases: Engine, measures: Measures) -> None:
    with sessions(cases).begin() as session:
        session.execute(delete(TimerRow))
    tick(cases, measures, NOW + 4 * HOUR)
    assert messages(cases) == [(case, "overdue", "person:eve") for case in (1, 2, 3)]


def test_a_changed_loop_yaml_moves_the_timers(cases: Engine, measures: Measures) -> None:
    tick(cases, measures, NOW)
    later = with_chain(("2h", "lead"), ("3h", "channel"))
    tick(cases, measures, NOW + 5 * HOUR, later)
    assert messages(cases) == []
    tick(cases, measures, NOW + 6 * HOUR, later)
    assert messages(cases) == [(case, "overdue", "person:eve") for case in (1, 2, 3)]


def test_a_case_that_is_opened_again_begins_anew(cases: Engine, measures: Measures) -> None:
    act(cases, 2, "resolve")
    act(cases, 3, "resolve")
    tick(cases, measures, NOW + 4 * HOUR)
    act(cases, 1, "resolve", now=NOW + 5 * HOUR)
    tick(cases, measures, NOW + 5 * HOUR)
    act(cases, 1, "reopen", now=NOW + 100 * HOUR)
    tick(cases, measures, NOW + 100 * HOUR)
    # Four hours to acknowledge and 24 to contact, as of a new case.
    tick(cases, measures, NOW + 102 * HOUR)
    tick(cases, measures, NOW + 104 * HOUR - timedelta(seconds=1))
    assert messages(cases)[1:] == [(1, "due_acknowledge", "person:ana")]
    tick(cases, measures, NOW + 104 * HOUR)
    assert messages(cases)[2:] == [(1, "overdue", "person:eve")]
    tick(cases, measures, NOW + 108 * HOUR)
    tick(cases, measures, NOW + 118 * HOUR)
    assert messages(cases)[3:] == [(1, "overdue", "#cx"), (1, "due_contact", "person:ana")]


def test_time_disturbs_nobody_over_a_quiet_case_nor_over_a_metric_that_is_back(
    engine: Engine, measures: Measures
) -> None:
    quiet = [an_alert(page=False, customer_id=f"q{number}", event_id=f"q{number}") for number in range(3)]
    with sessions(engine).begin() as session:
        take_in(session, LOOP, [*quiet, a_metric_alert(), a_metric_alert(1, recovered=True)], NOW)
    act(engine, 1, "snooze", until=NOW + HOUR)
    act(engine, 2, "acknowledge", owner="bob", lease_until=NOW + HOUR)
    tick(engine, measures, NOW + timedelta(days=30))
    assert [state(engine, number)[0] for number in (1, 2, 3, 4)] == ["open"] * 4
    assert messages(engine) == []
    with sessions(engine).begin() as session:
        take_in(session, LOOP, [a_metric_alert(2)], NOW)
    tick(engine, measures, NOW + timedelta(days=30))
    assert messages(engine) == [(4, "overdue", "person:eve"), (4, "overdue", "#cx")]


def test_cards_are_nudged_only_when_something_happened(cases: Engine, measures: Measures) -> None:
    nudges: list[int] = []
    one = worker(cases, measures, nudges)
    one.tick(NOW + HOUR)
    assert nudges == []
    one.tick(NOW + 2 * HOUR)
    assert nudges == [1]


def test_timers_of_a_case_that_was_closed_long_ago_are_forgotten(cases: Engine, measures: Measures) -> None:
    """In Slack a colleague may open it again for 30 days, which is longer than the customer's 14."""
    tick(cases, measures, NOW + 4 * HOUR)
    closed = NOW + 5 * HOUR
    for case in (1, 2):
        act(cases, case, "resolve", now=closed)
    act(cases, 2, "reopen", now=closed + timedelta(days=3))
    one = worker(cases, measures)
    one.tick(closed + timedelta(days=30))
    assert cases_with_timers(cases) == {1, 2, 3}
    one.tick(closed + timedelta(days=30, minutes=30))
    assert cases_with_timers(cases) == {1, 2, 3}, "it is looked for once an hour"
    one.tick(closed + timedelta(days=30, hours=1))
    assert cases_with_timers(cases) == {2, 3}
    assert notices(cases, 1), "the history keeps who was told"


def cases_with_timers(engine: Engine) -> set[int]:
    with sessions(engine)() as session:
        return set(session.scalars(select(TimerRow.case_id)))


@pytest.mark.parametrize("asleep", [False, True], ids=["workers look at once", "no worker ran before the lease ended"])
def test_a_case_whose_timers_are_forgotten_and_that_is_opened_again_tells_everybody_anew(
    cases: Engine, measures: Measures, asleep: bool
) -> None:
    for case in (2, 3):
        act(cases, case, "resolve")
    tick(cases, measures, NOW + 4 * HOUR)
    tick(cases, measures, NOW + 8 * HOUR)
    assert [destination for _, _, destination in messages(cases)] == ["person:eve", "#cx"]
    act(cases, 1, "resolve", now=NOW + 9 * HOUR)
    later = NOW + timedelta(days=99)
    tick(cases, measures, later)
    assert cases_with_timers(cases) == set()
    act(cases, 1, "reopen", now=later)
    if not asleep:
        tick(cases, measures, later)
    act(cases, 1, "acknowledge", now=later, owner="ana", lease_until=later + HOUR)
    tick(cases, measures, later + HOUR)
    tick(cases, measures, later + 9 * HOUR)
    assert [row for row in messages(cases)[2:] if row[1] == "lease_expired"] == [
        (1, "lease_expired", "person:eve"),
        (1, "lease_expired", "#cx"),
    ]
