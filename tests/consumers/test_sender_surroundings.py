"""What surrounds a message: the pace of its channel, a company's proxy, and the logs it must leave no words in."""

from __future__ import annotations

import asyncio
import logging
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.request import getproxies

import pytest
from sqlalchemy import Engine, select, update

from closeloop.sandbox import ThreadedSandbox
from consumers.measures import Measures
from consumers.slack.pace import BURST, Pace
from gateway.slack.calls import SlackCalls as GatewayCalls
from schemas.database import sessions
from schemas.tables import SlackOutboxRow
from tests.consumers.alerts import alerts_of, an_alert
from tests.consumers.conftest import a_sender, running, shown
from tests.consumers.test_sender import open_cases, states
from tests.consumers.waiting import until

SECRET_WORDS = "Zebra-Quartz, my name is Wilhelmina Oyelaran"


@pytest.fixture
def stop() -> threading.Event:
    return threading.Event()


def test_a_hundred_alerts_leave_at_a_message_a_second_and_channel() -> None:
    """Over ten seconds no channel gets more than one message a second beyond its burst, and the others do not wait."""
    pace, sent = Pace(1.0), {"#cx": 0, "#vip": 0}
    for tenth in range(101):
        for channel in sent:
            now = tenth / 10
            free = pace.available(channel, now)
            pace.take(channel, free, now)
            sent[channel] += free
    assert sent == {"#cx": 10 + BURST, "#vip": 10 + BURST}


def test_a_companys_proxy_does_not_come_between_us_and_the_sandbox(
    sqlite_engine: Engine,
    slack: ThreadedSandbox,
    measures: Measures,
    stop: threading.Event,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.setenv("no_proxy", "")
    assert getproxies()["http"] == "http://127.0.0.1:9"
    open_cases(sqlite_engine, [an_alert()])
    with running(a_sender(sqlite_engine, slack, measures, stop), stop):
        until(lambda: states(sqlite_engine) == {"sent": 1}, "posted past the proxy")

    async def tell() -> None:
        calls = GatewayCalls("xoxb-sandbox", slack.api_url)
        await calls.start()
        await calls.tell(None, "C0CX", "U0ANA", "said past the proxy")
        await calls.stop()

    asyncio.run(tell())
    assert [said["text"] for said in slack.state()["ephemerals"]] == ["said past the proxy"]


def test_no_words_of_a_customer_in_logs_or_metadata(
    sqlite_engine: Engine,
    slack: ThreadedSandbox,
    measures: Measures,
    stop: threading.Event,
    capfd: pytest.CaptureFixture[str],
    tmp_path: Path,
) -> None:
    log = tmp_path / "all.log"
    handler = logging.FileHandler(log)
    root = logging.getLogger()
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    try:
        open_cases(sqlite_engine, alerts_of(3, comment=SECRET_WORDS, attributes={"desk": "old"}))
        with running(a_sender(sqlite_engine, slack, measures, stop), stop):
            until(lambda: states(sqlite_engine) == {"sent": 3}, "posted, by a way round")
    finally:
        root.setLevel(level)
        root.removeHandler(handler)
        handler.close()
    cards = shown(slack)
    assert all("Zebra-Quartz" in str(card["blocks"]) for card in cards), "people read them"
    captured = capfd.readouterr()
    said = log.read_text() + captured.out + captured.err
    assert "destination takes nothing" in said, "the log was looked at"
    for words in ("Zebra-Quartz", "Wilhelmina", "ana@shop.example", "xoxb-sandbox"):
        assert words not in said
        assert all(words not in str(card["metadata"]) for card in cards)


def test_the_gauges_count_every_state_and_say_how_long_the_oldest_has_waited(
    sqlite_engine: Engine, slack: ThreadedSandbox, measures: Measures, stop: threading.Event
) -> None:
    wanted = ("pending", "held", "rolled_up", "sending", "in_doubt", "sent", "dead", "cancelled")
    open_cases(sqlite_engine, alerts_of(len(wanted) + 3))
    now = datetime.now(UTC)
    later = now + timedelta(hours=9)
    with sessions(sqlite_engine).begin() as session:
        rows = session.scalars(select(SlackOutboxRow).order_by(SlackOutboxRow.case_id)).all()
        for row, state in zip(rows, (*wanted, "pending", "pending", "pending"), strict=True):
            row.state, row.created_at, row.not_before = state, now - timedelta(hours=5), now
            row.lease_until = later if state == "sending" else None
        rows[0].created_at = now - timedelta(seconds=30)
        # Refused a minute ago and tried again in a minute; held by a silence; of a list that is not due yet.
        rows[8].created_at, rows[8].not_before, rows[8].attempts = now - timedelta(seconds=90), later, 2
        rows[9].not_before, rows[9].silence_id, rows[9].attempts = later, 1, 1
        rows[10].not_before = later
    sender = a_sender(sqlite_engine, slack, measures, stop)
    sender._sweep(now)
    counted = {state: measures.outbox.labels(state)._value.get() for state in wanted}
    assert counted == {**dict.fromkeys(wanted, 1), "pending": 4}
    assert measures.oldest._value.get() == pytest.approx(90)
    with sessions(sqlite_engine).begin() as session:
        session.execute(update(SlackOutboxRow).values(state="sent"))
    sender._sweep(now)
    assert measures.outbox.labels("rolled_up")._value.get() == 0
    assert measures.oldest._value.get() == 0
