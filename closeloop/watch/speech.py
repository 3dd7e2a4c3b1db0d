"""The language of the watch: the console's words, numbers as the language writes them, short spans. Pure."""

from collections.abc import Mapping

from msgspec import Struct

from closeloop.printing import largest_unit
from gateway.case_shapes import Case
from gateway.console.catalogue import console_words, number
from gateway.console.reader import LANGUAGES, ConsoleLanguage
from schemas.words import about
from schemas.words.catalogue import words_in

_LOCALES = ("LC_ALL", "LC_MESSAGES", "LANG")
"""What says in which language programs speak; the first that is set counts (POSIX.1-2017, section 8.2)."""
_SIZES = (("gb", 1e9), ("mb", 1e6), ("kb", 1e3))


class Speech(Struct, frozen=True):
    """How things are said to one reader."""

    language: ConsoleLanguage

    def say(self, message: str, /, **values: str | int) -> str:
        """A message of the console; else one of those that people get about cases."""
        words = console_words(self.language)
        return words.say(message, **values) if words.has(message) else words_in(self.language).say(message, **values)

    def has(self, message: str) -> bool:
        """Whether the console has such a message."""
        return console_words(self.language).has(message)

    def number(self, value: float, digits: int = 0) -> str:
        """A number with this many decimals."""
        return number(value, self.language, digits)

    def span(self, seconds: float) -> str:
        """A length of time in a few cells: ``12 s``, ``3 min``, ``5 h``, ``2 d``."""
        count, unit = largest_unit(seconds)
        return self.say(f"short-{unit}", n=count)

    def size(self, count: float) -> str:
        """Bytes as the console writes them."""
        unit, length = next((one for one in _SIZES if count >= one[1]), _SIZES[-1])
        return self.say(f"size-{unit}", n=self.number(count / length, 1))

    def state(self, case: Case) -> str:
        """A case's state."""
        return about.state_name(words_in(self.language), case.state, case.subject)

    def what(self, case: Case) -> str:
        """What a case is about, in a few words."""
        return about.what(words_in(self.language), case.subject, case.latest_alert)


def locale_language(environment: Mapping[str, str]) -> ConsoleLanguage:
    """The console's language that the locale of an environment asks for; English where it has not that one."""
    locale = next((found for name in _LOCALES if (found := environment.get(name))), "")
    wanted = locale.replace("-", "_").partition("_")[0].partition(".")[0].lower()
    return next((language for language in LANGUAGES if language == wanted), LANGUAGES[0])
