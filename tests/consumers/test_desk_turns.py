"""Two desks write at once: a team's turns are taken one after another, by everybody once before anybody again."""

from __future__ import annotations

import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import msgspec
import pytest
from prometheus_client import CollectorRegistry
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from consumers import desk_standing
from consumers.desk import GROUP, Desk, take_in
from consumers.intake import Record
from consumers.measures import Measures
from schemas.alerts import Alert
from schemas.config import Loop
from schemas.database import sessions
from schemas.tables import CaseRow, TeamTurnRow
from tests.consumers.alerts import LOOP, NOW, alerts_of, an_alert

IN_TURN = msgspec.convert(
    msgspec.to_builtins(LOOP) | {"teams": {"care": {"members": ["ana", "bob"], "choose": "round_robin"}}}, Loop
)


@pytest.mark.parametrize("first", [0, 1, 2], ids=["the team's first turn", "after one", "after two"])
def test_a_desk_that_drew_before_another_wrote_draws_again(engine: Engine, first: int) -> None:
    """Both have read whose turn it is; the second to write loses, and its case is the next one's."""
    if first:
        with sessions(engine).begin() as session:
            take_in(session, IN_TURN, alerts_of(first), NOW)
    late, early = an_alert(customer_id="late", event_id="late"), an_alert(customer_id="early", event_id="early")
    drew, wrote = threading.Event(), threading.Event()
    seen: list[desk_standing.Drawn] = []

    def slow_read(session: Session) -> desk_standing.Drawn:
        drawn = real_read(session)
        seen.append(drawn)
        if len(seen) == 1:
            drew.set()
            if session.get_bind().dialect.name == "postgresql":
                assert wrote.wait(20)
        return drawn

    real_read, measures = desk_standing.read, Measures(CollectorRegistry())
    desk = Desk(IN_TURN, sessions(engine), lambda _: None, measures, lambda: None)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(desk_standing, "read", slow_read)
        with ThreadPoolExecutor(1) as pool:
            slow = pool.submit(desk.handle, [record_of(late)])
            assert drew.wait(20)
            patched.setattr(desk_standing, "read", real_read)
            Desk(IN_TURN, sessions(engine), lambda _: None, measures, lambda: None).handle([record_of(early)])
            wrote.set()
            slow.result(30)
    with sessions(engine)() as session:
        by_customer = dict(session.execute(select(CaseRow.customer_id, CaseRow.owner)).all())
        (turn,) = session.scalars(select(TeamTurnRow))
    assert {by_customer["early"], by_customer["late"]} == {"ana", "bob"}, "two in a row for nobody"
    assert turn.number == first + 2
    races = measures.retries.labels(GROUP, "race")._value.get()
    assert races == (1 if engine.dialect.name == "postgresql" else 0), "SQLite's writers come one after another"


def test_many_desks_give_everybody_the_same_number_of_turns(engine: Engine) -> None:
    start = threading.Barrier(4)

    def work(number: int) -> None:
        desk = Desk(IN_TURN, sessions(engine), lambda _: None, Measures(CollectorRegistry()), lambda: None)
        start.wait()
        for each in range(5):
            name = f"c{number}-{each}"
            desk.handle([record_of(an_alert(customer_id=name, event_id=name))])

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(work, range(4)))
    with sessions(engine)() as session:
        assert Counter(session.scalars(select(CaseRow.owner))) == {"ana": 10, "bob": 10}


def record_of(alert: Alert) -> Record:
    return Record("cx.alerts", 0, 0, 0, b"k", msgspec.json.encode(alert))
