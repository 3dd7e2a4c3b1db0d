"""Topics of their own for every test of the streams room, and processes that never outlive it."""

import json
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from confluent_kafka import Consumer, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic

ROOT = Path(__file__).parents[2]
COMPACTED = {
    "cleanup.policy": "compact",
    "min.cleanable.dirty.ratio": "0.01",
    "segment.ms": "100",
    "min.compaction.lag.ms": "0",
    "delete.retention.ms": "0",
}


def wait_until(condition: Callable[[], bool], what: str, seconds: float = 60.0) -> None:
    """Poll a condition until it holds; the deadline only says that it never will."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            pytest.fail(f"not within {seconds:g} s: {what}")
        time.sleep(0.05)


class Broker:
    """What the tests do to a real broker, on topics whose names nobody else uses."""

    def __init__(self, bootstrap: str) -> None:
        self.bootstrap = bootstrap
        self._admin = AdminClient({"bootstrap.servers": bootstrap})
        self.made: list[str] = []

    def topic(self, partitions: int = 1, name: str = "", **config: str) -> str:
        name = name or f"test-{uuid.uuid4().hex[:12]}"
        topics = [NewTopic(name, num_partitions=partitions, replication_factor=1, config=config)]
        for future in self._admin.create_topics(topics).values():
            future.result()
        self.made.append(name)
        # A client that asks before the controller has spread the news would make up its own idea of the topic.
        wait_until(
            lambda: (
                len(self._admin.list_topics(timeout=10).topics.get(name).partitions or {}) == partitions
                if name in self._admin.list_topics(timeout=10).topics
                else False
            ),
            f"topic {name} exists",
        )
        return name

    def produce(self, topic: str, values: list[bytes], partition: int | None = None, **config: object) -> None:
        producer = Producer({"bootstrap.servers": self.bootstrap, "linger.ms": 1, **config})
        transactional = "transactional.id" in config
        if transactional:
            producer.init_transactions(30)
            producer.begin_transaction()
        for index, value in enumerate(values):
            where = {} if partition is None else {"partition": partition}
            producer.produce(topic, key=b"%d" % index, value=value, **where)
        if transactional:
            producer.commit_transaction(30)
        assert producer.flush(30) == 0

    def aborted(self, topic: str, values: list[bytes], partition: int = 0) -> None:
        producer = Producer({"bootstrap.servers": self.bootstrap, "transactional.id": uuid.uuid4().hex})
        producer.init_transactions(30)
        producer.begin_transaction()
        for value in values:
            producer.produce(topic, key=b"aborted", value=value, partition=partition)
        assert producer.flush(30) == 0
        producer.abort_transaction(30)

    def ends(self, topic: str) -> dict[int, int]:
        consumer = Consumer({"bootstrap.servers": self.bootstrap, "group.id": "none"})
        count = len(consumer.list_topics(topic, timeout=10).topics[topic].partitions)
        ends = {p: consumer.get_watermark_offsets(TopicPartition(topic, p), timeout=10)[1] for p in range(count)}
        consumer.close()
        return ends

    def committed(self, group: str, topic: str) -> dict[int, int]:
        consumer = Consumer({"bootstrap.servers": self.bootstrap, "group.id": group})
        asked = [TopicPartition(topic, partition) for partition in self.ends(topic)]
        found = {at.partition: at.offset for at in consumer.committed(asked, timeout=10) if at.offset >= 0}
        consumer.close()
        return found

    def clean(self) -> None:
        if self.made:
            for future in self._admin.delete_topics(self.made).values():
                future.result()


class Worker:
    """One process running a script of this folder. What it says goes to a file: a full pipe would stop it."""

    def __init__(self, script: str, folder: Path, *args: str) -> None:
        self.output = folder / f"{uuid.uuid4().hex[:8]}.{script}.txt"
        with self.output.open("w") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-m", f"tests.streams.{script}", *args],
                cwd=ROOT,
                stdout=output,
                stderr=subprocess.STDOUT,
                text=True,
            )

    def end(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait(30)
        sys.stdout.write(f"--- {self.output.name}\n{self.output.read_text()[-4_000:]}\n")  # shown if the test failed


@pytest.fixture
def broker(kafka: str) -> Iterator[Broker]:
    broker = Broker(kafka)
    yield broker
    broker.clean()


class ChunkWorkers:
    """Starts chunk workers on one topic and reads what they wrote down."""

    def __init__(self, bootstrap: str, folder: Path) -> None:
        self.bootstrap = bootstrap
        self.folder = folder
        self.group = f"group-{uuid.uuid4().hex[:12]}"
        self.running: list[Worker] = []

    def start(self, topic: str, name: str = "worker", **options: object) -> Worker:
        options["datadir"] = str(self.folder / "faust")
        log = self.folder / f"{name}.log"
        log.touch()
        worker = Worker("chunk_worker", self.folder, self.bootstrap, self.group, topic, str(log), json.dumps(options))
        self.running.append(worker)
        return worker

    def seen(self, name: str = "worker") -> list[tuple[int, int]]:
        lines = (self.folder / f"{name}.log").read_text().splitlines(keepends=True)
        # A killed process may leave half a line.
        return [(int(p), int(o)) for p, o in (line.split() for line in lines if line.endswith("\n"))]

    def end(self) -> None:
        for worker in self.running:
            worker.end()


@pytest.fixture
def chunk_workers(kafka: str, tmp_path: Path) -> Iterator[ChunkWorkers]:
    workers = ChunkWorkers(kafka, tmp_path)
    yield workers
    workers.end()
