"""The contract as documents: a JSON Schema a message, and one AsyncAPI 3.0 document of all topics.

Generated from the structs and the catalogue, so that they cannot say something else than the code does.
"""

import inspect
import json
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct

from schemas.alerts import Alert
from schemas.cases import CaseEvent
from schemas.compatibility import Direction
from schemas.contract_examples import EXAMPLES
from schemas.deadletters import DeadLetter
from schemas.events import ResponseEvent, TouchpointEvent
from schemas.metrics import Books, Metric, Partial, Tick
from schemas.topics import TopicSpec, catalogue

VERSION = "1.0.0"
MESSAGES: dict[str, tuple[type[Struct], Direction]] = {
    "TouchpointEvent": (TouchpointEvent, "read"),
    "ResponseEvent": (ResponseEvent, "read"),
    "Metric": (Metric, "written"),
    "Books": (Books, "written"),
    "Alert": (Alert, "written"),
    "CaseEvent": (CaseEvent, "written"),
    "DeadLetter": (DeadLetter, "written"),
    "Partial": (Partial, "written"),
    "Tick": (Tick, "written"),
}
"""Every message: its struct, and whether others write it (``read``) or we do (``written``)."""

_OPAQUE = {
    "state row": "The state of the streams, partition by partition. Its form is private to them and may change.",
    "alarm row": "What the rules over metrics remember of a series' alarm. Private to the streams, and may change.",
    "Signal": (
        "What a touchpoint or a case tells about the same customer, with the header `closeloop-signal`. Internal: it "
        "is no answer, and may change. Who reads answers passes over every record whose type is not the one they know."
    ),
    "Invitation": "Reserved: nothing is written here yet.",
}
_NOTHING: Mapping[str, str] = {}
_DRAFT = "https://json-schema.org/draft/2020-12/schema"


def documents() -> dict[str, str]:
    """File name to text of every document, the same at every run."""
    files = {f"{name}.json": _text(json_schema(name)) for name in MESSAGES}
    return {**files, "asyncapi.json": _text(asyncapi())}


def write(folder: Path, also: Mapping[str, str] = _NOTHING) -> None:
    """Write the documents, and others of the contract by their names. Other files in the folder are left alone."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in {**documents(), **also}.items():
        (folder / name).write_text(text, encoding="utf-8")


def check(folder: Path, also: Mapping[str, str] = _NOTHING) -> list[str]:
    """The names of documents that are missing, differ from what the code says, or belong to no message any more."""
    wanted = {**documents(), **also}
    stale = [name for name, text in wanted.items() if not _says(folder / name, text)]
    return stale + sorted(path.name for path in folder.glob("*.json") if path.name not in wanted)


def json_schema(name: str) -> dict[str, Any]:
    """The JSON Schema (draft 2020-12) of one message, complete in itself."""
    components = _components(name, "#/$defs/{name}")
    message = components.pop(name)
    schema = {"$schema": _DRAFT, "$id": f"urn:closeloop:v1:{name}", **message}
    if components:
        schema["$defs"] = components
    schema["examples"] = _examples(name)
    return schema


def asyncapi() -> dict[str, Any]:
    """The AsyncAPI 3.0 document, from closeloop's side: it receives what apps send, and sends the rest."""
    topics = catalogue()
    schemas: dict[str, Any] = {}
    for name in MESSAGES:
        schemas |= _components(name, "#/components/schemas/{name}")
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "closeloop",
            "version": VERSION,
            "description": (
                "Customer-feedback events in, rolling experience metrics, alerts and case transitions out. Events are "
                "CloudEvents 1.0 in JSON, structured mode; binary mode is read too. Partition counts are defaults."
            ),
            "license": {"name": "Apache-2.0"},
        },
        "defaultContentType": "application/json",
        "channels": {topic.name: _channel(topic) for topic in topics},
        "operations": {_operation_name(topic): _operation(topic) for topic in topics},
        "components": {
            "messages": {name: _message(name) for name in MESSAGES}
            | {_identifier(name): {"name": name, "summary": text} for name, text in _OPAQUE.items()},
            "schemas": dict(sorted(schemas.items())),
        },
    }


def _channel(topic: TopicSpec) -> dict[str, Any]:
    names = [_identifier(name) for name in topic.value.split(" | ")]
    config: dict[str, Any] = {"cleanup.policy": topic.config["cleanup.policy"].split(",")}
    for name in ("retention.ms", "delete.retention.ms"):
        if name in topic.config:
            config[name] = int(topic.config[name])
    return {
        "address": topic.name,
        "description": (
            f"Key: {topic.key}. Written by {', '.join(topic.written_by)}; read by {', '.join(topic.read_by)}."
        ),
        "messages": {name: {"$ref": f"#/components/messages/{name}"} for name in names},
        "bindings": {
            "kafka": {
                "topic": topic.name,
                "partitions": topic.partitions,
                "replicas": topic.replication,
                "topicConfiguration": config,
                "bindingVersion": "0.5.0",
            }
        },
    }


def _operation_name(topic: TopicSpec) -> str:
    return f"{_action(topic)}.{topic.name}"


def _operation(topic: TopicSpec) -> dict[str, Any]:
    names = [_identifier(name) for name in topic.value.split(" | ")]
    return {
        "action": _action(topic),
        "channel": {"$ref": f"#/channels/{topic.name}"},
        "messages": [{"$ref": f"#/channels/{topic.name}/messages/{name}"} for name in names],
    }


def _action(topic: TopicSpec) -> str:
    return "receive" if "apps" in topic.written_by else "send"


def _message(name: str) -> dict[str, Any]:
    struct = MESSAGES[name][0]
    summary = _words(inspect.getdoc(struct) or "").split("\n\n")[0]
    return {
        "name": name,
        "summary": summary,
        "contentType": "application/json",
        "payload": {"$ref": f"#/components/schemas/{name}"},
        "examples": [{"payload": example} for example in _examples(name)],
    }


def _examples(name: str) -> list[Any]:
    return [msgspec.json.decode(msgspec.json.encode(example)) for example in EXAMPLES[name]]


def _components(name: str, ref_template: str) -> dict[str, Any]:
    struct = MESSAGES[name][0]
    _, found = msgspec.json.schema_components([struct], ref_template=ref_template)
    components: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(found))
    for schema in components.values():
        if "description" in schema:
            schema["description"] = _words(inspect.cleandoc(schema["description"]))
    for field in msgspec.structs.fields(struct):
        if field.type is datetime:  # msgspec says the format only where a zone is required
            components[name]["properties"][field.encode_name]["format"] = "date-time"
    return components


def _identifier(name: str) -> str:
    """The name of a message as a key of components, e.g. ``StateRow``."""
    return "".join(word[0].upper() + word[1:] for word in name.split())


def _words(text: str) -> str:
    """A docstring without the marks of its markup."""
    return text.replace(":class:", "").replace("``", "`")


def _text(document: dict[str, Any]) -> str:
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def _says(path: Path, text: str) -> bool:
    try:
        return path.read_text(encoding="utf-8") == text
    except (OSError, UnicodeDecodeError):
        return False
