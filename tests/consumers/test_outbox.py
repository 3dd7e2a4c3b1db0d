"""Claims and leases of the outbox and of cards: nobody has what another has, and a late-comer recognises it."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Engine

from consumers.desk import take_in
from consumers.measures import Measures
from consumers.slack import outbox, surfaces
from consumers.slack.client import Posted
from consumers.slack.delivery import LookUpResult, LookUpResults, PostResult
from consumers.slack.errors import Verdict
from consumers.slack.outbox import Claimed
from consumers.slack.pace import Pace
from consumers.slack.settlement import Settlement
from schemas import case_ledger
from schemas.database import sessions
from schemas.tables import SlackOutboxRow, SlackSurfaceRow
from tests.consumers.alerts import LOOP, alerts_of

LEASE = timedelta(seconds=30)
SECOND = timedelta(seconds=1)
START = datetime(2026, 11, 20, 9, tzinfo=UTC)


@pytest.fixture
def settlement(measures: Measures) -> Settlement:
    return Settlement(LOOP, measures, grace=20 * SECOND, look_up_again=30 * SECOND)


def cards(engine: Engine, count: int) -> None:
    with sessions(engine).begin() as session:
        take_in(session, LOOP, alerts_of(count), START)


def claim(engine: Engine, now: datetime, limit: int = 1) -> list[Claimed]:
    with sessions(engine).begin() as session:
        return outbox.claim(session, "#cx", limit, now, LEASE)


def row(engine: Engine, message: Claimed) -> SlackOutboxRow:
    with sessions(engine)() as session:
        return session.get_one(SlackOutboxRow, message.id)


def test_many_claimers_never_get_the_same_message(engine: Engine) -> None:
    cards(engine, 80)
    won: list[Claimed] = []
    failures: list[Exception] = []
    start = threading.Barrier(4)

    def work() -> None:
        try:
            start.wait()
            for _ in range(12):
                won.extend(claim(engine, START, limit=7))
        except Exception as error:  # noqa: BLE001 - told to the test's own thread
            failures.append(error)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures
    assert len(won) == 80
    assert len({message.id for message in won}) == 80
    assert {message.attempts for message in won} == {1}


def test_oldest_first_and_not_before_its_time(engine: Engine, settlement: Settlement) -> None:
    cards(engine, 3)
    (first,) = claim(engine, START)
    with sessions(engine).begin() as session:
        settlement.settle(session, PostResult(first, verdict=Verdict("wait", "ratelimited", 60)), START)
    assert [message.case_id for message in claim(engine, START, limit=9)] == [2, 3]
    assert claim(engine, START + 59 * SECOND) == []
    (again,) = claim(engine, START + 60 * SECOND)
    assert (again.case_id, again.attempts) == (1, 2)


def test_a_lost_lease_leads_to_a_look_up_after_the_grace(engine: Engine, settlement: Settlement) -> None:
    cards(engine, 1)
    (message,) = claim(engine, START)
    with sessions(engine).begin() as session:
        assert outbox.expire(session, START + LEASE, 20 * SECOND) == 0
        lost_at = START + LEASE + SECOND
        assert outbox.expire(session, lost_at, 20 * SECOND) == 1
        assert outbox.claim_doubtful(session, 9, lost_at + 19 * SECOND, LEASE) == []
        (doubtful,) = outbox.claim_doubtful(session, 9, lost_at + 20 * SECOND, LEASE)
        assert outbox.claim_doubtful(session, 9, lost_at + 20 * SECOND, LEASE) == [], "one looks, the others wait"
        assert doubtful.started_at == START
        settlement.settle(session, LookUpResults((LookUpResult(doubtful),)), lost_at + 25 * SECOND)
    assert row(engine, message).state == "pending"


def test_an_adopted_message_leaves_its_doubles_to_be_deleted(engine: Engine, settlement: Settlement) -> None:
    cards(engine, 1)
    (message,) = claim(engine, START)
    found = (Posted("C1", "3.0"), Posted("C1", "2.0"))
    with sessions(engine).begin() as session:
        outbox.expire(session, START + LEASE + SECOND, SECOND)
        extras = settlement.settle(session, LookUpResults((LookUpResult(message, found),)), START + LEASE)
    assert extras == [Posted("C1", "2.0")]
    assert (row(engine, message).state, row(engine, message).ts) == ("sent", "3.0")


def test_a_late_answer_is_taken_while_nobody_else_has_posted(engine: Engine, settlement: Settlement) -> None:
    cards(engine, 1)
    (message,) = claim(engine, START)
    with sessions(engine).begin() as session:
        outbox.expire(session, START + LEASE + SECOND, SECOND)
        assert settlement.settle(session, PostResult(message, Posted("C1", "1.0"), 1), START + 2 * LEASE) == []
    assert (row(engine, message).state, row(engine, message).ts) == ("sent", "1.0")


def test_a_zombies_card_is_taken_back(engine: Engine, settlement: Settlement) -> None:
    """Its lease was lost, the message proved absent and was posted by another: the zombie's own is one too many."""
    cards(engine, 1)
    (zombie,) = claim(engine, START)
    later = START + 2 * LEASE
    with sessions(engine).begin() as session:
        outbox.expire(session, later, SECOND)
        settlement.settle(session, LookUpResults((LookUpResult(zombie),)), later)
    (successor,) = claim(engine, later)
    with sessions(engine).begin() as session:
        assert settlement.settle(session, PostResult(successor, Posted("C1", "2.0"), 1), later) == []
        assert settlement.settle(session, PostResult(zombie, Posted("C1", "1.0"), 1), later) == [Posted("C1", "1.0")]
        assert settlement.settle(session, PostResult(successor, Posted("C1", "2.0"), 1), later) == [], "settled twice"
    assert row(engine, zombie).ts == "2.0"


def test_an_older_picture_never_lies_on_top_for_good(engine: Engine, settlement: Settlement) -> None:
    cards(engine, 1)
    (message,) = claim(engine, START)
    with sessions(engine).begin() as session:
        settlement.settle(session, PostResult(message, Posted("C1", "1.0"), 1), START)
    with sessions(engine).begin() as session:
        case_ledger.act(session, 1, "acknowledge", actor="ana", via="slack", now=START)

    def hold(now: datetime) -> surfaces.Behind:
        with sessions(engine).begin() as session:
            (card,) = surfaces.behind(session, now, 9)
            assert card.by_person
            until = surfaces.claim(session, card.id, now, LEASE)
            assert until is not None
            assert surfaces.behind(session, now, 9) == [], "held"
            return surfaces.held(card, until)

    with sessions(engine)() as session:
        assert surfaces.behind(session, START, 9, busy=["C1"]) == []
        assert len(surfaces.behind(session, START, 9, busy=["C2"])) == 1
    slow = hold(START)
    quick = hold(START + LEASE)
    with sessions(engine).begin() as session:
        surfaces.settle(session, quick, 2)
        assert surfaces.behind(session, START + LEASE, 9) == []
        surfaces.settle(session, slow, 1)  # its picture of version 1 may have come last
        assert session.get_one(SlackSurfaceRow, slow.id).rendered_version == 0
        assert len(surfaces.behind(session, START + LEASE, 9)) == 1


def test_pace_is_a_bucket_a_channel() -> None:
    pace = Pace(1.0)
    assert pace.available("a", 0.0) == 3
    pace.take("a", 3, 0.0)
    assert [pace.available("a", now) for now in (0.5, 1.0, 2.5, 9.0)] == [0, 1, 2, 3]
    assert pace.available("b", 0.0) == 3
    pace.hold("a", 30, 9.0)
    assert [pace.available("a", now) for now in (38.9, 39.0)] == [0, 3]
    assert pace.available("b", 9.0) == 3
    assert pace.exhausted("", 9.0) == ["a"]
