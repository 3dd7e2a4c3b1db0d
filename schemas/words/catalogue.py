"""The catalogues: one Fluent file a language, every sentence with the plural rules of its language.

Syntax: https://projectfluent.org/fluent/guide/. What goes into a sentence is shown as it is: whoever says something in
Slack's mrkdwn escapes the values first (:mod:`schemas.words.safe_text`).
"""

from collections.abc import Iterable
from functools import cache
from importlib.resources import files
from typing import get_args

from babel import Locale
from babel.dates import get_day_names
from babel.lists import format_list
from fluent.runtime import FluentBundle, FluentResource
from fluent.syntax import ast

from schemas.config_base import WEEKDAYS, Weekday
from schemas.config_owners import Language

LANGUAGES: tuple[Language, ...] = get_args(Language)


class Words:
    """One language's catalogue. It is read once a process and never changes."""

    def __init__(self, language: Language, text: str | None = None) -> None:
        """``text`` is Fluent's, that of people's messages where none is given. Raises ``ValueError`` for junk in it."""
        self.language = language
        resource = FluentResource(source(language) if text is None else text)
        junk = [entry.content or "" for entry in resource.body if isinstance(entry, ast.Junk)]
        if junk:
            raise ValueError(f"{language}.ftl: cannot be read: {junk[0][:60]!r}")
        # Isolation marks would show as boxes in some of Slack's clients; none of these languages runs right to left.
        self._bundle = FluentBundle([language], use_isolating=False)
        self._bundle.add_resource(resource)
        self._locale = Locale.parse(language)

    def say(self, message: str, /, **values: str | int) -> str:
        """The message with these values; a number chooses the plural. Raises ``LookupError`` and ``ValueError``."""
        pattern = self._bundle.get_message(message).value
        assert pattern is not None, "Fluent allows messages of attributes alone; the catalogues have none"
        said, errors = self._bundle.format_pattern(pattern, values)
        if errors:
            raise ValueError(f"{self.language}: {message}: {errors[0]}")
        return str(said)

    def has(self, message: str) -> bool:
        """Whether there is such a message."""
        return bool(self._bundle.has_message(message))

    def either(self, names: Iterable[str]) -> str:
        """Names as alternatives: ``Ana, Bob or Cid``."""
        return str(format_list(list(names), style="or", locale=self._locale))

    @property
    def quotation_marks(self) -> tuple[str, str]:
        """What stands before and after somebody's words."""
        before, _, after = self.say("quoted", said="\n").partition("\n")
        return before, after

    def weekday(self, day: Weekday) -> str:
        """A weekday's short name, as it stands by itself."""
        return str(get_day_names("abbreviated", "stand-alone", self._locale)[WEEKDAYS.index(day)])


@cache
def words_in(language: Language) -> Words:
    """The catalogue of a language, read when it is first asked for."""
    return Words(language)


def source(language: Language) -> str:
    """The Fluent text of a language."""
    return files("schemas.words").joinpath(f"{language}.ftl").read_text(encoding="utf-8")
