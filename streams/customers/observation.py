"""What looks at a customer's events over time: its place beside counting and flagging single answers. Pure.

An observer keeps its own rows in the state of a source partition. They are written with the position of the same
flush, so a record that is applied again after a crash meets the state from before it: an observer needs no guard of
its own against repeats.
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple, Protocol

from schemas.events import Event
from schemas.scales import Scale
from schemas.signals import SignalEvent
from streams.counting.panes import Group
from streams.counting.series import Dimensions
from streams.flagging.detect import Flag

PREFIX = b'["customers",'
"""How the keys of every observer's rows begin: those of one that loop.yaml no longer asks for are told by it."""


class Recovery(NamedTuple):
    """A customer who is no longer unhappy: in which programme, by an answer given when (seconds UTC)."""

    programme: str
    when: float


class Observation(NamedTuple):
    """What an observer says about one event."""

    counts: Sequence[tuple[Group, int]] = ()
    """Groups to be counted besides the event itself, and how often; a negative number takes back."""
    flags: Sequence[Flag] = ()
    """Alerts about the event at hand."""
    signals: Sequence[SignalEvent] = ()
    """What the partition of the customer's answers has to know."""
    recoveries: Sequence[Recovery] = ()
    """What of the customer's is over: told to whom an alert told of it, and no alert itself."""


class Observer(Protocol):
    """One kind of memory about customers, in one source partition. No clock: times are those of events, seconds UTC."""

    @property
    def prefix(self) -> bytes:
        """How the keys of its state rows begin, after :data:`PREFIX`; no other kind of row begins so."""

    def observe(self, event: Event, when: float, scale: Scale | None, dimensions: Dimensions) -> Observation | None:
        """Look at an event that counts: read, new and not late. ``scale`` is the one an answer was given on."""

    def signal(self, event: SignalEvent, when: float, dimensions: Dimensions) -> Observation | None:
        """Look at a signal; only on the partition of answers."""

    def rows(self, now: float) -> Iterator[tuple[bytes, bytes | None]]:
        """The rows that changed since the last call, None for a tombstone; lets go of what is too old at ``now``."""

    def restore(self, key: bytes, value: bytes) -> None:
        """Take back a row. Raises ValueError for what is none."""


class Forgotten:
    """Lets go of the rows of observers that loop.yaml no longer asks for. It has none of its own."""

    prefix = PREFIX

    def __init__(self) -> None:
        self._keys: list[bytes] = []

    def observe(self, event: Event, when: float, scale: Scale | None, dimensions: Dimensions) -> Observation | None:
        """Nothing is to be seen."""
        del event, when, scale, dimensions
        return None

    def signal(self, event: SignalEvent, when: float, dimensions: Dimensions) -> Observation | None:
        """Nothing is to be seen."""
        del event, when, dimensions
        return None

    def rows(self, now: float) -> Iterator[tuple[bytes, bytes | None]]:
        """A tombstone for every row that was found."""
        del now
        for key in self._keys:
            yield key, None
        self._keys.clear()

    def restore(self, key: bytes, value: bytes) -> None:
        """Remember what is to go."""
        del value
        self._keys.append(key)
