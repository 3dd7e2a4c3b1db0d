"""What is known of a loop at a moment, and how news changes it. Pure: no clock, no connection."""

from collections.abc import Iterable
from datetime import datetime
from typing import Literal

import msgspec
from msgspec import Struct

from gateway.books import Totals
from gateway.case_shapes import Case
from gateway.explore.measures import added
from gateway.metric_rows import DayValue, MetricValue
from gateway.pipeline import Pipeline
from gateway.vocabulary import Vocabulary
from schemas.cases import CLOSED_STATES
from schemas.metric_catalogue import CatalogueEntry
from schemas.metrics import Metric, Series
from schemas.scales import MetricKind, MetricSpec, Scale

MOST_CASES = 200
"""Cases that are kept for the lists; the numbers are those of the gateway."""

USUAL_WINDOW = "24h"

LinkState = Literal["connecting", "live", "lost", "refused"]
Key = tuple[str, str, str, tuple[str, ...], str]
"""Of a value: metric, window, cut, the values of its key, scale."""


class MetricShown(Struct, frozen=True, kw_only=True):
    """How a metric is asked and computed."""

    kind: MetricKind
    minimum: int
    maximum: int
    higher_is_better: bool


class Configuration(Struct, frozen=True, kw_only=True):
    """What is read of ``GET /v1/config``."""

    clock: str
    zone: str
    minimum_n: int
    windows: list[str]
    cuts: dict[str, list[str]]
    metrics: dict[str, MetricShown]
    catalogue: dict[str, CatalogueEntry]

    def spec(self, metric: str) -> MetricSpec | None:
        """How a metric of answers is computed; ``None`` for another."""
        shown = self.metrics.get(metric)
        if shown is None:
            return None
        return MetricSpec(shown.kind, Scale(shown.minimum, shown.maximum, shown.higher_is_better))

    def vocabulary(self) -> Vocabulary:
        """As the gateway itself holds it."""
        return Vocabulary(
            metrics={name: spec for name in self.metrics if (spec := self.spec(name)) is not None},
            catalogue=self.catalogue,
            windows=tuple(self.windows),
            cuts={name: tuple(dimensions) for name, dimensions in self.cuts.items()},
            people={},
            zone=self.zone,
        )


class Week(Struct, frozen=True):
    """The counts of the week before a window, by series."""

    window: str
    counts: dict[Series, dict[str, int]]


class Link(Struct, frozen=True, kw_only=True):
    """How the connection to the gateway stands, since when, and why it is not live."""

    state: LinkState
    since: datetime
    why: str = ""
    """The name of a reason that has words, or what the system says."""
    status: int = 0
    """With the reason ``status``: that of the answer."""


class Numbers(Struct, frozen=True, kw_only=True):
    """How many cases there are in all."""

    waiting: int = 0
    """Open, and taken by nobody."""
    overdue: int = 0


class Known(Struct, frozen=True, kw_only=True):
    """All of it. What was not heard yet is ``None`` or empty."""

    link: Link
    configuration: Configuration | None = None
    values: dict[Key, Metric] = {}
    week: Week = Week("", {})
    totals: Totals | None = None
    cases: dict[int, Case] = {}
    numbers: Numbers = Numbers()
    pipeline: Pipeline | None = None
    pipeline_status: int | None = None
    """With which status the gateway did not tell it."""


def metric_of(value: MetricValue) -> Metric:
    """A row of the API as the record that it was made of."""
    fields = {name: getattr(value, name) for name in Metric.__struct_fields__}
    return Metric(**fields)


def key_of(row: Metric) -> Key:
    """Where a value belongs."""
    return (row.metric, row.window, row.cut, tuple(row.key.values()), row.scale)


def with_values(known: Known, rows: list[Metric], cuts: tuple[str, ...]) -> Known:
    """With newer values of these cuts; an older one than is known changes nothing."""
    values = dict(known.values)
    for row in rows:
        if row.cut not in cuts or row.day is not None:
            continue
        held = values.get(key_of(row))
        if held is None or (row.version, row.as_of) >= (held.version, held.as_of):
            values[key_of(row)] = row
    return msgspec.structs.replace(known, values=values)


def with_cases(known: Known, cases: list[Case]) -> Known:
    """With these cases as they are now; the oldest of those that are closed make room."""
    held = dict(known.cases)
    for case in cases:
        before = held.get(case.id)
        if before is None or case.version >= before.version:
            held[case.id] = case
    if len(held) > MOST_CASES:
        by_use = sorted(held.values(), key=lambda case: (case.state not in CLOSED_STATES, case.updated_at))
        for case in by_use[: len(held) - MOST_CASES]:
            del held[case.id]
    return msgspec.structs.replace(known, cases=held)


def week_of(window: str, rows: Iterable[DayValue]) -> Week:
    """The rows of the days of a week, added up by series."""
    days: dict[Series, list[dict[str, int]]] = {}
    for row in rows:
        days.setdefault(Series(row.metric, row.cut, tuple(row.key.values()), row.scale), []).append(row.counts)
    return Week(window, {series: added(counts) for series, counts in days.items()})


def next_window(known: Known, window: str) -> str:
    """The window after this one, around."""
    found = _windows(known)
    if not found:
        return window
    return found[(found.index(window) + 1) % len(found)] if window in found else found[0]


def chosen_window(known: Known, window: str) -> str:
    """This window where the loop has it, else the usual one, else its first."""
    found = _windows(known)
    if not found or window in found:
        return window
    return USUAL_WINDOW if USUAL_WINDOW in found else found[0]


def _windows(known: Known) -> list[str]:
    return [] if known.configuration is None else known.configuration.windows
