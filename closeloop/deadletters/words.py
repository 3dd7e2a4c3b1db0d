"""What a person reads of a dead letter at a terminal. Pure.

The bytes are what somebody sent: a comment, a name, an address. They are shown only when asked for; without that, the
outline of the JSON is, in which every text is replaced by its length.
"""

from collections.abc import Iterator
from typing import Any

import msgspec

from closeloop.cases.words import moment
from closeloop.cleaning import clean
from closeloop.deadletters.letters import Heap, Letter

HEAP_COLUMNS = ("reason", "topic", "letters", "waiting", "oldest", "newest")
LETTER_COLUMNS = ("id", "reason", "where", "at", "what is wrong", "sent again")

_HARMLESS = frozenset({"specversion", "type", "datacontenttype", "time", "metric", "outcome", "currency", "amount"})
"""Fields whose texts say what kind of thing it is and nothing about anybody."""
_HEX_WIDTH = 16
_HEX_MOST = 64 * _HEX_WIDTH


def heap_row(heap: Heap) -> tuple[str, ...]:
    """A heap by :data:`HEAP_COLUMNS`."""
    return (
        heap.reason,
        heap.topic,
        str(heap.letters),
        str(heap.waiting),
        moment(heap.oldest),
        moment(heap.newest),
    )


def letter_row(letter: Letter) -> tuple[str, ...]:
    """A letter by :data:`LETTER_COLUMNS`."""
    return (
        letter.id,
        letter.reason,
        _where(letter),
        moment(letter.at),
        wrong(letter),
        "" if letter.replayed_at is None else moment(letter.replayed_at),
    )


def wrong(letter: Letter) -> str:
    """What is wrong, with the field."""
    return f"{letter.field}: {letter.problem}" if letter.field else letter.problem


def lines(letter: Letter, *, personal: bool) -> Iterator[str]:
    """Everything about one letter."""
    yield clean(f"{letter.id}  {letter.reason}")
    yield clean(f"  {wrong(letter)}")
    yield f"  lies at {clean(_where(letter))}, dead since {moment(letter.at)}"
    yield "  " + (f"sent again {moment(letter.replayed_at)}" if letter.replayed_at else replayability(letter))
    key = b"" if letter.key is None else letter.key
    yield "Key: " + (clean(_text(key)) if personal else f"{len(key)} bytes")
    yield f"Headers: {len(letter.headers)}"
    for name, raw in letter.headers:
        said = f"{len(raw or b'')} bytes" if not personal else clean(_text(raw or b""))
        yield f"  {clean(name)}: {said}"
    value = letter.value or b""
    yield f"Value: {len(value):,} bytes" + ("" if personal or not value else ", --personal shows them")
    if personal:
        yield from (f"  {line}" for line in content(value))
    else:
        yield from (f"  {clean(line)}" for line in outline(value).splitlines())


def replayability(letter: Letter) -> str:
    """Whether it can be sent again, and how."""
    if letter.replayable:
        return f"can be sent again: closeloop deadletters replay {letter.id}"
    why = "its bytes were too large to keep" if not letter.value else f"{letter.topic} takes no records of others"
    return f"cannot be sent again: {why}"


def content(value: bytes) -> Iterator[str]:
    """The bytes as text, or in hexadecimal where they are none."""
    try:
        text = value.decode()
    except UnicodeDecodeError:
        yield from hex_lines(value)
        return
    yield from (clean(line) for line in text.splitlines())


def hex_lines(value: bytes) -> Iterator[str]:
    """Offset, sixteen bytes, and the printable among them; the beginning of what is long."""
    for start in range(0, min(len(value), _HEX_MOST), _HEX_WIDTH):
        part = value[start : start + _HEX_WIDTH]
        shown = "".join(chr(byte) if 0x20 <= byte < 0x7F else "." for byte in part)
        yield f"{start:08x}  {part.hex(' '):<{3 * _HEX_WIDTH - 1}}  {shown}"
    if len(value) > _HEX_MOST:
        yield f"... {len(value) - _HEX_MOST:,} bytes more: closeloop deadletters show ID --raw"


def outline(value: bytes) -> str:
    """The shape of JSON: numbers stay, texts are their lengths. Empty where it is no JSON."""
    try:
        told = msgspec.json.decode(value)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return ""
    return msgspec.json.format(msgspec.json.encode(_outlined(told, ""))).decode()


def _outlined(value: Any, name: str) -> Any:
    if isinstance(value, dict):
        return {key: _outlined(one, key) for key, one in value.items()}
    if isinstance(value, list):
        return [_outlined(one, name) for one in value]
    if isinstance(value, str) and name not in _HARMLESS:
        return f"({len(value)} characters)"
    return value


def _where(letter: Letter) -> str:
    return f"{letter.topic}/{letter.partition}/{letter.offset}"


def _text(raw: bytes) -> str:
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return raw.hex(" ")
