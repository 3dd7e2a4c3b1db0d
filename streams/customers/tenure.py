"""Who is a customer, since when: the lifecycle touchpoints of loop.yaml become counts for retention. Pure.

What is counted follows from a customer's joinings and leavings in order of their *time*, whatever order they come in;
where one comes late, what was counted is amended. At one instant joining comes before leaving. Then:

* A second joining of somebody who is a customer changes nothing, nor does leaving without having joined.
* Joining again after leaving is a new joining. All of a stay is counted under the dimensions of its joining, whatever
  those of the leaving are; ``touchpoint`` and ``outcome`` say nothing of a customer and are no dimensions here.
* A touchpoint that ``failed`` (a payment that was refused) has not happened.
* A purchase, or its refund (a negative amount), counts for whoever was a customer at its time, *by what is known when
  it comes*: purchases are not kept. Others are ``left_out``, as is one without a value or of 10^12 units and more; one
  in another currency than the declared is counted as ``other_currency``.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from heapq import heappop, heappush
from itertools import pairwise

import msgspec
from msgspec import Struct

from schemas.config import Lifecycle
from schemas.events import Event, Money, Touchpoint
from schemas.metrics import LIFECYCLE
from schemas.scales import Scale
from schemas.signals import SignalEvent
from schemas.statistics import FAILED
from streams.counting.panes import ALL_TIME, Group
from streams.counting.series import Dimensions, Extractor
from streams.customers.memory import customer_digest
from streams.customers.observation import PREFIX, Observation
from streams.metrics.money import minor_units
from streams.metrics.retention import (
    CUSTOMERS,
    GONE,
    JOINED,
    LEFT,
    LEFT_OUT,
    OTHER_CURRENCY,
    PURCHASES,
    REFUNDED,
    REVENUE,
)

MOST_MOMENTS = 16
"""Joinings and leavings that are kept of one customer: what is older stays counted as it is, and is not amended."""

_DAY_S = 86_400
_GRACE_DAYS = 2
"""Days longer than the history that those who left are remembered: in no zone can an event still come for them."""

_IGNORED = frozenset({"touchpoint", "outcome"})


class Moment(Struct, frozen=True, array_like=True, gc=False):
    """A joining, with the dimensions that are known of it, or a leaving, with None. ``when`` in seconds UTC."""

    when: float
    known: dict[str, str] | None = None

    def order(self) -> tuple[float, bool, list[tuple[str, str]]]:
        """The same in every process, also for moments of one instant."""
        return self.when, self.known is None, sorted((self.known or {}).items())


class Stay(Struct, frozen=True):
    """From a joining to the leaving that ended it, if one did."""

    joined: Moment
    left: float | None = None


_decoder = msgspec.msgpack.Decoder(list[Moment])
_encoder = msgspec.msgpack.Encoder()


def stays(moments: Sequence[Moment]) -> list[Stay]:
    """What moments in their order amount to."""
    found: list[Stay] = []
    joined: Moment | None = None
    for moment in moments:
        if moment.known is not None:
            joined = joined or moment
        elif joined is not None:
            found.append(Stay(joined, moment.when))
            joined = None
    if joined is not None:
        found.append(Stay(joined))
    return found


class Tenure:
    """Joinings and leavings of the customers of one partition of touchpoints, each customer's in one row.

    Memory: for every customer who is one, or left within the history, about 190 bytes with one joining and one
    dimension, 20 to 40 for each further moment, 16 moments at the most; about 80 bytes in the state topic. Customers
    are known by a digest. Who joined before the history began is to be declared as having joined when it began.
    """

    prefix = PREFIX + b'"lifecycle",'

    def __init__(self, lifecycle: Lifecycle, cuts: Mapping[str, tuple[str, ...]], history_days: int) -> None:
        """``cuts`` are those of loop.yaml, ``history_days`` how many days late a touchpoint may come."""
        self._lifecycle = lifecycle
        self._names = frozenset({lifecycle.joined, lifecycle.purchase, lifecycle.left})
        extractor = Extractor(Touchpoint, cuts)
        places = {place: field for name, used in extractor.cuts for field, place in zip(cuts[name], used, strict=True)}
        self._fields = [places.get(place, "") for place in range(max(places, default=-1) + 1)]
        self._keep_s = (history_days + _GRACE_DAYS) * _DAY_S
        self._rows: dict[bytes, bytes] = {}
        self._changed: dict[bytes, None] = {}
        self._left: list[tuple[float, bytes]] = []

    def __len__(self) -> int:
        """How many customers something is remembered of."""
        return len(self._rows)

    def observe(self, event: Event, when: float, scale: Scale | None, dimensions: Dimensions) -> Observation | None:
        """Count a lifecycle touchpoint; any other is passed over."""
        del scale
        data = event.data
        if not isinstance(data, Touchpoint) or data.touchpoint not in self._names or data.outcome == FAILED:
            return None
        customer = customer_digest(data.customer_id)
        known = self._known(dimensions)
        if data.touchpoint == self._lifecycle.purchase:
            counts = self._purchase(customer, data, when, known)
        else:
            moment = Moment(when, known if data.touchpoint == self._lifecycle.joined else None)
            counts = self._move(customer, moment)
        return Observation(list(counts.items())) if counts else None

    def signal(self, event: SignalEvent, when: float, dimensions: Dimensions) -> Observation | None:
        """Signals tell of nothing that matters here."""
        del event, when, dimensions
        return None

    def rows(self, now: float) -> Iterator[tuple[bytes, bytes | None]]:
        """The rows that changed, and tombstones for those who left before the history."""
        for customer in self._changed:
            yield self._key(customer), self._rows[customer]
        self._changed.clear()
        while self._left and self._left[0][0] < now - self._keep_s:
            when, customer = heappop(self._left)
            row = self._rows.get(customer)
            if row is not None and _gone_at(_decoder.decode(row)) == when:
                del self._rows[customer]
                yield self._key(customer), None

    def restore(self, key: bytes, value: bytes) -> None:
        """Take back a customer. Raises ValueError or a msgspec error for what is none."""
        customer = bytes.fromhex(msgspec.json.decode(key, type=tuple[str, str, str])[2])
        self._rows[customer] = value
        self._watch(customer, _decoder.decode(value))

    def recount(self) -> Iterator[tuple[Group, int]]:
        """Everything that is known of joinings and leavings, counted anew: for cuts that were not counted before."""
        for row in self._rows.values():
            yield from self._counts(_decoder.decode(row)).items()

    def _move(self, customer: bytes, moment: Moment) -> Counter[Group]:
        row = self._rows.get(customer)
        before = _decoder.decode(row) if row is not None else []
        after = sorted([*before, moment], key=Moment.order)
        counts = self._counts(after)
        counts.subtract(self._counts(before))
        kept = tidied(after)
        self._rows[customer] = _encoder.encode(kept)
        self._changed[customer] = None
        self._watch(customer, kept)
        return Counter({group: count for group, count in counts.items() if count})

    def _counts(self, moments: Sequence[Moment]) -> Counter[Group]:
        counts: Counter[Group] = Counter()
        for stay in stays(moments):
            dimensions = self._dimensions(stay.joined.known or {})
            minute = int(stay.joined.when) // 60
            counts[LIFECYCLE, "", dimensions, minute, JOINED] += 1
            if stay.left is None:
                counts[LIFECYCLE, "", dimensions, ALL_TIME, CUSTOMERS] += 1
            else:
                counts[LIFECYCLE, "", dimensions, minute, GONE] += 1
                counts[LIFECYCLE, "", dimensions, int(stay.left) // 60, LEFT] += 1
        return counts

    def _purchase(self, customer: bytes, data: Touchpoint, when: float, known: dict[str, str]) -> Counter[Group]:
        row = self._rows.get(customer)
        words = {LEFT_OUT: 1}
        for stay in stays(_decoder.decode(row)) if row is not None else ():
            if stay.joined.when <= when and (stay.left is None or when <= stay.left):
                known = stay.joined.known or {}
                words = self._words(data.value)
        dimensions = self._dimensions(known)
        return Counter({(LIFECYCLE, "", dimensions, int(when) // 60, word): count for word, count in words.items()})

    def _words(self, value: Money | None) -> dict[str, int]:
        if value is None:
            return {LEFT_OUT: 1}
        if value.currency != self._lifecycle.currency:
            return {OTHER_CURRENCY: 1}
        try:
            minor = minor_units(value)
        except ValueError:
            return {LEFT_OUT: 1}
        words = {REFUNDED: -minor} if minor < 0 else {PURCHASES: 1, REVENUE: minor}
        return {word: count for word, count in words.items() if count}

    def _watch(self, customer: bytes, moments: Sequence[Moment]) -> None:
        gone = _gone_at(moments)
        if gone is not None:
            heappush(self._left, (gone, customer))

    def _known(self, dimensions: Dimensions) -> dict[str, str]:
        read = zip(
            self._fields, dimensions, strict=False
        )  # what no cut of touchpoints uses stands at the end, if at all
        return {field: value for field, value in read if field and field not in _IGNORED and value is not None}

    def _dimensions(self, known: Mapping[str, str]) -> Dimensions:
        return tuple(map(known.get, self._fields))

    def _key(self, customer: bytes) -> bytes:
        return b'%b"%b"]' % (self.prefix, customer.hex().encode())


def tidied(moments: list[Moment]) -> list[Moment]:
    """At most :data:`MOST_MOMENTS`: first the oldest that change nothing go, then the oldest stays, for good."""
    while len(moments) > MOST_MOMENTS:
        idle = [moment for before, moment in pairwise(moments) if (before.known is None) == (moment.known is None)]
        if moments[0].known is None:
            idle.insert(0, moments[0])
        gone = idle[:1] or moments[:2]
        moments = [moment for moment in moments if not any(moment is one for one in gone)]
    return moments


def _gone_at(moments: Sequence[Moment]) -> float | None:
    """When the last moment is a leaving: its time; such a customer can be forgotten some day."""
    return moments[-1].when if moments and moments[-1].known is None else None
