"""What is refused, in the reader's words: by its reason and field where the console has a sentence for them. Pure."""

import re
from collections.abc import Mapping
from functools import cache

import msgspec

from gateway.console.catalogue import catalogue_text, console_words
from gateway.console.reader import ConsoleLanguage
from gateway.problems import Problem

_NAMES = re.compile(r"^refused-([\w-]+) =", re.MULTILINE)


@cache
def sentences(language: ConsoleLanguage) -> Mapping[str, str]:
    """``REASON-FIELD`` or ``REASON`` to a sentence: the messages of the catalogue that begin with ``refused-``."""
    words = console_words(language)
    return {name: words.say(f"refused-{name}") for name in _NAMES.findall(catalogue_text(language))}


@cache
def for_scripts(language: ConsoleLanguage) -> str:
    """The same as JSON, which a page brings along."""
    return msgspec.json.encode(sentences(language)).decode()


def told(problem: Problem, language: ConsoleLanguage) -> str:
    """The sentence for this problem; the API's own where the console has none."""
    known = sentences(language)
    return known.get(f"{problem.reason}-{problem.field}") or known.get(problem.reason) or problem.problem
