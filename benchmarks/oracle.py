"""What every worker has to say in the end, computed in plain Python, and whether it did. Pure."""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from benchmarks.job import Answer
from benchmarks.spec import CUTS, WINDOWS, value_of

Counts = dict[str, int]


class Place(NamedTuple):
    """What a metric is kept for."""

    metric: str
    window: str
    cut: str
    values: tuple[str, ...]


class Said(NamedTuple):
    """What a worker said last of a place."""

    counts: Counts
    value: float | None


def expected(events: Iterable[Answer], now: float) -> dict[Place, Counts]:
    """The histograms of all windows, cuts and keys at ``now``, seconds UTC."""
    found: dict[Place, Counts] = {}
    for event in events:
        fields = event._asdict()
        for window, (length_s, pane_s) in WINDOWS.items():
            if event.at // pane_s <= now // pane_s - length_s // pane_s:
                continue
            for cut, dimensions in CUTS.items():
                values = tuple(str(fields[dimension]) for dimension in dimensions)
                counts = found.setdefault(Place(event.metric, window, cut, values), {})
                counts[str(event.score)] = counts.get(str(event.score), 0) + 1
    return found


def differences(wanted: Mapping[Place, Counts], said: Mapping[Place, Said]) -> list[str]:
    """Where a worker's last words differ from what they should be, a line for each; empty if they agree."""
    lines = []
    for place, counts in wanted.items():
        held = said.get(place)
        if held is None:
            lines.append(f"{place}: never written")
        elif held.counts != counts:
            lines.append(f"{place}: {held.counts} instead of {counts}")
        elif held.value is None or abs(held.value - value_of(place.metric, counts)) > 1e-6:
            lines.append(f"{place}: value {held.value} instead of {value_of(place.metric, counts)}")
    lines.extend(f"{place}: written, and should not be" for place in said.keys() - wanted.keys())
    return lines
