"""A customer who is heard of after their case was closed: the desk opens it again, or marks it as recovered."""

from __future__ import annotations

import threading
from datetime import datetime, timedelta

import msgspec
import pytest
from prometheus_client import CollectorRegistry
from sqlalchemy import Engine, select

from consumers.desk import Desk, take_in
from consumers.intake import Record
from consumers.measures import Measures
from consumers.slack.case_view import Setting
from consumers.slack.render import card, reminder
from consumers.slack.view import load
from schemas import case_ledger
from schemas.alerts import Alert
from schemas.case_ledger import Change
from schemas.config import Loop
from schemas.config_owners import Absence
from schemas.database import sessions
from schemas.tables import AlertRow, CaseEventRow, CaseRow, SlackOutboxRow, SlackSurfaceRow
from schemas.words.catalogue import words_in
from tests.consumers.alerts import LOOP, NOW, a_metric_alert, a_silent_alert, an_alert

DAY = timedelta(days=1)


class Life:
    """A desk whose clock the test turns."""

    def __init__(self, engine: Engine, loop: Loop = LOOP) -> None:
        self.engine = engine
        self.loop = loop
        self.at = NOW

    def told(self, *alerts: Alert) -> dict[str, int]:
        with sessions(self.engine).begin() as session:
            return dict(take_in(session, self.loop, alerts, self.at))

    def act(self, action: str, case: int = 1, **said: object) -> None:
        with sessions(self.engine).begin() as session:
            case_ledger.act(
                session, case, action, actor="ana", via="slack", now=self.at, change=Change(**said),  # type: ignore[arg-type] # the test says it right
            )  # fmt: skip

    def cases(self) -> list[CaseRow]:
        with sessions(self.engine)() as session:
            return list(session.scalars(select(CaseRow).order_by(CaseRow.id)))

    def history(self, case: int = 1) -> list[CaseEventRow]:
        with sessions(self.engine)() as session:
            rows = select(CaseEventRow).where(CaseEventRow.case_id == case).order_by(CaseEventRow.version)
            return list(session.scalars(rows))

    def messages(self) -> list[tuple[str, str]]:
        with sessions(self.engine)() as session:
            rows = session.scalars(select(SlackOutboxRow).order_by(SlackOutboxRow.created_at, SlackOutboxRow.kind))
            return [(row.kind, row.destination) for row in rows]


@pytest.fixture
def life(engine: Engine) -> Life:
    return Life(engine)


def again(number: int, at: datetime, **changes: object) -> Alert:
    """The customer's further bad answer."""
    return an_alert(event_id=f"again-{number}", event_time=at, detected_at=at, **changes)


def back(at: datetime, number: int = 1, **changes: object) -> Alert:
    """What the streams tell of the answer that is no longer bad."""
    return an_alert(
        **{
            "rule": "recovered", "reason": "The customer is back: nps 9 on 0..10.", "event_id": f"back-{number}",
            "event_time": at, "page": False, "recovered": True, "metric": "nps", "score": 9, "scale_min": 0,
            "scale_max": 10, "comment": "thanks, all is well now", **changes,
        }
    )  # fmt: skip


def closed(life: Life, action: str = "resolve") -> CaseRow:
    """A case that was taken, contacted and closed on the second day, and the clock two days later."""
    life.told(an_alert())
    life.act("acknowledge", owner="ana")
    life.act("contact")
    life.at += DAY
    life.act(action, root_cause="billing", note="refunded")
    life.at += 2 * DAY
    return life.cases()[0]


def test_the_next_bad_answer_opens_the_closed_case_again_for_its_owner(life: Life) -> None:
    was = closed(life)
    with sessions(life.engine).begin() as session:
        session.get_one(CaseRow, 1).owner = "bob"  # routing would choose ana: she has fewer
        for surface in session.scalars(select(SlackSurfaceRow)):
            surface.posted, surface.rendered_version = True, was.version
    assert life.told(again(1, life.at, severity="high", comment="and again!")) == {"reopened": 1}
    (case,) = life.cases()
    assert (case.state, case.owner, case.severity, case.answer_count) == ("open", "bob", "high", 2)
    assert (case.opened_at, case.reopened_at, case.closed_at) == (was.opened_at, life.at, None)
    assert (case.acknowledged_at, case.contacted_at, case.root_cause, case.resolution_note) == (None, None, None, None)
    # high: two, eight and 72 hours; nobody here has a calendar
    hours = [(due - life.at) / timedelta(hours=1) for due in (case.acknowledge_by, case.contact_by, case.resolve_by)]  # type: ignore[operator] # all are set
    assert hours == [2, 8, 72]
    assert case.latest_alert["comment"] == "and again!"
    last = life.history()[-1]
    assert (last.action, last.actor, last.via, last.from_state, last.to_state) == (
        "reopen", "system", "system", "resolved", "open",
    )  # fmt: skip
    assert (last.detail["rule"], last.detail["why"]) == ("low_score", "CSAT 2 of 5 is at or below 2")
    assert last.detail["alert"] == again(1, life.at, severity="high").id
    # somebody is told, and the old card is behind the case
    assert life.messages() == [("card", "#cx"), ("reopen", "person:bob")]
    with sessions(life.engine)() as session:
        (surface,) = session.scalars(select(SlackSurfaceRow)).all()
        assert surface.rendered_version < surface.wanted_version == case.version


def test_times_count_anew_from_the_reopening(life: Life) -> None:
    closed(life)
    life.told(again(1, life.at))
    life.at += timedelta(hours=1)
    life.act("acknowledge", owner="ana")
    life.at += timedelta(hours=3)
    life.act("resolve", root_cause="other")
    told = life.history()[-1].payload
    assert (told["seconds_to_acknowledge"], told["seconds_to_resolve"]) == (3600, 4 * 3600)
    assert (told["business_seconds_to_acknowledge"], told["business_seconds_to_resolve"]) == (3600, 4 * 3600)
    assert told["in_sla_acknowledge"] is True
    assert told["seconds_to_contact"] is None
    # what the first round took is in the history still
    assert life.history()[3].payload["seconds_to_resolve"] == 86_400


def test_an_answer_long_after_the_end_opens_a_new_case(life: Life) -> None:
    was = closed(life)
    assert was.closed_at is not None
    life.at = was.closed_at + 14 * DAY
    assert life.told(again(1, life.at)) == {"reopened": 1}
    life.act("resolve", root_cause="other")
    life.at += 14 * DAY + timedelta(seconds=1)
    assert life.told(again(2, life.at)) == {"opened": 1}
    assert [case.state for case in life.cases()] == ["resolved", "open"]


def test_what_was_no_complaint_is_opened_by_a_newer_answer_alone(life: Life) -> None:
    was = closed(life, "dismiss")
    assert was.closed_at is not None
    older = again(1, was.closed_at)
    assert life.told(older) == {"opened": 1}
    life.act("dismiss", case=2)
    newer = again(2, life.at + timedelta(seconds=1))
    assert life.told(newer) == {"reopened": 1}
    assert [case.state for case in life.cases()] == ["dismissed", "open"]


def test_redelivery_reopens_nothing_twice(life: Life) -> None:
    closed(life)
    first = again(1, life.at)
    assert life.told(first, first) == {"reopened": 1, "known": 1}
    life.act("resolve", root_cause="other")
    assert life.told(first) == {"known": 1}
    assert life.cases()[0].state == "resolved"


def test_other_programmes_customers_and_metrics_stay_closed(life: Life) -> None:
    closed(life)
    assert life.told(again(1, life.at, programme="other"), again(2, life.at, customer_id="c43")) == {"opened": 2}
    life.told(a_metric_alert(1))
    life.act("resolve", case=4, root_cause="other")
    assert life.told(a_metric_alert(2)) == {"opened": 1}


def test_a_quiet_alert_does_not_wake_a_case_that_was_loud(life: Life) -> None:
    closed(life)
    assert life.told(again(1, life.at, page=False)) == {"opened": 1}
    life.act("resolve", case=2, root_cause="other")
    life.at += DAY
    assert life.told(again(2, life.at, page=False)) == {"reopened": 1}  # the newest one was quiet as well
    assert (life.cases()[1].page, life.cases()[1].acknowledge_by) == (False, None)
    assert "reopen" not in [kind for kind, _ in life.messages()]


def test_an_owner_who_is_gone_gives_the_case_to_whom_routing_chooses(life: Life) -> None:
    closed(life)
    with sessions(life.engine).begin() as session:
        session.get_one(CaseRow, 1).owner = "left-us"
    attributes = {"desk": "vip"}
    assert life.told(a_silent_alert(event_time=life.at, attributes=attributes)) == {"reopened": 1}
    (case,) = life.cases()
    assert (case.owner, case.receiver, case.answer_count) == ("eve", "vip", 1)
    assert ("card", "person:eve") in life.messages()
    assert case.latest_alert["score"] == 2, "the customer's words stay"


def test_an_owner_who_is_away_is_stood_in_for(engine: Engine) -> None:
    away = Absence(from_=NOW.date(), until=NOW.date() + 30 * DAY, deputy="zed")
    absent = msgspec.structs.replace(LOOP.people["ana"], absences=[away])
    life = Life(engine)
    closed(life)
    life.loop = msgspec.structs.replace(LOOP, people={**LOOP.people, "ana": absent})
    assert life.told(again(1, life.at)) == {"reopened": 1}
    assert (life.cases()[0].owner, life.cases()[0].receiver) == ("zed", "default")
    assert ("card", "person:zed") in life.messages()
    assert ("reopen", "person:zed") in life.messages()


def test_a_good_answer_marks_the_closed_case_and_opens_none(life: Life) -> None:
    was = closed(life)
    answered = life.at - timedelta(hours=1)
    assert life.told(back(answered)) == {"recovered": 1}
    (case,) = life.cases()
    assert (case.state, case.recovered_at, case.recovery_reason) == ("resolved", answered, "NPS 9 of 10")
    assert (case.answer_count, case.closed_at, case.business_seconds) == (1, was.closed_at, was.business_seconds)
    assert case.latest_alert["score"] == 2, "the card still says what it was about"
    last = life.history()[-1]
    assert (last.action, last.actor, last.from_state, last.to_state) == ("recovered", "system", "resolved", "resolved")
    assert last.detail["recovered"] is True
    # readers of cx.cases know no such word, and what was measured stays what it was
    assert last.payload["action"] == "joined"
    assert last.payload["seconds_to_resolve"] == life.history()[-2].payload["seconds_to_resolve"]
    assert last.payload["business_seconds_to_resolve"] == life.history()[-2].payload["business_seconds_to_resolve"]
    assert case.version == was.version + 1, "the cards are drawn anew"
    with sessions(life.engine)() as session:
        assert session.scalars(select(SlackSurfaceRow.wanted_version)).all() == [case.version]
    assert life.messages() == [("card", "#cx")], "nobody is disturbed"


def test_a_recovery_comes_once_and_never_where_it_does_not_belong(life: Life) -> None:
    assert life.told(back(life.at)) == {"over": 1}
    was = closed(life)
    assert was.closed_at is not None
    assert life.told(back(was.closed_at - timedelta(hours=1), 2)) == {"over": 1}
    assert life.told(back(life.at, 3, programme="other"), back(life.at, 4, customer_id="c43")) == {"over": 2}
    assert life.told(back(life.at, 5), back(life.at, 5)) == {"recovered": 1, "known": 1}
    assert life.told(back(life.at, 5)) == {"known": 1}
    assert life.told(back(life.at, 6)) == {"over": 1}
    life.told(again(1, life.at))
    (case,) = life.cases()
    assert (case.state, case.recovered_at, case.recovery_reason) == ("open", None, None)
    assert life.told(back(life.at, 7)) == {"over": 1}, "an open case is not back to normal by one answer"
    life.act("dismiss")
    assert life.told(back(life.at + DAY, 8)) == {"over": 1}
    with sessions(life.engine)() as session:
        assert sorted(session.scalars(select(AlertRow.rule))) == ["low_score", "low_score", "recovered"]


def test_two_desks_reopen_a_case_once(engine: Engine) -> None:
    """Both bring a bad answer of the same customer: one opens the case again, the other's answer joins it."""
    life = Life(engine)
    closed(life)
    start = threading.Barrier(2)
    failures: list[BaseException] = []

    def work(number: int) -> None:
        desk = Desk(LOOP, sessions(engine), lambda _: None, Measures(CollectorRegistry()), lambda: None)
        record = Record("cx.alerts", 0, number, 0, b"k", msgspec.json.encode(again(number, life.at)))
        start.wait()
        try:
            desk.handle([record])
        except Exception as error:  # noqa: BLE001 - told to the test's own thread
            failures.append(error)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures
    (case,) = life.cases()
    assert (case.state, case.answer_count) == ("open", 3)
    assert [event.action for event in life.history()][-2:] == ["reopen", "joined"]


def test_the_cards_say_that_the_customer_is_back_or_unhappy_again(life: Life) -> None:
    closed(life)
    life.told(back(life.at - timedelta(hours=1)))
    setting = Setting(public_url="http://127.0.0.1:8080", loop=LOOP, words=words_in("en"))

    def drawn() -> str:
        with sessions(life.engine)() as session:
            return str(card(load(session, [1])[1], life.at, setting).blocks)

    assert "customer is back: NPS 9 of 10, " in drawn()
    assert "Ana Souza" in drawn(), "who resolved it, not the system that heard of it"
    life.told(again(1, life.at))
    assert "open again: the customer is unhappy again" in drawn()
    assert "is back" not in drawn()
    with sessions(life.engine)() as session:
        told = reminder(load(session, [1])[1], "reopen", setting).text
    assert "is open again: the customer is unhappy again. c42 – CSAT 2 of 5." in told
