"""The catalogues: complete in every language, nothing unused, plurals right, and short enough for Slack."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from babel import Locale

from schemas.config_owners import Language
from schemas.words import about
from schemas.words.catalogue import LANGUAGES, Words, words_in
from tests.words.messages import asked, ids, messages, named, plurals, variables

OTHERS = [language for language in LANGUAGES if language != "en"]
ENGLISH = messages("en")
PARTS = {"de": "ÄÖÜäöüß", "ru": "ыэъё", "uk": "іїєґ", "zh": "的客户", "pt": "ãçéí"}
"""Letters that only this language has among the six: enough of them, and the file is in it."""
LONGEST = {"title-": 24, "submit-": 24, "action-": 75, "look-": 75, "snooze-": 75, "cause-": 75, "how-": 75}


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_has_every_message_once_with_the_same_variables(language: Language) -> None:
    found = messages(language)
    assert len(ids(language)) == len(found)
    assert list(found) == list(ENGLISH), "the same messages in the same order"
    for name, message in found.items():
        assert variables(message) == variables(ENGLISH[name]), name


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_message_can_be_said_and_shows_all_its_values(language: Language) -> None:
    words = Words(language)
    for name, message in messages(language).items():
        wanted = variables(message)
        for n in (0, 1, 2, 5, 11, 21, 104):
            values = {key: n if key == "n" else f"⟦{key}⟧" for key in wanted}
            said = words.say(name, **values)
            assert said.strip() == said != "", name
            assert "{" not in said, name
            if "n" in wanted:
                assert str(n) in said, name
            for key in wanted - {"n", "by"}:
                assert f"⟦{key}⟧" in said, (name, key)


@pytest.mark.parametrize("language", OTHERS)
def test_no_language_falls_back_on_english(language: Language) -> None:
    words, english = Words(language), Words("en")
    same = []
    for name, message in ENGLISH.items():
        values = {key: 3 if key == "n" else "" for key in variables(message)}
        if words.say(name, **values) == english.say(name, **values) and re.search(
            "[a-z]{4}", words.say(name, **values)
        ):
            same.append(name)
    # Words that are the same there, and really so.
    assert set(same) <= {"how-chat", "how-email", "severity-normal"}, same
    everything = "".join(words.say(name, **dict.fromkeys(variables(message), 3)) for name, message in ENGLISH.items())
    assert sum(everything.count(letter) for letter in PARTS[language]) > 40


@pytest.mark.parametrize("language", LANGUAGES)
def test_plurals_have_the_forms_of_their_language(language: Language) -> None:
    forms = {"few", "many", "one"} if language in ("ru", "uk") else {"other"} if language == "zh" else {"one", "other"}
    rules = Locale.parse(language).plural_form
    assert {rules(n) for n in range(200)} == forms | ({"other"} if language == "pt" else set())
    for name, message in messages(language).items():
        for found in plurals(message):
            assert found == forms, name


def test_numbers_take_their_plural() -> None:
    assert [words_in("ru").say("bad-answers", n=n) for n in (1, 2, 5, 11, 21, 22, 111)] == [
        "1 плохой ответ", "2 плохих ответа", "5 плохих ответов", "11 плохих ответов", "21 плохой ответ",
        "22 плохих ответа", "111 плохих ответов",
    ]  # fmt: skip
    assert [words_in("uk").say("ago-days", n=n) for n in (1, 3, 14, 31)] == [
        "1 день тому", "3 дні тому", "14 днів тому", "31 день тому",
    ]  # fmt: skip
    assert [words_in("de").say("ago-days", n=n) for n in (1, 2)] == ["vor 1 Tag", "vor 2 Tagen"]
    assert [words_in("pt").say("bad-answers", n=n) for n in (1, 2)] == ["1 resposta ruim", "2 respostas ruins"]
    assert words_in("zh").say("bad-answers", n=2) == "2 次差评"


@pytest.mark.parametrize("language", LANGUAGES)
def test_buttons_and_titles_fit(language: Language) -> None:
    words = Words(language)
    for name, message in messages(language).items():
        longest = next((most for start, most in LONGEST.items() if name.startswith(start)), None)
        if longest is not None and not variables(message):
            assert len(words.say(name)) <= longest, name


def test_every_message_is_asked_for_and_every_message_asked_for_is_there() -> None:
    calls, texts = asked(), named()
    assert len(calls) > 60
    for name, message in ENGLISH.items():
        fitting = [call for call in calls if call.pattern.fullmatch(name)]
        assert fitting or name in texts, f"{name} is never said"
        for call in fitting:
            assert call.gaps or call.values is None or call.values == variables(message), f"{call.where}: {name}"
    for call in calls:
        assert any(call.pattern.fullmatch(name) for name in ENGLISH), f"{call.where}: no such message"


def test_a_message_that_lacks_a_value_or_is_none_is_an_error() -> None:
    with pytest.raises(ValueError, match="home-open"):
        Words("en").say("home-open")
    with pytest.raises(LookupError):
        Words("en").say("no-such-message")


def test_names_and_weekdays_are_those_of_the_language() -> None:
    names = ["Ana", "Bob", "Cid"]
    assert words_in("en").either(names) == "Ana, Bob, or Cid"
    assert words_in("de").either(names) == "Ana, Bob oder Cid"
    assert words_in("ru").either(names[:2]) == "Ana или Bob"
    assert words_in("ru").either(names[:1]) == "Ana"
    assert [words_in(language).weekday("mon") for language in LANGUAGES] == ["Mon", "Mo", "пн", "пн", "周一", "seg."]


@pytest.mark.parametrize(
    ("minutes", "english", "russian"),
    [
        (0, "0 min", "0 мин"), (59, "59 min", "59 мин"), (60, "1 h", "1 ч"), (192, "3 h 12 min", "3 ч 12 мин"),
        (1500, "1 d 1 h", "1 д 1 ч"), (4320, "3 d", "3 д"),
    ],
)  # fmt: skip
def test_lengths_of_time(minutes: int, english: str, russian: str) -> None:
    assert about.span(words_in("en"), timedelta(minutes=minutes)) == english
    assert about.span(words_in("ru"), timedelta(minutes=minutes)) == russian


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (0, "just now"), (59, "just now"), (60, "1 min ago"), (7199, "1 h ago"), (172_799, "47 h ago"),
        (172_800, "2 days ago"),
    ],
)  # fmt: skip
def test_ages(seconds: int, said: str) -> None:
    assert about.ago(words_in("en"), timedelta(seconds=seconds)) == said
