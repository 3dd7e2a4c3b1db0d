"""Draw a page: its template over what it looked up, in the reader's language."""

from datetime import date, datetime, timedelta
from functools import cache, lru_cache, partial
from typing import Any
from urllib.parse import urlencode

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape
from msgspec import Struct

from gateway.console import catalogue, charts
from gateway.console.catalogue import console_words
from gateway.console.fragments import Drawing, Drawn
from gateway.console.page import Asked, Page, query_of
from gateway.console.reader import ConsoleLanguage, Reader
from gateway.console.refusals import for_scripts
from schemas.words.catalogue import Words, words_in

MARK = "\N{INVISIBLE SEPARATOR}mark\N{INVISIBLE SEPARATOR}"
"""Stands in the frame where the number of the drawing goes; escaped values of events stand elsewhere."""


class Surroundings(Struct, frozen=True, kw_only=True):
    """What every page shows beside its own: the navigation's counts, and who may be acted as."""

    waiting: int
    """Open cases that nobody has taken yet."""
    overdue: int
    people: dict[str, str]
    """Person key to name."""
    fixed: bool
    """Whether the reader's key says as whom they act."""
    zone: str
    event_clock: bool
    url: str
    """Where apps and people reach the gateway."""


@cache
def environment() -> Environment:
    """The templates, compiled when first asked for."""
    made = Environment(
        loader=PackageLoader("gateway.console"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.globals.update(charts=charts)
    return made


def drawing(
    page: Page[Asked], asked: Asked, model: Struct, around: Surroundings, reader: Reader, at: datetime
) -> tuple[str, Drawn]:
    """The HTML of a page, with :data:`MARK` where the number of the drawing goes, and its live parts."""
    collected = Drawing()
    html = (
        environment()
        .get_template(f"{page.name}.html")
        .render(
            **spoken(reader.language, around.zone, at),
            page=model,
            asked=asked,
            name=page.name,
            section=page.section,
            around=around,
            reader=reader,
            live=collected.live,
            live_list=collected.live_list,
            link=partial(_link, asked),
            mark=MARK,
        )
    )
    return html, collected.drawn()


def draw_alone(template: str, reader: Reader, **values: Any) -> str:
    """A template that is no page of its own: the sign-in, a refusal."""
    return environment().get_template(template).render(**spoken(reader.language, "UTC", None), reader=reader, **values)


def spoken(language: ConsoleLanguage, zone: str, at: datetime | None) -> dict[str, Any]:
    """What a template says things with."""
    words, of_cases = console_words(language), words_in(language)

    def say(message: str, /, **values: str | int) -> str:
        """A message of the console; else one of those that people get about cases."""
        said = words if words.has(message) else of_cases
        return said.say(message, **values) if values else _constant(said, message)

    def when(value: datetime) -> Markup:
        """A time that the browser tells as an age, exact in its title."""
        iso, exact = value.isoformat(timespec="seconds"), catalogue.exactly(value, zone, language)
        near = catalogue.moment(value, zone, at or value, language)
        return Markup('<time datetime="{}" title="{}">{}</time>').format(iso, exact, near)

    def near(value: datetime) -> str:
        """A time as part of a sentence, that does not age."""
        return catalogue.moment(value, zone, at or value, language)

    def exactly(value: datetime) -> str:
        return catalogue.exactly(value, zone, language)

    def number(value: float, digits: int = 0, *, signed: bool = False) -> str:
        return _number(value, language, digits, signed)

    def day(value: date, *, year: bool = False) -> str:
        return catalogue.day(value, language, year=year)

    def span(length: float | timedelta) -> str:
        return catalogue.span(length.total_seconds() if isinstance(length, timedelta) else length, language)

    return {
        "say": say,
        "number": number,
        "when": when,
        "near": near,
        "exactly": exactly,
        "day": day,
        "span": span,
        "refusals": for_scripts,
        "language": language,
        "at": at,
        "zone": zone,
    }


def _link(asked: Struct, path: str = "", /, **changes: Any) -> Markup:
    """An address with what was asked and these changes; ``path`` is another page's, which takes the changes alone."""
    query = (
        {name: str(value) for name, value in changes.items() if value is not None}
        if path
        else query_of(asked, **changes)
    )
    return escape(path + ("?" + urlencode(query) if query else "" if path else "?"))


@lru_cache(maxsize=4096)
def _constant(words: Words, message: str) -> str:
    return words.say(message)


@lru_cache(maxsize=20_000)
def _number(value: float, language: ConsoleLanguage, digits: int, signed: bool) -> str:
    return catalogue.number(value, language, digits, signed=signed)
