"""From the generated documents to what a page shows. Pure."""

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec
from msgspec import Struct

Document = Mapping[str, Any]

_RULES = {
    "minLength": "at least {} characters",
    "maxLength": "at most {} characters",
    "minimum": "at least {}",
    "maximum": "at most {}",
    "maxProperties": "at most {} entries",
    "maxItems": "at most {} entries",
    "pattern": "matches {}",
}
_METHODS = ("get", "post", "put", "patch", "delete", "options")


class Field(Struct, frozen=True, kw_only=True):
    """One field of a message, by its path from the top."""

    path: str
    kind: str
    required: bool
    rules: tuple[str, ...]
    about: str


class Message(Struct, frozen=True, kw_only=True):
    """One message: what it is, its fields, and an example as JSON."""

    name: str
    about: str
    fields: tuple[Field, ...]
    example: str


class Topic(Struct, frozen=True, kw_only=True):
    """One topic, and the messages on it."""

    name: str
    about: str
    messages: tuple[str, ...]
    policy: str


class Parameter(Struct, frozen=True, kw_only=True):
    """One parameter of a request; ``place`` is path, query or header."""

    name: str
    place: str
    required: bool
    about: str


class Sample(Struct, frozen=True, kw_only=True):
    """One example: of a body of a content type, or of the answer with a status, as ``what``."""

    what: str
    summary: str
    text: str


class Operation(Struct, frozen=True, kw_only=True):
    """One request of the API."""

    method: str
    path: str
    summary: str
    about: str
    parameters: tuple[Parameter, ...]
    bodies: tuple[str, ...]
    answers: tuple[tuple[str, str], ...]
    samples: tuple[Sample, ...]

    @property
    def anchor(self) -> str:
        """Its place on the page."""
        return f"{self.method}-{self.path.strip('/').replace('/', '-').replace('{', '').replace('}', '')}"


def read_message(name: str, document: Document) -> Message:
    """A message from its JSON Schema."""
    examples = document.get("examples") or [{}]
    return Message(
        name=name,
        about=str(document.get("description", "")),
        fields=tuple(_fields(document, document.get("$defs", {}), "", frozenset())),
        example=_json(examples[0]),
    )


def read_topics(document: Document) -> list[Topic]:
    """The topics of an AsyncAPI document, those that apps write first, then in their order."""
    topics = [
        Topic(
            name=name,
            about=str(channel.get("description", "")),
            messages=tuple(channel.get("messages", {})),
            policy=_policy(channel.get("bindings", {}).get("kafka", {}).get("topicConfiguration", {})),
        )
        for name, channel in document.get("channels", {}).items()
    ]
    return sorted(topics, key=lambda topic: "by apps" not in topic.about)


def read_operations(document: Document) -> list[Operation]:
    """The requests of an OpenAPI document, in its order."""
    return [
        _operation(method, path, item[method], document)
        for path, item in document.get("paths", {}).items()
        for method in _METHODS
        if method in item
    ]


def _operation(method: str, path: str, told: Document, document: Document) -> Operation:
    components = document.get("components", {}).get("parameters", {})
    parameters = [_resolved(parameter, components) for parameter in told.get("parameters", ())]
    return Operation(
        method=method.upper(),
        path=path,
        summary=str(told.get("summary", "")),
        about=str(told.get("description") or ""),
        parameters=tuple(
            Parameter(
                name=str(one.get("name", "")),
                place=str(one.get("in", "")),
                required=bool(one.get("required", False)),
                about=str(one.get("description") or ""),
            )
            for one in parameters
        ),
        bodies=tuple(told.get("requestBody", {}).get("content", {})),
        answers=tuple(
            (status, str(answer.get("description", ""))) for status, answer in sorted(told["responses"].items())
        ),
        samples=(
            *_samples(told.get("requestBody", {}), ""),
            *(one for status, answer in sorted(told["responses"].items()) for one in _samples(answer, status)),
        ),
    )


def _samples(told: Document, status: str) -> Iterator[Sample]:
    """The examples of a body, or of the answer with this status."""
    for kind, content in told.get("content", {}).items():
        for example in content.get("examples", {}).values():
            value = example.get("value")
            text = value if isinstance(value, str) else _json(value)
            yield Sample(what=status or kind, summary=str(example.get("summary", "")), text=text)


def _json(value: object) -> str:
    return msgspec.json.format(msgspec.json.encode(value), indent=2).decode()


def _fields(schema: Document, known: Document, prefix: str, within: frozenset[str]) -> Iterator[Field]:
    """The fields of an object and of the objects in it. ``within`` are the names that are open, against circles."""
    required = set(schema.get("required", ()))
    for name, told in schema.get("properties", {}).items():
        path = f"{prefix}{name}"
        inner = _named(told, known)
        yield Field(
            path=path,
            kind=_kind(told, known),
            required=name in required,
            rules=tuple(_rules(told, known)),
            about=str(told.get("description", "")) or str((inner or ("", {}))[1].get("description", "")),
        )
        if inner is not None and inner[0] not in within and "properties" in inner[1]:
            yield from _fields(inner[1], known, f"{path}.", within | {inner[0]})


def _choices(told: Document) -> list[Document]:
    return [one for one in (told.get("anyOf") or told.get("oneOf") or [told]) if one.get("type") != "null"]


def _named(told: Document, known: Document) -> tuple[str, Document] | None:
    """The one object that a field holds, by its name."""
    names = [str(one["$ref"]).rpartition("/")[2] for one in _choices(told) if "$ref" in one]
    return (names[0], known.get(names[0], {})) if len(names) == 1 else None


def _kind(told: Document, known: Document) -> str:
    words: list[str] = []
    for one in _choices(told):
        if "$ref" in one:
            target = known.get(str(one["$ref"]).rpartition("/")[2], {})
            words.append("object" if "properties" in target else _kind(target, known))
        elif "enum" in one or "const" in one:
            words.append(" | ".join(f"“{value}”" for value in one.get("enum", [one.get("const")])))
        elif one.get("type") == "array":
            items = one.get("items")  # false where a tuple has nothing behind its places
            words.append(f"list of {_kind(items, known)}" if isinstance(items, Mapping) else "list")
        else:
            kind = one.get("type", "any")
            words.append(" or ".join(kind) if isinstance(kind, list) else str(one.get("format", kind)))
    return " or ".join(dict.fromkeys(words)) or "any"


def _rules(told: Document, known: Document) -> Iterator[str]:
    for one in _choices(told):
        found = known.get(str(one["$ref"]).rpartition("/")[2], {}) if "$ref" in one else one
        if "properties" not in found:
            yield from (text.format(found[name]) for name, text in _RULES.items() if name in found and found[name] != 1)
    if told.get("default") not in (None, "", [], {}):
        yield f"without it {msgspec.json.encode(told['default']).decode()}"


def _resolved(parameter: Document, known: Document) -> Document:
    if "$ref" not in parameter:
        return parameter
    resolved: Document = known[str(parameter["$ref"]).rpartition("/")[2]]
    return resolved


def _policy(config: Document) -> str:
    """How long a topic keeps what is on it, in words."""
    if "compact" in config.get("cleanup.policy", ()):
        return "keeps the latest of each key"
    kept = config.get("retention.ms")
    return f"keeps {int(kept) // 86_400_000} days" if kept is not None else ""
