"""What one source partition remembers of its customers for a while, by the time of the events. Pure.

The rows are small segments, one for each flush and slice of time, as those of :mod:`streams.counting.id_memory`: a
fact costs its own bytes and not a row, and a slice that is too old goes as a whole. No row holds a customer's id, but
8 bytes of its digest.
"""

from bisect import insort
from collections.abc import Callable, Iterator, Sequence
from hashlib import blake2b
from typing import Generic, TypeVar

import msgspec
from msgspec import Struct

DIGEST_BYTES = 8
SLICES = 24
"""Slices of time that the kept span is cut into; what is forgotten is forgotten a slice at a time."""

SEGMENT_FACTS = 2_000
"""Facts in a row at most: Kafka takes a megabyte, and each may bring dimensions of its own."""

MOST_FACTS = 256
"""Facts that are remembered of one customer, the latest: no robot with a customer's id can fill the memory."""


class Fact(Struct, frozen=True, array_like=True, gc=False):
    """Something that happened to a customer: when (seconds UTC), and the digest of the event that told it."""

    when: float
    id: bytes

    def order(self) -> tuple[float, bytes]:
        """The same in every process, also for facts of one instant."""
        return self.when, self.id


F = TypeVar("F", bound=Fact)


def customer_digest(customer_id: str) -> bytes:
    """What is remembered in place of a customer's id: 8 bytes of BLAKE2b."""
    return blake2b(customer_id.encode(), digest_size=DIGEST_BYTES).digest()


def event_digest(source: str, event_id: str) -> bytes:
    """What is remembered of an event among those of its customer: 8 bytes of BLAKE2b over its source and id."""
    return blake2b(f"{source}\0{event_id}".encode(), digest_size=DIGEST_BYTES).digest()


def latest(facts: list[F], most: int = MOST_FACTS) -> None:
    """Keep the latest facts of a customer."""
    del facts[:-most]


class CustomerMemory(Generic[F]):
    """Facts by customer, each under its event's digest, kept for at least ``keep_s`` seconds of event time.

    Older ones go when rows are gathered, a slice at a time; who asks for facts says how old they may be, so no decision
    depends on when flushes happened. Memory: about 350 bytes for a customer's first fact, 150 for each
    further one; in rows about 30 bytes a fact and each change of it, and 60 a segment.
    """

    def __init__(
        self,
        prefix: bytes,
        kind: type[F],
        keep_s: int,
        layout: bytes = b"",
        tidy: Callable[[list[F]], None] = latest,
    ) -> None:
        """``prefix`` begins the keys of its rows, ending in a comma. Rows of another ``layout`` are let go of.

        ``tidy`` takes what is not needed out of a customer's facts, which are in order of time. Whatever it takes out
        must be of no consequence in whatever order the facts come.
        """
        self.prefix = prefix
        self._keep_s = keep_s
        self._slice_s = -(-keep_s // SLICES)
        self._layout = layout
        self._tidy = tidy
        self._facts: dict[bytes, list[F]] = {}
        self._slices: dict[int, set[bytes]] = {}
        self._rows: dict[int, list[bytes]] = {}
        self._changed: dict[int, dict[tuple[bytes, bytes], None]] = {}
        self._obsolete: list[bytes] = []
        self._next_segment = 0
        self._restored: list[tuple[int, bytes, bytes, list[F]]] = []
        self._decoder = msgspec.msgpack.Decoder(tuple[bytes, bytes, list[kind]])  # type: ignore[valid-type] # a type

    def __len__(self) -> int:
        """How many customers something is remembered of."""
        self._settle()
        return len(self._facts)

    def of(self, customer: bytes, since: float) -> Sequence[F]:
        """What is remembered of a customer from an instant on (seconds UTC), in order of time."""
        if self._restored:
            self._settle()
        facts = self._facts.get(customer)
        if facts is None:
            return ()
        return facts if facts[0].when >= since else [fact for fact in facts if fact.when >= since]

    def put(self, customer: bytes, fact: F) -> None:
        """Remember a fact, in place of the one of the same event."""
        if self._restored:
            self._settle()
        self._keep(customer, fact)
        self._changed.setdefault(self._slice(fact), {})[customer, fact.id] = None

    def rows(self, now: float) -> Iterator[tuple[bytes, bytes | None]]:
        """The rows since the last call, tombstones for what is too old at ``now``, seconds UTC."""
        self._settle()
        oldest = int((now - self._keep_s) // self._slice_s)
        for number, changed in self._changed.items():
            if number >= oldest:
                yield from self._segments(number, changed)
        self._changed.clear()
        for number in [number for number in {*self._slices, *self._rows} if number < oldest]:
            self._forget(number)
            for key in self._rows.pop(number, ()):
                yield key, None
        for key in self._obsolete:
            yield key, None
        self._obsolete.clear()

    def restore(self, key: bytes, value: bytes) -> None:
        """Take back a segment; they may come in any order. Raises ValueError or a msgspec error for what is none."""
        number = int(key[len(self.prefix) : -1])
        layout, customers, facts = self._decoder.decode(value)
        if len(customers) != DIGEST_BYTES * len(facts):
            raise ValueError("not a digest a fact")
        self._next_segment = max(self._next_segment, number + 1)
        if layout == self._layout:
            self._restored.append((number, key, customers, facts))
        else:
            self._obsolete.append(key)

    def _settle(self) -> None:
        """Apply restored segments in the order that they were written in: of a fact the last one counts."""
        if not self._restored:
            return
        for _, key, customers, facts in sorted(self._restored):
            last = max(self._slice(fact) for fact in facts)
            self._rows.setdefault(last, []).append(key)
            for place, fact in enumerate(facts):
                self._keep(customers[place * DIGEST_BYTES : (place + 1) * DIGEST_BYTES], fact)
        self._restored.clear()

    def _keep(self, customer: bytes, fact: F) -> None:
        facts = self._facts.get(customer)
        if facts is None:
            self._facts[customer] = [fact]
        else:
            for place, held in enumerate(facts):
                if held.id == fact.id:
                    facts[place] = fact
                    return
            insort(facts, fact, key=Fact.order)
            self._tidy(facts)
        self._slices.setdefault(self._slice(fact), set()).add(customer)

    def _segments(self, number: int, changed: dict[tuple[bytes, bytes], None]) -> Iterator[tuple[bytes, bytes]]:
        found = [
            (customer, fact)
            for customer, event in changed
            for fact in self._facts.get(customer, ())
            if fact.id == event
        ]
        for start in range(0, len(found), SEGMENT_FACTS):
            part = found[start : start + SEGMENT_FACTS]
            key = b"%b%d]" % (self.prefix, self._next_segment)
            self._next_segment += 1
            self._rows.setdefault(number, []).append(key)
            customers = b"".join(customer for customer, _ in part)
            yield key, msgspec.msgpack.encode((self._layout, customers, [fact for _, fact in part]))

    def _forget(self, number: int) -> None:
        for customer in self._slices.pop(number, ()):
            kept = [fact for fact in self._facts.get(customer, ()) if self._slice(fact) != number]
            if kept:
                self._facts[customer] = kept
            else:
                self._facts.pop(customer, None)

    def _slice(self, fact: F) -> int:
        return int(fact.when // self._slice_s)
