"""``closeloop topics`` against a real Kafka: what differs and how it is mended, what is there, what lies on a topic."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest
from confluent_kafka import Producer

from closeloop.broker.embedded import EmbeddedBroker
from closeloop.broker.errors import BrokerError
from closeloop.broker.topics_admin import (
    MissingTopic,
    OtherConfig,
    OtherPartitions,
    OtherReplication,
    alter_settings,
    check_topics,
    remedy,
)
from closeloop.cluster.asking import Asker
from closeloop.cluster.reading import HIDDEN, hidden, one_line, read_record
from closeloop.cluster.tail import tail
from schemas.cloudevents import EventReader
from schemas.deadletters import InvalidEvent, dead_letter
from schemas.kafka_link import KafkaLink
from schemas.metrics import Books
from schemas.scales import DEFAULT_METRICS
from schemas.topics import ALERTS, DEADLETTERS, METRICS, RESPONSES, TOUCHPOINTS, catalogue
from tests.cli.asking import Answer, ask, refused

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
SECRET = "atrasou de novo, liga para Maria"


def response(**data: object) -> bytes:
    told = {"customer_id": "c1", "metric": "nps", "score": 3, "comment": SECRET, **data}
    event = {
        "specversion": "1.0", "id": uuid.uuid4().hex, "source": "/tail", "type": "closeloop.response.v1",
        "time": "2026-11-20T11:59:00Z", "data": told,
    }  # fmt: skip
    return json.dumps(event).encode()


def read(topic: str, value: bytes | None, *, personal: bool = False) -> msgspec.Struct:
    events = EventReader(DEFAULT_METRICS)
    return read_record(topic, 0, 7, NOW, b"c1", value, [], events, personal=personal)


def test_what_a_customer_wrote_and_what_we_do_not_know_is_hidden() -> None:
    line = one_line(read(RESPONSES, response(phone="+55 11 5555")))
    assert line.startswith("cx.responses/0/7\t2026-11-22 12:00:00 UTC\tc1\t")
    assert f"score=3 comment={HIDDEN}" in line
    assert "Maria" not in line
    assert "5555" not in line
    assert "Maria" in one_line(read(RESPONSES, response(), personal=True))


def test_what_cannot_be_read_says_why_without_its_words() -> None:
    shown = read(RESPONSES, response(score=11))
    assert (shown.says, shown.problem) == (None, "scale: data.score: outside its scale 0..10")
    assert read(RESPONSES, response(metric="joy")).problem.startswith("metric: data.metric")
    assert "not what this topic holds" in read(ALERTS, b'{"type": "alert", "comment": "Maria"}').problem
    assert "tombstone" in read(METRICS, None).problem
    assert "not a topic whose records are read here" in read("orders", b"{}").problem


def test_the_bytes_of_a_dead_letter_are_hidden_too() -> None:
    error = InvalidEvent("scale", "data.score", "outside")
    letter = dead_letter(RESPONSES, 0, 3, b"maria@example.com", response(), [("h", b"x")], error, NOW)
    shown = read(DEADLETTERS, msgspec.json.encode(letter)).says
    assert shown is not None
    assert (shown["key"], shown["value"], shown["headers"]) == (HIDDEN, HIDDEN, HIDDEN)
    assert (shown["reason"], shown["offset"]) == ("scale", 3)


def test_the_dimensions_of_a_metric_are_no_names() -> None:
    assert hidden({"key": {"attributes.name": "x"}, "data": {"name": "Maria"}}) == {
        "key": {"attributes.name": "x"},
        "data": {"name": HIDDEN},
    }


def test_every_difference_has_a_remedy() -> None:
    assert remedy(MissingTopic("t")) == "closeloop topics create"
    assert remedy(OtherConfig("t", "retention.ms", "1", "2")) == "closeloop topics mend"
    assert "CLOSELOOP_PARTITIONS=6" in remedy(OtherPartitions("t", 3, 6))
    assert "--replication 2" in remedy(OtherReplication("t", 3, 2))
    assert "knows this setting" in remedy(OtherConfig("t", "a", "1", None))


@pytest.fixture
def topics(kafka: str) -> Iterator[Callable[..., Answer]]:
    def asked(*words: str) -> Answer:
        return ask("topics", *words, KAFKA_BOOTSTRAP_SERVERS=kafka)

    assert asked("create").code == 0
    yield asked
    differences = [one for one in check_topics(KafkaLink(kafka), catalogue()) if isinstance(one, OtherConfig)]
    alter_settings(KafkaLink(kafka), differences)


def send(kafka: str, topic: str, *values: bytes, partition: int = 0, **settings: str) -> None:
    producer = Producer({"bootstrap.servers": kafka, "acks": "all", **settings})
    if settings:
        producer.init_transactions()
        for value in values:
            producer.begin_transaction()
            producer.produce(topic, value, b"k", partition=partition)
            producer.commit_transaction()
        return
    for value in values:
        producer.produce(topic, value, b"k", partition=partition)
    assert producer.flush(20) == 0


@pytest.mark.kafka
def test_a_wrong_retention_is_found_and_mended_only_when_told(kafka: str, topics: Callable[..., Answer]) -> None:
    assert topics("check").code == 0
    wrong = OtherConfig(ALERTS, "retention.ms", "60000", None)
    alter_settings(KafkaLink(kafka), [wrong])
    found = topics("check")
    assert found.code == 1
    assert found.err == f"{ALERTS}: retention.ms is 60000 instead of 2592000000 -> closeloop topics mend\n"
    asked = topics("mend")  # nobody at the terminal: no answer is no
    assert asked.code != 0
    assert topics("check").code == 1
    assert topics("mend", "--yes").code == 0
    assert topics("check").code == 0
    assert "nothing to set" in topics("mend").err


@pytest.mark.kafka
def test_the_list_shows_ours_and_others_and_counts_records(
    kafka: str, topics: Callable[..., Answer], kafka_topics: Callable[..., str]
) -> None:
    other = kafka_topics(2, "other")
    send(kafka, other, b"a", b"b", b"c")
    rows = {row["topic"]: row for row in json.loads(topics("list", "--json").out)}
    assert {spec.name for spec in catalogue()} <= set(rows)
    assert (rows[other]["partitions"], rows[other]["records"], rows[other]["ours"]) == (2, 3, False)
    assert rows[ALERTS]["ours"]
    assert f"{other}\t2\t1\t0\t3\tno" in topics("list").out.splitlines()


def test_tail_shows_what_is_on_the_embedded_broker_and_what_it_does_not_know_is_said() -> None:
    with EmbeddedBroker() as broker:
        broker.create_topics([RESPONSES])
        send(broker.bootstrap, RESPONSES, response(customer_id="c-embedded"))
        asker = Asker(KafkaLink(broker.bootstrap), within_s=1)
        (line,) = map(one_line, tail(asker, RESPONSES, 5, EventReader(DEFAULT_METRICS)))
        assert "customer_id=c-embedded" in line
        for question in (asker.topics, lambda: asker.groups(["closeloop-streams"])):
            with pytest.raises(BrokerError, match="embedded broker"):
                question()


@pytest.mark.kafka
def test_tail_shows_the_newest_and_one_offset(kafka: str, topics: Callable[..., Answer]) -> None:
    mark = uuid.uuid4().hex
    send(kafka, RESPONSES, *(response(customer_id=f"{mark}-{number}") for number in range(5)))
    lines = [
        line for line in topics("tail", RESPONSES, "--last", "3", "--partition", "0").out.splitlines() if mark in line
    ]
    assert [f"{mark}-{number}" in line for number, line in zip((2, 3, 4), lines, strict=True)] == [True] * 3
    assert "Maria" not in "".join(lines)
    offset = lines[0].split("\t")[0].rpartition("/")[2]
    words = ("--partition", "0", "--offset", offset, "--last", "1", "--json", "--personal")
    (one,) = map(json.loads, topics("tail", RESPONSES, *words).out.splitlines())
    assert (one["offset"], one["says"]["data"]["customer_id"]) == (int(offset), f"{mark}-2")
    assert one["says"]["data"]["comment"] == SECRET
    (line,) = topics("tail", RESPONSES, "--last", "1000", "--id", one["says"]["id"]).out.splitlines()
    assert f"{mark}-2" in line
    refused(topics("tail", RESPONSES, "--last", "1000", "--id", mark), "no event with this id", "1,000", lines=1)


@pytest.mark.kafka
def test_tail_looks_behind_the_markers_of_transactions(kafka: str, topics: Callable[..., Answer]) -> None:
    books = Books(
        source="cx.responses/0", version=1, watermark=None, received=1, counted=1, duplicates=0, late=0, forwarded=0,
        dead_letters={}, alerts={},
    )  # fmt: skip
    values = [msgspec.json.encode(msgspec.structs.replace(books, version=number)) for number in range(6)]
    send(kafka, METRICS, *values, **{"transactional.id": uuid.uuid4().hex})
    lines = topics("tail", METRICS, "--last", "4", "--partition", "0").out.splitlines()
    assert [line.split(" version=")[1].split()[0] for line in lines] == ["2", "3", "4", "5"]


@pytest.mark.kafka
def test_lag_counts_what_nobody_has_read(kafka: str, topics: Callable[..., Answer]) -> None:
    before = {row["partition"]: row["records"] for row in lags(topics)}
    send(kafka, ALERTS, b"{}", b"{}", b"{}", partition=1)
    after = {row["partition"]: row for row in lags(topics)}
    assert after[1]["records"] - before[1] == 3
    assert after[1]["seconds"] > 0
    assert after[1]["read_by"] == ""
    assert "closeloop-desk: no member is running, nobody reads" in topics("lag").err
    refused(topics("lag", "--group", "nobody"), "--group: not one of", lines=1)


def lags(topics: Callable[..., Answer]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(topics("lag", "--group", "closeloop-desk", "--json").out)
    assert [row["topic"] for row in found] == [ALERTS] * 3
    return found


@pytest.mark.kafka
def test_tail_of_nothing_and_of_what_is_not_there(topics: Callable[..., Answer]) -> None:
    assert topics("tail", "cx.invitations").out == ""
    refused(topics("tail", "nope"), "no such topic", "closeloop topics list", lines=1)
    refused(topics("tail", TOUCHPOINTS, "--partition", "9"), "--partition", "0, 1, 2", lines=1)
    refused(topics("tail", TOUCHPOINTS, "--offset", "9"), "--partition", lines=1)


def test_a_broker_that_is_none(free_port: int) -> None:
    with pytest.raises(BrokerError, match="No Kafka answers"):
        Asker(KafkaLink(f"127.0.0.1:{free_port}"), within_s=0.3)
