"""Load over HTTP while Kafka stops and the gateway is killed: what was answered 202 is in the topic, all of it.

Small in CI. The full size by hand, about two minutes:

    CRASH_SECONDS=60 CRASH_RATE=5000 CRASH_OUTAGE=20 python -m pytest tests/gateway/test_crash_faults.py -s
"""

from __future__ import annotations

import http.client
import json
import os
import signal
import subprocess
import sys
import threading
import time
import uuid
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest
from confluent_kafka import Consumer, TopicPartition

from closeloop.broker.errors import BrokerError
from closeloop.broker.local import LocalKafka
from closeloop.broker.topics_admin import create_topics
from schemas.kafka_link import KafkaLink
from schemas.migrate import upgrade
from schemas.topics import RESPONSES, catalogue
from tests.fixtures.missing import lacking
from tests.gateway.serving import wait_until

pytestmark = [pytest.mark.kafka, pytest.mark.faults, pytest.mark.timeout(600)]

SECONDS = float(os.environ.get("CRASH_SECONDS", "8"))
RATE = int(os.environ.get("CRASH_RATE", "1000"))
OUTAGE = float(os.environ.get("CRASH_OUTAGE", "5"))
BATCH = 100
SENDERS = 12
SETTLE_SECONDS = 240.0
LOOP = """
people: {ana: {name: Ana, email: ana@shop.example}}
receivers: {desk: {person: ana, channel: "#cx"}}
route: {receiver: desk}
"""


class Gateway:
    """A gateway process on one port, killed and started again over the same folder."""

    def __init__(self, folder: Path, port: int, kafka: str, spool: str) -> None:
        (folder / "loop.yaml").write_text(f"{LOOP}gateway: {{spool: {{most: {spool}}}}}\n")
        upgrade(f"sqlite:///{folder}/db.sqlite3")
        self._log = folder / "gateway.log"
        self._env = {
            **os.environ,
            "CLOSELOOP_CONFIG": str(folder / "loop.yaml"),
            "CLOSELOOP_DATA_DIR": str(folder),
            "CLOSELOOP_PORT": str(port),
            "DATABASE_URL": f"sqlite:///{folder}/db.sqlite3",
            "KAFKA_BOOTSTRAP_SERVERS": kafka,
        }
        self._port = port
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        with self._log.open("ab") as log:
            words = [sys.executable, "-m", "closeloop", "gateway"]
            self._process = subprocess.Popen(words, env=self._env, stdout=log, stderr=log)

    def serves(self) -> bool:
        try:
            return httpx.get(f"http://127.0.0.1:{self._port}/healthz", trust_env=False, timeout=5).status_code == 200
        except httpx.HTTPError:
            return False

    def kill(self) -> None:
        assert self._process is not None
        self._process.send_signal(signal.SIGKILL)
        self._process.wait()

    def said(self) -> str:
        return self._log.read_text()

    def metric(self, name: str) -> float:
        text = httpx.get(f"http://127.0.0.1:{self._port}/metrics", trust_env=False, timeout=30).text
        return sum(float(line.rpartition(" ")[2]) for line in text.splitlines() if line.startswith(name))


class Load:
    """Batches at a rate, each sent again under the same ids until it is accepted."""

    def __init__(self, port: int) -> None:
        self.batches = max(1, int(SECONDS * RATE / BATCH))
        self.answers: Counter[str] = Counter()
        self.accepted: set[str] = set()
        self.spooled = 0
        self.unclear: list[str] = []
        self.late = 0.0
        self._port = port
        self._numbers = iter(range(self.batches))
        self._lock = threading.Lock()
        self._began = time.monotonic()
        self._give_up = self._began + SECONDS + SETTLE_SECONDS

    def run(self) -> None:
        threads = [threading.Thread(target=self._send, daemon=True) for _ in range(SENDERS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(SECONDS + SETTLE_SECONDS)
            assert not thread.is_alive()

    def _send(self) -> None:
        while True:
            with self._lock:
                number = next(self._numbers, None)
            if number is None:
                return
            due = self._began + number * BATCH / RATE
            time.sleep(max(0.0, due - time.monotonic()))
            self.late = max(self.late, time.monotonic() - due)
            body = b"\n".join(event(number * BATCH + place) for place in range(BATCH))
            while not self._accepted(body):
                assert time.monotonic() < self._give_up
                time.sleep(0.5)

    def _accepted(self, body: bytes) -> bool:
        """Send one batch: whether it was accepted. No answer at all is sent again, as any app has to."""
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=60)
        try:
            connection.request("POST", "/v1/events", body, {"Content-Type": "application/x-ndjson"})
            answer = connection.getresponse()
            told = json.loads(answer.read())
        except (OSError, http.client.HTTPException):
            with self._lock:
                self.answers["none"] += 1
            return False
        finally:
            connection.close()
        with self._lock:
            self.answers[str(answer.status)] += 1
            if answer.status == 202:
                self.accepted.update(result["id"] for result in told["results"] if result["status"] == "accepted")
                self.spooled += told.get("spooled", 0)
            elif answer.status not in (429, 503) or not told["error"]["reason"] or not answer.getheader("Retry-After"):
                self.unclear.append(f"{answer.status} {told}")
        return answer.status == 202


def event(number: int) -> bytes:
    """An answer of about 250 bytes."""
    return json.dumps(
        {
            "specversion": "1.0", "id": f"e-{number}", "source": "/load", "type": "closeloop.response.v1",
            "time": datetime.now(UTC).isoformat(),
            "data": {"customer_id": f"c{number % 5000}", "metric": "nps", "score": number % 11},
        }
    ).encode()  # fmt: skip


def copies(bootstrap: str) -> Counter[str]:
    """How often each id lies in the topic."""
    consumer = Consumer({"bootstrap.servers": bootstrap, "group.id": uuid.uuid4().hex, "enable.auto.commit": False})
    try:
        partitions = consumer.list_topics(RESPONSES, 30).topics[RESPONSES].partitions
        places = [TopicPartition(RESPONSES, number, 0) for number in partitions]
        ends = {place.partition: consumer.get_watermark_offsets(place, 30)[1] for place in places}
        left = {partition for partition, end in ends.items() if end}
        consumer.assign(places)
        found: Counter[str] = Counter()
        deadline = time.monotonic() + 120
        while left:
            assert time.monotonic() < deadline
            for message in consumer.consume(5000, 1.0):
                assert message.error() is None, message.error()
                found[json.loads(message.value())["id"]] += 1
                if message.offset() + 1 >= ends[message.partition()]:
                    left.discard(message.partition())
        return found
    finally:
        consumer.close()


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[LocalKafka]:
    running = LocalKafka(tmp_path / "kafka", nodes=1, fast_start=True)
    try:
        running.start()
    except BrokerError as error:
        lacking("a real Kafka", str(error))
    try:
        create_topics(KafkaLink(running.bootstrap), catalogue(3))
        yield running
    finally:
        running.stop()


@pytest.mark.parametrize("spool", ["256MB", "1MB"], ids=["all of it fits the spool", "the spool is soon full"])
def test_what_was_answered_202_is_in_the_topic_whatever_was_killed(
    tmp_path: Path, broker: LocalKafka, free_port: int, spool: str
) -> None:
    gateway = Gateway(tmp_path, free_port, broker.bootstrap, spool)
    gateway.start()
    try:
        wait_until(gateway.serves)
        load = Load(free_port)
        sending = threading.Thread(target=load.run, daemon=True)
        sending.start()
        time.sleep(SECONDS * 0.2)
        broker.kill(1)
        time.sleep(OUTAGE / 2)
        gateway.kill()  # while events wait on the disk and others are being written
        gateway.start()
        time.sleep(OUTAGE / 2)
        broker.start_node(1)
        wait_until(gateway.serves)
        time.sleep(1)
        gateway.kill()  # while what waited goes to Kafka
        gateway.start()
        sending.join(SECONDS + SETTLE_SECONDS)
        assert not sending.is_alive()
        wait_until(gateway.serves)  # the senders may have been done before the second kill
        wait_until(lambda: gateway.metric("closeloop_gateway_spool_records") == 0, SETTLE_SECONDS)
        found = copies(broker.bootstrap)
        everything = {f"e-{number}" for number in range(load.batches * BATCH)}
        repeats = sum(found.values()) - len(found)
        print(  # noqa: T201 - the figures of a run by hand
            f"\n{len(everything):,} events, at most {load.late:.1f} s behind {RATE:,}/s; requests by answer "
            f"{dict(load.answers)}; {load.spooled:,} events answered as spooled; in the topic {len(found):,} distinct, "
            f"{repeats:,} repeats"
        )
        assert load.unclear == []
        assert load.spooled > 0  # else the test has shown nothing of the spool
        assert (load.answers["503"] > 0) == (spool == "1MB")  # refused clearly, and accepted when sent again
        assert load.accepted == everything
        assert load.accepted - set(found) == set()  # nothing accepted is lost
        assert set(found) - everything == set()
        for fault in ("spool_not_read", "spool_damaged", "spool_write_failed", "request_failed", "gateway_fails"):
            assert fault not in gateway.said()
    finally:
        gateway.kill()
