"""Events made by the CloudEvents SDK, in every mode over HTTP and Kafka; what lies in Kafka it reads back the same."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import httpx
import msgspec
import pytest
from cloudevents.core.bindings import http as over_http
from cloudevents.core.bindings import kafka as in_kafka
from cloudevents.core.formats.json import JSONFormat
from cloudevents.core.v1.event import CloudEvent
from confluent_kafka import Producer

from gateway.parts import Parts
from schemas.cloudevents import EventReader, context_attributes
from schemas.events import RESPONSE_TYPE, TOUCHPOINT_TYPE
from schemas.scales import DEFAULT_METRICS
from schemas.topics import RESPONSES, TOUCHPOINTS
from tests.gateway.conftest import make
from tests.gateway.serving import serving
from tests.gateway.test_kafka import event_topics, everything, over_kafka

__all__ = ["event_topics", "make", "over_kafka"]  # fixtures

pytestmark = pytest.mark.kafka

FORMAT = JSONFormat()
NAMES = ("plain", "two words", 'quo"ted', "50%", "é€😡", "a:b/c?d#e")
"""Ids that headers have to encode."""


def event(number: int, run: str, name: str, **extensions: str) -> CloudEvent:
    """A touchpoint or a response; every attribute that the standard knows."""
    asked = number % 2 == 1
    data: dict[str, Any] = {"customer_id": f"c{number}é"}
    data |= {"metric": "csat", "score": 5, "comment": "ótimo 😀"} if asked else {"touchpoint": "order.delivered"}
    attributes = {
        "id": f"{run} {name}",
        "source": "https://shop.example/caf%C3%A9?x=1",
        "type": RESPONSE_TYPE if asked else TOUCHPOINT_TYPE,
        "time": datetime(2026, 11, 20, 10, 0, number, 250_000, tzinfo=UTC),
        "datacontenttype": "application/json",
        "dataschema": "https://shop.example/schema",
        "subject": "order 1001",
        **extensions,
    }
    return CloudEvent(attributes, data)


def read_back(kafka: str, run: str) -> dict[str, tuple[Any, CloudEvent]]:
    """What lies on both topics from this run: as our reader and as the SDK reads it, by id."""
    reader = EventReader(DEFAULT_METRICS)
    found: dict[str, tuple[Any, CloudEvent]] = {}
    for topic in (TOUCHPOINTS, RESPONSES):
        for message in everything(kafka, topic):
            headers = list(message.headers() or ())
            texts = [message.value() or b"", *(text or b"" for _, text in headers)]
            if not any(run.encode() in text for text in texts):
                continue
            ours = reader.read(message.value(), datetime.now(UTC), context_attributes(headers))
            assert ours.id not in found
            kept = in_kafka.KafkaMessage(dict(headers), message.key(), message.value())
            found[ours.id] = (ours, in_kafka.from_kafka_event(kept))
    return found


def same(sent: CloudEvent, found: tuple[Any, CloudEvent]) -> None:
    ours, theirs = found
    assert theirs.get_data() == sent.get_data()
    for name in ("id", "source", "type", "time", "subject", "dataschema"):
        assert theirs.get_attributes()[name] == sent.get_attributes()[name], name
    assert (ours.id, ours.source, ours.time) == (sent.get_id(), sent.get_source(), sent.get_time())
    assert msgspec.to_builtins(ours.data).items() >= sent.get_data().items()


@pytest.mark.parametrize("mode", ["structured", "binary", "batch", "lines"])
def test_over_http(over_kafka: tuple[Parts, str, str], event_topics: None, kafka: str, mode: str) -> None:
    parts, _, _ = over_kafka
    run = uuid.uuid4().hex[:8]
    sent = [event(number, run, name, traceno="7") for number, name in enumerate(NAMES)]
    with serving(parts) as url, httpx.Client(base_url=url, trust_env=False) as client:
        if mode in ("structured", "binary"):
            make_request: Callable[..., Any] = over_http.to_structured if mode == "structured" else over_http.to_binary
            for one in sent:
                request = make_request(one, FORMAT)
                answer = client.post("/v1/events", content=request.body, headers=request.headers)
                assert (answer.status_code, answer.json()["accepted"]) == (202, 1), answer.text
        else:
            bodies = [over_http.to_structured(one, FORMAT).body for one in sent]
            content, kind = (
                (b"[" + b",".join(bodies) + b"]", "application/cloudevents-batch+json")
                if mode == "batch"
                else (b"\n".join(bodies), "application/x-ndjson")
            )
            answer = client.post("/v1/events", content=content, headers={"content-type": kind})
            assert (answer.status_code, answer.json()["accepted"]) == (202, len(sent)), answer.text
    found = read_back(kafka, run)
    assert set(found) == {one.get_id() for one in sent}
    for one in sent:
        same(one, found[one.get_id()])


@pytest.mark.parametrize("mode", ["structured", "binary"])
def test_straight_into_kafka(event_topics: None, kafka: str, mode: str) -> None:
    run = uuid.uuid4().hex[:8]
    sent = [event(number, run, name) for number, name in enumerate(NAMES)]
    producer = Producer({"bootstrap.servers": kafka, "acks": "all", "partitioner": "murmur2_random"})
    write = in_kafka.to_structured if mode == "structured" else in_kafka.to_binary
    for one in sent:
        message = write(one, FORMAT, key_mapper=lambda made: made.get_data()["customer_id"])
        topic = RESPONSES if one.get_type() == RESPONSE_TYPE else TOUCHPOINTS
        producer.produce(topic, message.value, message.key, headers=list(message.headers.items()))
    assert producer.flush(20) == 0
    found = read_back(kafka, run)
    assert set(found) == {one.get_id() for one in sent}
    for one in sent:
        same(one, found[one.get_id()])


TYPES = ("application/json", "application/json; charset=utf-8")
STRUCTURED_TYPES = ("application/cloudevents+json", "application/cloudevents+json; charset=utf-8")


@pytest.mark.parametrize("kind", [*TYPES, *STRUCTURED_TYPES])
@pytest.mark.parametrize("way", ["http", "kafka"])
def test_the_combinations_of_the_conformance_set(
    over_kafka: tuple[Parts, str, str], event_topics: None, kafka: str, kind: str, way: str
) -> None:
    """Each mode and content type of CloudEvents' own conformance features, with a type and data that the loop reads."""
    parts, _, _ = over_kafka
    run = uuid.uuid4().hex[:8]
    attributes = {
        "specversion": "1.0", "type": TOUCHPOINT_TYPE, "time": "2018-04-05T03:56:24Z", "id": run,
        "source": "/mycontext/subcontext",
    }  # fmt: skip
    data = {"customer_id": "c1", "touchpoint": "order.delivered"}
    if kind in TYPES:
        prefix = "ce-" if way == "http" else "ce_"
        headers = {f"{prefix}{name}": text for name, text in attributes.items()} | {"content-type": kind}
        body = msgspec.json.encode(data)
    else:
        headers = {"content-type": kind}
        body = msgspec.json.encode({**attributes, "datacontenttype": "application/json", "data": data})
    if way == "http":
        with serving(parts) as url, httpx.Client(base_url=url, trust_env=False) as client:
            assert client.post("/v1/events", content=body, headers=headers).status_code == 202
    else:
        producer = Producer({"bootstrap.servers": kafka, "acks": "all"})
        producer.produce(TOUCHPOINTS, body, b"c1", headers=list(headers.items()))
        assert producer.flush(20) == 0
    ours, theirs = read_back(kafka, run)[run]
    assert (ours.id, ours.source, ours.time) == (
        run,
        "/mycontext/subcontext",
        datetime(2018, 4, 5, 3, 56, 24, tzinfo=UTC),
    )
    assert theirs.get_data() == data
