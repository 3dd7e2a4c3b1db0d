"""Where a list goes on and from when it counts, as a query says it: cursors and instants."""

from collections.abc import Callable
from datetime import datetime
from typing import TypeVar

from gateway.problems import Refusal

MAX_ID = 2**63 - 1
"""The largest number of a row."""
_DIGITS = len(str(MAX_ID))

T = TypeVar("T")


def cursor_of(text: str | None, read: Callable[[str], T]) -> T | None:
    """The cursor that a text is, by the list's own reader; None without one.

    ``read`` raises ``ValueError`` for a text that is no cursor. Raises :class:`Refusal` (400).
    """
    try:
        return read(text) if text else None
    except ValueError:
        raise Refusal(400, "invalid", "cursor", "not a cursor of this list; give `next` of the page before") from None


def number_cursor(text: str | None) -> int | None:
    """The cursor of a list in the order of its numbers. Raises :class:`Refusal` (400)."""
    return cursor_of(text, _number)


def instant(field: str, text: str | None) -> datetime | None:
    """A moment of a query. Raises :class:`Refusal` (400)."""
    if not text:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise Refusal(400, "invalid", field, "not a time with a zone; write it as 2026-11-21T10:15:02Z")
    return moment


def _number(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= _DIGITS and int(text) <= MAX_ID):
        raise ValueError("not a number of a row")
    return int(text)
