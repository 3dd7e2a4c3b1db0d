"""What the sections of loop.yaml are made of: durations, times of day, and strictness about unknown keys."""

from typing import Annotated, Literal

from msgspec import Meta, Struct

Duration = Annotated[
    str, Meta(pattern=r"^[1-9]\d*(s|m|h|d)$", description="A whole number and a unit: 90s, 30m, 4h, 7d.")
]
Clock = Annotated[str, Meta(pattern=r"^([01]\d|2[0-3]):[0-5]\d$|^24:00$", description="A time of day: 09:00.")]
Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
WEEKDAYS: tuple[Weekday, ...] = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
Scalar = str | int | float | bool

_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


def seconds(duration: Duration) -> int:
    """A duration of loop.yaml in seconds."""
    return int(duration[:-1]) * _SECONDS[duration[-1]]


class Section(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A part of loop.yaml: an unknown key is an error, because a misspelt one would silently not count."""
