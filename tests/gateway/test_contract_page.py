"""The contract as a page: everything of the documents is on it, its links lead somewhere, and no schema breaks it."""

from __future__ import annotations

import re
from html import unescape
from typing import Any

import jsonschema
import msgspec
from hypothesis import given
from hypothesis import strategies as st
from markupsafe import escape

from gateway.contract.reading import read_message, read_operations
from gateway.keys import create_key
from gateway.routes.event_document import ANSWERS, REQUESTS
from schemas.contract import MESSAGES
from schemas.topics import catalogue
from tests.gateway.conftest import Served


def test_every_topic_message_field_and_request_is_there_and_links_lead_to_them(gateway: Served) -> None:
    create_key(gateway.parts.writers, "somebody", "read")  # the contract is for those who have no key yet
    answer = gateway.client.get("/contract")
    assert answer.status_code == 200
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    html = answer.text
    ids = set(re.findall(r' id="([^"]+)"', html))
    assert {spec.name for spec in catalogue()} <= ids
    assert set(MESSAGES) <= ids
    for target in re.findall(r'href="#([^"]+)"', html):
        assert unescape(target) in ids, target
    for path in ("customer_id", "touchpoint", "attributes", "value.currency"):
        assert f"<code>data.{path}</code>" in html
    openapi = gateway.client.get("/contract/openapi.json").json()
    for path, item in openapi["paths"].items():
        for method, told in item.items():
            if isinstance(told, dict) and "responses" in told:
                assert f'<span class="method">{method.upper()}</span> <code>{path}</code>' in html
    for link in set(re.findall(r'href="(/[^"]+)"', html)):
        assert gateway.client.get(link).status_code == 200, link


def test_the_documents_are_json_and_others_are_not_there(gateway: Served) -> None:
    jsonschema.Draft202012Validator.check_schema(gateway.client.get("/contract/ResponseEvent.json").json())
    assert gateway.client.get("/contract/asyncapi.json").json()["asyncapi"].startswith("3.")
    for name in ("nothing.json", "ResponseEvent", "..%2fapp.py", "%2e%2e%2fsecrets"):
        assert gateway.client.get(f"/contract/{name}").status_code == 404


def test_the_examples_of_a_request_and_its_answers_are_shown(gateway: Served) -> None:
    (events,) = (
        one
        for one in read_operations(gateway.client.get("/contract/openapi.json").json())
        if (one.method, one.path) == ("POST", "/v1/events")
    )
    assert [status for status, _ in events.answers] == sorted(status for status, _ in events.answers)
    shown = {(sample.what, sample.summary) for sample in events.samples}
    assert shown == {
        (what, str(example.summary))
        for told in (REQUESTS, ANSWERS)
        for what, examples in told.items()
        for example in examples.values()
    }
    html = gateway.client.get("/contract").text
    for sample in events.samples:
        assert f"<code>{escape(sample.text)}</code>" in html
    assert "processing continues off-line" not in html


def test_a_wrong_address_is_told_the_right_one(gateway: Served) -> None:
    for method, path, status in (("POST", "/events", 404), ("POST", "/v1/event", 404), ("GET", "/v1/events", 405)):
        answer = gateway.client.request(method, path)
        assert answer.status_code == status
        problem = answer.json()["error"]["problem"]
        assert "POST /v1/events" in problem
        assert "/contract" in problem


_SCALARS = st.sampled_from(
    [{"type": "string", "maxLength": 5}, {"type": "integer", "minimum": 0}, {"enum": ["a", "b"]}]
)
_SCHEMAS = st.recursive(
    _SCALARS | st.just({"$ref": "#/$defs/Inner"}),
    lambda inner: st.one_of(
        st.builds(lambda one: {"anyOf": [one, {"type": "null"}]}, inner),
        st.builds(lambda one: {"type": "array", "items": one}, inner),
    ),
    max_leaves=4,
)


@given(st.dictionaries(st.from_regex(r"[a-z]{1,8}", fullmatch=True), _SCHEMAS, max_size=6), _SCHEMAS)
def test_each_property_of_any_schema_is_a_field_once_circles_included(top: dict[str, Any], inside: Any) -> None:
    inner = {"properties": {"again": {"$ref": "#/$defs/Inner"}, "other": inside}, "required": ["other"]}
    message = read_message("M", {"properties": top, "required": list(top)[:1], "$defs": {"Inner": inner}})
    paths = [field.path for field in message.fields]
    assert len(paths) == len(set(paths))
    assert [path for path in paths if "." not in path] == list(top)
    assert [field.path for field in message.fields if field.required and "." not in field.path] == list(top)[:1]
    assert all(field.kind for field in message.fields)
    assert msgspec.json.decode(message.example) == {}
