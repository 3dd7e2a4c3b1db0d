"""A person is erased, on both databases: nothing of them is left anywhere, and every figure is what it was.

A word that stands nowhere else is planted through every door. Searched is every column of every table, whatever it is
for, so that a new one is covered; every message in Slack; and what the gateway serves. What takes longer is in
`make test-faults`.
"""

from __future__ import annotations

import base64
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest
from litestar.testing import TestClient
from sqlalchemy import Engine, delete, insert, select, text, update
from sqlalchemy.exc import OperationalError

from closeloop.erasing import proof
from closeloop.erasing.places import look
from closeloop.erasing.sweep import Erasing, erase, left_in_slack, start, told_elsewhere
from closeloop.sandbox import ThreadedSandbox
from consumers.desk import Desk, take_in
from consumers.intake import Record
from consumers.measures import Measures
from consumers.recorder import Recorder
from consumers.slack.client import SlackCalls
from consumers.slack.taking_back import TakingBack
from consumers.timeline import Timeline
from gateway.app import build_app
from gateway.process import make_parts
from schemas import erasures, silences
from schemas.alerts import Alert
from schemas.audit import Act, Who
from schemas.audit import record as note
from schemas.case_cards import TAKEN_OVER, Destination, add_message
from schemas.case_ledger import Change, act, find_open_case
from schemas.config import Loop
from schemas.database import open_database, readers, sessions
from schemas.deadletters import DeadLetter, InvalidEvent, dead_letter
from schemas.metrics import Books, Metric
from schemas.settings import Settings
from schemas.silences import Doer
from schemas.tables import (
    AlertRow,
    AuditRow,
    Base,
    CaseEventRow,
    CaseRow,
    DeadLetterRow,
    ErasureRow,
    RollUpRow,
    SilenceRow,
    SlackOutboxRow,
    SlackSurfaceRow,
    TimelineRow,
)
from schemas.topics import DEADLETTERS, METRICS, RESPONSES, TOUCHPOINTS
from tests.consumers.alerts import LOOP, an_alert
from tests.consumers.conftest import a_sender, order, running, shown
from tests.consumers.waiting import until

MARK = "zebrafisk"
CUSTOMER = f"c-{MARK}"
HOUR = timedelta(hours=1)
PLANTED = """
alerts.event_id alerts.payload answer_terms.event_id answer_terms.terms audit.customer case_events.detail
case_events.payload cases.attributes cases.customer_id cases.latest_alert cases.resolution_note dead_letters.headers
dead_letters.key dead_letters.value silences.matchers silences.reason timeline.customer_id timeline.event_id
"""
"""Where the word stands before."""
EVE = Doer("eve", "console")
DPO = Who(name="dpo", kind="command", via="command")
CUTS = {"all": [], "region": ["attributes.region"]}
LOOP_WITH_CUTS: Loop = msgspec.structs.replace(LOOP, cuts=CUTS)
WHOLE_LOOP = msgspec.structs.replace(
    LOOP_WITH_CUTS, grouping=msgspec.convert({"incidents": {"by": ["touchpoint"], "at_least": 2}}, type(LOOP.grouping))
)


def of_the_person(number: int, at: datetime, **more: Any) -> Alert:
    return an_alert(
        customer_id=CUSTOMER,
        event_id=f"r-{MARK}-{number}",
        event_time=at,
        detected_at=at,
        comment=f"my name is {MARK} and it came late",
        touchpoint_event_id=f"t-{MARK}",
        attributes={"region": "SP", "name": f"Ms {MARK}", "account_id": MARK},
        **more,
    )


def planted_alerts(at: datetime) -> list[Alert]:
    theirs = [of_the_person(1, at, programme="one"), of_the_person(2, at, programme="two", metric="nps", score=1)]
    return [*theirs, of_the_person(3, at, programme="two"), an_alert(event_time=at, detected_at=at)]


def planted_events(at: datetime) -> list[Record]:
    def event(name: str, kind: str, customer: str, **data: Any) -> Record:
        value = {
            "specversion": "1.0",
            "id": name,
            "source": "/shop",
            "type": f"closeloop.{kind}.v1",
            "time": at.isoformat(),
            "data": {"customer_id": customer, **data},
        }
        topic = RESPONSES if kind == "response" else TOUCHPOINTS
        stamp = int(at.timestamp() * 1000)
        return Record(topic, 0, 0, stamp, customer.encode(), msgspec.json.encode(value))

    return [
        event(f"t-{MARK}", "touchpoint", CUSTOMER, touchpoint="order.delivered", outcome="failed"),
        event(f"r-{MARK}-1", "response", CUSTOMER, metric="csat", score=2, comment=MARK),
        event("t-9", "touchpoint", "c42", touchpoint="order.delivered"),
    ]


def planted_letters(at: datetime) -> list[DeadLetter]:
    """By key alone; within a document; in one that is broken; in a header; escaped; and somebody else's."""
    quoted = '{"user":"' + "".join(f"\\u{ord(character):04x}" for character in CUSTOMER) + '"}'
    found: list[tuple[bytes | None, bytes, list[tuple[str, bytes | None]]]] = [
        (CUSTOMER.encode(), b"\xff\xfe" + MARK.encode(), []),
        (None, msgspec.json.encode({"answers": [{"respondent": {"id": CUSTOMER, "says": MARK}}]}), []),
        (None, f'{{"data":{{"customer_id":"{CUSTOMER}","comment":"{MARK}'.encode(), []),
        (None, b"no json", [("ce_subject", CUSTOMER.encode()), ("traceparent", b"00-1")]),
        (None, quoted.encode(), []),
        (b"c42", b'{"data":{"customer_id":"c42"', []),
    ]
    problem = InvalidEvent("not_json", "", "no JSON")
    return [
        dead_letter(RESPONSES, 0, offset, key, value, headers, problem, at)
        for offset, (key, value, headers) in enumerate(found)
    ]


def figures(at: datetime) -> list[Metric | Books]:
    metric = Metric(
        metric="csat", window="day", cut="region", key={"attributes.region": "SP"}, value=50.0, low=30.0, high=70.0,
        n=20, counts={"1": 10, "5": 10}, too_few=False, as_of=at, version=5, day=at.date(),
    )  # fmt: skip
    books = Books(
        source="cx.responses/0", version=9, watermark=1.5, received=10, counted=4, duplicates=0, late=0, forwarded=0,
        dead_letters={"not_json": 6}, alerts={"low_score": 4},
    )  # fmt: skip
    return [metric, books]


def recorded(values: list[Metric | Books] | list[DeadLetter]) -> list[Record]:
    return [
        Record(
            DEADLETTERS if isinstance(value, DeadLetter) else METRICS, 0, offset, 0, b"k", msgspec.json.encode(value)
        )
        for offset, value in enumerate(values)
    ]


def read_topics(engine: Engine, measures: Measures, at: datetime, loop: Loop = LOOP_WITH_CUTS) -> None:
    """Everything that comes from Kafka, once or once more."""
    with sessions(engine).begin() as session:
        take_in(session, loop, planted_alerts(at), datetime.now(UTC))
    Timeline(loop, sessions(engine), measures, threading.Event()).handle(planted_events(at))
    Recorder(sessions(engine), measures).handle([*recorded(planted_letters(at)), *recorded(figures(at))])


def plant(engine: Engine, measures: Measures, at: datetime, loop: Loop = LOOP_WITH_CUTS) -> None:
    """The word through every door; one of the two cases is resolved with a note."""
    read_topics(engine, measures, at, loop)
    now = datetime.now(UTC)
    with sessions(engine).begin() as session:
        first, second = find_open_case(session, CUSTOMER, "one"), find_open_case(session, CUSTOMER, "two")
        assert first is not None
        assert second is not None
        said = Change(note=f"called {MARK}", channel="phone")
        act(session, first.id, "contact", actor="ana", via="slack", now=now, change=said)
        said = Change(note=f"{MARK} is content", root_cause="late_delivery")
        act(session, first.id, "resolve", actor="ana", via="slack", now=now, change=said)
        act(session, second.id, "acknowledge", actor="ana", via="slack", now=now)
        add_message(session, second, TAKEN_OVER, Destination("dm", "person:ana"), now)
        add_message(session, second, "overdue", Destination("dm", "person:eve"), now + HOUR)
        other = find_open_case(session, "c42", "feedback")
        assert other is not None
        session.add(
            SlackOutboxRow(
                id="11111111-1111-1111-1111-111111111111", case_id=other.id, surface="reminder", kind="digest",
                dedupe_key="digest", destination="person:ana", state="pending", created_at=now, not_before=now,
                content=[{"case": number, "what": "card", "of": "ana"} for number in (other.id, second.id)],
            )
        )  # fmt: skip
        matchers: dict[str, Any] = {"customer_id": [CUSTOMER, "c42"], "attributes.account_id": f"{CUSTOMER}|x"}
        silences.add(session, matchers, now + HOUR, now + 2 * HOUR, f"{CUSTOMER}: {MARK} is on holiday", EVE, now)
        note(session, DPO, Act(action="cases_exported", customer=CUSTOMER), now)


def everything(engine: Engine) -> Iterator[tuple[str, str]]:
    """Every value of every column as text, also what base64 hides."""
    with sessions(engine)() as session:
        for table in Base.metadata.sorted_tables:
            for row in session.execute(select(table)):
                for name, value in row._mapping.items():
                    yield f"{table.name}.{name}", repr(value)
                    for held in value if isinstance(value, list) else ():
                        if isinstance(held, list) and len(held) == 2 and isinstance(held[1], str):
                            yield f"{table.name}.{name}", repr(base64.b64decode(held[1]))


def places_of_the_word(engine: Engine) -> set[str]:
    return {place for place, text in everything(engine) if MARK in text}


@contextmanager
def looking(engine: Engine, loop: Loop = LOOP_WITH_CUTS) -> Iterator[TestClient[Any]]:
    """The gateway's answers over this database."""

    def fail(why: str) -> None:
        raise AssertionError(why)

    url = engine.url.render_as_string(hide_password=False).replace("+psycopg", "")
    parts = make_parts(Settings(database=url, kafka="127.0.0.1:1"), loop, fail)
    with TestClient(build_app(parts), base_url="http://127.0.0.1") as client:
        yield client
    parts.slack.close()
    parts.writers.kw["bind"].dispose()


def served(client: TestClient[Any], cases: int) -> dict[str, str]:
    """What is told of people: the API's answers and the console's pages."""
    paths = [
        "/v1/totals", "/v1/cases", "/v1/cases/export?format=jsonl", "/v1/answers", "/v1/themes",
        "/v1/cases/audit?format=jsonl", "/v1/silences",
        "/v1/deadletters", "/v1/audit", "/v1/incidents", "/", "/cases", "/themes", "/explore",
        "/pipeline", "/incidents", "/silences",
        *(f"/v1/cases/{number}" for number in range(1, cases + 1)),
        *(f"/v1/cases/{number}/timeline" for number in range(1, cases + 1)),
        *(f"/cases/{number}" for number in range(1, cases + 1)),
    ]  # fmt: skip
    answers = {path: client.get(path) for path in paths}
    assert {path: answer.status_code for path, answer in answers.items() if answer.status_code != 200} == {}
    return {path: answer.text for path, answer in answers.items()}


def remove(engine: Engine, loop: Loop = LOOP_WITH_CUTS, names: tuple[str, ...] = (CUSTOMER,)) -> Erasing:
    writes, reads = sessions(engine), readers(engine)
    with reads() as session:
        found = look(session, names)
    erasing = start(writes, names, DPO, found, datetime.now(UTC))
    assert erase(writes, reads, loop, erasing, found, lambda: datetime.now(UTC))
    return erasing


def counted(client: TestClient[Any]) -> dict[str, Any]:
    """What must not move: books, history, metrics, how many answers and dead letters there are."""
    totals = client.get("/v1/totals").json()
    states = totals.pop("cases")
    reasons = client.get("/v1/deadletters/reasons").json()["reasons"]
    themes = client.get("/v1/themes").json()
    return {
        "totals": totals,
        "cases": sum(states.values()),
        "resolved": states.get("resolved"),
        "history": client.get("/v1/metrics/history", params={"metric": "csat", "cut": "region"}).json(),
        "letters": [(one["reason"], one["topic"], one["letters"]) for one in reasons],
        "answers": themes["answers"],
        "touchpoints": themes["touchpoints"],
    }


def closed_figures(engine: Engine) -> list[tuple[Any, ...]]:
    """What the figures of closed cases are made of."""
    columns = ("opened_at", "acknowledged_at", "contacted_at", "closed_at", "business_seconds", "seconds_on_hold",
               "root_cause", "severity", "state", "owner", "answer_count")  # fmt: skip
    with sessions(engine)() as session:
        rows = session.scalars(select(CaseRow).where(CaseRow.state == "resolved").order_by(CaseRow.id))
        return [tuple(getattr(row, name) for name in columns) for row in rows]


def test_nothing_of_the_person_is_left_and_every_figure_stays(
    engine: Engine, slack: ThreadedSandbox, measures: Measures, capfd: pytest.CaptureFixture[str]
) -> None:
    at = datetime.now(UTC) - HOUR
    plant(engine, measures, at)
    stop = threading.Event()
    calls = SlackCalls("xoxb-sandbox", slack.api_url, measures)
    back = TakingBack(calls, sessions(engine), readers(engine), measures, stop, pace=0)
    with looking(engine) as client, running(a_sender(engine, slack, measures, stop, LOOP_WITH_CUTS), stop):

        def posted() -> list[str]:
            return [str(one) for one in shown(slack)]

        until(lambda: len(posted()) >= 5, "three cards, a word to Ana, a list")
        until(lambda: sum(MARK in one for one in posted()) >= 4, "all but one name the person")
        assert PLANTED.split() == sorted(places_of_the_word(engine)), "through every door"
        before, closed = counted(client), closed_figures(engine)
        assert sum(MARK in text for text in served(client, 3).values()) >= 6, "the pages do show the person"

        erasing = remove(engine)

        assert places_of_the_word(engine) == set()
        until(lambda: back.step() > 0 and not any(MARK in one for one in posted()), "drawn again, and taken back")
        assert any(erasing.word in one for one in posted()), "the cards are there, under the word"
        assert counted(client) == before
        assert closed_figures(engine) == closed
        assert [path for path, text in served(client, 3).items() if MARK in text] == []
        with sessions(engine)() as session:
            assert proof.search(session, [CUSTOMER]) == []
            assert left_in_slack(session, erasing.word).under_way == 0
            assert told_elsewhere(session, erasing.word) == 0
    assert MARK not in "".join(capfd.readouterr()), "no log names the person"


@pytest.mark.faults
def test_open_cases_are_closed_and_nobody_is_reminded(engine: Engine, measures: Measures) -> None:
    plant(engine, measures, datetime.now(UTC) - HOUR)
    erasing = remove(engine)
    with sessions(engine)() as session:
        cases = session.scalars(select(CaseRow).where(CaseRow.customer_id == erasing.word).order_by(CaseRow.id)).all()
        assert [(case.programme, case.state) for case in cases] == [("one", "resolved"), ("two", "dismissed")]
        assert [case.attributes for case in cases] == [{"region": "SP"}] * 2, "what a cut counts by stays"
        steps = select(CaseEventRow.action).where(CaseEventRow.case_id == cases[1].id).order_by(CaseEventRow.seq)
        assert session.scalars(steps).all() == ["opened", "joined", "acknowledge", "dismiss", "erased"]
        told = session.scalars(select(CaseEventRow).where(CaseEventRow.case_id == cases[0].id)).all()
        assert [row.payload["customer_id"] for row in told] == [erasing.word] * len(told), "cx.cases gets the word"
        assert told[1].detail == {"channel": "phone"}
        assert [row.version for row in told] == list(range(1, len(told) + 1)), "each version has its row"
        waiting = select(SlackOutboxRow.state).where(SlackOutboxRow.case_id == cases[1].id)
        assert set(session.scalars(waiting)) == {"cancelled"}
        others = session.scalars(select(CaseRow).where(CaseRow.customer_id == "c42")).one()
        assert others.state == "open"
        assert others.latest_alert["comment"] == "it came late again"
        (silence,) = session.scalars(select(SilenceRow))
        assert silence.matchers == {
            "customer_id": [erasing.word, "c42"],
            "attributes.account_id": f"{erasing.word}|x",
        }
        letters = session.scalars(select(DeadLetterRow).order_by(DeadLetterRow.offset)).all()
        assert [letter.value for letter in letters[:5]] == [None] * 5
        assert letters[5].value == b'{"data":{"customer_id":"c42"', "nobody else loses a record"
        assert {row.customer_id for row in session.scalars(select(TimelineRow))} == {"c42"}
        trail = session.scalars(select(AuditRow).order_by(AuditRow.id)).all()
        done = trail[-1]
        assert (done.action, done.customer, done.actor, done.outcome) == (
            "customer_erased",
            erasing.word,
            "dpo",
            "done",
        )
        assert done.detail == {"cases": 2, "timeline": 2, "dead_letters": 5, "silences": 1, "audit": 1}


def test_no_topic_brings_the_person_back(engine: Engine, measures: Measures) -> None:
    """Read again after a restart; late; and into a database that begins anew with the table of erasures alone."""
    at = datetime.now(UTC) - HOUR
    plant(engine, measures, at)
    remove(engine)
    read_topics(engine, measures, at)
    late = of_the_person(9, at, programme="three")
    with sessions(engine).begin() as session:
        assert take_in(session, LOOP_WITH_CUTS, [late], datetime.now(UTC)) == {"erased": 1}
    assert places_of_the_word(engine) == set()
    with sessions(engine).begin() as session:
        letters = session.scalars(select(DeadLetterRow)).all()
        kept = [dict(row._mapping) for row in session.execute(select(*ErasureRow.__table__.columns))]
        for table in reversed(Base.metadata.sorted_tables):
            session.execute(delete(table))
        session.execute(insert(ErasureRow), kept)
    read_topics(engine, measures, at)
    assert places_of_the_word(engine) == set()
    with sessions(engine)() as session:
        assert len(session.scalars(select(DeadLetterRow)).all()) == len(letters), "they count"
        assert [row.customer_id for row in session.scalars(select(CaseRow))] == ["c42"]


@pytest.mark.faults
def test_who_comes_again_is_a_new_customer(engine: Engine, measures: Measures) -> None:
    plant(engine, measures, datetime.now(UTC) - HOUR)
    first = remove(engine)
    later = datetime.now(UTC) + timedelta(seconds=1)
    again = an_alert(customer_id=CUSTOMER, event_id="r-new", event_time=later, detected_at=later)
    with sessions(engine).begin() as session:
        assert take_in(session, LOOP_WITH_CUTS, [again], later) == {"opened": 1}
        old = an_alert(customer_id=CUSTOMER, event_id="r-old", event_time=later - HOUR, detected_at=later)
        assert take_in(session, LOOP_WITH_CUTS, [old], later) == {"erased": 1}
    second = remove(engine)
    assert second.word != first.word
    with sessions(engine)() as session:
        assert [row.word for row in session.scalars(select(ErasureRow).order_by(ErasureRow.id))] == [
            first.word,
            second.word,
        ]
        assert proof.search(session, [CUSTOMER]) == []


@pytest.mark.faults
def test_a_second_run_changes_nothing(engine: Engine, measures: Measures) -> None:
    plant(engine, measures, datetime.now(UTC) - HOUR)
    first = remove(engine)

    def rows() -> list[tuple[str, str]]:
        moving = ("erasures.", "audit.")
        return [(place, text) for place, text in everything(engine) if not place.startswith(moving)]

    before = rows()
    assert remove(engine).word == first.word
    assert rows() == before


@pytest.mark.faults
@pytest.mark.parametrize("breaks", range(1, 6))
def test_one_that_breaks_off_goes_on_under_its_word(engine: Engine, measures: Measures, breaks: int) -> None:
    """Ended between any two of its transactions."""
    plant(engine, measures, datetime.now(UTC) - HOUR)
    writes, reads, steps = sessions(engine), readers(engine), 0

    def step() -> None:
        nonlocal steps
        steps += 1
        if steps == breaks:
            raise KeyboardInterrupt

    with reads() as session:
        found = look(session, [CUSTOMER])
    erasing = start(writes, [CUSTOMER], DPO, found, datetime.now(UTC))
    with pytest.raises(KeyboardInterrupt):
        erase(writes, reads, LOOP_WITH_CUTS, erasing, found, lambda: datetime.now(UTC), step)
    assert remove(engine).word == erasing.word
    assert places_of_the_word(engine) == set()
    with sessions(engine)() as session:
        assert {row.customer_id for row in session.scalars(select(CaseRow))} == {erasing.word, "c42"}
        assert {row.event_id for row in session.scalars(select(AlertRow)) if row.event_id.startswith("r-")} == {"r-1"}


@pytest.mark.faults
def test_several_ids_of_one_person_become_one_word(engine: Engine, measures: Measures) -> None:
    plant(engine, measures, datetime.now(UTC) - HOUR)
    erasing = remove(engine, names=(CUSTOMER, "c42"))
    with sessions(engine)() as session:
        assert {row.customer_id for row in session.scalars(select(CaseRow))} == {erasing.word}
        assert session.scalars(select(TimelineRow)).all() == []


def settled(engine: Engine) -> list[bool]:
    with sessions(engine)() as session:
        return list(session.scalars(select(RollUpRow.settled)))


@pytest.mark.faults
def test_an_incident_and_its_message_forget_the_person(
    engine: Engine, slack: ThreadedSandbox, measures: Measures
) -> None:
    at = datetime.now(UTC) - timedelta(minutes=1)
    others = [
        an_alert(customer_id=f"c{n}", event_id=f"x-{n}", touchpoint="order.delivered", event_time=at) for n in range(3)
    ]
    mine = of_the_person(1, at, touchpoint="order.delivered")
    with sessions(engine).begin() as session:
        take_in(session, WHOLE_LOOP, [*others, mine], datetime.now(UTC))
    stop = threading.Event()
    with running(a_sender(engine, slack, measures, stop, WHOLE_LOOP), stop):
        until(lambda: MARK in str(shown(slack)), "told of")
        with sessions(engine).begin() as session:
            for number in session.scalars(select(CaseRow.id)).all():
                act(session, number, "resolve", actor="ana", via="slack", now=datetime.now(UTC))
        until(
            lambda: bool(settled(engine)) and all(settled(engine)),
            "its message says that all is done, and is not looked at any more",
        )
        remove(engine, WHOLE_LOOP)
        until(lambda: MARK not in str(shown(slack)), "drawn again without the person")
    assert places_of_the_word(engine) == set()


@pytest.mark.faults
def test_what_slack_lets_nobody_delete_is_said(engine: Engine, slack: ThreadedSandbox, measures: Measures) -> None:
    plant(engine, measures, datetime.now(UTC) - HOUR)
    stop = threading.Event()
    with running(a_sender(engine, slack, measures, stop, LOOP_WITH_CUTS), stop):
        until(lambda: len(shown(slack)) >= 5, "posted")
    with sessions(engine).begin() as session:
        session.execute(
            update(SlackSurfaceRow).where(SlackSurfaceRow.case_id == 1).values(dead_reason="edit_window_closed")
        )
    word = remove(engine).word
    back = TakingBack(
        SlackCalls("xoxb-sandbox", slack.api_url, measures), sessions(engine), readers(engine), measures,
        threading.Event(), pace=0,
    )  # fmt: skip
    order(slack, "error", "chat.delete", error="cant_delete_message")
    with sessions(engine)() as session:
        assert left_in_slack(session, word).to_delete == 3, "a word, a list, and the card that cannot be drawn again"
    back.step()
    with sessions(engine)() as session:
        left = left_in_slack(session, word)
        assert (left.to_delete, left.cannot) == (0, 1)
    assert remove(engine).word == word
    with sessions(engine)() as session:
        assert left_in_slack(session, word).to_delete == 0, "it is not asked for again and again"


@pytest.mark.faults
def test_what_comes_while_a_person_is_erased_is_erased_or_not_taken_in(engine: Engine, measures: Measures) -> None:
    """Two desks and a timeline read what happened before, without a pause, from before the beginning to the end."""
    at = datetime.now(UTC) - HOUR
    plant(engine, measures, at)
    over = threading.Event()
    taken: list[int] = []

    def desk(number: int) -> None:
        taker = Desk(LOOP_WITH_CUTS, sessions(engine), lambda _: None, measures, lambda: None)
        while not over.is_set():
            name = number * 1_000_000 + len(taken)
            more = of_the_person(name, at, programme=f"p{name % 7}")
            taker.handle([Record("cx.alerts", 0, name, 0, CUSTOMER.encode(), msgspec.json.encode(more))])
            taken.append(name)

    def timeline() -> None:
        writer = Timeline(LOOP_WITH_CUTS, sessions(engine), measures, over)
        while not over.is_set():
            writer.handle(planted_events(at))

    threads = [
        threading.Thread(target=desk, args=(1,)), threading.Thread(target=desk, args=(2,)),
        threading.Thread(target=timeline),
    ]  # fmt: skip
    for thread in threads:
        thread.start()
    try:
        until(lambda: len(taken) > 20, "both desks are at work")
        erasing = remove(engine)
        came = len(taken)
        until(lambda: len(taken) > came + 5, "they go on")
    finally:
        over.set()
        for thread in threads:
            thread.join(60)
    assert places_of_the_word(engine) == set()
    with sessions(engine)() as session:
        assert {row.customer_id for row in session.scalars(select(CaseRow))} == {erasing.word, "c42"}


@pytest.mark.postgres
def test_an_erasure_begins_when_whoever_reads_a_topic_is_done_with_its_batch(postgres_tables: str) -> None:
    """Or a case could be committed behind its back, by a transaction that has asked who is erased before."""
    made = open_database(postgres_tables)
    with sessions(made)() as reader, sessions(made)() as eraser:
        assert not erasures.known(reader, holds=True)
        eraser.execute(text("SET LOCAL lock_timeout = '100ms'"))
        with pytest.raises(OperationalError, match="lock timeout"):
            erasures.begin(eraser, [CUSTOMER], datetime.now(UTC), anew=True)
        eraser.rollback()
        reader.rollback()
        word = erasures.begin(eraser, [CUSTOMER], datetime.now(UTC), anew=True)
        eraser.commit()
        assert erasures.known(reader, holds=True).word(CUSTOMER, datetime.now(UTC) - HOUR) == word
    made.dispose()
