"""Which cards are told as one: the rate of a destination, incidents, and what is never folded."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Engine, select

from consumers.desk import take_in
from consumers.slack import folding, outbox, roll_ups
from consumers.slack.folding import GATHERS, MOST, Waiting, plan
from schemas import case_ledger
from schemas import roll_ups as kept
from schemas.alerts import Alert
from schemas.case_ledger import Change
from schemas.config import Loop
from schemas.config_grouping import Incidents, RollUp
from schemas.database import sessions
from schemas.tables import RollUpRow, SlackOutboxRow
from tests.consumers.alerts import NOW, alerts_of, an_alert
from tests.consumers.grouped import grouped

FIVE = RollUp(above=5, within="5m")
LOOP = grouped(roll_up=FIVE)
LEASE = timedelta(seconds=30)
MINUTE = timedelta(minutes=1)


def arrive(engine: Engine, alerts: list[Alert], at: datetime = NOW, loop: Loop = LOOP) -> None:
    with sessions(engine).begin() as session:
        take_in(session, loop, alerts, at)


def fold(engine: Engine, at: datetime = NOW, loop: Loop = LOOP) -> int:
    with sessions(engine).begin() as session:
        return folding.fold(session, loop, at)


def rows(engine: Engine) -> Counter[tuple[str, str, str]]:
    """How many messages of which kind, destination and state."""
    with sessions(engine)() as session:
        return Counter((row.kind, row.destination, row.state) for row in session.scalars(select(SlackOutboxRow)))


def send_all(engine: Engine, destination: str, at: datetime) -> list[outbox.Claimed]:
    """Post what waits for a destination."""
    with sessions(engine).begin() as session:
        claimed = outbox.claim(session, destination, 1000, at, LEASE)
        for number, message in enumerate(claimed):
            outbox.settle_sent(session, message, "C0CX", f"{at.timestamp()}.{number}", 1, at)
        return claimed


@given(
    st.lists(st.tuples(st.sampled_from(["#a", "#b", "person:x"]), st.sampled_from([None, None, 1, 2])), max_size=60),
    st.dictionaries(st.sampled_from(["#a", "#b", "person:x"]), st.integers(0, 12)),
    st.one_of(st.none(), st.integers(1, 9)),
)
def test_the_plan_leaves_as_many_alone_as_the_rate_allows(
    cards: list[tuple[str, int | None]], alone: dict[str, int], above: int | None
) -> None:
    waiting = [Waiting(str(number), number, place, incident) for number, (place, incident) in enumerate(cards)]
    folded = plan(waiting, alone, RollUp(above=above) if above is not None else None)
    told = [card for group in folded.values() for card in group]
    assert len({card.id for card in told}) == len(told), "nobody is told of twice"
    for (destination, incident), group in folded.items():
        assert {(card.destination, card.incident) for card in group} == {(destination, incident)}
        assert [card.case_id for card in group] == sorted(card.case_id for card in group), "in order"
    left = [card for card in waiting if card not in told]
    assert all(card.incident is None for card in left)
    for destination in ("#a", "#b", "person:x"):
        mine = [card for card in waiting if card.destination == destination and card.incident is None]
        single = [card for card in left if card.destination == destination]
        allowed = len(mine) if above is None else max(0, above - alone.get(destination, 0))
        assert single == mine[:allowed], "the oldest go by themselves"


def test_the_cards_above_the_rate_become_one_message(engine: Engine) -> None:
    arrive(engine, alerts_of(12))
    assert fold(engine) == 7
    found = rows(engine)
    assert found["card", "#cx", "pending"] == 5
    assert found["card", "#cx", "rolled_up"] == 7
    assert found["roll_up", "#cx", "pending"] == 1
    direct = {place: count for (kind, place, _), count in found.items() if place.startswith("person:")}
    assert sum(direct.values()) == 7, "whoever owns a folded case is told directly, because the list pings nobody"
    assert fold(engine) == 0


def test_what_was_sent_within_the_time_counts_and_what_was_sent_before_does_not(engine: Engine) -> None:
    arrive(engine, alerts_of(5))
    assert fold(engine) == 0
    send_all(engine, "#cx", NOW)
    arrive(engine, [an_alert(customer_id="late", event_id="late")], NOW + 4 * MINUTE)
    assert fold(engine, NOW + 4 * MINUTE) == 1
    arrive(engine, [an_alert(customer_id="later", event_id="later")], NOW + 6 * MINUTE)
    assert fold(engine, NOW + 6 * MINUTE) == 0


def test_further_cards_join_the_message_while_it_is_fresh(engine: Engine) -> None:
    arrive(engine, alerts_of(7))
    assert fold(engine) == 2
    assert [message.roll_up for message in send_all(engine, "#cx", NOW + GATHERS)] == [None] * 5 + [1]
    arrive(engine, [an_alert(customer_id="c8", event_id="r-8")], NOW + MINUTE)
    assert fold(engine, NOW + MINUTE) == 1
    assert rows(engine)["roll_up", "#cx", "pending"] == 0
    with sessions(engine)() as session:
        (view,) = roll_ups.load(session, [1]).values()
        assert (view.total, view.live, view.states) == (3, 3, {"open": 3})


def test_a_message_that_is_old_or_full_is_followed_by_another(engine: Engine) -> None:
    loop = grouped(roll_up=RollUp(above=1, within="5m"))
    arrive(engine, alerts_of(MOST + 11), loop=loop)
    assert fold(engine, loop=loop) == MOST + 10
    with sessions(engine)() as session:
        views = roll_ups.load(session, [1, 2])
        assert [views[number].total for number in (1, 2)] == [MOST, 10]
    sent = send_all(engine, "#cx", NOW + GATHERS)
    assert sorted(message.roll_up for message in sent if message.roll_up is not None) == [1, 2]


def test_critical_cards_and_those_that_answer_a_person_are_never_folded(engine: Engine) -> None:
    loop = grouped(roll_up=RollUp(above=1, within="5m"))
    arrive(engine, alerts_of(4, severity="critical"), loop=loop)
    assert fold(engine, loop=loop) == 0
    with sessions(engine).begin() as session:
        for number in (1, 2, 3):
            case_ledger.act(session, number, "reassign", actor="eve", via="slack", now=NOW, change=Change(owner="bob"))
    assert fold(engine, loop=loop) == 0


def test_a_case_that_becomes_critical_gets_its_card_after_all(engine: Engine) -> None:
    loop = grouped(roll_up=RollUp(above=1, within="5m"))
    arrive(engine, alerts_of(3), loop=loop)
    assert fold(engine, loop=loop) == 2
    worse = an_alert(customer_id="c2", event_id="worse", rule="danger", severity="critical")
    arrive(engine, [worse], NOW + MINUTE, loop)
    with sessions(engine).begin() as session:
        assert folding.unfold_critical(session, NOW + MINUTE) == 1
    assert fold(engine, NOW + MINUTE, loop) == 0
    assert rows(engine)["card", "#cx", "pending"] == 2


def test_whoever_wants_the_card_gets_it_once(engine: Engine) -> None:
    loop = grouped(roll_up=RollUp(above=1, within="5m"))
    arrive(engine, alerts_of(3), loop=loop)
    fold(engine, loop=loop)
    with sessions(engine).begin() as session:
        assert kept.want_card(session, 1, 2, NOW)
        assert not kept.want_card(session, 1, 2, NOW), "it comes already"
        assert not kept.want_card(session, 1, 1, NOW), "its card was never folded"
        assert not kept.want_card(session, 7, 3, NOW)
    assert fold(engine, loop=loop) == 0
    assert rows(engine)["card", "#cx", "pending"] == 2


def test_the_cards_of_an_incident_are_told_as_one_whatever_the_rate(engine: Engine) -> None:
    loop = grouped(incidents=Incidents(by=["attributes.region"], at_least=3))
    arrive(engine, alerts_of(2), loop=loop)
    send_all(engine, "#cx", NOW)
    arrive(engine, alerts_of(6)[2:], NOW + MINUTE, loop)
    assert fold(engine, NOW + MINUTE, loop) == 4
    with sessions(engine)() as session:
        (view,) = roll_ups.load(session, [1]).values()
        assert view.incident == 1
        assert view.shared == {"attributes.region": "SP"}
        assert view.total == 6, "those with a card of their own are in the list as well"


def test_the_roll_up_falls_behind_with_each_change_of_its_cases_and_settles_when_all_are_closed(engine: Engine) -> None:
    loop = grouped(roll_up=RollUp(above=1, within="5m"))
    arrive(engine, alerts_of(3), loop=loop)
    fold(engine, loop=loop)
    send_all(engine, "#cx", NOW + GATHERS)
    later = NOW + MINUTE

    def drawn(at: datetime) -> int:
        """Draw what is behind; how many."""
        with sessions(engine).begin() as session:
            held = [roll_ups.claim(session, found, at, LEASE) for found in roll_ups.behind(session, at)]
            for mine in held:
                assert mine is not None
                view = roll_ups.load(session, [mine.id])[mine.id]
                roll_ups.drawn(session, mine, view.version, at, over=view.live == 0)
        return len(held)

    def resolve(number: int, action: str = "resolve") -> None:
        change = Change(root_cause="other") if action == "resolve" else Change(note="again")
        with sessions(engine).begin() as session:
            case_ledger.act(session, number, action, actor="eve", via="slack", now=later, change=change)  # type: ignore[arg-type]

    assert drawn(later) == 1, "it was posted with an older picture"
    assert drawn(later + MINUTE) == 0
    resolve(1)
    assert drawn(later + MINUTE) == 0, "case 1 has a card of its own"
    resolve(2)
    assert drawn(later + 2 * MINUTE) == 1
    resolve(3)
    assert drawn(later + 3 * MINUTE) == 1
    with sessions(engine)() as session:
        assert session.get_one(RollUpRow, 1).settled
    resolve(3, "reopen")
    assert drawn(later + 4 * MINUTE) == 1, "a case that is opened again shows"


def test_nobody_draws_a_roll_up_twice_and_an_older_picture_never_stays(engine: Engine) -> None:
    loop = grouped(roll_up=RollUp(above=1, within="5m"))
    arrive(engine, alerts_of(3), loop=loop)
    fold(engine, loop=loop)
    send_all(engine, "#cx", NOW + GATHERS)
    at = NOW + MINUTE
    with sessions(engine).begin() as session:
        (found,) = roll_ups.behind(session, at)
        mine = roll_ups.claim(session, found, at, LEASE)
        assert mine is not None
        assert roll_ups.claim(session, found, at, LEASE) is None
    later = at + 2 * LEASE
    with sessions(engine).begin() as session:
        (again,) = roll_ups.behind(session, later)
        theirs = roll_ups.claim(session, again, later, LEASE)
        assert theirs is not None
        roll_ups.drawn(session, theirs, 2, later, over=False)
    with sessions(engine).begin() as session:
        roll_ups.drawn(session, mine, 1, later, over=False)
    with sessions(engine)() as session:
        assert session.get_one(RollUpRow, 1).shown == 0, "to be drawn again"
