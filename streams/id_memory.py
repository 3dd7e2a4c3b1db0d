"""The memory of the ids that one source partition has seen, by arrival. Pure."""

from array import array
from collections.abc import Iterator
from hashlib import blake2b

import msgspec
from msgspec import Struct

DIGEST_BYTES = 16
SLICES = 24
"""Slices of time that the remembered span is cut into; what is forgotten is forgotten a slice at a time."""

PREFIX = b'["ids",'


class _Segment(Struct, array_like=True):
    """The ids of one flush and slice: digests end to end, and their offsets, 8 bytes each, little-endian."""

    digests: bytes
    offsets: bytes


_decoder = msgspec.msgpack.Decoder(_Segment)


def digest(source: str, event_id: str) -> bytes:
    """What is remembered of an event: 16 bytes of BLAKE2b over its source and id."""
    return blake2b(f"{source}\0{event_id}".encode(), digest_size=DIGEST_BYTES).digest()


class IdMemory:
    """Digest to the offset where it was first seen, kept for at least ``remember_s`` seconds of arrival time.

    Whether an id is still known depends on arrival times alone, never on when flushes happened. Memory: about 200
    bytes an id, for the ids that arrived within 1 + 2/24 of the span.
    """

    def __init__(self, remember_s: int) -> None:
        self._slice_s = -(-remember_s // SLICES)
        self._kept = -(-remember_s // self._slice_s)
        self._seen: dict[bytes, int] = {}
        self._slices: dict[int, list[bytes]] = {}
        self._rows: dict[int, list[bytes]] = {}
        self._fresh: list[bytes] = []
        self._unflushed: dict[int, list[bytes]] = {}
        self._expired_rows: list[bytes] = []
        self._slice = -1

    def __len__(self) -> int:
        return len(self._seen)

    def advance(self, arrival: float) -> None:
        """Move on to an arrival, seconds UTC, and forget what is too old; a step back is ignored."""
        current = int(arrival // self._slice_s)
        if current <= self._slice:
            return
        self._slice = current
        self._fresh = []
        self._unflushed[current] = self._fresh
        for old in [number for number in (*self._slices, *self._unflushed) if number < current - self._kept]:
            for known in (*self._slices.pop(old, ()), *self._unflushed.pop(old, ())):
                del self._seen[known]
            self._expired_rows.extend(self._rows.pop(old, ()))

    def __contains__(self, known: bytes) -> bool:
        return known in self._seen

    def add(self, new: bytes, offset: int) -> bool:
        """Remember an id, first seen at this offset. False if it is known, which changes nothing.

        To be called after the first :meth:`advance`.
        """
        if new in self._seen:
            return False
        self._seen[new] = offset
        self._fresh.append(new)
        return True

    def flush(self) -> Iterator[tuple[bytes, bytes | None]]:
        """The rows since the last flush: a segment for each slice with new ids, tombstones for what was forgotten."""
        for number, digests in self._unflushed.items():
            if digests:
                offsets = array("Q", (self._seen[known] for known in digests))
                key = msgspec.json.encode(["ids", number, offsets[0]])
                self._rows.setdefault(number, []).append(key)
                self._slices.setdefault(number, []).extend(digests)
                yield key, msgspec.msgpack.encode(_Segment(b"".join(digests), offsets.tobytes()))
        self._fresh = []
        self._unflushed = {self._slice: self._fresh}
        for key in self._expired_rows:
            yield key, None
        self._expired_rows.clear()

    def restore(self, key: bytes, value: bytes) -> None:
        """Take back a segment. Raises ValueError for what is none."""
        _, number, _ = msgspec.json.decode(key, type=tuple[str, int, int])
        segment = _decoder.decode(value)
        offsets = array("Q", segment.offsets)
        raw = segment.digests
        digests = [raw[start : start + DIGEST_BYTES] for start in range(0, len(raw), DIGEST_BYTES)]
        self._seen.update(zip(digests, offsets, strict=True))
        self._slices.setdefault(number, []).extend(digests)
        self._rows.setdefault(number, []).append(key)
        if number > self._slice:
            self._slice = number
            self._unflushed = {number: self._fresh}
