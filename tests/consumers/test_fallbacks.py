"""A broken destination: other places, then e-mail, then webhooks, then the console; and the operator told once."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest
from msgspec import structs
from sqlalchemy import Engine, select, update

from closeloop.sandbox import ThreadedSandbox
from consumers.delivery import health
from consumers.delivery.configured import ways_out
from consumers.delivery.elsewhere import Elsewhere, gives_up
from consumers.delivery.mailer import Mailer
from consumers.delivery.webhooks import Hook
from consumers.desk import take_in
from consumers.measures import Measures
from consumers.slack import outbox
from consumers.slack.fall_back import Ways, next_destination
from consumers.slack.sender import Sender
from consumers.timers.messages import add_message
from schemas.case_ledger import Change, act
from schemas.config import Loop
from schemas.config_delivery import Mail, Webhook
from schemas.database import readers, sessions
from schemas.settings import Settings, SettingsError
from schemas.tables import CaseRow, DeliveryHealthRow, DeliveryStepRow, SlackOutboxRow, SlackSurfaceRow
from tests.consumers.alerts import LOOP, alerts_of, an_alert
from tests.consumers.conftest import a_sender, order, running, shown
from tests.consumers.smtp import MailServer, receiving_mail
from tests.consumers.test_sender import open_cases, states
from tests.consumers.test_webhooks import SECRET, Receiver, receiving
from tests.consumers.waiting import until

NOW = datetime(2026, 11, 22, 9, tzinfo=UTC)
WITH_ALL = structs.replace(
    LOOP,
    mail=Mail(from_="loop@shop.example"),
    webhooks={"ops": Webhook(url="http://127.0.0.1:1", secret_env="OPS")},
)


@pytest.fixture
def stop() -> threading.Event:
    return threading.Event()


def sender_with(
    engine: Engine,
    slack: ThreadedSandbox,
    measures: Measures,
    stop: threading.Event,
    *,
    mail: MailServer | None = None,
    hook: Receiver | None = None,
    **options: Any,
) -> Sender:
    """A sender that has these ways out of Slack."""
    made = a_sender(engine, slack, measures, stop, loop=WITH_ALL, **options)
    hooks = {} if hook is None else {"ops": Hook(hook.url, SECRET)}
    mailer = None if mail is None else Mailer(mail.url, timeout_s=2)
    made._elsewhere = Elsewhere(WITH_ALL, readers(engine), "http://127.0.0.1:8080", mailer, hooks)
    made._settlement._ways = Ways(mail=mail is not None, webhooks=tuple(hooks))
    return made


def steps(engine: Engine) -> list[tuple[str, str]]:
    with sessions(engine)() as session:
        rows = session.scalars(select(DeliveryStepRow).order_by(DeliveryStepRow.id))
        return [(row.destination, row.outcome) for row in rows]


def undelivered(engine: Engine) -> list[bool]:
    with sessions(engine)() as session:
        return [row.undelivered_at is not None for row in session.scalars(select(CaseRow).order_by(CaseRow.id))]


def no_channel_takes_anything(slack: ThreadedSandbox) -> None:
    order(slack, "error", times=None, error="restricted_action")


def test_the_chain_in_order() -> None:
    ways = Ways(mail=True, webhooks=("ops", "pager"))
    tried = ["person:bob"]
    while (following := next_destination(LOOP, "bobs", "bob", tried, ways)) is not None:
        tried.append(following)
    assert tried == ["person:bob", "#vip", "#cx", "mail:bob", "webhook:ops", "webhook:pager"]
    assert next_destination(LOOP, "bobs", "bob", ["person:bob"], ways, {"#vip", "#cx"}) == "mail:bob"
    tried = ["#cx"]
    while (following := next_destination(LOOP, "default", "ana", tried, ways)) is not None:
        tried.append(following)
    assert tried == ["#cx", "person:ana", "person:eve", "mail:ana", "mail:eve", "webhook:ops", "webhook:pager"]


def test_e_mail_when_slack_takes_nothing(
    engine: Engine, slack: ThreadedSandbox, measures: Measures, stop: threading.Event
) -> None:
    no_channel_takes_anything(slack)
    open_cases(engine, [an_alert(comment="Never again <b>\nat all", attributes={"desk": "old"})])
    with receiving_mail() as server, running(sender_with(engine, slack, measures, stop, mail=server), stop):
        until(lambda: states(engine) == {"sent": 1}, "mailed")
    (mail,) = server.mails
    assert mail["To"] == "ana@shop.example"
    assert mail["Subject"] == "[closeloop] C-1 (normal): Unhappy customer"
    body = mail.get_payload()
    assert "> Never again <b>" in body
    assert "http://127.0.0.1:8080/cases/1" in body
    with sessions(engine)() as session:
        row = session.scalars(select(SlackOutboxRow)).one()
        assert mail["Message-ID"] == f"<{row.id}@shop.example>"
        assert (row.channel, row.ts) == ("mail:ana", None)
    assert steps(engine) == [
        ("#old", "refused"),
        ("#cx", "refused"),
        ("person:ana", "refused"),
        ("person:eve", "refused"),
        ("mail:ana", "sent"),
    ]
    assert undelivered(engine) == [False]
    assert shown(slack) == []


def test_a_mail_server_that_loses_its_answer_gets_the_same_mail_again(
    sqlite_engine: Engine, slack: ThreadedSandbox, measures: Measures, stop: threading.Event
) -> None:
    no_channel_takes_anything(slack)
    open_cases(sqlite_engine, [an_alert()])
    with receiving_mail() as server, running(sender_with(sqlite_engine, slack, measures, stop, mail=server), stop):
        server.hang_up = 1
        until(lambda: len(server.mails) == 1, "a mail without an answer")
        until(lambda: states(sqlite_engine) == {"pending": 1}, "kept")
        with sessions(sqlite_engine).begin() as session:
            session.execute(update(SlackOutboxRow).values(not_before=datetime.now(UTC)))
        until(lambda: states(sqlite_engine) == {"sent": 1}, "mailed")
    assert len({mail["Message-ID"] for mail in server.mails}) == 1
    assert len(server.mails) == 2


def test_a_webhook_when_no_mailbox_takes_it(
    sqlite_engine: Engine, slack: ThreadedSandbox, measures: Measures, stop: threading.Event
) -> None:
    no_channel_takes_anything(slack)
    open_cases(sqlite_engine, [an_alert(severity="critical", comment="words of a customer")])
    with receiving_mail() as server, receiving() as hook:
        server.refusals = ["550 no such mailbox", "550 no such mailbox"]
        sender = sender_with(sqlite_engine, slack, measures, stop, mail=server, hook=hook)
        with running(sender, stop):
            until(lambda: states(sqlite_engine) == {"sent": 1}, "posted to the webhook")
    ((_, headers, body),) = hook.requests
    said = msgspec.json.decode(body)
    assert said["type"] == "closeloop.case.undelivered"
    assert (said["data"]["case"], said["data"]["severity"], said["data"]["owner"]) == (1, "critical", "ana")
    assert b"words of a customer" not in body
    with sessions(sqlite_engine)() as session:
        assert headers["webhook-id"] == session.scalars(select(SlackOutboxRow.id)).one()
    assert steps(sqlite_engine)[-1] == ("webhook:ops", "sent")


def test_the_console_when_nothing_takes_it_and_back_when_slack_does(
    sqlite_engine: Engine,
    slack: ThreadedSandbox,
    measures: Measures,
    stop: threading.Event,
    capfd: pytest.CaptureFixture[str],
) -> None:
    no_channel_takes_anything(slack)
    open_cases(sqlite_engine, alerts_of(3))
    with running(a_sender(sqlite_engine, slack, measures, stop), stop):
        until(lambda: states(sqlite_engine) == {"dead": 3}, "given up")
        assert undelivered(sqlite_engine) == [True] * 3
        assert steps(sqlite_engine)[-1] == ("console", "shown")
        slack.run(_clear(slack))
        with sessions(sqlite_engine).begin() as session:  # the probe's time has come, and a fourth alert
            session.execute(update(DeliveryHealthRow).values(probe_at=datetime.now(UTC)))
        open_cases(sqlite_engine, [an_alert(customer_id="c9", event_id="r-9")])
        until(lambda: states(sqlite_engine) == {"sent": 4}, "the dead ones live again")
    assert undelivered(sqlite_engine) == [False] * 4
    assert [card["channel"] for card in shown(slack)] == ["C0CX"] * 4
    said = capfd.readouterr().out
    assert said.count("destination takes nothing") == 4, "#cx and the three people: once each, not once an alert"


async def _clear(slack: ThreadedSandbox) -> None:
    slack.sandbox.core.faults.clear()


def test_urgent_messages_go_first(sqlite_engine: Engine) -> None:
    """Critical cases, and what a person's own click caused, before what has waited longer."""
    at = datetime.now(UTC)
    with sessions(sqlite_engine).begin() as session:
        take_in(session, LOOP, alerts_of(5), at)
        critical = an_alert(customer_id="c8", event_id="r-8", severity="critical")
        take_in(session, LOOP, [critical], at + timedelta(minutes=1))
        later = at + timedelta(minutes=2)
        act(session, 1, "reassign", actor="ana", via="slack", now=later, change=Change(owner="bob"))
    with sessions(sqlite_engine).begin() as session:
        later = at + timedelta(minutes=3)
        queues = outbox.backlog(session, later)
        assert [(queue.destination, queue.count, queue.urgent) for queue in queues] == [
            ("#cx", 6, 1),
            ("person:bob", 1, 1),
        ]
        first, second = outbox.claim(session, "#cx", 2, later, timedelta(seconds=30))
        assert (first.case_id, first.urgent) == (6, True)
        assert (second.case_id, second.urgent) == (1, False)
        (click,) = outbox.claim(session, "person:bob", 1, later, timedelta(seconds=30))
        assert (click.case_id, click.urgent) == (1, True)


@pytest.mark.parametrize("together", [True, False], ids=["one transaction", "later"])
def test_what_waits_about_a_case_that_becomes_critical_goes_first(engine: Engine, together: bool) -> None:
    at = datetime.now(UTC)
    first, worse = alerts_of(2), an_alert(customer_id="c1", event_id="r-worse", severity="critical")
    batches = [[*first, worse]] if together else [first, [worse]]
    for number, batch in enumerate(batches):
        with sessions(engine).begin() as session:
            assert take_in(session, LOOP, batch, at + timedelta(minutes=number)) is not None
    with sessions(engine).begin() as session:
        case = session.scalars(select(CaseRow).where(CaseRow.customer_id == worse.customer_id)).one()
        (queue,) = outbox.backlog(session, at + timedelta(hours=1))
        assert (queue.count, queue.urgent) == (2, 1)
        (message,) = outbox.claim(session, "#cx", 1, at + timedelta(hours=1), timedelta(seconds=30))
        assert (message.case_id, message.urgent) == (case.id, True)


def test_a_closed_case_that_a_critical_alert_reopens_is_urgent_from_then_on(sqlite_engine: Engine) -> None:
    at = datetime.now(UTC)
    with sessions(sqlite_engine).begin() as session:
        take_in(session, LOOP, alerts_of(2), at)
        act(session, 2, "resolve", actor="ana", via="api", now=at, change=Change(root_cause="other", note="done"))
    with sessions(sqlite_engine).begin() as session:
        assert [queue.urgent for queue in outbox.backlog(session, at)] == [0]
        critical = an_alert(
            customer_id="c1", event_id="r-worse", severity="critical", event_time=at + timedelta(minutes=1)
        )
        take_in(session, LOOP, [critical], at + timedelta(minutes=1))
        later = at + timedelta(hours=1)
        assert session.get_one(CaseRow, 2).state == "open"
        assert [message.case_id for message in outbox.claim(session, "#cx", 1, later, timedelta(seconds=30))] == [2]


def test_a_new_card_in_place_of_a_lost_one_is_as_urgent_as_its_case(sqlite_engine: Engine) -> None:
    at = datetime.now(UTC)
    with sessions(sqlite_engine).begin() as session:
        critical = an_alert(customer_id="c2", event_id="r-worse", severity="critical")
        take_in(session, LOOP, [*alerts_of(1), critical], at)
        session.execute(update(SlackOutboxRow).values(state="sent"))
        for surface in session.scalars(select(SlackSurfaceRow)):
            assert outbox.post_again(session, surface, "#logistics", at, "gone")
    with sessions(sqlite_engine).begin() as session:
        messages = outbox.claim(session, "#logistics", 2, at, timedelta(seconds=30))
        assert [(message.case_id, message.urgent) for message in messages] == [(2, True), (1, False)]


def test_an_urgent_card_passes_calls_that_hang(
    sqlite_engine: Engine, slack: ThreadedSandbox, measures: Measures, stop: threading.Event
) -> None:
    """Every worker waits for an answer that does not come: a critical case has workers of its own."""
    order(slack, "hang", times=2)
    open_cases(sqlite_engine, alerts_of(12))
    sender = a_sender(sqlite_engine, slack, measures, stop, workers=2, ahead=4, lease=60.0, last_words=0.2)
    sender._delivery._calls._web.timeout = 20
    with running(sender, stop):
        until(lambda: slack.state()["requests"].get("chat.postMessage", {}).get("calls", 0) == 2, "two hang")
        open_cases(sqlite_engine, [an_alert(customer_id="c99", event_id="r-99", severity="critical")])
        until(lambda: len(shown(slack)) == 1, "the critical one", 10)
        until(lambda: states(sqlite_engine).get("sent") == 1, "written down as sent, which follows the post", 10)
        with sessions(sqlite_engine)() as session:
            sent = session.scalars(select(SlackOutboxRow.case_id).where(SlackOutboxRow.state == "sent")).one()
            assert session.get_one(CaseRow, sent).severity == "critical"


def test_a_dead_channel_is_not_asked_for_every_alert(
    engine: Engine,
    slack: ThreadedSandbox,
    measures: Measures,
    stop: threading.Event,
    capfd: pytest.CaptureFixture[str],
) -> None:
    with running(a_sender(engine, slack, measures, stop), stop):
        open_cases(engine, [an_alert(event_id="r-first", attributes={"desk": "old"})])
        until(lambda: states(engine) == {"sent": 1}, "the first, elsewhere")
        asked = slack.state()["requests"]["chat.postMessage"]["error:is_archived"]
        open_cases(engine, alerts_of(20, attributes={"desk": "old"}))
        until(lambda: states(engine) == {"sent": 21}, "twenty more, elsewhere")
    assert slack.state()["requests"]["chat.postMessage"]["error:is_archived"] == asked
    assert {card["channel"] for card in shown(slack)} == {"C0CX"}
    with sessions(engine)() as session:
        row = session.get_one(DeliveryHealthRow, "#old")
        assert (row.status, row.error, row.failures) == ("broken", "is_archived", 1)
    assert capfd.readouterr().out.count("destination takes nothing") == 1, "one notice, not one an alert"


def test_a_refused_token_is_told_once_and_stands_in_the_health_table(
    sqlite_engine: Engine,
    slack: ThreadedSandbox,
    measures: Measures,
    stop: threading.Event,
    capfd: pytest.CaptureFixture[str],
) -> None:
    order(slack, "error", method="*", times=None, error="token_revoked")
    open_cases(sqlite_engine, alerts_of(5))
    with running(a_sender(sqlite_engine, slack, measures, stop), stop):
        until(lambda: slack.state()["requests"].get("auth.test", {}).get("calls", 0) > 2, "asked again")
        with sessions(sqlite_engine)() as session:
            row = session.get_one(DeliveryHealthRow, health.WORKSPACE)
            assert (row.status, row.error) == ("broken", "token_revoked")
            assert session.scalars(select(DeliveryHealthRow.destination)).all() == [health.WORKSPACE]
        assert states(sqlite_engine) == {"pending": 5}, "nothing is given up, and nothing goes another way"
        slack.run(_clear(slack))
        until(lambda: states(sqlite_engine) == {"sent": 5}, "resumed")
    with sessions(sqlite_engine)() as session:
        assert session.get_one(DeliveryHealthRow, health.WORKSPACE).status == "well"
    assert capfd.readouterr().out.count("Slack refuses the app") == 1
    assert steps(sqlite_engine) == []


def test_a_reminder_goes_another_way_and_leaves_the_card_alone(
    sqlite_engine: Engine, slack: ThreadedSandbox, measures: Measures, stop: threading.Event
) -> None:
    open_cases(sqlite_engine, [an_alert()])
    with running(a_sender(sqlite_engine, slack, measures, stop), stop):
        until(lambda: states(sqlite_engine) == {"sent": 1}, "the card")
        (card,) = shown(slack)
        with sessions(sqlite_engine).begin() as session:
            case = session.get_one(CaseRow, 1)
            add_message(session, LOOP, case, "overdue", "person:zed", "1/overdue", datetime.now(UTC))
        until(lambda: states(sqlite_engine) == {"sent": 2}, "the reminder, in the channel")
    assert len(shown(slack)) == 2
    with sessions(sqlite_engine)() as session:
        rows = {row.kind: row for row in session.scalars(select(SlackOutboxRow))}
        assert rows["card"].ts == card["ts"]
        assert (rows["overdue"].channel, rows["overdue"].surface) == (card["channel"], "reminder")


def test_how_long_a_silent_server_is_asked() -> None:
    minute = timedelta(minutes=1)
    assert not gives_up("mail:ana", NOW, NOW + 10 * minute)
    assert gives_up("mail:ana", NOW, NOW + 11 * minute)
    assert not gives_up("webhook:ops", NOW, NOW + 30 * minute)
    assert gives_up("webhook:ops", NOW, NOW + 31 * minute)
    assert not gives_up("#cx", NOW, NOW + 99 * minute), "Slack being down delays and nothing else"


def test_probes_come_ever_more_rarely(sqlite_engine: Engine) -> None:
    at, waits = NOW, []
    with sessions(sqlite_engine).begin() as session:
        assert health.mark_broken(session, "#old", "is_archived", at)
        for _ in range(8):
            row = session.get_one(DeliveryHealthRow, "#old")
            assert not health.claim_probe(session, "#old", row.probe_at - timedelta(seconds=1))
            waits.append((row.probe_at - at).total_seconds() / 60)
            at = row.probe_at
            assert health.claim_probe(session, "#old", at)
            assert not health.claim_probe(session, "#old", at), "one message tries"
            # The probe fails two seconds later, when the next one is a minute away.
            row.probe_at = at
            assert not health.mark_broken(session, "#old", "is_archived", at), "no news"
        assert health.mark_well(session, "#old", at)
        assert health.mark_broken(session, "#old", "is_archived", at), "news again"
    assert waits == [1, 2, 4, 8, 16, 32, 60, 60]


def test_webhooks_need_their_secret(sqlite_engine: Engine) -> None:
    reading = readers(sqlite_engine)
    loop: Loop = WITH_ALL
    with pytest.raises(SettingsError, match=r"OPS: is missing; .* webhooks\.ops"):
        ways_out(Settings(), loop, reading, {})
    with pytest.raises(SettingsError, match="OPS: no webhook secret"):
        ways_out(Settings(), loop, reading, {"OPS": "???"})
    ways = ways_out(Settings(smtp_url="smtp://127.0.0.1:1"), loop, reading, {"OPS": SECRET})
    assert (ways.mails, ways.hooks) == (True, ("ops",))
    assert not ways_out(Settings(), loop, reading, {"OPS": SECRET}).mails
