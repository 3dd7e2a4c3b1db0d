"""What a metric says: counted words go in, a value with its interval and its n comes out. Pure."""

from collections.abc import Mapping
from typing import NamedTuple, Protocol

from schemas.metrics import Part
from schemas.scales import Scale

_NONE: Mapping[str, int] = {}


class Counted(NamedTuple):
    """What has been counted for a series, and what else its value needs."""

    counts: Mapping[str, int]
    """Word to how often it came, in the window or on the day."""
    scale: Scale | None = None
    """The scale of the scores, where the words are some."""
    minimum_n: int = 1
    """Below this many the value says "too few"."""
    length_s: int = 86_400
    """The length of the window, seconds."""
    ever: Mapping[str, int] = _NONE
    """What was counted of all time, for series that keep it."""


class Reading(NamedTuple):
    """What counted words say. Units, and None for what there is none of, as in :class:`schemas.metrics.Metric`."""

    value: float | None
    low: float | None
    high: float | None
    n: int
    too_few: bool
    counts: Mapping[str, int]
    quantiles: Mapping[str, float] = {}
    parts: Mapping[str, Part] = {}


class Measure(Protocol):
    """How the words of a series become the value of one metric."""

    def __call__(self, counted: Counted) -> Reading:
        """The value with its interval."""
