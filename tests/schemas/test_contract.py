"""The documents say what the code does, are fresh, hold together, and version 1 stays readable."""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, get_args

import jsonschema
import msgspec
import pytest

from schemas import contract
from schemas.cloudevents import EventReader
from schemas.compatibility import Direction, breaking_changes
from schemas.contract_examples import EXAMPLES
from schemas.deadletters import DeadLetterReason, InvalidEvent
from schemas.scales import DEFAULT_METRICS
from schemas.topic_compatibility import breaking_topic_changes
from schemas.topics import catalogue
from tests.schemas.test_cloudevents import BAD_FIELDS, RESPONSE, TOUCHPOINT, _changed

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "docs" / "contract"
NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


def _validator(name: str) -> jsonschema.Draft202012Validator:
    schema = contract.json_schema(name)
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema)


def test_a_stale_missing_or_left_over_document_is_found(tmp_path: Path) -> None:
    contract.write(tmp_path)
    assert contract.check(tmp_path) == []
    (tmp_path / "Alert.json").write_text("{}")
    (tmp_path / "Tick.json").unlink()
    (tmp_path / "Gone.json").write_text("{}")
    assert contract.check(tmp_path) == ["Alert.json", "Tick.json", "Gone.json"]
    assert contract.check(tmp_path / "nowhere") == list(contract.documents())


def test_the_documents_are_the_same_at_every_run() -> None:
    assert contract.documents() == contract.documents()


@pytest.mark.parametrize("name", contract.MESSAGES)
def test_every_message_has_examples_that_fit_its_schema_and_its_struct(name: str) -> None:
    validator = _validator(name)
    struct = contract.MESSAGES[name][0]
    assert EXAMPLES[name]
    for example in EXAMPLES[name]:
        raw = msgspec.json.encode(example)
        validator.validate(json.loads(raw))
        assert msgspec.json.decode(raw, type=struct) == example
    assert contract.json_schema(name)["examples"] == [json.loads(msgspec.json.encode(one)) for one in EXAMPLES[name]]


@pytest.mark.parametrize("name", contract.MESSAGES)
def test_the_schema_asks_for_what_the_struct_asks_for(name: str) -> None:
    schema = contract.json_schema(name)
    struct = contract.MESSAGES[name][0]
    example = json.loads(msgspec.json.encode(EXAMPLES[name][0]))
    for field in set(schema["required"]) - {"type"}:  # the tag is asked for where several types are read
        without = {key: value for key, value in example.items() if key != field}
        assert not _validator(name).is_valid(without)
        with pytest.raises(msgspec.ValidationError):
            msgspec.json.decode(json.dumps(without), type=struct)


@pytest.mark.parametrize("event", [RESPONSE, TOUCHPOINT])
def test_schema_and_reader_agree_on_the_shape_of_events(event: dict[str, Any]) -> None:
    """Whatever the schema refuses the reader refuses too; what only the reader can say is listed in the README."""
    name = "ResponseEvent" if event is RESPONSE else "TouchpointEvent"
    validator, reader = _validator(name), EventReader(DEFAULT_METRICS)
    assert validator.is_valid(event)
    refused_by_schema = 0
    for base, path, value, _, _ in BAD_FIELDS:
        if base is event:
            raw = _changed(base, path, value)
            with pytest.raises(InvalidEvent):
                reader.read(raw, NOW)
            refused_by_schema += not validator.is_valid(json.loads(raw))
    assert refused_by_schema >= (30 if event is RESPONSE else 6)


def test_asyncapi_has_every_topic_and_holds_together() -> None:
    document = contract.asyncapi()
    assert document["asyncapi"] == "3.0.0"
    assert {"title", "version"} <= set(document["info"])
    assert list(document["channels"]) == [topic.name for topic in catalogue()]
    references = re.findall(r'"\$ref": "([^"]+)"', json.dumps(document))
    assert len(references) > 40
    for reference in references:
        node: Any = document
        for step in reference.removeprefix("#/").split("/"):
            assert step in node, reference
            node = node[step]
    for channel in document["channels"].values():
        assert channel["messages"]
        kafka = channel["bindings"]["kafka"]
        assert kafka["partitions"] >= 1
        assert set(kafka["topicConfiguration"]["cleanup.policy"]) <= {"compact", "delete"}
    by_topic = {name.split(".", 1)[1]: operation["action"] for name, operation in document["operations"].items()}
    assert by_topic["cx.responses"] == by_topic["cx.touchpoints"] == "receive"
    assert by_topic["cx.alerts"] == by_topic["cx.metrics"] == by_topic["cx.cases"] == "send"
    for message in document["components"]["messages"].values():
        for example in message.get("examples", []):
            schema = {"$ref": message["payload"]["$ref"], "components": document["components"]}
            jsonschema.Draft202012Validator(schema).validate(example["payload"])


def test_every_message_of_the_catalogue_is_in_the_contract() -> None:
    named = {name for topic in catalogue() for name in topic.value.split(" | ")}
    assert named - set(contract.MESSAGES) == {"state row", "alarm row", "Invitation", "Signal"}
    assert set(contract.MESSAGES) <= named


# Version 1


@pytest.mark.parametrize("name", contract.MESSAGES)
def test_version_1_stays_readable(name: str) -> None:
    frozen = json.loads((FOLDER / "v1" / f"{name}.json").read_text())
    assert breaking_changes(frozen, contract.json_schema(name), contract.MESSAGES[name][1]) == []
    for example in frozen["examples"]:
        assert msgspec.json.decode(json.dumps(example), type=contract.MESSAGES[name][0])


def test_nothing_of_version_1_is_gone() -> None:
    assert {path.stem for path in (FOLDER / "v1").glob("*.json")} <= {*contract.MESSAGES, "openapi", "asyncapi"}


def test_the_topics_of_version_1_stay() -> None:
    frozen = json.loads((FOLDER / "v1" / "asyncapi.json").read_text())
    assert breaking_topic_changes(frozen, contract.asyncapi()) == []


def _without_alerts(document: dict[str, Any]) -> None:
    del document["channels"]["cx.alerts"]


def _metric_gone(document: dict[str, Any]) -> None:
    del document["channels"]["cx.metrics"]["messages"]["Metric"]


def _other_key(document: dict[str, Any]) -> None:
    told = document["channels"]["cx.responses"]["description"]
    document["channels"]["cx.responses"]["description"] = told.replace("customer_id", "event id", 1)


def _deleted(document: dict[str, Any]) -> None:
    document["channels"]["cx.metrics"]["bindings"]["kafka"]["topicConfiguration"]["cleanup.policy"] = ["delete"]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (_without_alerts, "cx.alerts: removed"),
        (_metric_gone, "cx.metrics: Metric is no longer on it"),
        (_other_key, "cx.responses: the key is no longer customer_id"),
        (_deleted, "cx.metrics: it no longer keeps by compact"),
    ],
)
def test_a_breaking_change_of_a_topic_is_refused(change: Callable[[dict[str, Any]], None], said: str) -> None:
    changed = copy.deepcopy(contract.asyncapi())
    change(changed)
    assert breaking_topic_changes(contract.asyncapi(), changed) == [said]


def test_topics_of_our_own_and_new_ones_break_nobody() -> None:
    changed = copy.deepcopy(contract.asyncapi())
    changed["channels"]["cx.new"] = changed["channels"].pop("cx.cases.state")
    del changed["channels"]["cx.partials"]["messages"]["AlarmRow"]
    assert breaking_topic_changes(contract.asyncapi(), changed) == []


BASE: dict[str, Any] = {
    "type": "object",
    "properties": {
        "name": {"type": "string", "minLength": 1, "maxLength": 10, "pattern": "^[a-z]+$"},
        "count": {"type": "integer", "minimum": 0, "maximum": 10},
        "word": {"enum": ["a", "b"]},
        "note": {"anyOf": [{"type": "string"}, {"type": "null"}], "default": None},
        "tags": {"type": "array", "items": {"type": "string"}},
        "pair": {"type": "array", "prefixItems": [{"type": "string"}, {"type": "integer"}]},
        "facts": {"type": "object", "additionalProperties": {"anyOf": [{"type": "string"}, {"type": "number"}]},
                  "propertyNames": {"maxLength": 5}, "maxProperties": 4},
        "inner": {"$ref": "#/$defs/Inner"},
        "when": {"type": "string"},
    },
    "required": ["name", "count"],
    "$defs": {"Inner": {"type": "object", "properties": {"x": {"type": "integer"}, "next": {"$ref": "#/$defs/Inner"}},
                        "required": ["x"]}},
}  # fmt: skip
GONE = object()
CHANGES: list[tuple[str, object, Direction, str]] = [
    ("properties.note", GONE, "read", "note: removed"),
    ("properties.note", GONE, "written", "note: removed"),
    ("$defs.Inner.properties.x", GONE, "read", "inner.x: removed"),
    ("required", ["name", "count", "word"], "read", "word: newly required"),
    ("required", ["name"], "written", "count: no longer always there"),
    ("$defs.Inner.required", ["x", "next"], "read", "inner.next: newly required"),
    ("properties.name.type", "integer", "read", "name: string is no longer accepted"),
    ("properties.name.type", "integer", "written", "name: integer is new to readers"),
    ("properties.count.type", "number", "written", "count: number is new to readers"),
    ("properties.note", {"type": "string"}, "read", "note: null is no longer accepted"),
    ("properties.name", {"anyOf": [{"type": "string"}, {"type": "null"}]}, "written", "name: null is new to readers"),
    ("properties.name.minLength", 2, "read", "name: minLength is narrower than before"),
    ("properties.name.maxLength", 9, "read", "name: maxLength is narrower than before"),
    ("properties.name.maxLength", 11, "written", "name: maxLength is wider than before"),
    ("properties.name.maxLength", GONE, "written", "name: maxLength is wider than before"),
    ("properties.count.minimum", 1, "read", "count: minimum is narrower than before"),
    ("properties.count.maximum", 9, "read", "count: maximum is narrower than before"),
    ("properties.count.minimum", -1, "written", "count: minimum is wider than before"),
    ("properties.name.pattern", "^[a-y]+$", "read", "name: pattern changed"),
    ("properties.when.format", "date-time", "read", "when: format changed"),
    ("properties.word.enum", ["a"], "read", "word: b: no longer accepted"),
    ("properties.word.enum", ["a", "b", "c"], "written", "word: c: new to readers"),
    ("properties.word", {"type": "string"}, "written", "word: any value: new to readers"),
    ("properties.name.enum", ["x"], "read", "name: any value: no longer accepted"),
    ("properties.note.default", "", "read", "note: the default changed"),
    ("properties.tags.items.type", "integer", "read", "tags[]: string is no longer accepted"),
    ("properties.tags.minItems", 1, "read", "tags: minItems is narrower than before"),
    ("properties.pair.prefixItems", [{"type": "string"}], "read", "pair: the number of places changed"),
    ("properties.facts.additionalProperties", {"type": "string"}, "read", "facts.*: number is no longer accepted"),
    ("properties.facts.additionalProperties", False, "read", "facts: unknown fields are no longer accepted"),
    ("properties.facts.maxProperties", 3, "read", "facts: maxProperties is narrower than before"),
    ("properties.facts.propertyNames.maxLength", 4, "read", "facts.<name>: maxLength is narrower than before"),
    ("additionalProperties", False, "read", "unknown fields are no longer accepted"),
]


def _with(path: str, value: object) -> dict[str, Any]:
    changed = copy.deepcopy(BASE)
    *parents, last = path.split(".")
    node: Any = changed
    for parent in parents:
        node = node[parent]
    if value is GONE:
        del node[last]
        if "required" in node and last in node["required"]:
            node["required"].remove(last)
    else:
        node[last] = value
    return changed


@pytest.mark.parametrize(("path", "value", "direction", "said"), CHANGES)
def test_each_kind_of_break_is_found(path: str, value: object, direction: Direction, said: str) -> None:
    assert said in breaking_changes(BASE, _with(path, value), direction)


@pytest.mark.parametrize(
    ("path", "value", "direction"),
    [
        ("properties.later", {"type": "string", "default": ""}, "read"),
        ("properties.later", {"type": "string", "default": ""}, "written"),
        ("required", ["name"], "read"),
        ("required", ["name", "count", "word"], "written"),
        ("properties.count.type", "number", "read"),
        ("properties.name.maxLength", 11, "read"),
        ("properties.name.maxLength", 9, "written"),
        ("properties.word.enum", ["a", "b", "c"], "read"),
        ("properties.word.enum", ["a"], "written"),
        ("properties.name", {"anyOf": [{"type": "null"}, {"type": "string"}]}, "read"),
        ("properties.note", {"type": "string"}, "written"),
        ("properties.facts.additionalProperties", {"type": "string"}, "written"),
        ("properties.name.description", "words", "read"),
    ],
)
def test_a_change_that_breaks_nobody_is_let_through(path: str, value: object, direction: Direction) -> None:
    assert breaking_changes(BASE, _with(path, value), direction) == []


def test_an_unchanged_message_breaks_nobody() -> None:
    for direction in get_args(Direction):
        assert breaking_changes(BASE, BASE, direction) == []


def test_a_new_reason_of_dead_letters_would_be_noticed() -> None:
    frozen = json.loads((FOLDER / "v1" / "DeadLetter.json").read_text())
    changed = copy.deepcopy(frozen)
    changed["properties"]["reason"]["enum"].append("brand_new")
    assert set(frozen["properties"]["reason"]["enum"]) == set(get_args(DeadLetterReason))
    assert breaking_changes(frozen, changed, "written") == ["reason: brand_new: new to readers"]


# Examples in pages


def _pages() -> list[Path]:
    return [path for path in [ROOT / "README.md", *(ROOT / "docs").rglob("*.md")] if "contract/v1" not in str(path)]


@pytest.mark.parametrize("page", _pages(), ids=lambda page: page.name)
def test_every_event_shown_in_the_pages_is_valid(page: Path) -> None:
    reader = EventReader(DEFAULT_METRICS)
    for block in re.findall(r"```(?:json|jsonl|ndjson)\n(.*?)```", page.read_text(), re.DOTALL):
        decoder, text = json.JSONDecoder(), block.strip()
        while text:
            value, end = decoder.raw_decode(text)
            text = text[end:].strip()
            for event in value if isinstance(value, list) else [value]:
                if isinstance(event, dict) and "specversion" in event:
                    reader.read(json.dumps(event).encode(), datetime.now(UTC).replace(year=2099))
