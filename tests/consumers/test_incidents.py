"""Bursts at the desk: which cases become one incident, which do not, and what their history says."""

from __future__ import annotations

import itertools
from collections import defaultdict
from datetime import datetime, timedelta

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec import structs
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from consumers.desk import take_in
from schemas import case_ledger
from schemas.alerts import Alert
from schemas.case_ledger import Change
from schemas.config_grouping import Incidents
from schemas.database import sessions
from schemas.tables import CaseEventRow, CaseRow, IncidentRow
from tests.consumers.alerts import NOW, a_metric_alert, an_alert
from tests.consumers.grouped import grouped

RULES = Incidents(by=["touchpoint", "attributes.region"], at_least=3, within="20m", quiet="30m")
LOOP = grouped(incidents=RULES)
MINUTE = timedelta(minutes=1)


def delivery(number: int, region: str = "SP", **changes: object) -> Alert:
    told = {"event_id": f"r-{number}", "touchpoint": "order.delivered", "attributes": {"region": region}}
    return an_alert(customer_id=f"c{number}", **{**told, **changes})


def arrive(engine: Engine, alert: Alert, at: datetime) -> None:
    with sessions(engine).begin() as session:
        take_in(session, LOOP, [alert], at)


def linked(engine: Engine) -> dict[str, int | None]:
    """Which customer's case is part of which incident."""
    with sessions(engine)() as session:
        return {case.customer_id: case.incident_id for case in session.scalars(select(CaseRow))}


def steps(session: Session, case_id: int) -> list[tuple[str, object]]:
    rows = session.scalars(select(CaseEventRow).where(CaseEventRow.case_id == case_id).order_by(CaseEventRow.version))
    return [(row.action, row.detail.get("incident")) for row in rows]


def test_the_third_case_of_a_kind_declares_an_incident_and_links_the_others(engine: Engine) -> None:
    for number in range(4):
        arrive(engine, delivery(number), NOW + number * MINUTE)
    arrive(engine, delivery(9, region="RJ"), NOW + 5 * MINUTE)
    assert linked(engine) == {"c0": 1, "c1": 1, "c2": 1, "c3": 1, "c9": None}
    with sessions(engine)() as session:
        incident = session.get_one(IncidentRow, 1)
        assert incident.shared == {"touchpoint": "order.delivered", "attributes.region": "SP"}
        assert (incident.opened_at, incident.declared_at) == (NOW, NOW + 2 * MINUTE)
        assert steps(session, 1) == [("opened", None), ("linked", 1)]
        assert steps(session, 3) == [("opened", 1)]
        told = session.scalars(select(CaseEventRow).where(CaseEventRow.action == "linked")).first()
        assert told is not None
        assert told.payload["action"] == "joined", "the stream's readers know no other word"


def test_a_click_on_a_card_that_was_linked_meanwhile_still_holds(engine: Engine) -> None:
    for number in range(3):
        arrive(engine, delivery(number), NOW)
    with sessions(engine).begin() as session:
        case = case_ledger.act(
            session,
            1,
            "acknowledge",
            actor="ana",
            via="slack",
            now=NOW + MINUTE,
            change=Change(owner="ana"),
            expected_version=1,
        )
        assert (case.state, case.version) == ("acknowledged", 3)


def test_an_incident_that_is_quiet_for_too_long_is_over(engine: Engine) -> None:
    for number in range(3):
        arrive(engine, delivery(number), NOW)
    arrive(engine, delivery(3), NOW + 25 * MINUTE)
    arrive(engine, delivery(4), NOW + 50 * MINUTE)
    arrive(engine, delivery(5), NOW + 90 * MINUTE)
    assert linked(engine) == {"c0": 1, "c1": 1, "c2": 1, "c3": 1, "c4": 1, "c5": None}
    for number in (6, 7):
        arrive(engine, delivery(number), NOW + 91 * MINUTE)
    assert linked(engine)["c5"] == linked(engine)["c7"] == 2


def test_what_nobody_is_paged_for_and_what_lacks_a_field_counts_for_nothing(engine: Engine) -> None:
    odd = [
        delivery(0, page=False),
        delivery(1, attributes={}),
        delivery(2, touchpoint=None),
        delivery(3, attributes={"region": ""}),
        a_metric_alert(),
    ]
    for alert in [*odd, delivery(4), delivery(5)]:
        arrive(engine, alert, NOW)
    assert set(linked(engine).values()) == {None}


def test_closed_cases_count_no_more(engine: Engine) -> None:
    for number in range(2):
        arrive(engine, delivery(number), NOW)
    with sessions(engine).begin() as session:
        case_ledger.act(session, 1, "dismiss", actor="eve", via="slack", now=NOW, change=Change(note="a test"))
    arrive(engine, delivery(2), NOW + MINUTE)
    assert set(linked(engine).values()) == {None}
    arrive(engine, delivery(3), NOW + MINUTE)
    assert linked(engine) == {"c0": None, "c1": 1, "c2": 1, "c3": 1}


def test_a_customer_who_comes_back_counts_again(engine: Engine) -> None:
    arrive(engine, delivery(0), NOW)
    with sessions(engine).begin() as session:
        case_ledger.act(session, 1, "resolve", actor="eve", via="slack", now=NOW, change=Change(root_cause="other"))
    later = NOW + timedelta(days=3)
    arrive(engine, delivery(0, event_id="r-again", event_time=later), later)
    for number in (1, 2):
        arrive(engine, delivery(number), later + MINUTE)
    assert linked(engine) == {"c0": 1, "c1": 1, "c2": 1}


_WORLDS = itertools.count()


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(st.tuples(st.integers(0, 12).map(lambda n: 4 * n), st.sampled_from(["SP", "RJ"])), min_size=1, max_size=25)
)
def test_linked_are_exactly_those_of_bursts(sqlite_engine: Engine, arrivals: list[tuple[int, str]]) -> None:
    """The same told another way: per region, in order of time, from plain lists."""
    world = next(_WORLDS)  # customers and regions of its own, so that one database does for all examples
    cases: defaultdict[str, list[tuple[int, str]]] = defaultdict(list)
    batches: defaultdict[int, list[Alert]] = defaultdict(list)
    for number, (minute, region) in enumerate(sorted(arrivals)):
        customer = f"c{world}-{number}"
        alert = delivery(number, f"{region}{world}", event_id=customer)
        batches[minute].append(structs.replace(alert, customer_id=customer))
        cases[region].append((minute, customer))
    for minute, alerts in batches.items():
        with sessions(sqlite_engine).begin() as session:
            take_in(session, LOOP, alerts, NOW + minute * MINUTE)
    expected: dict[str, bool] = {}
    for ordered in cases.values():
        newest: int | None = None
        for place, (minute, customer) in enumerate(ordered):
            burst = [name for then, name in ordered[: place + 1] if minute - then < 20]
            if newest is not None and minute - newest <= 30:
                expected[customer] = True
                # The newest case's time is kept to a tenth of the quiet time.
                newest = minute if minute - newest > 3 else newest
            elif len(burst) >= 3:
                expected |= dict.fromkeys(burst, True)
                newest = minute
            else:
                expected[customer] = False
    found = linked(sqlite_engine)
    assert {name: found[name] is not None for name in expected} == expected
