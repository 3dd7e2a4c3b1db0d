"""Silences: nothing is lost, messages wait, promises count from the end, and the history says why."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from consumers.desk import take_in
from consumers.slack import view
from schemas import silences, silencing
from schemas.alerts import Alert
from schemas.case_ledger import act
from schemas.config import Loop
from schemas.config_owners import Condition
from schemas.database import sessions
from schemas.reach import Reach
from schemas.silence_reach import reach
from schemas.silences import Doer, Silence, faults, holding
from schemas.sla import due_times
from schemas.tables import CaseEventRow, CaseRow, SlackOutboxRow
from tests.consumers.alerts import LOOP, NOW, an_alert

HOUR = timedelta(hours=1)
EVE, BOB = Doer("eve", "system"), Doer("bob", "console", "desk key")


def silence_for(session: Session, hours: float = 2, **matchers: Any) -> Silence:
    return silences.add(session, matchers or {"metric": "csat"}, NOW, NOW + hours * HOUR, "carrier strike", EVE, NOW)


def taken(engine: Engine, *alerts: Alert, now: datetime = NOW) -> None:
    with sessions(engine).begin() as session:
        take_in(session, LOOP, alerts, now)


def one_case(engine: Engine) -> tuple[CaseRow, list[SlackOutboxRow], list[CaseEventRow]]:
    with sessions(engine)() as session:
        return (
            session.scalars(select(CaseRow)).one(),
            list(session.scalars(select(SlackOutboxRow).order_by(SlackOutboxRow.created_at))),
            list(session.scalars(select(CaseEventRow).order_by(CaseEventRow.version))),
        )


def test_a_silenced_alert_has_its_case_and_its_messages_wait(engine: Engine) -> None:
    with sessions(engine).begin() as session:
        number = silence_for(session).id
    taken(engine, an_alert())
    case, messages, history = one_case(engine)
    end = NOW + 2 * HOUR
    assert case.owner == "ana"
    assert [(row.not_before, row.silence_id, row.state) for row in messages] == [(end, number, "pending")]
    assert case.acknowledge_by == due_times(LOOP, "normal", "ana", end).acknowledge_by
    assert history[0].detail["silence"] == number
    assert history[0].detail["silenced_until"] == end.isoformat()


def test_another_alert_is_not_held(engine: Engine) -> None:
    with sessions(engine).begin() as session:
        silence_for(session, metric="nps")
    taken(engine, an_alert())
    case, messages, history = one_case(engine)
    assert [(row.not_before, row.silence_id) for row in messages] == [(NOW, None)]
    assert case.acknowledge_by == due_times(LOOP, "normal", "ana", NOW).acknowledge_by
    assert "silence" not in history[0].detail


def test_a_silence_that_is_ended_lets_its_messages_go(engine: Engine) -> None:
    with sessions(engine).begin() as session:
        number = silence_for(session).id
    taken(engine, an_alert())
    later = NOW + HOUR / 2
    with sessions(engine).begin() as session:
        ended = silencing.end(session, LOOP, number, BOB, later)
    assert ended is not None
    assert (ended[0].ends_at, ended[0].ended, ended[1]) == (later, BOB, 1)
    case, messages, history = one_case(engine)
    assert [(row.not_before, row.silence_id) for row in messages] == [(later, None)]
    assert case.acknowledge_by == due_times(LOOP, "normal", "ana", later).acknowledge_by
    assert (history[-1].action, history[-1].actor, history[-1].via) == ("unsilenced", "bob", "console")
    assert history[-1].detail == {"silence": number, "key": "desk key"}
    assert history[-1].payload["action"] == "joined"
    with sessions(engine).begin() as session:
        assert silencing.end(session, LOOP, number, BOB, later) is None
        assert silencing.end(session, LOOP, 99, BOB, later) is None


def test_a_case_can_be_drawn_and_acted_on_after_its_silence(engine: Engine) -> None:
    with sessions(engine).begin() as session:
        number = silence_for(session).id
    taken(engine, an_alert())
    with sessions(engine).begin() as session:
        assert silencing.end(session, LOOP, number, BOB, NOW + HOUR / 2) is not None
        case = session.scalars(select(CaseRow)).one()
        assert case.version == 2
        assert view.load(session, [case.id])[case.id].last is None
        act(session, case.id, "acknowledge", actor="ana", via="slack", now=NOW + HOUR, expected_version=1)
        assert case.state == "acknowledged"


def test_what_another_silence_holds_as_well_waits_for_that_one(engine: Engine) -> None:
    with sessions(engine).begin() as session:
        longer, shorter = silence_for(session, 3).id, silence_for(session, 1, severity="normal").id
    taken(engine, an_alert())
    with sessions(engine).begin() as session:
        ended = silencing.end(session, LOOP, longer, BOB, NOW + HOUR / 2)
    assert ended is not None
    assert ended[1] == 0
    case, messages, history = one_case(engine)
    assert [(row.not_before, row.silence_id) for row in messages] == [(NOW + HOUR, shorter)]
    assert case.acknowledge_by == due_times(LOOP, "normal", "ana", NOW + HOUR).acknowledge_by
    assert history[-1].detail == {
        "silence": longer,
        "silenced_by": shorter,
        "silenced_until": (NOW + HOUR).isoformat(),
        "key": "desk key",
    }


def test_an_alert_that_no_silence_holds_lets_its_case_speak(engine: Engine) -> None:
    with sessions(engine).begin() as session:
        silence_for(session, severity="normal")
    taken(engine, an_alert())
    later = NOW + HOUR / 2
    taken(engine, an_alert(event_id="r-2", severity="critical"), now=later)
    case, messages, _ = one_case(engine)
    assert {(row.not_before, row.silence_id) for row in messages} == {(later, None)}
    assert case.acknowledge_by == due_times(LOOP, "critical", "ana", later).acknowledge_by


def test_a_silenced_alert_that_joins_disturbs_no_speaking_case(engine: Engine) -> None:
    taken(engine, an_alert())
    with sessions(engine).begin() as session:
        number = silence_for(session).id
    taken(engine, an_alert(event_id="r-2"), now=NOW + HOUR)
    case, messages, history = one_case(engine)
    assert case.answer_count == 2
    assert [(row.not_before, row.silence_id) for row in messages] == [(NOW, None)]
    assert case.acknowledge_by == due_times(LOOP, "normal", "ana", NOW).acknowledge_by
    assert [row.detail.get("silence") for row in history] == [None, number]


def test_what_is_listed(engine: Engine) -> None:
    with sessions(engine).begin() as session:
        first, second = silence_for(session, 1), silence_for(session, 5, score=Condition(at_most=3))
        assert [one.id for one in silences.listed(session, NOW + 2 * HOUR, over=False)] == [second.id]
        every = silences.listed(session, NOW + 2 * HOUR, over=True)
        assert [one.id for one in every] == [first.id, second.id]
        assert every[1].matchers == {"score": Condition(at_most=3)}


@pytest.mark.parametrize(
    ("said", "fields"),
    [
        ({"matchers": {}}, ["matchers"]),
        ({"ends_at": NOW - HOUR, "starts_at": NOW - 2 * HOUR}, ["ends_at"]),
        ({"ends_at": NOW, "starts_at": NOW}, ["ends_at"]),
        ({"ends_at": NOW + timedelta(days=366, seconds=1)}, ["ends_at"]),
        ({"ends_at": NOW + timedelta(days=366)}, []),
        ({"reason": "  "}, ["reason"]),
        ({"reason": "x" * 501}, ["reason"]),
        ({"reason": "a\0"}, ["reason"]),
        ({"reason": "", "matchers": {}, "ends_at": NOW - HOUR}, ["matchers", "ends_at", "reason"]),
        ({}, []),
    ],
)
def test_what_no_silence_can_be(said: dict[str, Any], fields: list[str]) -> None:
    good: dict[str, Any] = {"matchers": {"metric": "nps"}, "starts_at": NOW, "ends_at": NOW + HOUR, "reason": "strike"}
    assert [wrong.field for wrong in faults(**(good | said), now=NOW)] == fields


def test_what_a_silence_would_hold_is_counted(engine: Engine) -> None:
    long_ago = NOW - timedelta(days=8)
    taken(engine, an_alert(customer_id="c0", event_id="r-0"), now=long_ago)
    paid = an_alert(customer_id="c2", event_id="r-2", touchpoint="checkout.paid")
    taken(engine, an_alert(customer_id="c1"), paid, now=NOW - HOUR)
    with sessions(engine).begin() as session:
        closed = session.scalars(select(CaseRow).where(CaseRow.customer_id == "c2")).one().id
        act(session, closed, "dismiss", actor="ana", via="slack", now=NOW)
    with sessions(engine)() as session:
        assert reach(session, {"touchpoint": "checkout.paid"}, NOW) == Reach(
            open_cases=0, of_open_cases=2, alerts=1, of_alerts=2
        )
        every = reach(session, {"metric": ["csat", "nps"]}, NOW)
        assert every == Reach(open_cases=2, of_open_cases=2, alerts=2, of_alerts=2)
        assert every.everything


_silences = st.builds(
    lambda number, start, length, metric: Silence(
        id=number, matchers={"metric": metric}, starts_at=NOW + start * HOUR, ends_at=NOW + (start + length) * HOUR,
        reason="r", created=EVE, created_at=NOW,
    ),
    st.integers(1, 9), st.integers(-5, 5), st.integers(1, 6), st.sampled_from(["csat", "nps"]),
)  # fmt: skip


@given(st.lists(_silences, max_size=6), st.integers(-6, 12))
def test_the_silence_that_ends_last_holds(several: list[Silence], hour: int) -> None:
    now = NOW + hour * HOUR
    there = [one for one in several if one.matchers["metric"] == "csat" and one.starts_at <= now < one.ends_at]
    found = holding(several, an_alert(), now)
    assert (found is None) == (not there)
    assert found is None or found.ends_at == max(one.ends_at for one in there)


def test_matchers_survive_the_database() -> None:
    match = {"score": Condition(at_least=1, not_=[3, 4]), "attributes.region": ["SP", True], "page": False}
    assert msgspec.convert(msgspec.to_builtins(match), silences.Match) == match


@pytest.mark.parametrize(("hours", "comes"), [(2, "2026-11-20T11:00"), (13, "2026-11-23T08:30")])
def test_a_silence_that_ends_at_night_wakes_nobody(engine: Engine, hours: float, comes: str) -> None:
    office = {"zone": "UTC", "hours": {day: [["08:00", "17:00"]] for day in ("mon", "tue", "wed", "thu", "fri")}}
    data = msgspec.to_builtins(LOOP)
    data["people"]["eve"]["calendar"] = "office"
    loop = msgspec.convert(data | {"calendars": {"office": office}, "digest": {"at": "08:30"}}, Loop)
    with sessions(engine).begin() as session:
        silence_for(session, hours)  # from Friday at nine on: until eleven, or until ten in the evening
        take_in(session, loop, [an_alert(attributes={"desk": "vip"})], NOW)
    _, messages, _ = one_case(engine)
    assert [(row.destination, row.state, row.not_before) for row in messages] == [
        ("person:eve", "pending", datetime.fromisoformat(f"{comes}+00:00"))
    ]
