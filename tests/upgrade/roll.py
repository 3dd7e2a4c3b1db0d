"""A rolling upgrade of a real loop while events flow: `python -m tests.upgrade.roll CHECKOUT`, run in today's checkout.

CHECKOUT is one of the version before, with its own .venv (`make setup`). On one real Kafka and one PostgreSQL all rooms
of the version before start; then the tables are upgraded, and gateway, consumers and both workers of streams are
replaced one by one; a worker is taken back to the version before, and forward again. In the end the books, the metrics,
the cases and the messages are held against what was sent. It needs git history, so it is no test of the suite.
"""

from __future__ import annotations

import json
import os
import random
import re
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import httpx
from confluent_kafka import Producer
from sqlalchemy import func, select

from closeloop.broker.local import LocalKafka
from closeloop.ports import free_port
from schemas.database import open_database, readers
from schemas.tables import AlertRow, CaseRow, SlackOutboxRow
from schemas.topics import RESPONSES, TOUCHPOINTS
from tests.fixtures.postgres import fresh_database, throw_away_server

HERE = Path(__file__).parents[2]
RATE = 150
STEP_S = 8.0
"""How long events flow after each change."""


class Feeder(threading.Thread):
    """An app: answers and touchpoints at a steady rate, one in twenty of them twice, one answer in thirty bad."""

    def __init__(self, bootstrap: str) -> None:
        super().__init__(name="feeder")
        self._producer = Producer({"bootstrap.servers": bootstrap, "acks": "all", "partitioner": "murmur2_random"})
        self.stop = threading.Event()
        self.sent: Counter[str] = Counter()
        self.distinct: Counter[str] = Counter()
        self.scores: Counter[str] = Counter()
        self.detractors: set[str] = set()

    def run(self) -> None:
        """Send until told to stop."""
        rnd, began, number = random.Random(3), time.monotonic(), 0
        while not self.stop.wait(0.02):
            while number < (time.monotonic() - began) * RATE:
                number += 1
                self._send(number, rnd)
            self._producer.poll(0)
        assert self._producer.flush(60) == 0

    def _send(self, number: int, rnd: random.Random) -> None:
        customer = f"c{number}"
        data: dict[str, Any] = {"customer_id": customer, "touchpoint": "order.delivered"}
        answers = number % 2 == 0
        topic = RESPONSES if answers else TOUCHPOINTS
        if answers:
            score = rnd.randint(0, 6) if rnd.random() < 1 / 30 else rnd.randint(7, 10)
            data |= {"metric": "nps", "score": score}
            self.scores[str(score)] += 1
            if score <= 6:
                self.detractors.add(customer)
        event = {
            "specversion": "1.0", "id": f"e{number}", "source": "/roll", "data": data,
            "type": "closeloop.response.v1" if answers else "closeloop.touchpoint.v1",
            "time": datetime.now(UTC).isoformat(),
        }  # fmt: skip
        self.distinct[topic] += 1
        for _ in range(2 if number % 20 < 2 else 1):
            self.sent[topic] += 1
            self._producer.produce(topic, json.dumps(event).encode(), customer.encode())


class Rooms:
    """The processes of both versions."""

    def __init__(self, folder: Path, environment: dict[str, str], before: Path) -> None:
        self._folder = folder
        self._environment = environment
        self._checkouts = {"old": before, "new": HERE}
        self._running: dict[str, tuple[subprocess.Popen[bytes], int]] = {}
        self._began = time.monotonic()

    def start(self, name: str, version: str, *words: str, port: int | None = None) -> None:
        """Start a room and wait until it is ready."""
        port = port or free_port()
        process = self._popen(name, version, words, {"CLOSELOOP_HEALTH_PORT": str(port)})
        self._running[name] = (process, port)
        wait_for(lambda: self._ready(process, port), 120, f"{name} ({version}) is not ready")
        self._say(f"{name}: {version} is ready")

    def run(self, version: str, *words: str) -> None:
        """Run a command to its end."""
        assert self._popen(words[0], version, words, {}).wait(120) == 0, words
        self._say(f"{' '.join(words)} by {version}")

    def end(self, name: str) -> None:
        """SIGTERM, as Kubernetes does it."""
        process, _ = self._running.pop(name)
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0, f"{name} did not stop cleanly"
        self._say(f"{name}: stopped")

    def end_all(self) -> None:
        """Leave nothing behind."""
        for process, _ in self._running.values():
            process.terminate()
        for process, _ in self._running.values():
            try:
                process.wait(15)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def _popen(self, name: str, version: str, words: tuple[str, ...], more: dict[str, str]) -> subprocess.Popen[bytes]:
        checkout = self._checkouts[version]
        with (self._folder / f"{name}.log").open("ab") as log:
            return subprocess.Popen(
                [str(checkout / ".venv/bin/python"), "-m", "closeloop", *words],
                cwd=checkout, env={**self._environment, **more}, stdout=log, stderr=log, stdin=subprocess.DEVNULL,
            )  # fmt: skip

    @staticmethod
    def _ready(process: subprocess.Popen[bytes], port: int) -> bool:
        assert process.poll() is None, "ended"
        try:
            return httpx.get(f"http://127.0.0.1:{port}/readyz", timeout=2, trust_env=False).status_code in (200, 404)
        except httpx.TransportError:
            return False

    def _say(self, text: str) -> None:
        sys.stdout.write(f"{time.monotonic() - self._began:6.1f} s  {text}\n")
        sys.stdout.flush()


def wait_for(condition: Callable[[], bool], seconds: float, otherwise: str) -> None:
    """Wait for a condition, with a deadline."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, otherwise
        time.sleep(0.2)


def roll(before: Path, folder: Path, bootstrap: str, database: str) -> None:
    """The upgrade, and what is held against what afterwards."""
    gateway, sandbox = free_port(), free_port()
    configuration = folder / "loop.yaml"
    alone = "grouping: {roll_up: null, incidents: null}\n"
    example = (before / "loop.yaml").read_text()
    configuration.write_text(re.sub(r"^grouping:\n(?:  .*\n)+", alone, example, flags=re.MULTILINE))
    rooms = Rooms(
        folder,
        {
            **{name: value for name, value in os.environ.items() if not name.startswith(("CLOSELOOP_", "SLACK_"))},
            "KAFKA_BOOTSTRAP_SERVERS": bootstrap, "DATABASE_URL": database, "CLOSELOOP_CONFIG": str(configuration),
            "CLOSELOOP_DATA_DIR": str(folder), "CLOSELOOP_PORT": str(gateway), "CLOSELOOP_SLACK_PACE": "1000",
            "SLACK_API_URL": f"http://127.0.0.1:{sandbox}/api/", "SLACK_BOT_TOKEN": "xoxb-roll",
            "SLACK_SIGNING_SECRET": "roll",
        },
        before,
    )  # fmt: skip
    feeder = Feeder(bootstrap)
    try:
        rooms.run("old", "database", "upgrade")
        rooms.run("old", "topics", "create")
        rooms.start("sandbox", "new", "sandbox", "--port", str(sandbox), "--pace", "0", port=sandbox)
        for name in ("streams-1", "streams-2", "consumers"):
            rooms.start(name, "old", name.split("-")[0])
        rooms.start("gateway", "old", "gateway", port=gateway)
        feeder.start()
        time.sleep(STEP_S)
        rooms.run("new", "db", "upgrade")
        rooms.run("new", "topics", "create")
        time.sleep(STEP_S)
        rooms.end("gateway")
        rooms.start("gateway", "new", "gateway", port=gateway)
        rooms.start("consumers-2", "new", "consumers")
        time.sleep(STEP_S)
        rooms.end("consumers")
        for old, new in (("streams-1", "streams-3"), ("streams-2", "streams-4")):
            rooms.start(new, "new", "streams")
            time.sleep(STEP_S)
            rooms.end(old)
            time.sleep(STEP_S)
        rooms.start("streams-5", "old", "streams")  # back, and forth again
        rooms.end("streams-3")
        time.sleep(STEP_S)
        rooms.start("streams-6", "new", "streams")
        rooms.end("streams-5")
        time.sleep(STEP_S)
        feeder.stop.set()
        feeder.join()
        check(feeder, f"http://127.0.0.1:{gateway}", f"http://127.0.0.1:{sandbox}", database)
    finally:
        feeder.stop.set()
        rooms.end_all()


def check(feeder: Feeder, gateway: str, sandbox: str, database: str) -> None:
    """Books, metrics, cases and messages against what was sent."""
    http = httpx.Client(trust_env=False, timeout=30)
    engine = open_database(database)

    def number(what: Any) -> int:
        with readers(engine)() as session:
            return session.scalar(select(func.count()).select_from(what)) or 0

    def posted() -> Counter[str]:
        state = http.get(f"{sandbox}/control/state", params={"counts": "1"}).json()
        return Counter(state["posts_by_metadata"].get("closeloop_card", {}).get("outbox_id", {}))

    def books() -> dict[str, Any]:
        told: dict[str, Any] = http.get(f"{gateway}/v1/totals").json()
        return told

    def settled() -> bool:
        told = books()
        there = told["touchpoints"]["received"] + told["responses"]["received"] >= feeder.sent.total()
        return there and len(posted()) >= len(feeder.detractors)

    wait_for(settled, 180, f"not settled: {books()}, {len(posted())} of {len(feeder.detractors)} messages")
    time.sleep(3)  # what is doubled would come now
    told = books()
    for name, topic in (("touchpoints", TOUCHPOINTS), ("responses", RESPONSES)):
        sent, distinct = feeder.sent[topic], feeder.distinct[topic]
        found = told[name]
        assert (found["received"], found["counted"], found["duplicates"]) == (sent, distinct, sent - distinct), found
        assert (found["late"], sum(found["dead_letters"].values())) == (0, 0), found
    rows = http.get(f"{gateway}/v1/metrics", params={"metric": "nps", "window": "7d", "cut": "all"}).json()
    assert Counter(rows[0]["counts"]) == feeder.scores, (rows, feeder.scores)
    assert told["alerts"] == {"detractor": len(feeder.detractors)}
    assert number(AlertRow) == number(CaseRow) == len(feeder.detractors)
    assert set(posted().values()) == {1}
    assert len(posted()) == number(SlackOutboxRow)
    sys.stdout.write(
        f"sent {feeder.sent.total():,} events, {feeder.distinct.total():,} distinct; received, counted and duplicates "
        f"exact; nps 7d n={rows[0]['n']} exact by score; {len(feeder.detractors)} detractors, as many alerts and "
        f"cases; {len(posted())} messages, each once\n"
    )
    engine.dispose()
    http.close()


def main(before: Path) -> None:
    """Run it on a Kafka and a PostgreSQL of its own."""
    with TemporaryDirectory() as scratch:
        folder = Path(scratch)
        kafka = LocalKafka(folder / "kafka", nodes=1, fast_start=True)
        kafka.start()
        try:
            with throw_away_server() as server, fresh_database(server) as url:
                roll(before.resolve(), folder, kafka.bootstrap, url.render_as_string(hide_password=False))
        except BaseException:
            for log in sorted(folder.glob("*.log")):
                sys.stderr.write(f"--- {log.name}\n{log.read_text()[-1500:]}\n")
            raise
        finally:
            kafka.stop()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
