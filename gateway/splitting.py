"""Cut a batch into the untouched bytes of its events. Pure."""

import re

import msgspec

from schemas.deadletters import InvalidEvent

_elements = msgspec.json.Decoder(list[msgspec.Raw])
# Each match runs from one sign that matters to the next. Strings, unclosed ones too, and all else are passed over,
# possessively: so the whole scan stays linear. Commas matter only between elements.
_PASSED = rb'(?:[^"\[\]{}%s]++|"(?:[^"\\]++|\\.)*+"?)*+([\[\]{}%s])'
_BETWEEN = re.compile(_PASSED % (b",", b","), re.DOTALL)
_WITHIN = re.compile(_PASSED % (b"", b""), re.DOTALL)
_LINE = re.compile(rb"[^ \t\r\n][^\n]*")
_BLANK = b" \t\r\n"
_DEPTH = 200
"""Brackets within brackets; no event comes near."""
_BRACKETS = 400_000
"""Brackets of a whole batch, about eighty an event: more are no events, and looking at each would take seconds."""

_COMMAS = 250_000
"""Commas of a whole batch, fifty an event."""


class TooMany(ValueError):  # noqa: N818 - a measure that was exceeded, not a fault of ours
    """The batch has more events than one may have."""


def split_array(body: bytes, most: int) -> list[bytes]:
    """The elements of a JSON array, byte for byte.

    Where there are more commas than a batch has, memory for each would be dear: it is cut by its brackets then, which
    ends at the first element above ``most``.
    Where an element is not JSON (a lone surrogate, NaN), the array is cut by its brackets alone, so that one bad event
    does not take its neighbours with it. Raises :class:`InvalidEvent` for no array at all, :class:`TooMany`.
    """
    if body.count(b",") > _COMMAS:
        return _cut(body, most)
    try:
        elements = _elements.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return _cut(body, most)
    if len(elements) > most:
        raise TooMany
    return [bytes(element) for element in elements]


def split_lines(body: bytes, most: int) -> list[bytes]:
    """The lines of NDJSON that are not blank. Raises :class:`TooMany`."""
    lines: list[bytes] = []
    for found in _LINE.finditer(body):
        if len(lines) == most:
            raise TooMany
        lines.append(found[0].rstrip(_BLANK))
    return lines


def _cut(body: bytes, most: int) -> list[bytes]:
    text = body.strip(_BLANK)
    broken = InvalidEvent("not_json", "", "the batch is not a JSON array of events")
    if not text.startswith(b"["):
        raise broken
    parts: list[bytes] = []
    closers = bytearray(b"]")
    start = at = 1
    brackets = 1
    while closers:
        found = (_BETWEEN if len(closers) == 1 else _WITHIN).match(text, at)
        if found is None:
            raise broken
        sign, at = found[1], found.end()
        if sign == b",":
            parts.append(text[start : at - 1].strip(_BLANK))
            start = at
            if len(parts) > most:
                raise TooMany
            continue
        brackets += 1
        opened = b"[{".find(sign)
        if opened >= 0:
            closers.append(b"]}"[opened])
        elif closers.pop() != sign[0]:
            raise broken
        if len(closers) > _DEPTH or brackets > _BRACKETS:
            raise broken
    if at != len(text):
        raise broken
    parts.append(text[start : at - 1].strip(_BLANK))
    if len(parts) > most:
        raise TooMany
    return parts
