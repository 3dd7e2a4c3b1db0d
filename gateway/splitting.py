"""Cut a batch into the untouched bytes of its events. Pure."""

import re

import msgspec

from schemas.deadletters import InvalidEvent

_elements = msgspec.json.Decoder(list[msgspec.Raw])
# A string always matches, closed or not: so the whole scan stays linear on hostile input.
_TOKEN = re.compile(rb'"(?:[^"\\]|\\.)*+("?)|[\[\]{},]', re.DOTALL)
_BLANK = b" \t\r\n"
_DEPTH = 200
"""Brackets within brackets; no event comes near."""


class TooMany(ValueError):  # noqa: N818 - a measure that was exceeded, not a fault of ours
    """The batch has more events than one may have."""


def split_array(body: bytes, most: int) -> list[bytes]:
    """The elements of a JSON array, byte for byte.

    Where an element is not JSON (a lone surrogate, NaN), the array is cut by its brackets alone, so that one bad event
    does not take its neighbours with it. Raises :class:`InvalidEvent` for no array at all, :class:`TooMany`.
    """
    try:
        parts = [bytes(element) for element in _elements.decode(body)]
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        parts = _cut(body, most)
    if len(parts) > most:
        raise TooMany
    return parts


def split_lines(body: bytes, most: int) -> list[bytes]:
    """The lines of NDJSON that are not blank. Raises :class:`TooMany`."""
    lines = [stripped for line in body.split(b"\n") if (stripped := line.strip(_BLANK))]
    if len(lines) > most:
        raise TooMany
    return lines


def _cut(body: bytes, most: int) -> list[bytes]:
    text = body.strip(_BLANK)
    broken = InvalidEvent("not_json", "", "the batch is not a JSON array of events")
    if not text.startswith(b"["):
        raise broken
    parts: list[bytes] = []
    closers = bytearray()
    start = 1
    for token in _TOKEN.finditer(text):
        sign = token[0]
        if sign[:1] == b'"':
            if not token[1]:
                raise broken
            continue
        opened = b"[{".find(sign)
        if opened >= 0:
            closers.append(b"]}"[opened])
            if len(closers) > _DEPTH:
                raise broken
            continue
        if sign != b"," and closers.pop() != sign[0]:
            raise broken
        if not closers or (sign == b"," and len(closers) == 1):
            parts.append(text[start : token.start()].strip(_BLANK))
            start = token.end()
            if len(parts) > most:
                raise TooMany
        if not closers:
            break
    if closers or start != len(text):
        raise broken
    return parts
