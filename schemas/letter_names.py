"""Whom a dead letter may be about: every value in it that could be a customer's id. Pure.

It could not be read as an event, so nobody can say which of its values is the id. Looked at are the key, the headers,
every text and number of a JSON document, and where it is none, what stands between quotes or separators.
"""

import re
from collections.abc import Iterable, Iterator
from typing import Any

import msgspec

from schemas.events import MAX_ID_BYTES

_QUOTED = re.compile(r'"((?:[^"\\]|\\.){1,1024})"')
_BARE = re.compile(r"[^\s\"'`,;:{}\[\]()<>=&|?]+")
_MOST_DEEP = 200


def names_in(key: bytes | None, value: bytes | None, headers: Iterable[tuple[str, bytes | None]] = ()) -> set[str]:
    """Every value that is as short as an id."""
    found: set[str] = set()
    for raw in (key, *(content for _, content in headers)):
        if raw is not None:
            found.add(raw.decode("utf-8", "replace"))
            found.update(_texts(raw))
    if value is not None:
        found.update(_texts(value))
    return {name for name in found if 0 < len(name) <= MAX_ID_BYTES}


def _texts(raw: bytes) -> Iterator[str]:
    try:
        document = msgspec.json.decode(raw)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        yield from _pieces(raw.decode("utf-8", "replace"))
        return
    yield from _walk(document, 0)


def _walk(node: Any, deep: int) -> Iterator[str]:
    if isinstance(node, str):
        yield node
    elif isinstance(node, int | float) and not isinstance(node, bool):
        yield str(node)
    elif deep < _MOST_DEEP and isinstance(node, dict):
        for name, held in node.items():
            yield name
            yield from _walk(held, deep + 1)
    elif deep < _MOST_DEEP and isinstance(node, list):
        for held in node:
            yield from _walk(held, deep + 1)


def _pieces(text: str) -> Iterator[str]:
    """Of what is no JSON: broken JSON, a form, a line of a table."""
    for quoted in _QUOTED.findall(text):
        yield quoted
        try:
            yield msgspec.json.decode(f'"{quoted}"', type=str)
        except (msgspec.MsgspecError, UnicodeDecodeError):
            continue
    yield from _BARE.findall(text)
