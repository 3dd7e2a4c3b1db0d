"""Whom a dead letter may be about: every value in it that could be a customer's id. Pure, and in linear time.

It could not be read as an event, so nobody can say which of its values is the id. Looked at are the key, the headers,
every text and number of a JSON document, and where it is none, what stands between quotation marks or separators.
"""

import re
from collections.abc import Iterable, Iterator
from typing import Any
from urllib.parse import unquote_plus

import msgspec

from schemas.events import MAX_ID_BYTES

_QUOTE = re.compile(r'(?<!\\)"')
_SEPARATOR = re.compile(r"[,;&=|\t\r\n]")
_BARE = re.compile(r"[^\s\"'`,;:{}\[\]()<>=&|?]+")
_LONGEST = 6 * MAX_ID_BYTES
"""Characters of an id of which each is an escape (``\\u0061``)."""


def names_in(key: bytes | None, value: bytes | None, headers: Iterable[tuple[str, bytes | None]] = ()) -> set[str]:
    """Every value that is as short as an id."""
    found: set[str] = set()
    for raw in (key, value, *(content for _, content in headers)):
        if raw is not None:
            found.update(name for name in _texts(raw) if 0 < len(name) <= MAX_ID_BYTES)
    return found


def _texts(raw: bytes) -> Iterator[str]:
    text = raw.decode("utf-8", "replace")
    try:
        document = msgspec.json.decode(raw)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        yield from _pieces(text)
    else:
        yield text
        yield from _values(document)


def _values(document: Any) -> Iterator[str]:
    waiting = [document]  # no recursion: however deep somebody nests, nothing is overlooked
    while waiting:
        node = waiting.pop()
        if isinstance(node, str):
            yield node
        elif isinstance(node, int | float) and not isinstance(node, bool):
            yield str(node)
        elif isinstance(node, dict):
            yield from node
            waiting.extend(node.values())
        elif isinstance(node, list):
            waiting.extend(node)


def _pieces(text: str) -> Iterator[str]:
    """Of what is no JSON: broken JSON, wherever its quotation marks are missing; a form; a line of a table; a word."""
    yield text
    for piece in _QUOTE.split(text):
        if len(piece) <= _LONGEST:
            yield piece
            if "\\" in piece:
                try:
                    yield msgspec.json.decode(f'"{piece}"', type=str)
                except (msgspec.MsgspecError, UnicodeDecodeError):
                    continue
    for piece in _SEPARATOR.split(text):
        if len(piece) <= _LONGEST:
            yield piece.strip()
            yield unquote_plus(piece).strip()
    yield from _BARE.findall(text)
