"""Would a change of a message break somebody who keeps to version 1? Compares JSON Schemas as msgspec writes them.

What we read must go on being accepted; what we write must go on being readable. Pure functions on documents.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Literal

Direction = Literal["read", "written"]
"""``read``: others write it and we must accept all they could send. ``written``: others read it."""

_LOWER = ("minimum", "exclusiveMinimum", "minLength", "minItems", "minProperties")
_UPPER = ("maximum", "exclusiveMaximum", "maxLength", "maxItems", "maxProperties")
_Schema = Mapping[str, Any]


def breaking_changes(old: _Schema, new: _Schema, direction: Direction) -> list[str]:
    """What breaks between two versions of a message: a line for each, naming its path. Empty: nothing does.

    A field added without being required is no break: readers of version 1 leave unknown fields unread.
    """
    if direction == "read":
        return list(_Comparison(old, new, old_is_given=True).run())
    return list(_Comparison(new, old, old_is_given=False).run())


class _Comparison:
    """Looks for an instance of ``given`` that ``accepted`` does not take."""

    def __init__(self, given: _Schema, accepted: _Schema, *, old_is_given: bool) -> None:
        self._given = given
        self._accepted = accepted
        self._old_is_given = old_is_given

    def run(self) -> Iterator[str]:
        yield from self._compare(self._given, self._accepted, "", frozenset())

    def _compare(self, given: _Schema, accepted: _Schema, path: str, seen: frozenset[tuple[str, str]]) -> Iterator[str]:
        step = (str(given.get("$ref", "")), str(accepted.get("$ref", "")))
        if step[0] and step in seen:
            return
        seen |= {step}
        given, accepted = _resolve(given, self._given), _resolve(accepted, self._accepted)
        if "default" in given and "default" in accepted and given["default"] != accepted["default"]:
            yield f"{_at(path)}the default changed"
        options = [_resolve(option, self._accepted) for option in accepted.get("anyOf", [accepted])]
        for one in given.get("anyOf", [given]):
            alternative = _resolve(one, self._given)
            answers = [
                list(self._alternative(alternative, option, path, seen))
                for option in options
                if _may_match(alternative, option)
            ]
            if not answers:
                kind = alternative.get("type", "a value")
                yield f"{_at(path)}{kind} is {self._verdict('no longer accepted', 'new to readers')}"
            else:
                yield from min(answers, key=len)

    def _alternative(
        self, given: _Schema, accepted: _Schema, path: str, seen: frozenset[tuple[str, str]]
    ) -> Iterator[str]:
        yield from self._values(given, accepted, path)
        yield from self._objects(given, accepted, path, seen)
        for place in ("items", "additionalProperties", "propertyNames"):
            inner, outer = given.get(place), accepted.get(place)
            if isinstance(inner, Mapping) and isinstance(outer, Mapping):
                yield from self._compare(inner, outer, f"{path}{_INSIDE[place]}", seen)
            elif outer is False and inner is not False:
                yield f"{_at(path)}unknown fields are {self._verdict('no longer accepted', 'new to readers')}"
            elif isinstance(outer, Mapping) and outer and inner is None and place != "additionalProperties":
                yield f"{_at(path)}{place} is {self._verdict('limited now', 'no longer limited')}"
        for number, (inner, outer) in enumerate(
            zip(given.get("prefixItems", []), accepted.get("prefixItems", []), strict=False)
        ):
            yield from self._compare(inner, outer, f"{path}[{number}]", seen)
        if len(given.get("prefixItems", [])) != len(accepted.get("prefixItems", [])):
            yield f"{_at(path)}the number of places changed"

    def _values(self, given: _Schema, accepted: _Schema, path: str) -> Iterator[str]:
        if "enum" in accepted:
            missing = [word for word in given.get("enum", ["any value"]) if word not in accepted["enum"]]
            if missing:
                words = ", ".join(str(word) for word in missing)
                yield f"{_at(path)}{words}: {self._verdict('no longer accepted', 'new to readers')}"
        narrower = self._verdict("narrower than before", "wider than before")
        for name in _LOWER:
            if name in accepted and given.get(name, float("-inf")) < accepted[name]:
                yield f"{_at(path)}{name} is {narrower}"
        for name in _UPPER:
            if name in accepted and given.get(name, float("inf")) > accepted[name]:
                yield f"{_at(path)}{name} is {narrower}"
        for name in ("pattern", "format", "multipleOf"):
            if name in accepted and given.get(name) != accepted[name]:
                yield f"{_at(path)}{name} changed"

    def _objects(self, given: _Schema, accepted: _Schema, path: str, seen: frozenset[tuple[str, str]]) -> Iterator[str]:
        given_fields, accepted_fields = given.get("properties", {}), accepted.get("properties", {})
        old, new = (given_fields, accepted_fields) if self._old_is_given else (accepted_fields, given_fields)
        for name in old:
            if name not in new:
                yield f"{_at(_join(path, name))}removed"
        for name in sorted(set(accepted.get("required", [])) - set(given.get("required", []))):
            if name in given_fields or self._old_is_given:
                yield f"{_at(_join(path, name))}{self._verdict('newly required', 'no longer always there')}"
        for name in given_fields:
            if name in accepted_fields:
                yield from self._compare(given_fields[name], accepted_fields[name], _join(path, name), seen)

    def _verdict(self, read: str, written: str) -> str:
        return read if self._old_is_given else written


_INSIDE = {"items": "[]", "additionalProperties": ".*", "propertyNames": ".<name>"}


def _resolve(schema: _Schema, document: _Schema) -> _Schema:
    while "$ref" in schema:
        node: Any = document
        for step in str(schema["$ref"]).removeprefix("#/").split("/"):
            node = node[step]
        schema = node
    return schema


def _may_match(given: _Schema, accepted: _Schema) -> bool:
    """Whether the two are of the same kind, so that their details can be compared."""
    kind, wanted = given.get("type"), accepted.get("type")
    if wanted is None or kind == wanted or (kind == "integer" and wanted == "number"):
        return True
    return kind is None and "enum" in given


def _join(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


def _at(path: str) -> str:
    return f"{path}: " if path else ""
