"""Would a change of the HTTP API break a program of version 1? Compares two OpenAPI documents. Pure.

What was a request must go on being one, and what it was answered must go on being readable. Refusals may be added to.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from schemas.compatibility import Direction, breaking_changes

_Document = Mapping[str, Any]
_METHODS = ("get", "post", "put", "patch", "delete")


def breaking_api_changes(old: _Document, new: _Document) -> list[str]:
    """What breaks between two versions of the API: a line for each, naming the request. Empty: nothing does."""
    return list(_changes(_with_plain_components(old), _with_plain_components(new)))


def _changes(old: _Document, new: _Document) -> Iterator[str]:
    for path, item in old["paths"].items():
        for method in _METHODS:
            if method not in item:
                continue
            name = f"{method.upper()} {path}"
            now = new["paths"].get(path, {}).get(method)
            if now is None:
                yield f"{name}: removed"
                continue
            for change in _request(old, item[method], new, now):
                yield f"{name}: {change}"


def _request(old: _Document, before: _Document, new: _Document, now: _Document) -> Iterator[str]:
    then, since = _parameters(before), _parameters(now)
    for place, parameter in then.items():
        if place not in since:
            yield f"{place[1]}: removed"
        else:
            if since[place].get("required", False) and not parameter.get("required", False):
                yield f"{place[1]}: newly required"
            yield from _compared(old, parameter, new, since[place], place[1], "read")
    for place, parameter in since.items():
        if place not in then and parameter.get("required", False):
            yield f"{place[1]}: newly required"
    yield from _contents(old, before.get("requestBody", {}), new, now.get("requestBody", {}), "body", "read")
    for status, answer in before["responses"].items():
        if status.startswith("2"):
            told = now["responses"].get(status)
            if told is None:
                yield f"{status}: removed"
            else:
                yield from _contents(old, answer, new, told, status, "written")


def _contents(
    old: _Document, before: _Document, new: _Document, now: _Document, place: str, direction: Direction
) -> Iterator[str]:
    for kind, content in before.get("content", {}).items():
        found = now.get("content", {}).get(kind)
        if found is None:
            yield f"{place}: {kind} removed"
        else:
            yield from _compared(old, content, new, found, place, direction)


def _compared(
    old: _Document, before: _Document, new: _Document, now: _Document, place: str, direction: Direction
) -> Iterator[str]:
    was, will_be = before.get("schema"), now.get("schema")
    if was is None or will_be is None:
        return
    for change in breaking_changes(_whole(was, old), _whole(will_be, new), direction):
        yield f"{place}: {change}"


def _parameters(operation: _Document) -> dict[tuple[str, str], _Document]:
    return {(one["in"], one["name"]): one for one in operation.get("parameters", ())}


def _whole(schema: _Document, document: _Document) -> dict[str, Any]:
    """A schema with the components that it points to, in the words that the comparison of messages knows."""
    return {**_plain(schema), "components": document["components"]}


def _with_plain_components(document: _Document) -> _Document:
    """Once a document: every schema points into them."""
    return {**document, "components": _plain(document.get("components", {}))}


def _plain(node: Any) -> Any:
    """``oneOf`` as ``anyOf``, and a list of types as a choice."""
    if isinstance(node, list):
        return [_plain(one) for one in node]
    if not isinstance(node, Mapping):
        return node
    found = {("anyOf" if name == "oneOf" else name): _plain(value) for name, value in node.items()}
    kinds = found.get("type")
    if isinstance(kinds, list):
        return {"anyOf": [{**found, "type": kind} for kind in kinds]}
    return found
