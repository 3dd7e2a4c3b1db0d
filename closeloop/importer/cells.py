"""A cell of a table as what it means: a number, a yes or no, an amount, a moment. Nothing is guessed.

Each raises ``ValueError`` with what would be right; no text shows the cell, which may hold what a customer wrote.
"""

import re
import warnings
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo

UNIX, UNIX_MS, EXCEL = "unix", "unix_ms", "excel"
_EXCEL_BEGAN = datetime(1899, 12, 30)  # noqa: DTZ001 - a spreadsheet's days have no zone
_SAMPLE = datetime(2024, 11, 23, 21, 45, 56, tzinfo=UTC)
_TRUE = frozenset({"true", "yes", "y", "1", "x"})
_FALSE = frozenset({"false", "no", "n", "0"})
_YEAR = re.compile(r"%[YyGcx]")
_BARE = re.compile(r"[+-]?[\d.,]+")
_NUMBER = re.compile(r"-?\d{1,15}(\.\d{1,12})?", re.ASCII)
# Three zeros behind a point would be thousandths to one, and thousands to another.
_WHOLE = {
    ".": re.compile(r"([+-]?\d{1,18})(?:\.(?:0{0,2}|0{4,}))?", re.ASCII),
    ",": re.compile(r"([+-]?\d{1,18})(?:,(?:0{0,2}|0{4,}))?", re.ASCII),
}
_GROUPED = re.compile(r"-?\d{1,3}(\.\d{3})+(,\d+)?|-?\d+(,\d+)?", re.ASCII)


def whole(text: str, decimal: str = ".") -> int:
    """A whole number; ``9.0`` is one, as spreadsheets and data frames write it."""
    found = _WHOLE[decimal].fullmatch(text)
    if found is None:
        raise ValueError("not a whole number; write it in digits alone, such as 9")
    return int(found[1])


def flag(text: str) -> bool:
    """A yes or no, in English or as a tick."""
    word = text.lower()
    if word in _TRUE:
        return True
    if word in _FALSE:
        return False
    raise ValueError("neither yes nor no; write yes, true, y, x or 1, or no, false, n or 0")


def amount(text: str, decimal: str = ".") -> str:
    """An amount of money with a point before its decimals; where ``decimal`` is a comma, points group thousands."""
    if decimal == ".":
        if "," in text:
            raise ValueError('not an amount such as 1234.50; say decimal: "," in the mapping where it has a comma')
        return text
    if _GROUPED.fullmatch(text) is None:
        raise ValueError("not an amount such as 1.234,50")
    return text.replace(".", "").replace(",", ".")


def moments(form: str | None, zone_name: str | None) -> Callable[[str], datetime]:
    """How times are read: by a form of strptime, as seconds or milliseconds since 1970 (``unix``, ``unix_ms``), as a
    spreadsheet's days (``excel``), or without a form as ISO 8601. ``zone_name`` is for those that do not say theirs."""
    zone = None if zone_name is None else ZoneInfo(zone_name)
    if form in (UNIX, UNIX_MS):
        return lambda text: _since_1970(text, 1 if form == UNIX else 1000)
    if form == EXCEL:
        return lambda text: _zoned(_excel(text), zone)
    if form is None:
        return lambda text: _zoned(_iso(text), zone)
    return lambda text: _zoned(_by_form(text, form), zone)


def wrong_form(form: str) -> str | None:
    """What is wrong with the form of times of a mapping; ``None`` for a good one."""
    if form in (UNIX, UNIX_MS, EXCEL):
        return None
    if _YEAR.search(form) is None:
        return "no form of a day: give Python's strptime format with a year, such as %d/%m/%Y, or unix, unix_ms, excel"
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            read = datetime.strptime(_SAMPLE.strftime(form), form)  # noqa: DTZ007 - its day alone is looked at
    except ValueError:
        return "no format of Python's strptime; give one such as %d/%m/%Y %H:%M"
    if read.date() != _SAMPLE.date():
        return "does not tell a day; give its year, month and day, such as %d/%m/%Y"
    return None


def _zoned(moment: datetime, zone: tzinfo | None) -> datetime:
    if moment.tzinfo is not None:
        return moment
    if zone is None:
        raise ValueError("says no zone; give time_zone in the mapping")
    return moment.replace(tzinfo=zone)


def _iso(text: str) -> datetime:
    if len(text) != len("20261121") and _BARE.fullmatch(text):  # read as ISO 8601, milliseconds are in the year 1712
        raise ValueError("a bare number; say in the mapping what it is: time_format: unix, unix_ms or excel")
    try:
        return datetime.fromisoformat(text.removesuffix(" UTC") + "+00:00" if text.endswith(" UTC") else text)
    except ValueError:
        raise ValueError("not an ISO 8601 time; give time_format in the mapping") from None


def _by_form(text: str, form: str) -> datetime:
    try:
        return datetime.strptime(text, form)  # noqa: DTZ007 - the zone is put in where it is known
    except ValueError:
        raise ValueError(f"not in the form {form}") from None


def _since_1970(text: str, units: int) -> datetime:
    return datetime.fromtimestamp(0, UTC) + _span(_number(text), seconds=1 / units)


def _excel(text: str) -> datetime:
    return _EXCEL_BEGAN + timedelta(milliseconds=round(_span(_number(text), seconds=86_400).total_seconds() * 1000))


def _span(number: float, seconds: float) -> timedelta:
    try:
        span = timedelta(seconds=number * seconds)
    except OverflowError:
        span = timedelta.max
    if abs(span) > timedelta(days=300_000):
        raise ValueError("a number that no time has; is time_format what the column holds?")
    return span


def _number(text: str) -> float:
    plain = text.replace(",", ".")
    if _NUMBER.fullmatch(plain) is None:
        raise ValueError("not the number that time_format says")
    return float(plain)
