"""Which series an event belongs to: the cuts of loop.yaml, their keys, and the bounds that keep both finite. Pure."""

import re
from collections.abc import Callable, Mapping
from operator import attrgetter
from typing import Any, cast

import msgspec

from schemas.cases import CaseEvent
from schemas.deadletters import InvalidEvent
from schemas.events import AttributeValue, Response, Touchpoint
from schemas.metrics import Series
from schemas.scales import Scale
from schemas.signals import Signal

OTHER = "(other)"
"""The key of a cut under which events are counted once the cut has its most keys, and the outcome of the same kind.
An app that sends this very word shares the bucket."""

MAX_OUTCOMES = 32
"""Distinct outcome words a source partition counts; further ones are counted as :data:`OTHER`."""

MAX_SCALES = 16
"""Distinct scales besides its own that answers to one metric may come on, for each source partition."""

CACHE_LIMIT = 50_000
"""Distinct combinations of dimensions whose series are remembered."""

_TEXTS = frozenset({str, type(None)})
_ATTRIBUTE = "attributes."
_OUTCOME = "outcome"
_FIELDS: dict[type, tuple[str, ...]] = {
    Response: ("metric", "touchpoint", "channel", "language"),
    Touchpoint: ("touchpoint", "channel", _OUTCOME),
    CaseEvent: ("touchpoint", "channel", "language"),
}
_LABEL = re.compile(r"(-?\d+)\.\.(-?\d+)(-?)")

Dimensions = tuple[str | None, ...]


def canonical(value: AttributeValue) -> str:
    """An attribute's value as the text that keys a metric: strings as they are, the rest as JSON writes it."""
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()


def scale_of_label(label: str) -> Scale:
    """The scale that :meth:`schemas.scales.Scale.label` wrote. Raises ValueError."""
    parts = _LABEL.fullmatch(label)
    if parts is None:
        raise ValueError(f"{label!r} is no scale label such as 1..5 or 1..5-")
    return Scale(int(parts[1]), int(parts[2]), not parts[3])


class Extractor:
    """Reads from an event the dimensions that any cut uses.

    A dimension that the event does not have is None, and the event is then in no cut that uses it. A field that the
    event's type does not have (an answer's outcome, a touchpoint's language) is never there.
    """

    def __init__(self, kind: type[Response | Touchpoint | CaseEvent], cuts: Mapping[str, tuple[str, ...]]) -> None:
        """Raises ValueError for a dimension that is neither a field of events nor ``attributes.NAME``."""
        used = dict.fromkeys(field for fields in cuts.values() for field in fields)
        known = {field for fields in _FIELDS.values() for field in fields}
        for field in used:
            if field not in known and not field.startswith(_ATTRIBUTE):
                raise ValueError(f"cuts: {field} is no dimension; give one of {sorted(known)} or attributes.NAME")
        plain = [field for field in used if field in _FIELDS[kind] and field != _OUTCOME]
        attributes = [field for field in used if field.startswith(_ATTRIBUTE)]
        self.kind = kind
        self.plain = tuple(plain)
        """The fields of the event that are dimensions as they are."""
        self.attributes = tuple(field.removeprefix(_ATTRIBUTE) for field in attributes)
        """The attributes that are dimensions."""
        self._plain = tuple_getter(plain)
        self._by_outcome = kind is Touchpoint and _OUTCOME in used
        order = [*plain, *attributes, *([_OUTCOME] if self._by_outcome else [])]
        self.cuts = tuple(
            (name, tuple(order.index(field) for field in fields))
            for name, fields in cuts.items()
            if all(field in order for field in fields)
        )
        """The cuts that events of this type can be in: the name, and where in :meth:`read` its dimensions stand."""

    def read(self, data: Response | Touchpoint | Signal | CaseEvent, outcome: str = "") -> Dimensions:
        """The event's dimensions. ``outcome`` is the word under which a touchpoint is counted."""
        if self._by_outcome:
            return (*self._plain(data), *self.texts(data.attributes), outcome)
        return (*self._plain(data), *self.texts(data.attributes))

    def texts(self, attributes: Mapping[str, AttributeValue]) -> Dimensions:
        """The attributes that are dimensions, as texts."""
        found = tuple(map(attributes.get, self.attributes))
        if not _TEXTS.issuperset(map(type, found)):
            return tuple(None if value is None else canonical(value) for value in found)
        return cast("Dimensions", found)


class Vocabulary:
    """The outcome words and the unusual scales of a source partition, both bounded and never forgotten."""

    def __init__(self, outcomes: list[str] | None = None, scales: dict[str, list[str]] | None = None) -> None:
        self.outcomes = dict.fromkeys(outcomes or ("ok", "failed"))
        self.scales = scales or {}

    def outcome(self, said: str | None) -> str:
        """The word under which an outcome is counted: a touchpoint that says nothing of it went ``ok``."""
        if said is None:
            return "ok"
        if said not in self.outcomes:
            if len(self.outcomes) >= MAX_OUTCOMES:
                return OTHER
            self.outcomes[said] = None
        return said

    def scale(self, metric: str, scale: Scale) -> str:
        """The label of a scale other than the metric's own.

        Raises InvalidEvent once answers have come on too many scales: scores of different scales cannot share a
        histogram, so there is no bucket for the rest.
        """
        label = scale.label()
        known = self.scales.setdefault(metric, [])
        if label not in known:
            if len(known) >= MAX_SCALES:
                raise InvalidEvent(
                    "scale", "data.scale_max", f"{MAX_SCALES} other scales are in use for this metric; use one of them"
                )
            known.append(label)
        return label


class Tally:
    """A series that has panes in a source partition. Compared by identity: each series has one."""

    __slots__ = ("key", "panes", "series")

    def __init__(self, series: Series) -> None:
        self.series = series
        self.key = series.key()
        self.panes = 0
        """How many panes it has, over all windows and days; without any it is released."""


class SeriesIndex:
    """The series of one source partition, and the cap on the keys of a cut.

    A key of a cut is one combination of values; its metrics and scales share it. First come, first served: which keys
    a full cut has follows from the order of the events alone. A key is free again when its last pane has expired.
    """

    def __init__(self, cuts: tuple[tuple[str, tuple[int, ...]], ...], max_keys_per_cut: int) -> None:
        self._cuts = cuts
        self._max_keys = max_keys_per_cut
        self._tallies: dict[Series, Tally] = {}
        self._keys: dict[str, dict[tuple[str, ...], int]] = {}
        self._cache: dict[tuple[str, str, Dimensions], tuple[tuple[Tally, ...], int]] = {}

    def resolve(self, metric: str, scale: str, dimensions: Dimensions) -> tuple[tuple[Tally, ...], int]:
        """The series of an event, one a cut that it is in, and in how many of them it went to :data:`OTHER`."""
        case = (metric, scale, dimensions)
        known = self._cache.get(case)
        if known is None:
            if len(self._cache) >= CACHE_LIMIT:
                self._cache.clear()
            known = self._cache[case] = self._resolve(metric, scale, dimensions)
        return known

    def adopt(self, series: Series) -> Tally:
        """The tally of a series that already counts, whatever the cap says now."""
        tally = self._tallies.get(series)
        if tally is None:
            tally = self._tallies[series] = Tally(series)
            if not is_other(series.values):
                keys = self._keys.setdefault(series.cut, {})
                keys[series.values] = keys.get(series.values, 0) + 1
        return tally

    def release(self, tally: Tally) -> None:
        """Forget a series that has no panes left."""
        series = tally.series
        del self._tallies[series]
        self._cache.clear()
        if not is_other(series.values):
            keys = self._keys[series.cut]
            keys[series.values] -= 1
            if not keys[series.values]:
                del keys[series.values]

    def __len__(self) -> int:
        return len(self._tallies)

    def _resolve(self, metric: str, scale: str, dimensions: Dimensions) -> tuple[tuple[Tally, ...], int]:
        tallies: list[Tally] = []
        overflowed = 0
        for cut, places in self._cuts:
            values = tuple(value for place in places if (value := dimensions[place]) is not None)
            if len(values) < len(places):
                continue
            keys = self._keys.get(cut, {})
            if values not in keys and len(keys) >= self._max_keys and not is_other(values):
                values = (OTHER,) * len(places)
                overflowed += 1
            tallies.append(self.adopt(Series(metric, cut, values, scale)))
        return tuple(tallies), overflowed


def is_other(values: tuple[str, ...]) -> bool:
    """Whether a cut's key is its bucket for the rest; the cut without dimensions has none."""
    return bool(values) and all(value == OTHER for value in values)


def tuple_getter(fields: list[str]) -> Callable[[object], tuple[Any, ...]]:
    """Reads some attributes of an object as a tuple, also where they are one or none."""
    if not fields:
        return lambda _data: ()
    getter = attrgetter(*fields)
    return getter if len(fields) > 1 else lambda data: (getter(data),)
