"""The document of the API is fresh, says what the gateway serves, and version 1 of it goes on being served."""

from __future__ import annotations

import copy
import json
import re
from pathlib import Path
from typing import Any

import pytest

from gateway.app import api_text
from schemas import contract
from schemas.api_compatibility import breaking_api_changes
from tests.gateway.conftest import Served

FOLDER = Path(__file__).parents[2] / "docs" / "contract"


@pytest.fixture(scope="module")
def text() -> str:
    """The document as it would be written now. Made once: it is made of every route there is."""
    return api_text()


def test_all_documents_are_fresh(text: str) -> None:
    assert contract.check(FOLDER, {"openapi.json": text}) == [], "stale: run `make contract`"


def test_the_file_is_what_a_running_gateway_tells(gateway: Served, text: str) -> None:
    assert gateway.client.get("/schema/openapi.json").json() == json.loads(text)


def test_a_path_that_is_asked_for_its_methods_names_all_that_the_document_has(gateway: Served, text: str) -> None:
    for path, operations in json.loads(text)["paths"].items():
        answer = gateway.client.options(re.sub(r"{[^}]+}", "1", path))
        named = set(answer.headers["allow"].split(", "))
        assert named >= {method.upper() for method in operations} | {"OPTIONS"}, path


def test_version_1_of_the_api_goes_on_being_served(text: str) -> None:
    frozen = json.loads((FOLDER / "v1" / "openapi.json").read_text())
    assert breaking_api_changes(frozen, json.loads(text)) == []


GONE = object()
CHANGES: list[tuple[tuple[str | int, ...], object, str]] = [
    (("paths", "/v1/totals"), GONE, "GET /v1/totals: removed"),
    (("paths", "/v1/silences", "post"), GONE, "POST /v1/silences: removed"),
    (("paths", "/v1/metrics", "get", "parameters", 0), GONE, "GET /v1/metrics: metric: removed"),
    (("paths", "/v1/metrics", "get", "parameters", 0, "required"), True, "GET /v1/metrics: metric: newly required"),
    (
        ("paths", "/v1/metrics", "get", "parameters", 0, "schema"),
        {"type": "integer"},
        "GET /v1/metrics: metric: string is no longer accepted",
    ),
    (("paths", "/v1/events", "post", "requestBody", "content", "application/x-ndjson"), GONE,
     "POST /v1/events: body: application/x-ndjson removed"),
    (("paths", "/v1/events", "post", "responses", "202"), GONE, "POST /v1/events: 202: removed"),
    (("components", "schemas", "CasePage", "properties", "next"), GONE, "GET /v1/cases: 200: next: removed"),
]  # fmt: skip


@pytest.mark.parametrize(("place", "value", "said"), CHANGES)
def test_each_kind_of_break_is_found(text: str, place: tuple[str | int, ...], value: object, said: str) -> None:
    old = json.loads(text)
    new: Any = copy.deepcopy(old)
    node = new
    for step in place[:-1]:
        node = node[step]
    if value is GONE:
        del node[place[-1]]
    else:
        node[place[-1]] = value
    assert said in breaking_api_changes(old, new)


def test_what_is_added_breaks_nothing(text: str) -> None:
    old = json.loads(text)
    new = copy.deepcopy(old)
    new["paths"]["/v2/new"] = {"get": {"responses": {}}}
    new["paths"]["/v1/metrics"]["get"]["parameters"].append(
        {"in": "query", "name": "more", "schema": {"type": "string"}}
    )
    new["components"]["schemas"]["CasePage"]["properties"]["more"] = {"type": "string"}
    assert breaking_api_changes(old, new) == []
    assert breaking_api_changes(old, old) == []
