"""A whole worker on a real broker: what it counts is exact over stops, kills, sleeps and changes of membership."""

import json
import random
import signal
import urllib.error
import urllib.request
import uuid
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka import Consumer, Producer, TopicPartition

from closeloop.ports import free_port
from schemas.topics import ALERTS, CASES, DEADLETTERS, METRICS, PARTIALS, RESPONSES, STATE_OF, TOUCHPOINTS
from tests.streams.conftest import COMPACTED, Broker, Worker, wait_until

pytestmark = pytest.mark.kafka
PARTITIONS = 3


class Loop:
    """The topics of a loop of its own, its workers, and what they should have counted."""

    def __init__(self, broker: Broker, folder: Path) -> None:
        self.broker = broker
        self.prefix = f"w{uuid.uuid4().hex[:8]}."
        self.folder = folder
        self.expected: Counter[str] = Counter()
        self.workers: list[tuple[Worker, int]] = []
        for topic in (*STATE_OF, ALERTS, DEADLETTERS):
            broker.topic(PARTITIONS, name=self.prefix + topic)
        for topic in (*STATE_OF.values(), PARTIALS, METRICS):
            broker.topic(PARTITIONS, name=self.prefix + topic, **COMPACTED)
        self._producer = Producer({"bootstrap.servers": broker.bootstrap, "linger.ms": 1})

    def start(self, **options: object) -> Worker:
        port = free_port()
        worker = Worker(
            "worker_process",
            self.folder,
            self.broker.bootstrap,
            self.prefix,
            str(self.folder),
            str(port),
            json.dumps(options),
        )
        self.workers.append((worker, port))
        return worker

    def get(self, worker: Worker, path: str) -> tuple[int, str]:
        (port,) = [port for known, port in self.workers if known is worker]
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=5) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, ""
        except OSError:
            return 0, ""

    def wait_ready(self, worker: Worker) -> None:
        def ready() -> bool:
            assert worker.process.poll() is None, "the worker ended"
            return self.get(worker, "/readyz")[0] == 200

        wait_until(ready, "the worker is ready")

    def send(self, count: int, seed: int, value: bytes = b"x", topic: str = TOUCHPOINTS) -> None:
        chance = random.Random(seed)
        for _ in range(count):
            key = f"k{chance.randrange(200)}"
            self.expected[key] += 1
            while True:
                try:
                    self._producer.produce(self.prefix + topic, key=key, value=value)
                    break
                except BufferError:
                    self._producer.poll(0.1)
        assert self._producer.flush(30) == 0

    def produce(self, topic: str, records: list[tuple[bytes, bytes]]) -> None:
        producer = Producer({"bootstrap.servers": self.broker.bootstrap, "partitioner": "murmur2_random"})
        for key, value in records:
            producer.produce(self.prefix + topic, key=key, value=value)
        assert producer.flush(30) == 0

    def read(self, topic: str) -> list[tuple[bytes, bytes | None]]:
        """All committed records of a topic, in the order of each partition."""
        consumer = Consumer(
            {
                "bootstrap.servers": self.broker.bootstrap,
                "group.id": "none",
                "enable.partition.eof": True,
                "isolation.level": "read_committed",
                "fetch.wait.max.ms": 20,
            }
        )
        consumer.assign([TopicPartition(self.prefix + topic, partition, 0) for partition in range(PARTITIONS)])
        found: list[tuple[bytes, bytes | None]] = []
        ends = 0
        while ends < PARTITIONS:
            message = consumer.poll(10)
            assert message is not None
            if message.error() is not None:
                ends += 1
            else:
                found.append((message.key(), message.value()))
        consumer.close()
        return found

    def counted(self) -> Counter[str]:
        """The last metric of every key."""
        last = {key: json.loads(value) for key, value in self.read(METRICS) if value is not None}
        return Counter({row["key"]["key"]: row["n"] for row in last.values() if row["type"] == "metric"})

    def wait_counted(self, seconds: float = 60.0) -> None:
        wait_until(lambda: self.counted().total() >= self.expected.total(), "everything is counted", seconds)
        assert self.counted() == self.expected

    def taken(self, worker: Worker) -> int:
        """Touchpoints that a worker has put into its state."""
        name = f'closeloop_streams_records_total{{topic="{self.prefix}{TOUCHPOINTS}"}} '
        lines = self.get(worker, "/metrics")[1].splitlines()
        return int(sum(float(line.removeprefix(name)) for line in lines if line.startswith(name)))

    def lag(self) -> int:
        committed = self.broker.committed(f"{self.prefix}streams", self.prefix + TOUCHPOINTS)
        ends = self.broker.ends(self.prefix + TOUCHPOINTS)
        return sum(end - committed.get(partition, 0) for partition, end in ends.items())


@pytest.fixture
def loop(broker: Broker, tmp_path: Path) -> Iterator[Loop]:
    loop = Loop(broker, tmp_path)
    yield loop
    for worker, _ in loop.workers:
        worker.end()


def test_everything_is_counted_alerted_and_dead_lettered_once(loop: Loop) -> None:
    worker = loop.start()
    loop.wait_ready(worker)
    loop.send(3_000, 1)
    loop.send(50, 2, b"alert", RESPONSES)
    loop.send(20, 3, b"bad")
    loop.wait_counted()
    wait_until(lambda: loop.lag() == 0, "everything is committed")
    alerts = [json.loads(value)["id"] for _, value in loop.read(ALERTS) if value is not None]
    assert len(alerts) == len(set(alerts)) == 50
    letters = [json.loads(value) for _, value in loop.read(DEADLETTERS) if value is not None]
    assert len({letter["id"] for letter in letters}) == len(letters) == 20
    assert {letter["reason"] for letter in letters} == {"not_json"}
    books = [json.loads(value) for _, value in loop.read(METRICS) if value is not None]
    received = {row["source"]: row["received"] for row in books if row["type"] == "books"}
    assert sum(received.values()) == 3_070
    assert loop.get(worker, "/healthz")[0] == 200
    metrics = loop.get(worker, "/metrics")[1]
    assert f'closeloop_streams_records_total{{topic="{loop.prefix}{RESPONSES}"}} 50.0' in metrics
    worker.process.send_signal(signal.SIGTERM)
    assert worker.process.wait(30) == 0


@pytest.mark.faults
def test_kills_and_stops_under_load_lose_and_double_nothing(loop: Loop) -> None:
    loop.send(20_000, 1)
    for turn in range(3):
        worker = loop.start()
        loop.wait_ready(worker)
        loop.send(5_000, 10 + turn)
        wait_until(lambda: loop.lag() < 24_000, "something was committed")
        worker.process.send_signal(signal.SIGTERM if turn == 1 else signal.SIGKILL)
        worker.process.wait(30)
    survivor = loop.start()
    loop.wait_counted()
    survivor.process.send_signal(signal.SIGTERM)
    assert survivor.process.wait(30) == 0
    assert loop.lag() == 0


def test_a_second_worker_takes_over_partitions_and_gives_them_back(loop: Loop) -> None:
    one = loop.start()
    loop.wait_ready(one)
    loop.send(3_000, 1)
    two = loop.start()
    loop.wait_ready(two)
    loop.send(3_000, 2)
    wait_until(lambda: loop.taken(two) > 0, "the second one works")
    loop.wait_counted()
    one.process.send_signal(signal.SIGTERM)
    assert one.process.wait(30) == 0
    loop.send(3_000, 3)
    loop.wait_counted()
    two.process.send_signal(signal.SIGTERM)
    assert two.process.wait(30) == 0


@pytest.mark.faults
def test_a_worker_that_slept_through_its_successor_writes_nothing_and_ends(loop: Loop) -> None:
    sleeper = loop.start(interval=4.0)
    loop.wait_ready(sleeper)
    loop.send(2_000, 1)
    loop.wait_counted()
    loop.send(2_000, 2)
    # It falls asleep with these in its state, most likely not written yet.
    wait_until(lambda: loop.taken(sleeper) == 4_000, "taken")
    sleeper.process.send_signal(signal.SIGSTOP)
    successor = loop.start()
    loop.wait_ready(successor)
    loop.send(2_000, 3)
    loop.wait_counted()
    sleeper.process.send_signal(signal.SIGCONT)
    loop.send(2_000, 4)
    loop.wait_counted()

    def noticed() -> bool:
        """It met the fence with something to write, or found out before it wrote and began anew."""
        said = sleeper.output.read_text()
        return "another process holds this partition" in said or said.count('"event": "recovered"') > 3 * PARTITIONS

    wait_until(noticed, "the sleeper notices that it was replaced")
    loop.send(500, 5)
    loop.wait_counted()


def test_an_internal_error_ends_the_process_and_commits_nothing_past_it(loop: Loop) -> None:
    loop.send(1_000, 1)
    worker = loop.start(crash=True)
    loop.wait_ready(worker)
    loop.wait_counted()
    loop.send(1, 2, b"crash")
    loop.send(1_000, 3)
    assert worker.process.wait(30) == 1
    assert loop.lag() > 0
    healthy = loop.start()
    loop.wait_ready(healthy)
    loop.wait_counted()


def answer(number: int, score: int, event_id: str, customer: str) -> tuple[bytes, bytes]:
    event = {
        "specversion": "1.0",
        "id": event_id,
        "source": "/shop",
        "type": "closeloop.response.v1",
        "time": (datetime.now(UTC) - timedelta(minutes=number % 40)).isoformat(),
        "data": {
            "customer_id": customer,
            "metric": "nps",
            "score": score,
            "touchpoint": "checkout",
            "channel": "web",
            "attributes": {"region": "SP"},
        },
    }
    return customer.encode(), json.dumps(event).encode()


@pytest.mark.faults
def test_the_real_state_is_exact_over_a_kill_with_duplicates_and_unreadable_records(loop: Loop) -> None:
    chance = random.Random(7)
    scores: Counter[str] = Counter()
    records: list[tuple[bytes, bytes]] = []
    for number in range(4_000):
        score = chance.randrange(11)
        scores[str(score)] += 1
        record = answer(number, score, f"r-{number}", f"c{number % 300}")
        records += [record] * (2 if number % 10 == 0 else 1)  # every tenth one is sent twice
        if number % 100 == 0:
            records.append((b"c1", b"{not json"))
    victim = loop.start(real=True)
    loop.wait_ready(victim)
    loop.produce(RESPONSES, records[: len(records) // 2])
    wait_until(lambda: len(loop.read(ALERTS)) > 100, "the first alerts")
    victim.process.kill()
    victim.process.wait(30)
    loop.start(real=True)
    loop.produce(RESPONSES, records[len(records) // 2 :])

    def rows(kind: str) -> list[dict[str, Any]]:
        last = {key: json.loads(value) for key, value in loop.read(METRICS) if value is not None}
        return [row for row in last.values() if row["type"] == kind]

    def overall() -> list[dict[str, Any]]:
        return [row for row in rows("metric") if (row["cut"], row["window"], row["metric"]) == ("all", "24h", "nps")]

    wait_until(lambda: [row["n"] for row in overall()] == [4_000], "every answer is counted once")
    assert overall()[0]["counts"] == scores
    books = [row for row in rows("books") if row["source"].startswith(RESPONSES)]
    assert {name: sum(row[name] for row in books) for name in ("received", "counted", "duplicates", "late")} == {
        "received": 4_440,
        "counted": 4_000,
        "duplicates": 400,
        "late": 0,
    }
    assert sum(row["dead_letters"].get("not_json", 0) for row in books) == 40
    detractors = sum(count for score, count in scores.items() if int(score) <= 6)
    ids = {json.loads(value)["event_id"] for _, value in loop.read(ALERTS) if value is not None}
    assert len(ids) == detractors
    # The unreadable ones too are there at least once, and under one id each.
    letters = [json.loads(value) for _, value in loop.read(DEADLETTERS) if value is not None]
    assert len({letter["id"] for letter in letters}) == 40


def case_event(case_id: int, version: int, action: str, opened: datetime, seconds: float | None) -> tuple[bytes, bytes]:
    event = {
        "type": "case",
        "id": f"e-{case_id}-{version}",
        "case_id": case_id,
        "version": version,
        "action": action,
        "from_state": "open",
        "to_state": "resolved" if action == "resolve" else "open",
        "at": (opened + timedelta(seconds=seconds or 0)).isoformat(),
        "actor": "ana",
        "via": "slack",
        "customer_id": f"c{case_id}",
        "programme": "feedback",
        "severity": "normal",
        "owner": "ana",
        "opened_at": opened.isoformat(),
        "seconds_to_resolve": seconds if action == "resolve" else None,
        "business_seconds_to_resolve": seconds and seconds / 2 if action == "resolve" else None,
        "in_sla_resolve": seconds <= 1800 if action == "resolve" and seconds else None,
        "attributes": {"region": "SP"},
    }
    return str(case_id).encode(), json.dumps(event).encode()


@pytest.mark.faults
def test_the_times_of_cases_are_exact_over_a_kill_and_closed_ones_are_told(loop: Loop) -> None:
    """Every case is resolved after as many minutes as its number says; every fifth one is opened again."""
    opened = datetime.now(UTC) - timedelta(hours=3)
    records: list[tuple[bytes, bytes]] = []
    for number in range(1, 101):
        records.append(case_event(number, 1, "opened", opened, None))
        records += [case_event(number, 2, "resolve", opened, number * 60.0)] * (2 if number % 10 == 0 else 1)
        if number % 5 == 0:
            records.append(case_event(number, 3, "reopen", opened, None))
    records.append((b"1", b"{not json"))
    victim = loop.start(real=True)
    loop.wait_ready(victim)
    loop.produce(CASES, records[:120])
    wait_until(lambda: any(b'"time_to_resolve"' in (value or b"") for _, value in loop.read(METRICS)), "the first")
    victim.process.kill()
    victim.process.wait(30)
    loop.start(real=True)
    loop.produce(CASES, records[120:])

    def rows() -> dict[str, dict[str, Any]]:
        last = {key: json.loads(value) for key, value in loop.read(METRICS) if value is not None}
        wanted = [row for row in last.values() if row["type"] == "metric" and row["window"] == "24h"]
        return {row["metric"]: row for row in wanted if row["key"] == {"attributes.region": "SP"}}

    kept = [minutes * 60 for minutes in range(1, 101) if minutes % 5]

    def accounts() -> dict[str, int]:
        books = [json.loads(value) for key, value in loop.read(METRICS) if value is not None and b"books" in key]
        last = {row["source"]: row for row in books if row["source"].startswith(CASES)}.values()
        dead = sum(row["dead_letters"].get("case", 0) for row in last)
        return {name: sum(row[name] for row in last) for name in ("received", "counted", "duplicates")} | {"dead": dead}

    names = ("time_to_resolve", "time_to_resolve_business", "in_sla_resolve")

    found: dict[str, dict[str, Any]] = {}

    def settled() -> bool:
        found.clear()
        found.update(rows())
        # Each metric is a record of its own, and what became of a case is known before the last of what was sent twice.
        return {found[name]["n"] for name in names if name in found} == {80} and accounts()["received"] == 231

    wait_until(settled, "every case counts once", 60.0)
    assert accounts() == {"received": 231, "counted": 220, "duplicates": 10, "dead": 1}
    assert found["time_to_resolve"]["value"] == sum(kept) / 80
    assert abs(found["time_to_resolve"]["quantiles"]["p50"] - kept[79 * 50 // 100]) <= 0.01 * kept[79 * 50 // 100]
    assert abs(found["time_to_resolve"]["quantiles"]["p90"] - kept[79 * 90 // 100]) <= 0.01 * kept[79 * 90 // 100]
    assert found["time_to_resolve_business"]["value"] == sum(kept) / 160
    assert found["in_sla_resolve"]["counts"] == {"in_sla": 24, "missed": 56}

    def told() -> set[str]:
        return {json.loads(value)["id"] for _, value in loop.read(RESPONSES) if value is not None}

    wait_until(lambda: len(told()) >= 100, "every closed case is told of")
    assert told() == {f"closed:e-{number}-2" for number in range(1, 101)}
