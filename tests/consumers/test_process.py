"""The whole process on a real Kafka with a Slack: from alert to card to cx.cases, over kill -9 and stops."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import urllib.error
import urllib.request
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest
from confluent_kafka import Producer
from sqlalchemy import Engine, func, select, text

from closeloop.broker.topics_admin import create_topics
from closeloop.ports import free_port
from closeloop.sandbox import ThreadedSandbox
from schemas.alerts import Alert
from schemas.database import sessions
from schemas.kafka_link import KafkaLink
from schemas.tables import CaseRow, TimelineRow
from schemas.topics import ALERTS, RESPONSES, TOUCHPOINTS, catalogue
from tests.consumers.alerts import an_alert
from tests.consumers.conftest import order, shown
from tests.consumers.test_timeline import answer, touchpoint
from tests.consumers.waiting import until

pytestmark = pytest.mark.kafka


class Room:
    """One consumers process that can be killed and started again."""

    def __init__(self, kafka: str, engine: Engine, slack: ThreadedSandbox, log: Path) -> None:
        self.port = free_port()
        self.log = log
        self.environment = os.environ | {
            "KAFKA_BOOTSTRAP_SERVERS": kafka,
            "DATABASE_URL": engine.url.render_as_string(hide_password=False),
            "SLACK_BOT_TOKEN": "xoxb-sandbox",
            "SLACK_API_URL": slack.api_url,
            "CLOSELOOP_SLACK_PACE": "1000",
            "CLOSELOOP_HEALTH_PORT": str(self.port),
            "HTTP_PROXY": "http://127.0.0.1:9",
        }
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "tests.consumers.room"], env=self.environment, stdout=log, stderr=log
            )

    def get(self, path: str) -> tuple[int, str]:
        try:
            # The proxy of the environment is a trap for the process, not for this test.
            opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
            with opener.open(f"http://127.0.0.1:{self.port}{path}", timeout=5) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()
        except OSError:
            return 0, ""

    def kill(self) -> None:
        assert self.process is not None
        self.process.kill()
        self.process.wait(30)

    def stop(self) -> int:
        assert self.process is not None
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(30)


@pytest.fixture
def room(kafka: str, engine: Engine, slack: ThreadedSandbox, tmp_path: Path) -> Iterator[Room]:
    create_topics(KafkaLink(kafka), catalogue(3))
    made = Room(kafka, engine, slack, tmp_path / "room.log")
    made.start()
    yield made
    if made.process is not None and made.process.poll() is None:
        made.process.kill()
        made.process.wait(30)


def some_alerts(count: int, **more: Any) -> list[Alert]:
    """Alerts of customers that no other test has."""
    now, run = datetime.now(UTC), uuid.uuid4().hex[:8]
    return [
        an_alert(customer_id=f"{run}-{number}", event_id=f"{run}-{number}", event_time=now, detected_at=now, **more)
        for number in range(count)
    ]


def produce(kafka: str, values: list[bytes], topic: str = ALERTS) -> None:
    producer = Producer({"bootstrap.servers": kafka})
    for value in values:
        producer.produce(topic, key=value[:40], value=value)
    assert producer.flush(20) == 0


def test_from_alert_to_card_and_back_to_the_stream(
    room: Room, kafka: str, engine: Engine, slack: ThreadedSandbox
) -> None:
    alerts = some_alerts(20)
    until(lambda: room.get("/readyz")[0] == 200, "ready", 90)
    produce(kafka, [msgspec.json.encode(alert) for alert in alerts] + [b"{no alert"])
    customers = {alert.customer_id for alert in alerts}

    def carded() -> set[str]:
        return {customer for customer in customers for card in shown(slack) if f" {customer} " in card["text"]}

    until(lambda: carded() == customers, "a card each", 60)

    def unpublished() -> int:
        with engine.connect() as connection:
            return int(connection.scalar(text("SELECT count(*) FROM case_events WHERE published_at IS NULL")) or 0)

    def dead_letters() -> int:
        with engine.connect() as connection:
            return int(connection.scalar(text("SELECT count(*) FROM dead_letters WHERE reason = 'alert'")) or 0)

    until(lambda: unpublished() == 0, "published")
    until(lambda: dead_letters() >= 1, "the dead letter is recorded")

    # What the customer met with around it goes onto their timeline; what is no event is passed over.
    (customer, *_), now = sorted(customers), datetime.now(UTC)
    produce(kafka, [b"{no event", msgspec.json.encode(touchpoint(f"{customer}-t", now))], TOUCHPOINTS)
    produce(kafka, [msgspec.json.encode(answer(f"{customer}-r", now))], RESPONSES)

    def timeline() -> set[str]:
        with sessions(engine)() as session:
            kept = select(TimelineRow.event_id).where(TimelineRow.event_id.startswith(customer))
            return set(session.scalars(kept))

    until(lambda: timeline() == {f"{customer}-t", f"{customer}-r"}, "the timeline")
    until(lambda: 'closeloop_timeline_events_total{outcome="unreadable"} 1.0' in room.get("/metrics")[1], "counted")
    status, metrics = room.get("/metrics")
    assert status == 200
    assert 'closeloop_desk_alerts_total{outcome="opened"}' in metrics
    assert room.get("/healthz")[0] == 200

    # Slack wants no message in #cx for an hour: alerts are taken in all the same, and other channels have their cards.
    order(slack, "ratelimited", retry_after=3_600)
    held, others = some_alerts(3), some_alerts(3, touchpoint="order.shipped")
    produce(kafka, [msgspec.json.encode(held[0])])
    until(lambda: "chat.postMessage:ratelimited" in slack.state()["faults_fired"], "limited")
    produce(kafka, [msgspec.json.encode(alert) for alert in (*held[1:], *others)])
    customers = {alert.customer_id for alert in others}
    until(lambda: carded() == customers, "the other channel's cards", 60)

    def taken_in() -> int:
        wanted = [alert.customer_id for alert in held]
        with sessions(engine)() as session:
            return session.scalar(select(func.count()).where(CaseRow.customer_id.in_(wanted))) or 0

    until(lambda: taken_in() == 3, "taken in")
    assert not any(f" {alert.customer_id} " in card["text"] for alert in held for card in shown(slack))
    assert room.stop() == 0
    log = room.log.read_text()
    assert "it came late again" not in log, "no customer's words in the log"


@pytest.mark.faults
@pytest.mark.timeout(500)
def test_killed_again_and_again_it_posts_each_card_once(
    room: Room, kafka: str, engine: Engine, slack: ThreadedSandbox
) -> None:
    order(slack, "slow", times=None, delay=0.05)
    alerts = some_alerts(40)
    until(lambda: room.get("/readyz")[0] == 200, "ready", 90)
    produce(kafka, [msgspec.json.encode(alert) for alert in alerts])
    for kill_at in (5, 15):
        until(lambda wanted=kill_at: len(shown(slack)) >= wanted, "some cards", 90)  # type: ignore[misc]
        room.kill()
        room.start()
    ids = {alert.customer_id for alert in alerts}

    def mine() -> list[str]:
        return [customer for card in shown(slack) for customer in ids if f" {customer} " in card["text"]]

    def settled() -> bool:
        with engine.connect() as connection:
            return not connection.scalar(text("SELECT count(*) FROM slack_outbox WHERE state <> 'sent'"))

    # A lease of 30 s and a grace of 20 s have to pass before a message in doubt is looked up.
    until(lambda: len(set(mine())) == 40 and settled(), "every card", 160)
    assert sorted(mine()) == sorted(ids)
    assert room.stop() == 0
