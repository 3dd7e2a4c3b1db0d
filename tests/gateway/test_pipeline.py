"""``/v1/pipeline``: the books as equations, the outbox, and what a real Kafka and the embedded one tell."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from confluent_kafka import Consumer, Producer, TopicPartition

from closeloop.broker.embedded import EmbeddedBroker, create_embedded_topics
from gateway.cluster.asking import ClusterReader
from gateway.cluster.looks import Look, Place, Reading
from gateway.cluster.report import ClusterReport, Lag, make_report
from gateway.cluster.watch import ClusterWatch
from gateway.outbox_reads import outbox_of
from schemas.kafka_link import KafkaLink
from schemas.tables import CaseRow, SlackOutboxRow
from schemas.topics import RESPONSES, STREAMS_GROUP, catalogue
from tests.gateway.conftest import Served
from tests.gateway.examples import opened
from tests.gateway.serving import wait_until
from tests.gateway.test_live_rows import books, put


def test_the_books_are_equations_and_say_when_they_do_not_hold(on_both: Served) -> None:
    told = on_both.client.get("/v1/pipeline").json()
    assert told["unknown"] == {"kafka": "not known: no look at the cluster yet"}
    assert told["books"]["responses"]["holds"] is True
    put(
        on_both.parts.live.rows,
        books("cx.responses/0", 9, 10, counted=6, duplicates=2, late=1, dead_letters={"scale": 1}),
    )
    put(on_both.parts.live.rows, books("cx.touchpoints/0", 9, 10, counted=7))
    told = on_both.client.get("/v1/pipeline").json()["books"]
    assert {
        name: told["responses"][name] for name in ("received", "counted", "duplicates", "late", "dead_letters")
    } == {
        "received": 10,
        "counted": 6,
        "duplicates": 2,
        "late": 1,
        "dead_letters": 1,
    }
    assert (told["responses"]["holds"], told["responses"]["difference"]) == (True, 0)
    assert (told["touchpoints"]["holds"], told["touchpoints"]["difference"]) == (False, 3)
    assert told["responses"]["unread"] is None


def test_the_outbox_tells_what_waits_and_since_when(on_both: Served) -> None:
    writers = on_both.parts.writers
    first, second = opened(writers), opened(writers, 2)
    with writers.begin() as session:
        session.query(SlackOutboxRow).delete()
    now = datetime(2026, 1, 10, 12, tzinfo=UTC)

    def message(name: str, state: str, ago: int, due: int = 0, case: int = first, **said: Any) -> None:
        with writers.begin() as session:
            session.add(
                SlackOutboxRow(
                    id=name,
                    case_id=case,
                    surface="channel",
                    kind="card",
                    dedupe_key=name,
                    destination="#cx",
                    state=state,
                    created_at=now - timedelta(seconds=ago),
                    not_before=now + timedelta(seconds=due),
                    **said,
                )
            )

    with writers() as session:
        assert outbox_of(session, now).oldest_seconds == 0
    message("sent", "sent", 900)
    message("held", "held", 800)
    message("morning", "pending", 700, due=60)
    message("now", "pending", 40)
    message("again", "pending", 50, due=5, attempts=2)
    message("sending", "sending", 30)
    message("doubt", "in_doubt", 90)
    message("dead", "dead", 1000)
    message("closed", "dead", 1000, case=second)
    with writers.begin() as session:
        session.get_one(CaseRow, second).state = "dismissed"
    with writers() as session:
        told = outbox_of(session, now)
    assert (told.waiting, told.in_doubt, told.undeliverable, told.oldest_seconds) == (3, 1, 1, 90)


def transact(producer: Any, topic: str, partition: int, *values: bytes) -> None:
    producer.begin_transaction()
    for value in values:
        producer.produce(topic, value, b"k", partition=partition)
    producer.commit_transaction(20)


def commit(bootstrap: str, group: str, topic: str, partition: int, offset: int) -> None:
    with closing(Consumer({"bootstrap.servers": bootstrap, "group.id": group, "log_level": 0})) as consumer:
        consumer.commit(offsets=[TopicPartition(topic, partition, offset)], asynchronous=False)


@pytest.mark.kafka
def test_a_real_cluster_tells_lag_rate_workers_and_disks(kafka: str, kafka_topics: Callable[..., str]) -> None:
    answers, totals = kafka_topics(2, "answers"), kafka_topics(2, "totals", cleanup_policy="compact")
    streams, desk, idle = (f"{name}-{uuid.uuid4().hex[:8]}" for name in ("streams", "desk", "idle"))
    readers = {streams: (answers, totals), desk: (answers,), idle: (totals,)}
    reader = ClusterReader(KafkaLink(kafka), topics=(answers, totals), readers=readers)
    member = Consumer({"bootstrap.servers": kafka, "group.id": desk, "client.id": "desk-1", "log_level": 0})

    def report(before: Look | None = None) -> tuple[Look, ClusterReport]:
        look = reader.look(time.time())
        return look, make_report(look, before, readers)

    def settled() -> bool:  # a broker makes its topic of commits only when it is first asked for
        return {one.group: one.lag for one in report()[1].groups}[idle] == Lag(0, 0.0)

    try:
        wait_until(settled)
        before, _ = report()
        plain = Producer({"bootstrap.servers": kafka, "log_level": 0})
        for number in range(6):
            plain.produce(answers, b"%d" % number, b"k", partition=0)
        assert plain.flush(20) == 0
        transactional = Producer({"bootstrap.servers": kafka, "transactional.id": uuid.uuid4().hex, "log_level": 0})
        transactional.init_transactions(30)
        transact(transactional, totals, 1, b"a", b"b")  # offsets 0 and 1, its marker 2
        transact(transactional, totals, 1, b"c")  # offset 3, its marker 4
        commit(kafka, streams, answers, 0, 4)
        commit(kafka, streams, totals, 1, 4)  # all read: only the marker lies behind
        place = Place(totals, 1)
        found: list[tuple[Look, ClusterReport]] = []

        def judged() -> bool:  # a busy machine may leave a look no time to read the single records
            found[:] = [report(before)]
            look = found[0][0]
            return look.partitions[place].stable_end == 5 and len(look.unread) == 4

        wait_until(judged)
        look, told = found[0]
        topics = {topic.topic: topic.partitions for topic in told.topics}
        assert sorted(topics) == sorted((answers, totals))
        first = topics[answers][0]
        assert (first.begin, first.end, first.replicas, first.in_sync) == (0, 6, 1, 1)
        assert first.rate_per_second == pytest.approx(6 / (look.at - before.at))
        waiting = first.lag[streams]
        assert waiting.records == 2
        assert waiting.seconds is not None
        assert 0 <= waiting.seconds < 60
        assert topics[totals][1].end == 5
        assert topics[totals][1].lag[streams] == Lag(0, 0.0)
        assert topics[totals][1].lag[idle].records == 5
        assert told.under_replicated_partitions == 0
        assert [one.id for one in told.brokers] == [1]
        assert told.unknown == {}
        (disk,) = told.disks or []
        assert disk.size_bytes is not None
        assert disk.free_bytes is not None
        assert 0 < disk.free_bytes < disk.size_bytes

        transact(transactional, totals, 1, b"d")  # offset 5, its marker 6
        transactional.begin_transaction()
        transactional.produce(totals, b"open", b"k", partition=1)
        transactional.flush(20)
        reading = Reading(streams, place)
        wait_until(
            lambda: (look := reader.look(time.time())).partitions[place].stable_end == 7 and reading in look.unread
        )
        look, _ = report()
        assert look.partitions[place].end == 8
        first_unread = look.unread[reading]
        assert first_unread is not None
        assert first_unread.offset == 5
        transactional.abort_transaction(20)

        member.subscribe([answers])
        wait_until(lambda: member.poll(0.1) is None and member.assignment())
        groups = {one.group: one for one in report()[1].groups}
        assert (groups[desk].state, groups[idle].members) == ("stable", [])
        (worker,) = groups[desk].members or []
        assert (worker.client, worker.host) == ("desk-1", "127.0.0.1")
        assert [(one.topic, one.partitions) for one in worker.partitions] == [(answers, [0, 1])]
    finally:
        member.close()
        reader.close()


def test_the_embedded_broker_tells_little_and_the_rest_is_named() -> None:
    with EmbeddedBroker() as broker:
        create_embedded_topics(broker.bootstrap, [spec.name for spec in catalogue()])
        producer = Producer({"bootstrap.servers": broker.bootstrap, "log_level": 0})
        producer.produce(RESPONSES, b"1", b"k", partition=0)
        assert producer.flush(20) == 0
        reader = ClusterReader(KafkaLink(broker.bootstrap), embedded=True)
        try:
            report = make_report(reader.look(time.time()), None)
        finally:
            reader.close()
    assert sorted(report.unknown) == ["disks", "members"]
    (topic,) = [one for one in report.topics if one.topic == RESPONSES]
    assert topic.partitions[0].end == 1
    assert [one.lag[STREAMS_GROUP].records for one in topic.partitions] == [1, *[0] * (len(topic.partitions) - 1)]
    assert report.disks is None
    assert report.groups[0].members is None


def test_a_cluster_that_is_away_is_said_to_be_and_nothing_waits_for_it(gateway: Served) -> None:
    reader = ClusterReader(KafkaLink("127.0.0.1:1"), patience=0.3)
    watch = ClusterWatch(reader)
    began = time.monotonic()
    assert watch.latest() is None
    assert time.monotonic() - began < 1
    look = reader.look(5.0)
    reader.close()
    assert list(look.unknown) == ["kafka"]
    assert make_report(look, None).topics == []
    assert gateway.client.get("/v1/pipeline").status_code == 200


def test_the_document_of_the_api_has_the_pipeline(gateway: Served, make: Callable[..., Any]) -> None:
    del make
    document = gateway.client.get("/schema/openapi.json").json()
    answer = document["paths"]["/v1/pipeline"]["get"]["responses"]["200"]["content"]["application/json"]["schema"]
    assert answer == {"$ref": "#/components/schemas/Pipeline"}
