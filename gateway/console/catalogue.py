"""What the pages say: a Fluent catalogue for each language of the console, with numbers and times as it writes them."""

from datetime import date, datetime
from functools import cache
from importlib.resources import files
from zoneinfo import ZoneInfo

from babel.dates import format_date, format_datetime, format_time, format_timedelta
from babel.numbers import get_decimal_symbol, get_group_symbol

from gateway.console.reader import ConsoleLanguage
from schemas.words.catalogue import Words


@cache
def console_words(language: ConsoleLanguage) -> Words:
    """The catalogue of a language, read when it is first asked for."""
    return Words(language, catalogue_text(language))


def catalogue_text(language: ConsoleLanguage) -> str:
    """The messages of a language as Fluent writes them."""
    return files("gateway.console").joinpath("words", f"{language}.ftl").read_text(encoding="utf-8")


def number(value: float, language: str, digits: int = 0, *, signed: bool = False) -> str:
    """A number with this many decimals; a minus is a minus sign, and with ``signed`` a plus is said."""
    rounded = round(value, digits) + 0.0  # no negative zero
    sign = "\N{MINUS SIGN}" if rounded < 0 else "+" if signed and rounded > 0 else ""
    # Babel's own formatting reads its pattern anew for every number, which is most of the work of a large page.
    return sign + f"{abs(rounded):,.{digits}f}".translate(_separators(language))


@cache
def _separators(language: str) -> dict[int, str]:
    """From Python's separators to those of the language."""
    return str.maketrans({",": get_group_symbol(language), ".": get_decimal_symbol(language)})


def day(value: date, language: str, *, year: bool = False) -> str:
    """A calendar day."""
    return str(format_date(value, "d MMM y" if year else "d MMM", locale=language))


def moment(value: datetime, zone: str, now: datetime, language: str) -> str:
    """A time in the zone of loop.yaml: today's hour, else the day and the hour."""
    there = value.astimezone(ZoneInfo(zone))
    if there.date() == now.astimezone(ZoneInfo(zone)).date():
        return str(format_time(there, "HH:mm", locale=language))
    return str(format_datetime(there, "d MMM HH:mm", locale=language))


def exactly(value: datetime, zone: str, language: str) -> str:
    """A time with its zone, for those who want it exact."""
    return str(format_datetime(value.astimezone(ZoneInfo(zone)), "d MMM y HH:mm:ss zzz", locale=language))


def span(seconds: float, language: str) -> str:
    """A length of time in its largest unit: ``3 min``."""
    return str(format_timedelta(round(seconds), granularity="second", threshold=1.5, format="short", locale=language))
