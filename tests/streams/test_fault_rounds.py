"""Rounds of random faults on three brokers under load: at the end every row is what one batch over the logs says.

The faults follow from a seed, which is printed; FAULT_SEED takes it again, FAULT_ROUNDS says how many rounds, and
FAULT_MINUTES after how many minutes no further one begins (none is left out if it is not given).
"""

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from closeloop.broker.errors import BrokerError
from closeloop.broker.local import LocalKafka
from closeloop.broker.topics_admin import create_topics
from schemas.kafka_link import KafkaLink
from schemas.topics import ALERTS, DEADLETTERS, METRICS
from tests.fixtures.missing import lacking
from tests.streams.fault_crew import PARTITIONS, SOURCES, Cluster, Crew, spawn, topics, wait
from tests.streams.fault_oracle import LOOP_YAML, MINIMUM_N, MetricKey, Oracle, Truth, value_of
from tests.streams.fault_rounds import PATIENCE_S, Rounds
from tests.streams.fault_traffic import Traffic
from tests.streams.survey_events import Rec

ROUNDS = int(os.environ.get("FAULT_ROUNDS", "10"))
SEED = int(os.environ.get("FAULT_SEED", "0")) or random.SystemRandom().randrange(1, 10**9)
MINUTES = float(os.environ.get("FAULT_MINUTES", "inf"))
RATE = 2_000

pytestmark = [pytest.mark.kafka, pytest.mark.faults, pytest.mark.timeout(1_200 + 60 * ROUNDS)]


class Run:
    """A cluster, a crew and a feeder, and what the topics say at the end."""

    def __init__(self, kafka: LocalKafka, folder: Path) -> None:
        create_topics(KafkaLink(kafka.bootstrap), topics())
        config = folder / "loop.yaml"
        config.write_text(LOOP_YAML)
        self.cluster = Cluster(kafka)
        self.crew = Crew(kafka.bootstrap, config, folder)
        self._bootstrap = kafka.bootstrap
        self._output = folder / "feeder.log"
        # Its time runs some thirty times faster than ours, and must not come to lie ahead of it.
        self._began = float(int(time.time()) - 4 * 86_400)
        self._feeder: subprocess.Popen[bytes] | None = None

    def feed(self) -> None:
        arguments = [self._bootstrap, str(SEED), str(self._began), str(PARTITIONS), str(RATE)]
        self._feeder = spawn(self._output, dict(os.environ), "tests.streams.fault_feeder", *arguments)

    def hold(self, still: bool) -> None:
        assert self._feeder is not None
        self._feeder.send_signal(signal.SIGUSR1 if still else signal.SIGUSR2)

    def fed(self) -> tuple[int, float]:
        """Stop the feeder. How many records it sent, all of which the brokers took, and for how many seconds."""
        assert self._feeder is not None
        assert self._feeder.poll() is None, self._output.read_text()
        self._feeder.terminate()
        assert self._feeder.wait(2 * PATIENCE_S) == 0, self._output.read_text()
        account = json.loads(self._output.read_text().splitlines()[-1])
        assert account["failed"] == 0
        return int(account["sent"]), float(account["seconds"])

    def traffic(self) -> Traffic:
        return Traffic(SEED, self._began, PARTITIONS)

    def drained(self) -> bool:
        return self.cluster.lag() == 0 and self.crew.ready()

    def rows(self) -> list[dict[str, Any]]:
        """The last row of every key of cx.metrics."""
        last: dict[bytes | None, bytes | None] = {}
        for log in self.cluster.read(METRICS).values():
            last |= {record.key: record.value for record in log}
        return [json.loads(value) for value in last.values() if value is not None]

    def records(self, topic: str) -> list[dict[str, Any]]:
        return [json.loads(record.value or b"") for log in self.cluster.read(topic).values() for record in log]

    def stop(self) -> None:
        if self._feeder is not None and self._feeder.poll() is None:
            self._feeder.kill()
            self._feeder.wait(30)
        self.crew.stop()
        self.cluster.close()


@pytest.fixture
def run(tmp_path: Path) -> Iterator[Run]:
    kafka = LocalKafka(tmp_path / "kafka", nodes=3, fast_start=True)
    try:
        kafka.start()
    except BrokerError as error:
        lacking("a real Kafka of three nodes", str(error))
    try:
        run = Run(kafka, tmp_path)
        try:
            yield run
        finally:
            run.stop()
    finally:
        kafka.stop()


def test_rounds_of_random_faults_lose_and_double_nothing(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    def say(line: str) -> None:
        with capsys.disabled():
            sys.stdout.write(line + "\n")
            sys.stdout.flush()

    began = time.monotonic()
    say(f"\n{ROUNDS} rounds of faults at {RATE:,} records/s; the same faults again: FAULT_SEED={SEED}")
    run.crew.start("a")
    run.feed()
    rounds = Rounds(run.crew, run.cluster, random.Random(SEED), run.hold)
    rounds.catch_up("the first worker keeps up")
    for number in range(1, ROUNDS + 1):
        if time.monotonic() - began > MINUTES * 60:
            say(f"{MINUTES:g} minutes are over: {number - 1} of {ROUNDS} rounds were played")
            break
        say(rounds.play(number))
    sent, fed_for = run.fed()
    wait(run.drained, "all is counted and committed", PATIENCE_S, [run.crew.tend])

    logs = {(topic, number): log for topic in SOURCES for number, log in run.cluster.read(topic).items()}
    check_logs(logs, run.traffic(), sent)
    truth = Oracle(PARTITIONS).read(logs)
    # The merges may need another second after the sources; what is wrong then, stays wrong.
    deadline = time.monotonic() + 60
    while metrics_of(rows := run.rows(), truth) != truth.metrics and time.monotonic() < deadline:
        run.crew.tend()
        time.sleep(0.5)
    check_metrics(rows, truth)
    check_books(rows, truth, logs)
    alerts, letters = run.records(ALERTS), run.records(DEADLETTERS)
    check_alerts(alerts, truth)
    check_dead_letters(letters, truth)
    strange = [one for one in run.crew.exits if one.strange]
    say(summary(sent, truth, len(alerts), len(letters)))
    ended = Counter(
        f"{one.asked or ('fenced' if one.fenced else 'unasked')} (code {one.code})" for one in run.crew.exits
    )
    load = ", ".join(f"{average:.1f}" for average in os.getloadavg())
    say(
        f"fed for {fed_for:.0f} s, {sent / fed_for:,.0f} records/s; held back {rounds.held} times on a machine too busy"
    )
    say(f"exits: {dict(ended)}; {time.monotonic() - began:.0f} s on {os.cpu_count()} cores with load averages {load}")
    for one in strange:
        say(f"nobody asked worker {one.name} to end with code {one.code}: {one.words}")
    assert not any(one.code < 0 for one in strange), "a worker crashed"


def check_logs(logs: Mapping[tuple[str, int], Sequence[Rec]], traffic: Traffic, sent: int) -> None:
    """Kafka holds what was sent, each record once, and forwards besides: the oracle reads the right thing."""
    held = Counter(
        (topic, record.key, record.value)
        for (topic, _), log in logs.items()
        for record in log
        if not dict(record.headers).get("closeloop-forwarded")
    )
    assert held == Counter((send.topic, send.key, send.value) for send in (traffic.next() for _ in range(sent)))


def metrics_of(rows: Sequence[Mapping[str, Any]], truth: Truth) -> dict[MetricKey, dict[str, int]]:
    """The histograms that are not empty, by series, window and day. Of days that have left nobody speaks any more."""
    return {
        (row["metric"], row["window"], row["cut"], tuple(row["key"].items()), row.get("day")): row["counts"]
        for row in rows
        if row["type"] == "metric" and row["n"] and row.get("day", truth.today) >= truth.oldest_day
    }


def check_metrics(rows: Sequence[Mapping[str, Any]], truth: Truth) -> None:
    found = metrics_of(rows, truth)
    wrong = {
        key: (found.get(key), dict(truth.metrics.get(key, {})))
        for key in found.keys() | truth.metrics.keys()
        if found.get(key, {}) != truth.metrics.get(key, {})
    }
    assert not wrong, f"{len(wrong)} of {len(truth.metrics)} rows (found, true): {dict(list(wrong.items())[:5])}"
    for row in rows:
        if row["type"] == "metric" and row["n"]:
            assert row["n"] == sum(row["counts"].values())
            assert row["value"] == pytest.approx(value_of(row["metric"], row["counts"]))
            assert row["low"] <= row["value"] <= row["high"]
            assert row["too_few"] == (row["n"] < MINIMUM_N)


def check_books(rows: Sequence[Mapping[str, Any]], truth: Truth, logs: Mapping[tuple[str, int], Sequence[Rec]]) -> None:
    books = {row["source"]: row for row in rows if row["type"] == "books"}
    assert books.keys() == truth.accounts.keys()
    for (topic, partition), log in logs.items():
        row, account = books[f"{topic}/{partition}"], truth.accounts[f"{topic}/{partition}"]
        dead = sum(row["dead_letters"].values())
        assert row["received"] == row["counted"] + row["duplicates"] + row["late"] + dead
        said = {name: row[name] for name in ("counted", "duplicates", "late", "forwarded", "dead_letters", "alerts")}
        assert said == {
            "counted": account.counted,
            "duplicates": account.duplicates,
            "late": account.late,
            "forwarded": account.forwarded,
            "dead_letters": account.dead,
            "alerts": account.alerts,
        }
        assert row["version"] == log[-1].offset


def check_alerts(alerts: Sequence[Mapping[str, Any]], truth: Truth) -> None:
    """One for each answer and rule that it meets. A repeat bears the same id."""
    assert {(alert["event_id"], alert["rule"]) for alert in alerts} == truth.alerts
    assert len({alert["id"] for alert in alerts}) == len(truth.alerts)


def check_dead_letters(letters: Sequence[Mapping[str, Any]], truth: Truth) -> None:
    found = {(letter["topic"], letter["partition"], letter["offset"], letter["reason"]) for letter in letters}
    assert found == truth.dead_letters
    assert len({letter["id"] for letter in letters}) == len(truth.dead_letters)


def summary(sent: int, truth: Truth, alerts: int, letters: int) -> str:
    accounts = truth.accounts.values()

    def total(name: str) -> str:
        return f"{sum(getattr(account, name) for account in accounts):,}"

    dead = sum(account.dead.total() for account in accounts)
    return (
        f"{sent:,} records sent: received {total('received')} = counted {total('counted')} + duplicates "
        f"{total('duplicates')} + late {total('late')} + dead letters {dead:,}; revised {total('revised')}; forwarded "
        f"{total('forwarded')}, again after a fault {total('repeated_forwards')}. {len(truth.metrics):,} metric rows, "
        f"{len(truth.alerts):,} alerts and the dead letters equal the oracle's; repeats of an id on the topic: "
        f"{alerts - len(truth.alerts):,} alerts, {letters - len(truth.dead_letters):,} dead letters"
    )
