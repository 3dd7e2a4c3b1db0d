"""What the tools' modules make of a delivery, in words that all tools share."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from msgspec import Struct

from schemas.deadletters import InvalidEvent

MAX_TIME_CHARACTERS = 64


class Given(Struct, frozen=True, kw_only=True):
    """One answer. ``aliases`` also name what was chosen; ``scale`` is the lowest and highest, if the tool says."""

    value: Any
    aliases: tuple[str, ...] = ()
    scale: tuple[int, int] | None = None


class Submission(Struct, frozen=True, kw_only=True):
    """What one respondent answered, or one thing that happened.

    ``document`` is what JSONPaths lead into, ``known`` every question that the survey has, where the tool says it.
    ``time`` is None where the tool does not say it: then the arrival stands for it. ``editable``: the tool may send
    these answers again, changed.
    """

    id: str
    time: datetime | None
    document: Any
    answers: Mapping[str, Given] = {}
    known: frozenset[str] | None = None
    complete: bool = True
    editable: bool = False
    customer_id: str | None = None
    language: str | None = None


class Skipped(Struct, frozen=True):
    """A delivery that is of no interest here, in one word for the counters."""

    why: str


class Wanted(Struct, frozen=True, kw_only=True):
    """A notice without answers: where they are to be fetched from. The host is one of ours, never the sender's."""

    host: str
    path: str
    header: str
    prefix: str = ""
    """What stands in the header before the token."""

    @property
    def url(self) -> str:
        """The whole address."""
        return f"https://{self.host}{self.path}"


Read = Submission | Skipped | Wanted


def mapping_at(document: Any, *steps: str) -> dict[str, Any]:
    """The object at these steps; empty where there is none."""
    found = document
    for step in steps:
        found = found.get(step) if isinstance(found, dict) else None
    return found if isinstance(found, dict) else {}


def text_of(value: Any) -> str | None:
    """A text, or a whole number as text; None for all else and for nothing."""
    if isinstance(value, str):
        return value.strip() or None
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return None


def required(value: Any, field: str) -> str:
    """The text at a field. Raises :class:`InvalidEvent` where there is none."""
    found = text_of(value)
    if found is None:
        raise InvalidEvent("missing", field, "is missing in what the tool sent, or is no text")
    return found


def instant(value: Any, field: str) -> datetime:
    """A time as tools write it: RFC 3339, ``2026-11-21 10:15:02 UTC``, or seconds or milliseconds since 1970.

    Raises :class:`InvalidEvent` for anything else, and for a time without a zone.
    """
    problem = "is no time with a zone; RFC 3339 and seconds or milliseconds since 1970 are read"
    try:
        if isinstance(value, int | float) and not isinstance(value, bool):
            return datetime.fromtimestamp(value / 1000 if value > 100_000_000_000 else value, UTC)
        if isinstance(value, str) and len(value) <= MAX_TIME_CHARACTERS:
            text = value.strip()
            found = datetime.fromisoformat(f"{text.removesuffix(' UTC')}+00:00" if text.endswith(" UTC") else text)
            if found.tzinfo is not None and found.utcoffset() is not None:
                return found.astimezone(UTC)
    except (ValueError, OverflowError, OSError):
        pass
    raise InvalidEvent("invalid", field, problem)
