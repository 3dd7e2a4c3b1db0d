"""What the rules over metrics share: the series they watch, and what they have to say. Pure."""

from collections.abc import Callable, Mapping
from typing import NamedTuple, Protocol

from schemas.alarm_rows import AlarmRow
from schemas.alerts import Alert
from schemas.metrics import Series
from schemas.scales import Scale
from streams.counting.windows import Ring
from streams.metrics.readings import Measure


class Watched(NamedTuple):
    """A series that has panes here: its rings by window (they change as it counts), and what its words mean."""

    series: Series
    fields: tuple[str, ...]
    """The fields of its cut."""
    scale: Scale | None
    measure: Measure
    rings: Mapping[str, Ring]


class Moment(NamedTuple):
    """When a series is looked at, seconds UTC: the loop's own now, and the wall clock's."""

    now: float
    wall: float


class Judgement(NamedTuple):
    """What follows from a look: alerts, and rows that belong into the same transaction; None is a tombstone."""

    alerts: list[Alert]
    rows: list[tuple[bytes, bytes | None]]


class Watch(Protocol):
    """The rules of one kind, with what they remember of the series of one partition of ``cx.partials``."""

    def wants(self, series: Series) -> bool:
        """Whether a rule watches this series."""

    def check(self, watched: Watched, at: Moment, out: Judgement) -> None:
        """Judge a series, once an hour."""

    def leave(self, series: Series, out: Judgement) -> None:
        """Let go of all that is remembered of a series."""

    def restore(self, row: AlarmRow) -> None:
        """Take back a row."""

    def sweep(self, living: Callable[[Series], bool], out: Judgement) -> None:
        """After all rows are back: let go of those whose rule or series is no more."""
