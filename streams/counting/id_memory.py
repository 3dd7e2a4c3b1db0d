"""The memory of the ids that one source partition has seen, by arrival, and of what each was counted as. Pure."""

from array import array
from collections import Counter
from collections.abc import Callable, Iterator
from hashlib import blake2b
from typing import TypeVar

import msgspec
from msgspec import Struct

from streams.counting.panes import Group

DIGEST_BYTES = 16
SLICES = 24
"""Slices of time that the remembered span is cut into; what is forgotten is forgotten a slice at a time."""

SEGMENT_IDS = 4_000
"""Ids in a row at most: Kafka takes a megabyte, and each may bring a group of its own."""

PREFIX = b'["ids",'
_AMENDED = b'["ids","amended",'


class _Segment(Struct, array_like=True):
    """The ids of one flush and slice: digests end to end, and for each the number of its group, 4 bytes little-endian.

    A number past the end of ``groups`` stands for none.
    """

    digests: bytes
    numbers: bytes
    groups: list[Group]


class _Amendment(Struct, array_like=True):
    """What became of an id since its segment was written: another group, and perhaps the answer that replaces it."""

    known: bytes
    group: Group | None
    by: bytes | None


_NO_GROUP = 0xFFFFFFFF


_Key = TypeVar("_Key", Group, int)


def _itself(group: Group) -> Group:
    return group


class _Fresh:
    """What came into one slice since the last flush. Each group has a number: one for each key it was given by."""

    __slots__ = ("_numbers_of", "digests", "groups", "numbers")

    def __init__(self) -> None:
        self.digests: list[bytes] = []
        self.numbers = array("I")
        self.groups: list[Group] = []
        self._numbers_of: dict[Group | int, int] = {}

    def segment(self, start: int) -> "_Segment":
        """A row's worth of ids from a place on, with the groups that they are in and no others."""
        digests, numbers = self.digests[start : start + SEGMENT_IDS], self.numbers[start : start + SEGMENT_IDS]
        used = [number for number in dict.fromkeys(numbers) if number != _NO_GROUP]
        places = {number: place for place, number in enumerate(used)} | {_NO_GROUP: _NO_GROUP}
        packed = array("I", map(places.__getitem__, numbers)).tobytes()
        return _Segment(b"".join(digests), packed, [self.groups[number] for number in used])

    def take(self, new: bytes, group: Group | None) -> Group | None:
        if group is not None:
            return self.take_all([new], [group], _itself)[0]
        self.digests.append(new)
        self.numbers.append(_NO_GROUP)
        return None

    def take_all(self, new: list[bytes], keys: list[_Key], group_of: Callable[[_Key], Group]) -> list[Group]:
        known = self._numbers_of
        numbers = [known.setdefault(key, len(known)) for key in keys]
        if len(known) > len(self.groups):  # in the order of their numbers
            named = dict(zip(numbers, keys, strict=True))
            self.groups.extend(group_of(named[number]) for number in range(len(self.groups), len(known)))
        self.digests.extend(new)
        self.numbers.extend(numbers)
        kept = self.groups
        return [kept[number] for number in numbers]


_segments = msgspec.msgpack.Decoder(_Segment)
_amendments = msgspec.msgpack.Decoder(list[_Amendment])


def digest(source: str, event_id: str) -> bytes:
    """What is remembered of an event: 16 bytes of BLAKE2b over its source and id."""
    return blake2b(f"{source}\0{event_id}".encode(), digest_size=DIGEST_BYTES).digest()


class IdMemory:
    """Digest to the group that the event was counted in, kept for at least ``remember_s`` seconds of arrival time.

    Whether an id is still known depends on arrival times alone, never on when flushes happened. Memory: about 200
    bytes an id, and 300 for each group of a flush, for the ids that arrived within 1 + 2/24 of the span.
    """

    def __init__(self, remember_s: int) -> None:
        self._slice_s = -(-remember_s // SLICES)
        self._kept = -(-remember_s // self._slice_s)
        self._seen: dict[bytes, Group | None] = {}
        self._slices: dict[int, list[bytes]] = {}
        self._rows: dict[int, list[bytes]] = {}
        self._fresh = _Fresh()
        self._unflushed: dict[int, _Fresh] = {}
        self._expired_rows: list[bytes] = []
        self._slice = -1
        # A replaced answer (seen or not yet) to the one that replaces it, and by slice what to forget of that.
        self._replaced: dict[bytes, bytes] = {}
        self._replacing: dict[int, list[bytes]] = {}
        self._amended: dict[bytes, None] = {}

    def __len__(self) -> int:
        return len(self._seen)

    def __contains__(self, known: bytes) -> bool:
        return known in self._seen

    def advance(self, arrival: float) -> None:
        """Move on to an arrival, seconds UTC, and forget what is too old; a step back is ignored."""
        current = int(arrival // self._slice_s)
        if current <= self._slice:
            return
        self._slice = current
        self._fresh = self._unflushed[current] = _Fresh()
        slices = {*self._slices, *self._unflushed, *self._rows, *self._replacing}
        for old in [number for number in slices if number < current - self._kept]:
            forgotten = self._slices.pop(old, [])
            unflushed = self._unflushed.get(old)
            if unflushed is not None:  # counted all the same, but not remembered
                forgotten += unflushed.digests
                unflushed.digests = []
            for known in forgotten:
                del self._seen[known]
                self._amended.pop(known, None)
            for known in self._replacing.pop(old, ()):
                self._replaced.pop(known, None)
                self._amended.pop(known, None)
            self._expired_rows.extend(self._rows.pop(old, ()))

    def add(self, new: bytes, group: Group | None) -> bool:
        """Remember an id and what it was counted as. False if it is known, which changes nothing.

        To be called after the first :meth:`advance`.
        """
        if new in self._seen:
            return False
        self._seen[new] = self._fresh.take(new, group)
        return True

    def moves_between(self, first: float, last: float) -> bool:
        """Whether something would be forgotten on the way from one arrival to a later one, seconds UTC."""
        return int(last // self._slice_s) > max(self._slice, int(first // self._slice_s))

    def are_new(self, found: list[bytes]) -> bool:
        """Whether none of these is known, replaced, or there twice."""
        if len(set(found)) < len(found) or not self._seen.keys().isdisjoint(found):
            return False
        return not self._replaced or self._replaced.keys().isdisjoint(found)

    def add_all(self, new: list[bytes], keys: list[int], group_of: Callable[[int], Group]) -> None:
        """Remember ids that are new, and what each was counted as: ``group_of`` gives the group that a key stands for.

        A key stands for the same group until the next :meth:`flush`.
        """
        self._seen.update(zip(new, self._fresh.take_all(new, keys, group_of), strict=True))

    def counts(self) -> Counter[Group]:
        """How many ids came into each group since the last :meth:`flush`."""
        counted: Counter[Group] = Counter()
        for fresh in self._unflushed.values():
            for number, count in Counter(fresh.numbers).items():
                if number != _NO_GROUP:
                    group = fresh.groups[number]
                    counted[group] = counted.get(group, 0) + count
        return counted

    def group(self, known: bytes) -> Group | None:
        """What an id was counted as; None if it was not counted, or is not known."""
        return self._seen.get(known)

    def is_replaced(self, known: bytes) -> bool:
        """Whether another answer stands in for this one, which may not have been seen yet."""
        return known in self._replaced

    def standing(self, known: bytes) -> bytes:
        """The answer that stands for this one now: the end of the chain of those that replaced it, or itself."""
        while known in self._replaced:
            known = self._replaced[known]
        return known

    def replace(self, old: bytes, by: bytes) -> None:
        """An answer stands in for another from now on. ``old`` must stand for itself, and not be ``by``."""
        self._replaced[old] = by
        self._replacing.setdefault(self._slice, []).append(old)
        self._amended[old] = None

    def amend(self, known: bytes, group: Group | None) -> None:
        """A known id counts as something else from now on."""
        self._seen[known] = group
        self._amended[known] = None

    def flush(self, version: int) -> Iterator[tuple[bytes, bytes | None]]:
        """The rows since the last flush: a segment for each slice with new ids, tombstones for what was forgotten.

        ``version`` is the source offset that they stand at: no two flushes have the same.
        """
        for number, fresh in self._unflushed.items():
            for start in range(0, len(fresh.digests), SEGMENT_IDS):
                key = b'["ids",%d,%d,%d]' % (number, start, version)
                yield self._row(number, key), msgspec.msgpack.encode(fresh.segment(start))
            if fresh.digests:
                self._slices.setdefault(number, []).extend(fresh.digests)
        self._fresh = _Fresh()
        self._unflushed = {self._slice: self._fresh}
        if self._amended:
            seen, replaced = self._seen, self._replaced
            rows = [_Amendment(known, seen.get(known), replaced.get(known)) for known in self._amended]
            for start in range(0, len(rows), SEGMENT_IDS):
                key = b"%b%d,%d,%d]" % (_AMENDED, self._slice, start, version)
                yield self._row(self._slice, key), msgspec.msgpack.encode(rows[start : start + SEGMENT_IDS])
            self._amended.clear()
        for key in self._expired_rows:
            yield key, None
        self._expired_rows.clear()

    def _row(self, number: int, key: bytes) -> bytes:
        self._rows.setdefault(number, []).append(key)
        return key

    def restore(self, key: bytes, value: bytes) -> None:
        """Take back a row; segments before amendments, these in the order of their versions. Raises ValueError."""
        if is_amendment(key):
            _, _, number, _, _ = msgspec.json.decode(key, type=tuple[str, str, int, int, int])
            for amended in _amendments.decode(value):
                if amended.known in self._seen:
                    self._seen[amended.known] = amended.group
                if amended.by is not None:
                    self._replaced[amended.known] = amended.by
                    self._replacing.setdefault(number, []).append(amended.known)
        else:
            _, number, _, _ = msgspec.json.decode(key, type=tuple[str, int, int, int])
            segment = _segments.decode(value)
            raw = segment.digests
            digests = [raw[start : start + DIGEST_BYTES] for start in range(0, len(raw), DIGEST_BYTES)]
            groups: dict[int, Group] = dict(enumerate(segment.groups))
            self._seen.update(zip(digests, map(groups.get, array("I", segment.numbers)), strict=True))
            self._slices.setdefault(number, []).extend(digests)
        self._rows.setdefault(number, []).append(key)
        if number > self._slice:
            self._slice = number
            self._unflushed = {number: self._fresh}


def is_amendment(key: bytes) -> bool:
    """Whether a row of ids amends segments."""
    return key.startswith(_AMENDED)


def version_of(key: bytes) -> int:
    """The version of a row of ids. Raises ValueError."""
    return int(msgspec.json.decode(key)[-1])
