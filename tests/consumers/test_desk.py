"""The desk on both databases: one open case a customer and programme, whoever else writes at the same time."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest
from sqlalchemy import Engine, func, select

from consumers.desk import Desk, read_alert, take_in
from consumers.intake import Record
from consumers.measures import Measures
from schemas import case_ledger
from schemas.alerts import Alert, alert_id
from schemas.case_ledger import Change
from schemas.config import Loop
from schemas.database import sessions
from schemas.deadletters import DeadLetter, InvalidEvent
from schemas.tables import AlertRow, CaseEventRow, CaseRow, SlackOutboxRow, SlackSurfaceRow
from tests.consumers.alerts import LOOP, NOW, a_metric_alert, a_silent_alert, alerts_of, an_alert


def records(*alerts: Alert | bytes | None) -> list[Record]:
    return [
        Record("cx.alerts", 0, offset, 0, b"k", msgspec.json.encode(alert) if isinstance(alert, Alert) else alert)
        for offset, alert in enumerate(alerts)
    ]


class Bench:
    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.buried: list[DeadLetter] = []
        self.nudges = 0
        from prometheus_client import CollectorRegistry

        self.desk = Desk(LOOP, sessions(engine), self.buried.extend, Measures(CollectorRegistry()), self._nudged)

    def _nudged(self) -> None:
        self.nudges += 1

    def count(self, entity: type[Any]) -> int:
        with sessions(self.engine)() as session:
            return session.scalar(select(func.count()).select_from(entity)) or 0

    def cases(self) -> list[CaseRow]:
        with sessions(self.engine)() as session:
            return list(session.scalars(select(CaseRow).order_by(CaseRow.id)))


@pytest.fixture
def bench(engine: Engine) -> Bench:
    return Bench(engine)


def test_an_alert_opens_a_case_with_all_that_belongs_to_it(bench: Bench) -> None:
    bench.desk.handle(records(an_alert()))
    (case,) = bench.cases()
    assert (case.state, case.version, case.owner, case.receiver) == ("open", 1, "ana", "default")
    assert (case.contact_by - case.opened_at).total_seconds() == 24 * 3600  # type: ignore[operator] # it is set
    assert [bench.count(entity) for entity in (AlertRow, CaseEventRow, SlackOutboxRow, SlackSurfaceRow)] == [1, 1, 1, 1]
    assert bench.nudges == 1


def test_the_same_alert_again_changes_nothing(bench: Bench) -> None:
    bench.desk.handle(records(an_alert(), an_alert()))
    bench.desk.handle(records(an_alert()))
    (case,) = bench.cases()
    assert (case.version, case.answer_count, bench.count(AlertRow)) == (1, 1, 1)
    assert bench.nudges == 1


def test_a_further_answer_joins_and_raises_the_severity(bench: Bench) -> None:
    bench.desk.handle(records(an_alert(), an_alert(event_id="r-2", severity="critical", score=1)))
    bench.desk.handle(records(an_alert(event_id="r-3"), an_alert(event_id="r-4", programme="other")))
    first, other = bench.cases()
    assert (first.answer_count, first.severity, first.version) == (3, "critical", 3)
    assert (other.programme, other.answer_count) == ("other", 1)
    assert bench.count(SlackOutboxRow) == 2


def test_cases_are_shared_out_within_a_batch(bench: Bench) -> None:
    bench.desk.handle(records(*alerts_of(10)))
    owners = [case.owner for case in bench.cases()]
    assert (owners.count("ana"), owners.count("bob")) == (5, 5)


def test_records_that_are_no_alerts_are_buried_and_the_others_taken(bench: Bench) -> None:
    nul = an_alert(customer_id="a\x00b")
    bench.desk.handle(records(b"{bad", an_alert(), None, b'{"type":"alert"}', nul))
    assert [(letter.offset, letter.reason) for letter in bench.buried] == [
        (0, "alert"), (2, "alert"), (3, "alert"), (4, "alert"),
    ]  # fmt: skip
    assert bench.buried[0].value_bytes() == b"{bad"
    assert bench.buried[3].field == "customer_id"
    assert len(bench.cases()) == 1


def test_what_is_wrong_with_an_alert_is_said_without_its_words() -> None:
    said = msgspec.to_builtins(an_alert()) | {"severity": "a customer's words"}
    with pytest.raises(InvalidEvent) as caught:
        read_alert(msgspec.json.encode(said))
    assert caught.value.field == "$.severity"
    assert "words" not in str(caught.value)


def test_alerts_with_words_that_a_database_could_choke_on(bench: Bench) -> None:
    bench.desk.handle(records(an_alert(comment="\x00 \U0001f600 '; DROP TABLE cases; --", attributes={"a": "\x00"})))
    assert bench.cases()[0].latest_alert["comment"].startswith("\x00")


def test_two_desks_one_customer_one_case(engine: Engine) -> None:
    """Each writer brings 20 answers of the same customers; every answer is in, and every customer has one case."""
    benches = [Bench(engine), Bench(engine)]
    failures: list[BaseException] = []
    start = threading.Barrier(2)

    def work(number: int) -> None:
        try:
            start.wait()
            for answer in range(20):
                event = f"{number}-{answer}"
                benches[number].desk.handle(
                    records(
                        *[an_alert(customer_id=f"c{customer}", event_id=f"{event}-{customer}") for customer in (1, 2)]
                    )
                )
        except Exception as error:  # noqa: BLE001 - told to the test's own thread
            failures.append(error)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures
    cases = benches[0].cases()
    assert [case.answer_count for case in cases] == [40, 40]
    assert [case.version for case in cases] == [40, 40]
    assert benches[0].count(CaseEventRow) == 80


def test_two_desks_with_the_same_alerts_make_one_case_and_one_card_each(engine: Engine) -> None:
    benches, start = [Bench(engine), Bench(engine)], threading.Barrier(2)
    same = [[an_alert(customer_id=f"c{number}", event_id=f"e{number}")] for number in range(20)]

    def work(bench: Bench) -> None:
        start.wait()
        for alerts in same:
            bench.desk.handle(records(*alerts))

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(work, benches))
    assert [benches[0].count(table) for table in (CaseRow, AlertRow, SlackOutboxRow)] == [20, 20, 20]


def test_a_person_acting_while_answers_join(engine: Engine) -> None:
    bench = Bench(engine)
    bench.desk.handle(records(an_alert()))
    done = threading.Event()
    refused: list[str] = []

    def click() -> None:
        while not done.is_set():
            for action in ("acknowledge", "reassign"):
                try:
                    with sessions(engine).begin() as session:
                        case_ledger.act(
                            session, 1, action, actor="bob", via="slack", now=datetime.now(UTC),
                            change=Change(owner="bob"),
                        )  # fmt: skip
                except case_ledger.Refused as answer:
                    refused.append(answer.refusal)

    clicker = threading.Thread(target=click)
    clicker.start()
    for number in range(15):
        bench.desk.handle(records(an_alert(event_id=f"n-{number}")))
    done.set()
    clicker.join()
    (case,) = bench.cases()
    assert case.answer_count == 16
    assert bench.count(CaseEventRow) == case.version


def test_a_further_answer_does_not_make_a_picture_old_but_an_action_does(engine: Engine) -> None:
    bench = Bench(engine)
    bench.desk.handle(records(an_alert()))
    (seen,) = bench.cases()
    bench.desk.handle(records(an_alert(event_id="again")))

    def click(version: int) -> str:
        with sessions(engine).begin() as session:
            case = case_ledger.act(
                session, seen.id, "acknowledge", actor="bob", via="slack", now=datetime.now(UTC),
                expected_version=version,
            )  # fmt: skip
            return case.state

    assert click(seen.version) == "acknowledged"
    with pytest.raises(case_ledger.Refused) as refused:
        click(seen.version)
    assert refused.value.refusal == "stale"
    with pytest.raises(case_ledger.Refused) as ahead:
        click(seen.version + 50)
    assert ahead.value.refusal == "stale"


def test_an_answer_flagged_by_two_rules_is_one_answer(engine: Engine) -> None:
    bench = Bench(engine)
    flagged = an_alert(event_id="one")
    also = msgspec.structs.replace(
        flagged, id=alert_id(flagged.event_source, "one", "contact_me"), rule="contact_me", severity="high"
    )
    bench.desk.handle(records(flagged, also))
    bench.desk.handle(records(an_alert(event_id="two")))
    (case,) = bench.cases()
    assert (case.answer_count, bench.count(AlertRow)) == (2, 3)


def test_a_recovery_joins_the_case_of_its_alarm_and_opens_none(engine: Engine) -> None:
    bench = Bench(engine)
    bench.desk.handle(records(a_metric_alert(0, recovered=True)))
    assert (bench.cases(), bench.count(AlertRow), bench.nudges) == ([], 0, 0)
    alarm, again = a_metric_alert(1), a_metric_alert(2, severity="critical")
    over = a_metric_alert(3, recovered=True, severity="critical", reason="NPS is back.")
    bench.desk.handle(records(alarm))
    bench.desk.handle(records(over, over))
    (case,) = bench.cases()
    assert (case.subject, case.state, case.severity, case.answer_count, case.version) == (
        "metric", "open", "high", 1, 2,
    )  # fmt: skip
    assert case.recovered_at == NOW + timedelta(hours=3)
    assert case.latest_alert["reason"] == alarm.reason, "the card still says what happened"
    assert case.recovery_reason == "NPS is back."
    # An alarm that comes late is over as well; one after the recovery is not.
    bench.desk.handle(records(again))
    assert bench.cases()[0].recovered_at == NOW + timedelta(hours=3)
    bench.desk.handle(records(a_metric_alert(4)))
    (case,) = bench.cases()
    assert (case.recovered_at, case.severity, case.answer_count) == (None, "critical", 3)
    assert case.recovery_reason is None


def test_a_redelivered_recovery_does_not_end_the_next_alarm(bench: Bench) -> None:
    bench.desk.handle(records(a_metric_alert(1, recovered=True), a_metric_alert(2)))
    bench.desk.handle(records(a_metric_alert(1, recovered=True), a_metric_alert(2)))
    (case,) = bench.cases()
    assert (case.recovered_at, case.version) == (None, 1)


def test_a_case_of_two_alarms_is_over_when_both_are(bench: Bench) -> None:
    bench.desk.handle(records(a_metric_alert(1), a_metric_alert(1, rule="nps_sudden")))
    bench.desk.handle(records(a_metric_alert(2, recovered=True)))
    assert bench.cases()[0].recovered_at is None
    bench.desk.handle(records(a_metric_alert(3, recovered=True, rule="nps_sudden")))
    assert bench.cases()[0].recovered_at == NOW + timedelta(hours=3)


def test_a_metric_has_nobody_to_contact_and_its_lease_holds_until_it_is_due(engine: Engine) -> None:
    bench = Bench(engine)
    bench.desk.handle(records(a_metric_alert()))
    (case,) = bench.cases()
    assert case.contact_by is None
    assert case.acknowledge_by is not None
    assert case.resolve_by is not None
    with sessions(engine).begin() as session:
        lease = Change(lease_until=case.resolve_by - timedelta(days=1))
        taken = case_ledger.act(
            session, case.id, "acknowledge", actor="bob", via="slack", now=case.opened_at, change=lease
        )
        assert taken.lease_until == case.resolve_by
        with pytest.raises(case_ledger.Refused, match="is about a metric: it cannot be marked as contacted"):
            case_ledger.act(session, case.id, "contact", actor="bob", via="slack", now=case.opened_at)


def test_an_alert_without_an_answer_never_hides_the_customers_words(bench: Bench) -> None:
    bench.desk.handle(records(a_silent_alert(), a_silent_alert(event_id="t-4", severity="high")))
    (case,) = bench.cases()
    assert (case.answer_count, case.severity, case.latest_alert["score"]) == (0, "high", None)
    bench.desk.handle(records(an_alert(event_time=NOW - timedelta(hours=1))))
    bench.desk.handle(records(a_silent_alert(event_id="t-5", event_time=NOW + timedelta(hours=1))))
    (case,) = bench.cases()
    assert (case.answer_count, case.latest_alert["comment"]) == (1, "it came late again")


def test_of_two_rules_that_flag_one_answer_the_graver_is_shown(bench: Bench) -> None:
    bench.desk.handle(records(an_alert(rule="words", severity="high"), an_alert(rule="repeated")))
    assert bench.cases()[0].latest_alert["rule"] == "words"


def test_a_quiet_alert_disturbs_nobody_until_one_that_pages_joins(bench: Bench) -> None:
    desk = {"attributes": {"desk": "both"}, "programme": "verify"}
    bench.desk.handle(records(an_alert(page=False, severity="critical", **desk)))
    bench.desk.handle(records(an_alert(page=False, event_id="r-2", severity="critical", **desk)))
    (case,) = bench.cases()
    assert (case.page, case.owner) == (False, "ana")
    assert (case.acknowledge_by, case.contact_by, case.resolve_by) == (None, None, None)
    assert destinations(bench) == ["#cx"]
    bench.desk.handle(records(an_alert(event_id="r-3", **desk)))
    (case,) = bench.cases()
    assert case.page
    # The promises are those of the case's severity: critical, four hours to contact.
    assert (case.contact_by - case.updated_at).total_seconds() == 4 * 3600  # type: ignore[operator] # it is set
    assert destinations(bench) == ["#cx", "person:ana"]
    bench.desk.handle(records(an_alert(event_id="r-4", page=False, **desk), an_alert(event_id="r-5", **desk)))
    assert bench.cases()[0].page
    assert destinations(bench) == ["#cx", "person:ana"]


def destinations(bench: Bench) -> list[str]:
    with sessions(bench.engine)() as session:
        return list(session.scalars(select(SlackOutboxRow.destination).order_by(SlackOutboxRow.destination)))


def test_who_had_the_last_turn_is_remembered_from_batch_to_batch(engine: Engine) -> None:
    taken = msgspec.to_builtins(LOOP.teams) | {"care": {"members": ["ana", "bob", "eve"], "choose": "round_robin"}}
    loop = msgspec.convert(msgspec.to_builtins(LOOP) | {"teams": taken}, Loop)
    for batch in (alerts_of(4)[:2], alerts_of(4)[2:]):
        with sessions(engine).begin() as session:
            take_in(session, loop, batch, NOW)
    with sessions(engine)() as session:
        assert list(session.scalars(select(CaseRow.owner).order_by(CaseRow.id))) == ["ana", "bob", "eve", "ana"]
