"""Both languages of the console say the same things, and every template finds its words."""

from __future__ import annotations

import re
from importlib.resources import files

import pytest
from fluent.syntax import FluentParser, ast

from gateway.console.catalogue import console_words, number
from gateway.console.reader import LANGUAGES
from schemas.words.catalogue import words_in
from tests.words.messages import variables

SAID = re.compile(r"\bsay\(\s*[\"']([a-z_-]+)[\"'](?!\s*~)")


def messages(language: str) -> dict[str, ast.Message]:
    text = files("gateway.console").joinpath("words", f"{language}.ftl").read_text(encoding="utf-8")
    found = [entry for entry in FluentParser().parse(text).body if isinstance(entry, ast.Message)]
    assert len({entry.id.name for entry in found}) == len(found), "a message is there twice"
    return {entry.id.name: entry for entry in found}


def test_russian_says_what_english_says_with_the_same_values() -> None:
    english, russian = messages("en"), messages("ru")
    assert list(english) == list(russian)
    for name in english:
        assert variables(english[name]) == variables(russian[name]), name


def test_every_message_that_a_template_names_exists() -> None:
    templates = list(files("gateway.console").joinpath("templates").iterdir())
    named = {name for file in templates for name in SAID.findall(file.read_text(encoding="utf-8"))}
    assert len(named) > 30
    for language in LANGUAGES:
        missing = {name for name in named if not console_words(language).has(name) and not words_in(language).has(name)}
        assert missing == set()


@pytest.mark.parametrize(
    ("value", "digits", "signed", "language", "said"),
    [
        (1234.5, 0, False, "en", "1,234"),
        (1234.56, 1, True, "en", "+1,234.6"),
        (-0.04, 1, True, "en", "0.0"),
        (-12.345, 2, False, "ru", "−12,35"),
        (12345, 0, False, "ru", "12\u00a0345"),
        (0, 0, True, "ru", "0"),
    ],
)
def test_numbers_are_written_as_the_language_writes_them(
    value: float, digits: int, signed: bool, language: str, said: str
) -> None:
    assert number(value, language, digits, signed=signed) == said
