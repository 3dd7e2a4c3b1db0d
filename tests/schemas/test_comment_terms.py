"""What comments are about: forms of a word are one, in several languages; nothing personal; hostile text."""

from __future__ import annotations

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.comment_terms import LONGEST_WORD, MOST_READ, MOST_TERMS, language_of, terms_of
from schemas.stop_words import GUESSED, stop_words


@pytest.mark.parametrize(
    ("language", "one", "other"),
    [
        ("en", "The delivery was delayed", "two delays"),
        ("pt", "os atrasos de sempre", "um ATRASO"),
        ("de", "falsche Lieferungen", "die Lieferung"),
        ("ru", "опоздание доставки", "доставку ждём"),
        ("es", "los retrasos", "un retraso"),
        ("fr", "les livraisons", "une livraison"),
        ("zh", "客服态度太差", "态度不好"),
        ("uk", "доставка запізнилась", "де доставка?"),
    ],
)
def test_forms_of_a_word_are_one_term(language: str, one: str, other: str) -> None:
    assert set(terms_of(one, language)) & set(terms_of(other, language))


def test_words_and_phrases_as_they_were_written() -> None:
    found = terms_of("Produto não chegou. Péssima entrega!", "pt")
    assert set(found.values()) == {
        "produto",
        "produto não chegou",
        "não chegou",
        "chegou",
        "péssima",
        "péssima entrega",
        "entrega",
    }


def test_chinese_runs_end_at_words_that_say_nothing() -> None:
    assert set(terms_of("客服一直不回复", "zh")) == {"客服", "不回复", "回复"}


def test_a_phrase_crosses_no_full_stop() -> None:
    assert "late parcel" not in terms_of("late. parcel", "en").values()
    assert "late parcel" in terms_of("late parcel", "en").values()


def test_what_says_nothing_between_words_makes_no_other_phrase() -> None:
    phrases = [terms_of(text, "pt") for text in ("recebi o produto", "recebi meu produto", "nao recebi produto")]
    assert "receb produt" in set(phrases[0]) & set(phrases[1]) & set(phrases[2])
    assert set(terms_of("não recebi", "pt")) == set(terms_of("nao recebi", "pt"))


def test_nothing_personal_is_taken() -> None:
    said = "write to ana.silva@mail.example or @anasilva, +55 11 98765-4321, order A1B2C3, https://shop.example/ana now"
    words = " ".join(terms_of(said, "en").values())
    for piece in ("ana", "silva", "mail", "example", "98765", "a1b2c3", "shop", "https", "11"):
        assert piece not in words.split()
    assert terms_of("4321 98765 12-34 v2", "en") == {}


@pytest.mark.parametrize(
    ("said", "declared", "expected"),
    [
        ("whatever", "pt-BR", "pt"),
        ("whatever", "zh-Hant", "zh"),
        ("whatever", "xx", None),
        ("whatever", "nb", "no"),
        ("The parcel was not there and nobody came", None, "en"),
        ("Заказ не пришёл, и никто не отвечает на звонки", "und", "ru"),
        ("Замовлення не прийшло, і ніхто не відповідає на дзвінки", None, "uk"),
        ("O produto não chegou e ninguém me responde", None, "pt"),
        ("Die Lieferung ist nicht da und niemand ruft mich an", None, "de"),
        ("客服态度太差", None, "zh"),
        ("遅すぎる配達でした", None, None),
        ("12345", None, None),
        ("", None, None),
    ],
)
def test_the_language_of_a_comment(said: str, declared: str | None, expected: str | None) -> None:
    assert language_of(said, declared) == expected


@pytest.mark.parametrize("language", GUESSED)
def test_every_language_that_is_guessed_has_stop_words(language: str) -> None:
    assert len(stop_words(language)) > 100


@pytest.mark.parametrize(
    "said",
    [
        "a" * 10_000,
        "late " * 2_000,
        "@" * 10_000,
        "'" * 10_000,
        "a'" * 5_000,
        "e\u0301" * 5_000,
        "\u0301" * 10_000,
        "\u202eyadot etal si lecrap\u202c " * 300,
        "\x00\x01\x1b[31m late \x7f" * 500,
        "😡" * 10_000,
        "👨‍👩‍👧‍👦 late " * 500,
        "差" * 10_000,
        "ﷺ" * 10_000,
        "\ud800 late",
        "late\u2028parcel\u2029" * 500,
        " " * 10_000,
        " ".join(f"{one}{other}{one}" for one in string.ascii_lowercase for other in string.ascii_lowercase) * 4,
    ],
)
@pytest.mark.parametrize("language", ["en", "zh", "fr", "uk"])
def test_hostile_text_gives_few_and_plain_terms(said: str, language: str) -> None:
    language_of(said, None)
    found = terms_of(said, language)
    assert len(found) <= MOST_TERMS
    for key, written in found.items():
        assert len(key) <= 3 * LONGEST_WORD + 2
        assert key == key.strip()
        assert "\n" not in key + written
        assert (key + written).isprintable()
        assert key.encode()


@given(st.text(max_size=300), st.sampled_from(["en", "pt", "ru", "zh", "fr", "tr"]))
def test_any_text_gives_terms_without_line_breaks_or_digits(said: str, language: str) -> None:
    for key, written in terms_of(said, language).items():
        assert key
        assert not set("\n\x00%_@") & set(key + written)
        assert not any(map(str.isdigit, key))


def test_no_more_than_the_beginning_is_read() -> None:
    assert "parcel" not in terms_of("x " * (MOST_READ // 2) + " parcel", "en")
