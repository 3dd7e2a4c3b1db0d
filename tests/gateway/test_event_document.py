"""The OpenAPI document of POST /v1/events: its schemas, and its examples, each sent as it is."""

from __future__ import annotations

import json
from typing import Any

import jsonschema
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

from gateway.routes.event_document import REQUESTS
from tests.gateway.conftest import Served
from tests.gateway.examples import response, touchpoint

EXAMPLES = [(kind, name) for kind, examples in REQUESTS.items() for name in examples]


def operation(gateway: Served) -> tuple[dict[str, Any], dict[str, Any]]:
    document = gateway.client.get("/schema/openapi.json").json()
    return document, document["paths"]["/v1/events"]["post"]


def fits(document: dict[str, Any], schema: dict[str, Any], value: Any) -> bool:
    registry = Registry().with_resource("urn:api", Resource(document, DRAFT202012))
    absolute = json.loads(json.dumps(schema).replace('"#/', '"urn:api#/'))
    return bool(jsonschema.Draft202012Validator(absolute, registry=registry).is_valid(value))


def test_every_example_is_answered_as_the_document_says(gateway: Served) -> None:
    document, events = operation(gateway)
    for kind, name in EXAMPLES:
        send_example(gateway, document, events, kind, name)


def send_example(gateway: Served, document: dict[str, Any], events: dict[str, Any], kind: str, name: str) -> None:
    told = events["requestBody"]["content"][kind]
    value = told["examples"][name]["value"]
    assert fits(document, told["schema"], value) or name in ("bad_event", "batch_with_a_bad_event")
    (status,) = [
        status
        for status, answer in events["responses"].items()
        if name in answer.get("content", {}).get("application/json", {}).get("examples", {})
    ]
    body = value.encode() if isinstance(value, str) else json.dumps(value).encode()
    answer = gateway.client.post("/v1/events", content=body, headers={"content-type": kind})
    assert answer.status_code == int(status), name
    promised = events["responses"][status]["content"]["application/json"]
    assert answer.json() == promised["examples"][name]["value"]
    assert fits(document, promised["schema"], answer.json())


def test_no_answer_stands_there_without_its_request(gateway: Served) -> None:
    _, events = operation(gateway)
    answered = {
        name
        for answer in events["responses"].values()
        for name in answer.get("content", {}).get("application/json", {}).get("examples", {})
    }
    assert answered == {name for _, name in EXAMPLES}


def test_the_schemas_of_events_are_whole(gateway: Served) -> None:
    document, events = operation(gateway)
    one = events["requestBody"]["content"]["application/cloudevents+json"]["schema"]
    assert fits(document, one, response())
    assert fits(document, one, touchpoint())
    assert not fits(document, one, response(score="3"))
    assert not fits(document, one, {**touchpoint(), "id": ""})
    assert "data_base64" not in json.dumps(one)
    assert not fits(document, one, {name: value for name, value in response().items() if name != "source"})


def test_every_refused_body_is_answered_as_the_document_says(gateway: Served) -> None:
    document, events = operation(gateway)
    for body in (b"", b"no JSON", b"[1, 2", b"[]x", b'[{"id": 1}]', b'{"specversion": "2.0"}'):
        answer = gateway.client.post("/v1/events", content=body, headers={"content-type": "application/json"})
        assert answer.status_code == 400
        assert fits(document, events["responses"]["400"]["content"]["application/json"]["schema"], answer.json())


def test_every_refusal_says_when_to_send_again_where_that_helps(gateway: Served) -> None:
    _, events = operation(gateway)
    assert {status for status, answer in events["responses"].items() if "Retry-After" in answer.get("headers", {})} == {
        "429",
        "503",
    }
    assert set(events["responses"]) == {"202", "400", "401", "403", "408", "413", "415", "429", "503"}
