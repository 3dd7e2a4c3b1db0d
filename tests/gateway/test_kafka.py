"""Against a real broker: what is accepted lies in Kafka, the live view follows, and a broker that goes comes back."""

from __future__ import annotations

import dataclasses
import gc
import json
import logging
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest
from confluent_kafka import Consumer, Producer, TopicPartition

from closeloop.broker.local import LocalKafka
from closeloop.broker.topics_admin import create_topics
from gateway.live import LiveView
from gateway.live_rows import LiveRows
from gateway.parts import Parts
from gateway.producer import EventProducer
from schemas.case_ledger import act
from schemas.kafka_link import KafkaLink
from schemas.tables import CaseEventRow
from schemas.topics import RESPONSES, TOUCHPOINTS, catalogue
from tests.gateway.conftest import KeptRecords
from tests.gateway.examples import opened, response, touchpoint
from tests.gateway.serving import serving, wait_until
from tests.gateway.test_live_rows import books, metric

pytestmark = pytest.mark.kafka


def send(bootstrap: str, topic: str, *records: tuple[bytes, bytes | None]) -> None:
    producer = Producer({"bootstrap.servers": bootstrap, "acks": "all"})
    for key, value in records:
        producer.produce(topic, value, key)
    assert producer.flush(20) == 0


def everything(bootstrap: str, topic: str) -> list[Any]:
    """Every message of a topic, by partition and offset."""
    consumer = Consumer({"bootstrap.servers": bootstrap, "group.id": uuid.uuid4().hex, "enable.auto.commit": False})
    try:
        places = [
            TopicPartition(topic, number, 0) for number in consumer.list_topics(topic, 20).topics[topic].partitions
        ]
        left = {place.partition: consumer.get_watermark_offsets(place, 20)[1] for place in places}
        consumer.assign(places)
        found: list[Any] = []
        deadline = time.monotonic() + 30
        while any(left.values()):
            assert time.monotonic() < deadline
            for message in consumer.consume(500, 0.2):
                assert message.error() is None, message.error()
                found.append(message)
                if message.offset() + 1 >= left[message.partition()]:
                    left[message.partition()] = 0
        return found
    finally:
        consumer.close()


@pytest.fixture
def event_topics(kafka: str) -> None:
    create_topics(KafkaLink(kafka), [spec for spec in catalogue(3) if spec.name in (TOUCHPOINTS, RESPONSES)])


@pytest.fixture
def over_kafka(
    make: Callable[..., Parts], sqlite_database: str, kafka: str, kafka_topics: Callable[..., str]
) -> Iterator[tuple[Parts, str, str]]:
    """Parts with a real producer and a live view of topics of their own; and the topics' names."""
    metrics = kafka_topics(3, "metrics", cleanup_policy="compact")
    cases = kafka_topics(3, "cases")
    failures: list[str] = []
    live = LiveView(KafkaLink(kafka), LiveRows(), failures.append, topics=(metrics, cases))
    producer = EventProducer(KafkaLink(kafka), deadline=10)
    parts = dataclasses.replace(make(sqlite_database, kafka=kafka), live=live, producer=producer)
    producer.start()
    live.start()
    yield parts, metrics, cases
    live.stop()
    producer.stop()
    assert failures == []


@contextmanager
def stream(url: str) -> Iterator[list[tuple[str, Any]]]:
    """Collect the stream's events in a thread while the block runs."""
    events: list[tuple[str, Any]] = []
    client = httpx.Client(trust_env=False, timeout=httpx.Timeout(5, read=None))

    def read() -> None:
        try:
            with client.stream("GET", f"{url}/v1/stream") as answer:
                name = ""
                for line in answer.iter_lines():
                    if line.startswith("event: "):
                        name = line[7:]
                    elif line.startswith("data: "):
                        events.append((name, json.loads(line[6:])))
        except httpx.HTTPError:
            return

    thread = threading.Thread(target=read, daemon=True)
    thread.start()
    try:
        yield events
    finally:
        threading.Thread(target=client.close, daemon=True).start()


def test_accepted_events_lie_in_kafka_byte_for_byte_in_order_on_murmur2s_partition(
    over_kafka: tuple[Parts, str, str], event_topics: None, kafka: str
) -> None:
    parts, _, _ = over_kafka
    run = uuid.uuid4().hex[:8]
    customers = [f"{run}-{number % 7}" for number in range(300)]
    events = [response(number, customer_id=customer, comment="é") for number, customer in enumerate(customers)]
    with serving(parts) as url, httpx.Client(base_url=url, trust_env=False) as client:
        answer = client.post("/v1/events", json=events)
        assert answer.json()["accepted"] == 300
        assert client.post("/v1/events", json=touchpoint(1, customer_id=f"{run}-t")).status_code == 202
        headers = {
            "content-type": "application/json",
            "ce-specversion": "1.0",
            "ce-id": "b1",
            "ce-source": "/s",
            "ce-type": "closeloop.response.v1",
            "ce-time": "2026-01-10T10:00:00Z",
        }
        data = json.dumps(response(1, customer_id=f"{run}-b")["data"]).encode()
        assert client.post("/v1/events", content=data, headers=headers).status_code == 202

    messages = [message for message in everything(kafka, RESPONSES) if message.key().startswith(run.encode())]
    sent = [json.dumps(event, ensure_ascii=False, separators=(",", ":")).encode() for event in events]
    plain = [message for message in messages if not message.key().endswith(b"-b")]
    assert sorted(message.value() for message in plain) == sorted(sent)
    for message in messages:
        assert message.partition() == murmur2(message.key()) % 3
    for customer in set(customers):
        arrived = [message.value() for message in plain if message.key() == customer.encode()]
        assert arrived == [value for value, whose in zip(sent, customers, strict=True) if whose == customer]
    (binary,) = [message for message in messages if message.key().endswith(b"-b")]
    assert binary.value() == data
    assert dict(binary.headers())["ce_id"] == b"b1"
    assert [m.key() for m in everything(kafka, TOUCHPOINTS) if m.key().startswith(run.encode())] == [
        f"{run}-t".encode()
    ]


def murmur2(key: bytes) -> int:
    """Kafka's own hash, written down from its definition: murmur2, seed 0x9747b28c, made positive."""
    length, mask = len(key), 0xFFFFFFFF
    h = 0x9747B28C ^ length
    for at in range(0, length - length % 4, 4):
        k = int.from_bytes(key[at : at + 4], "little") * 0x5BD1E995 & mask
        k = (k ^ k >> 24) * 0x5BD1E995 & mask
        h = (h * 0x5BD1E995 & mask) ^ k
    rest = key[length - length % 4 :]
    if rest:
        h = (h ^ int.from_bytes(rest, "little")) * 0x5BD1E995 & mask
    h = (h ^ h >> 13) * 0x5BD1E995 & mask
    return (h ^ h >> 15) & 0x7FFFFFFF


def test_the_live_view_reads_all_from_the_beginning_and_the_stream_tells_what_changes(
    over_kafka: tuple[Parts, str, str], kafka: str
) -> None:
    parts, metrics, cases = over_kafka
    wait_until(parts.live.caught_up.is_set)
    for row in (metric(3), metric(2), metric(1, window="1h")):
        send(kafka, metrics, (row.record_key(), msgspec.json.encode(row)))
    wait_until(lambda: parts.live.rows.size() == 2)

    late = LiveView(KafkaLink(kafka), LiveRows(), lambda why: None, topics=(metrics, cases))
    late.start()
    wait_until(late.caught_up.is_set)
    assert [row.version for row in late.rows.metrics("nps", "7d")] == [3]
    late.stop()

    with serving(parts) as url, stream(url) as events:
        wait_until(lambda: [name for name, _ in events].count("metric") == 2)
        wait_until(lambda: any(name == "totals" for name, _ in events))
        newer = metric(9)
        send(kafka, metrics, (newer.record_key(), msgspec.json.encode(newer)))
        wait_until(lambda: any(name == "metric" and told["version"] == 9 for name, told in events))
        book = books("cx.responses/0", 1, 5)
        send(kafka, metrics, (book.record_key(), msgspec.json.encode(book)))
        wait_until(lambda: any(name == "totals" and told["responses"]["received"] == 5 for name, told in events))

        case = opened(parts.writers)
        with parts.writers.begin() as session:
            act(session, case, "acknowledge", actor="ana", via="api", now=metric().as_of)
            published = [row.payload for row in session.query(CaseEventRow).order_by(CaseEventRow.seq)]
        for payload in published:
            send(kafka, cases, (str(case).encode(), json.dumps(payload).encode()))
        wait_until(lambda: any(name == "case" and told["state"] == "acknowledged" for name, told in events))
        told = [value for name, value in events if name == "case"][-1]
        assert (told["id"], told["latest_alert"]["score"]) == (case, 3)


@pytest.mark.faults
def test_a_client_that_does_not_read_is_let_go_and_the_others_stay(over_kafka: tuple[Parts, str, str]) -> None:
    parts, _, _ = over_kafka
    with serving(parts) as url, stream(url) as events:
        wait_until(lambda: len(parts.hub) == 1 and events)
        import socket
        from urllib.parse import urlsplit

        place = urlsplit(url)
        with socket.create_connection((place.hostname, place.port)) as lazy:
            lazy.sendall(b"GET /v1/stream HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
            wait_until(lambda: len(parts.hub) == 2)
            rows = [metric(version, key="x" * 1000 + str(number)) for version in (1,) for number in range(300)]
            version = 1

            def push_until_dropped() -> bool:
                nonlocal version
                version += 1
                for row in rows:
                    newer = msgspec.structs.replace(row, version=version)
                    parts.live.rows.take(row.record_key(), msgspec.json.encode(newer))
                time.sleep(0.1)
                return parts.hub.dropped == 1

            wait_until(push_until_dropped, 60)
        assert len(parts.hub) == 1


@pytest.fixture
def no_log_records() -> Iterator[None]:
    """kafka-python leaves the sockets of refused connections to the garbage collector; log records would hold them."""
    logging.disable(logging.CRITICAL)
    yield
    logging.disable(logging.NOTSET)


@pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning")
@pytest.mark.faults
def test_a_broker_that_goes_answers_503_and_comes_back_with_nothing_lost(
    make: Callable[..., Parts], sqlite_database: str, tmp_path: Path, kafka: str, no_log_records: None
) -> None:
    del kafka  # asked for so that this test is skipped where no real broker can be had
    broker = LocalKafka(tmp_path / "kafka", nodes=1, fast_start=True)
    broker.start()
    failures: list[str] = []
    try:
        create_topics(KafkaLink(broker.bootstrap), catalogue(3))
        live = LiveView(KafkaLink(broker.bootstrap), LiveRows(), failures.append)
        producer = EventProducer(KafkaLink(broker.bootstrap), deadline=2, on_fatal=failures.append)
        parts = dataclasses.replace(make(sqlite_database, kafka=broker.bootstrap), live=live, producer=producer)
        producer.start()
        live.start()
        accepted: list[str] = []
        with serving(parts) as url, httpx.Client(base_url=url, trust_env=False, timeout=30) as client:

            def emit(number: int) -> int:
                status = client.post("/v1/events", json=response(number)).status_code
                if status == 202:
                    accepted.append(f"r-{number}")
                return status

            assert emit(1) == 202
            wait_until(live.caught_up.is_set)
            broker.kill(1)
            refused = client.post("/v1/events", json=response(2))
            assert refused.status_code == 503
            assert int(refused.headers["retry-after"]) >= 1
            broker.start_node(1)
            numbers = iter(range(3, 100))
            wait_until(lambda: emit(next(numbers)) == 202, 60)
            row = metric(7)
            send(broker.bootstrap, "cx.metrics", (row.record_key(), msgspec.json.encode(row)))
            wait_until(lambda: [row.version for row in live.rows.metrics()] == [7], 60)
            stored = {json.loads(message.value())["id"] for message in everything(broker.bootstrap, RESPONSES)}
            assert set(accepted) <= stored
        live.stop()
        producer.stop()
        assert failures == []
    finally:
        broker.stop()
        gc.collect()


def test_a_view_that_fails_for_good_says_so(kafka: str, kafka_topics: Callable[..., str]) -> None:
    class Broken(LiveRows):
        def take(self, key: bytes | None, value: bytes | None) -> None:
            raise RuntimeError("a fault of ours")

    topics = (kafka_topics(1, "metrics"), kafka_topics(1, "cases"))
    failures: list[str] = []
    live = LiveView(KafkaLink(kafka), Broken(), failures.append, topics=topics)
    live.start()
    send(kafka, topics[0], (b"k", b"v"))
    wait_until(lambda: failures)
    wait_until(lambda: not live.alive())
    assert "RuntimeError" in failures[0]


def test_parts_of_the_tests_stand_in_for_the_producer() -> None:
    """The producer in memory offers what the real one does: the other tests rest on it."""
    own = {name for name in dir(KeptRecords) if not name.startswith("_")}
    assert own <= set(dir(EventProducer))
