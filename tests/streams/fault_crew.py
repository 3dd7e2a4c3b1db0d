"""Three brokers, up to three workers and whoever feeds them: what a round of faults does to them, and what it sees."""

import json
import os
import re
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import msgspec
import pytest
from confluent_kafka import Consumer, KafkaException, TopicPartition
from confluent_kafka.admin import AdminClient

from closeloop.broker import die_with_parent
from closeloop.broker.local import LocalKafka
from schemas.topics import RESPONSES, TOUCHPOINTS, TopicSpec, catalogue
from tests.streams.survey_events import Rec

ROOT = Path(__file__).parents[2]
GROUP = "closeloop-streams"
PARTITIONS = 3
STRANGE_EXITS = 10
"""So many may end for no reason of ours (a broker was away for too long) before the run is given up."""
SOURCES = (TOUCHPOINTS, RESPONSES)
_OFTEN_COMPACTED = {
    "min.cleanable.dirty.ratio": "0.1",
    "segment.ms": "10000",
    "min.compaction.lag.ms": "0",
    "delete.retention.ms": "1000",
}


def topics() -> list[TopicSpec]:
    """The catalogue's, three times replicated, with state that is compacted while the test runs."""
    return [
        msgspec.structs.replace(topic, config=topic.config | _OFTEN_COMPACTED)
        if topic.config["cleanup.policy"] == "compact"
        else topic
        for topic in catalogue(PARTITIONS, replication=3)
    ]


@dataclass
class Member:
    """A worker's process. What it says goes to a file: a full pipe would stop it."""

    name: str
    process: "subprocess.Popen[bytes]"
    output: Path
    asked: str = ""
    """Why it is meant to end."""
    slept: bool = False

    def health(self, path: str) -> bool:
        port = re.search(r'"port": (\d+)', self.output.read_text())
        if port is None:
            return False
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port[1]}{path}", timeout=5) as answer:
                return int(answer.status) == 200
        except OSError:  # also what it answers with while it is not ready
            return False

    def last_words(self) -> str:
        """Why it says that it ended."""
        said = [json.loads(line) for line in self.output.read_text().splitlines() if line.startswith("{")]
        reasons = [line.get("reason", "") for line in said if line.get("event") == "ended"]
        return str(reasons[-1]) if reasons else self.output.read_text()[-2_000:]


@dataclass
class Exit:
    """A worker that ended: ``asked`` is empty if nobody asked it to."""

    name: str
    code: int
    asked: str
    slept: bool
    words: str

    @property
    def fenced(self) -> bool:
        return "another process holds this partition" in self.words

    @property
    def strange(self) -> bool:
        """Nobody asked it to end, and nobody had taken its place."""
        return not self.asked and not self.fenced


@dataclass
class Crew:
    """The workers of one loop. What ends without being asked is started again, as a supervisor does."""

    bootstrap: str
    config: Path
    folder: Path
    members: dict[str, Member] = field(default_factory=dict)
    exits: list[Exit] = field(default_factory=list)
    _starts: int = 0

    def start(self, name: str) -> None:
        self._starts += 1
        output = self.folder / f"{name}.{self._starts}.log"
        environment = {
            **os.environ,
            "KAFKA_BOOTSTRAP_SERVERS": self.bootstrap,
            "CLOSELOOP_CONFIG": str(self.config),
            "CLOSELOOP_CLOCK": "event",
            "CLOSELOOP_DATA_DIR": str(self.folder / name),
            "CLOSELOOP_HEALTH_PORT": "0",
        }
        self.members[name] = Member(name, spawn(output, environment, "closeloop", "streams"), output)

    def free_name(self) -> str:
        return next(name for name in ("a", "b", "c", "d") if name not in self.members)

    def end(self, name: str, number: signal.Signals, why: str) -> None:
        member = self.members[name]
        member.asked = why
        member.process.send_signal(number)

    def tend(self) -> None:
        """See who ended; start again whoever was not asked to leave."""
        for name, member in list(self.members.items()):
            code = member.process.poll()
            if code is None:
                continue
            self.exits.append(Exit(name, code, member.asked, member.slept, member.last_words()))
            if sum(one.strange for one in self.exits) > STRANGE_EXITS:
                pytest.fail(f"workers keep ending by themselves; the last one says: {self.exits[-1].words}")
            del self.members[name]
            if member.asked != "leave":
                self.start(name)

    def ready(self) -> bool:
        return all(member.health("/readyz") for member in self.members.values())

    def stop(self) -> None:
        for member in self.members.values():
            member.process.kill()
            member.process.wait(30)


def spawn(output: Path, environment: dict[str, str], *module: str) -> "subprocess.Popen[bytes]":
    """A Python process that dies with this one, however this one ends.

    In a session of its own, as the brokers are: Linux shares a busy machine out by sessions.
    """
    command = [sys.executable, "-I", "-S", die_with_parent.__file__, str(os.getpid()), sys.executable, "-m", *module]
    with output.open("wb") as said:
        return subprocess.Popen(
            command, cwd=ROOT, env=environment, stdout=said, stderr=subprocess.STDOUT, start_new_session=True
        )


class Cluster:
    """What the rounds want to know of the brokers, which may be away at the moment."""

    def __init__(self, kafka: LocalKafka) -> None:
        self.kafka = kafka
        self._admin = AdminClient({"bootstrap.servers": kafka.bootstrap, "log_level": 0})
        self._asking = self._client()
        self._asked = [TopicPartition(topic, partition) for topic in SOURCES for partition in range(PARTITIONS)]

    def _client(self) -> Consumer:
        return Consumer({"bootstrap.servers": self.kafka.bootstrap, "group.id": GROUP, "log_level": 0})

    def _ask_anew(self) -> None:
        """Such a client goes on asking a broker that no longer leads, until its metadata are five minutes old."""
        self._asking.close()
        self._asking = self._client()

    def ends(self) -> list[int] | None:
        """How many records each source partition holds. None while nobody can say."""
        try:
            return [self._asking.get_watermark_offsets(at, timeout=5)[1] for at in self._asked]
        except KafkaException:
            self._ask_anew()
            return None

    def behind(self, ends: Sequence[int] | None) -> int | None:
        """Records below these ends that are not committed yet. None while nobody can say."""
        try:
            found = self._asking.committed(self._asked, timeout=5)
        except KafkaException:
            self._ask_anew()
            return None
        if ends is None:
            return None
        return sum(max(end - max(at.offset, 0), 0) for end, at in zip(ends, found, strict=True))

    def lag(self) -> int | None:
        """Records that are sent and not committed yet. None while nobody can say."""
        return self.behind(self.ends())

    def whole(self) -> bool:
        """Whether every replica of every partition is in sync: only then may a broker go."""
        try:
            found = self._admin.list_topics(timeout=5)
        except KafkaException:
            return False
        places = [place for topic in found.topics.values() for place in topic.partitions.values()]
        return len(found.brokers) == 3 and all(len(place.isrs) == 3 for place in places)

    def read(self, topic: str) -> dict[int, list[Rec]]:
        """All committed records of a topic by partition."""
        reader = Consumer(
            {
                "bootstrap.servers": self.kafka.bootstrap,
                "group.id": "nobody",
                "enable.auto.commit": False,
                "enable.partition.eof": True,
                "isolation.level": "read_committed",
                "log_level": 0,
            }
        )
        reader.assign([TopicPartition(topic, partition, 0) for partition in range(PARTITIONS)])
        found: dict[int, list[Rec]] = {partition: [] for partition in range(PARTITIONS)}
        ended: set[int] = set()
        try:
            while len(ended) < PARTITIONS:
                for message in reader.consume(10_000, 1.0):
                    if message.error() is not None:
                        ended.add(message.partition())
                        continue
                    headers = tuple(message.headers() or ())
                    record = Rec(message.offset(), message.timestamp()[1], message.key(), message.value(), headers)
                    found[message.partition()].append(record)
        finally:
            reader.close()
        return found

    def close(self) -> None:
        self._asking.close()


def wait(condition: Callable[[], bool], what: str, seconds: float, tend: Sequence[Callable[[], None]] = ()) -> None:
    """Wait until a condition holds; the deadline only says that it never will."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            pytest.fail(f"not within {seconds:g} s: {what}")
        for look in tend:
            look()
        time.sleep(0.1)
