"""Words in comments: inflected forms, boundaries and spellings in every language, and what it costs."""

from __future__ import annotations

import sys
import unicodedata
from types import FrameType

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.word_forms import fold
from streams.flagging.words import WordSearch, nearest

calm = settings(deadline=None, max_examples=60)  # a loaded machine is no failure

WORDS = {
    "de": ["Anwalt", "kündigen", "nie wieder", "Verbraucherzentrale", "schadensersatz*"],
    "en": ["lawyer", "injury", "never again", "don't buy", "refus*"],
    "es": ["abogado", "nunca más", "denunciar"],
    "fr": ["avocat", "plus jamais", "résilier"],
    "pt": ["advogado", "nunca mais", "cancelar", "reclamação"],
    "ru": ["жалоба", "никогда больше", "надёжный", "судебный иск"],
    "uk": ["скарг*", "ніколи більше", "об'єднання"],
    "zh": ["投诉", "律师", "12315", "APP闪退"],
}
SEARCH = WordSearch([WORDS])


def meets(comment: str, language: str | None) -> bool:
    return bool(SEARCH.find(comment, language))


@pytest.mark.parametrize(
    ("language", "comment"),
    [
        ("de", "Ich gehe damit zu meinen Anwälten."),
        ("de", "ANWALT eingeschaltet!"),
        ("de", "Ich kündige."),
        ("de", "ich kuendige"),  # ü typed as ue
        ("de", "NIE WIEDER!!!"),
        ("de", "Nie\nwieder"),
        ("de", "Schadensersatzforderung folgt"),  # a compound, by its beginning
        ("en", "My lawyers will write to you"),
        ("en", "Two injuries already."),
        ("en", '"Never again", said my wife'),
        ("en", "never... again"),
        ("en", "Don\u2019t buy this"),  # a typographic apostrophe
        ("en", "Don\u00b4t buy this"),  # an accent in its place
        ("en", "DONT BUY"),  # none at all
        ("en", "they are refusing me a refund"),
        ("en", "the lawyer's letter"),
        ("es", "hablé con mis abogados"),
        ("es", "nunca mas compro"),  # the accent left out
        ("es", "Lo denunciaré"),
        ("fr", "Je transmets à l'avocat"),
        ("fr", "mes avocats"),
        ("fr", "j\u2019ai résilié"),
        ("fr", "RESILIER"),
        ("pt", "vou falar com os advogados"),
        ("pt", "Nunca mais compro aqui"),
        ("pt", "estou cancelando tudo"),
        ("pt", "fiz várias reclamações"),
        ("pt", "minha reclamaçao"),  # half of the accents left out
        ("pt", "uma reclamacao"),
        ("ru", "Пишу жалобу"),
        ("ru", "ЖАЛОБЫ остались без ответа"),
        ("ru", "жа\u0301лоба"),  # with its stress mark
        ("ru", "Никогда больше!"),
        ("ru", "магазин надежный"),  # ё written as е
        ("ru", "готовлю судебные иски"),
        ("uk", "Напишу скаргу"),
        ("uk", "Скарга!"),
        ("uk", "Більше: ніколи більше"),
        ("uk", "об\u2019єднання споживачів"),
        ("uk", "обєднання"),
        ("zh", "我要投诉你们"),
        ("zh", "我要投 诉"),
        ("zh", "已经打\uff11\uff12\uff13\uff11\uff15了"),  # full-width digits
        ("zh", "app闪退好几次"),
        ("zh", "找律师。"),
    ],
)  # fmt: skip
def test_a_form_of_a_word_is_met(language: str, comment: str) -> None:
    assert meets(comment, language)


@pytest.mark.parametrize(
    ("language", "comment"),
    [
        ("de", "Staatsanwaltschaft"),  # inside another word, and not by its beginning
        ("de", "nie und nimmer wieder"),  # a phrase stands together
        ("de", "wieder nie"),
        ("de", "Mein Schaden"),
        ("en", "nevertheless against"),
        ("en", "law enforcement"),
        ("en", "I do not buy"),
        ("en", "again, never"),
        ("es", "nunca"),
        ("fr", "avocatier"),
        ("pt", "mais nunca"),
        ("ru", "иск подаю судебный"),
        ("ru", "больше никогда"),
        ("uk", "оскарження"),  # скарг inside another word
        ("uk", "жалоба"),  # Russian
        ("zh", "投资"),
        ("zh", "订单2012315号"),  # digits inside a longer number
        ("zh", "myapp闪退"),
        ("en", ""),
        ("en", "!!! ??? \U0001f600"),
    ],
)
def test_another_word_is_not_met(language: str, comment: str) -> None:
    assert not meets(comment, language)


def test_a_word_can_be_asked_for_as_it_is_written() -> None:
    """Stems bring together what somebody may want apart: a customer who sues (processar), and an order's process."""
    stemmed, written = WordSearch([{"pt": ["processar"]}]), WordSearch([{"pt": ["=processar", "=ação"]}])
    assert stemmed.find("durante o processo", "pt")
    assert not written.find("durante o processo", "pt")
    assert written.find("Vou PROCESSAR a loja", "pt")
    assert written.find("entrei com acao", "pt")
    assert not written.find("duas ações", "pt")
    assert not written.find("processaram", "pt")


def test_an_accent_left_out_is_forgiven_and_one_put_in_is_not() -> None:
    with_accent, without = WordSearch([{"es": ["año"]}]), WordSearch([{"es": ["ano"]}])
    assert with_accent.find("hace un ano", "es")
    assert not without.find("hace un año", "es")


def test_pictures_are_words_whatever_their_colour() -> None:
    search = WordSearch([{"en": ["\U0001f621", "\U0001f44e\U0001f44e"]}])
    assert search.find("so late\U0001f621!", "en")
    assert search.find("\U0001f44e\U0001f3fd\U0001f44e\U0001f3fb", "en")  # two thumbs of two skin tones
    assert not search.find("\U0001f44e", "en")
    heart = WordSearch([{"en": ["\u2764"]}])
    assert heart.find("\u2764\ufe0f", "en")  # with its colour variant


def test_what_is_not_seen_does_not_hide_a_word() -> None:
    assert meets("a law\u00adyer", "en")  # a soft hyphen
    assert meets("la\u200bwyer", "en")  # a space of no width
    assert meets("\u202elawyer", "en")  # a change of direction


@pytest.mark.parametrize(
    ("answer", "declared", "chosen"),
    [
        ("pt", ["pt", "en"], ["pt"]),
        ("pt-BR", ["pt", "en"], ["pt"]),
        ("PT_br", ["pt", "en"], ["pt"]),
        ("pt-BR", ["pt", "pt-br"], ["pt-br"]),
        ("pt", ["pt-br", "pt-pt", "en"], ["pt-br", "pt-pt"]),
        ("pt-AO", ["pt-br", "pt-pt"], ["pt-br", "pt-pt"]),
        ("zh-Hant-HK", ["zh-hant", "zh-hans"], ["zh-hant"]),
        ("zh-TW", ["zh-hant", "zh-hans"], ["zh-hant"]),
        ("zh-CN", ["zh-hant", "zh-hans"], ["zh-hans"]),
        ("zh-CN", ["zh"], ["zh"]),
        ("zh", ["zh-hant", "zh-hans"], ["zh-hant", "zh-hans"]),
        ("sv", ["pt", "en"], []),
        (None, ["pt", "en"], ["pt", "en"]),
        ("", ["pt", "en"], ["pt", "en"]),
        ("und", ["pt", "en"], ["pt", "en"]),
        ("português", ["pt", "en"], ["pt", "en"]),  # says nothing that can be relied on
    ],
)
def test_the_nearest_declared_language_is_looked_for(
    answer: str | None, declared: list[str], chosen: list[str]
) -> None:
    tags = [tuple(tag.split("-")) for tag in declared]
    assert list(nearest(answer, tags)) == [tuple(tag.split("-")) for tag in chosen]


def test_each_list_has_its_own_nearest_language() -> None:
    search = WordSearch([{"pt": ["advogado"]}, {"pt-BR": ["advogado"], "en": ["lawyer"]}, {"en": ["advogado"]}])
    assert search.find("advogados", "pt-BR") == {0, 1}
    assert search.find("advogados", "pt-PT") == {0, 1}
    assert search.find("lawyers", "pt") == set()
    assert search.find("lawyers", None) == {1}
    assert search.find("advogado", None) == {0, 1, 2}


FOUND = st.sampled_from(
    [
        ("de", "Verbraucherzentrale"), ("de", "nie wieder"), ("en", "injury"), ("en", "never again"),
        ("es", "nunca más"), ("fr", "résilier"), ("pt", "reclamação"), ("ru", "надёжный"), ("uk", "ніколи більше"),
        ("zh", "投诉"),
    ]
)  # fmt: skip
AROUND = st.text(alphabet=" .,;:!?()[]«»„“”\"'…—\n\t/*#", max_size=6)


@calm
@given(FOUND, AROUND, AROUND, st.sampled_from([str.lower, str.upper, str.title, str.swapcase]))
def test_marks_around_and_case_change_nothing(
    known: tuple[str, str], before: str, after: str, cased: type[str]
) -> None:
    language, word = known
    assert meets(before + cased(word) + after, language)


@calm
@given(FOUND, st.sampled_from(["NFC", "NFD", "NFKC", "NFKD"]), st.text(max_size=40))
def test_the_form_of_unicode_changes_nothing(known: tuple[str, str], form: str, before: str) -> None:
    language, word = known
    comment = f"{before} {word}"
    assert meets(unicodedata.normalize(form, comment), language) == meets(comment, language)  # type: ignore[arg-type]


@calm
@given(FOUND, st.sampled_from("abcdefghijklmnopqrstuvwxyzабвгдежз0123456789"), st.booleans())
def test_a_word_inside_another_is_not_met(known: tuple[str, str], letter: str, before: bool) -> None:
    """A letter before a word makes another word of it; so does one behind a phrase's end that is no ending."""
    language, word = known
    if language == "zh":
        return
    assert not meets(letter + word if before else f"{letter}{word}{letter}", language)


@calm
@given(st.text(max_size=200), st.sampled_from([*WORDS, None]))
def test_no_text_is_too_strange(comment: str, language: str | None) -> None:
    meets(comment, language)


HARD = {
    "one word": "never ", "half a phrase": "never again never ", "letters": "a ", "one long word": "a",
    "marks": "a\u0301\u0323", "marks alone": "\u0301\u0323", "spaces": " ", "apostrophes": "a'", "unseen": "\u200d",
    "what grows": "\ufdfa", "other words": " ".join(chr(0x4E00 + n) for n in range(5000)), "pictures": "\U0001f621",
    "half a word": "投", "digits": "12315", "marks and signs": "!\u0301",
}  # fmt: skip


@pytest.mark.parametrize("kind", HARD)
def test_the_work_grows_with_the_length_alone(kind: str) -> None:
    """Calls are counted, not time: of four times as many characters there are at most four times as many."""

    def calls(length: int) -> int:
        search, counted = WordSearch([WORDS, WORDS]), 0

        def count(frame: FrameType, event: str, argument: object) -> None:
            nonlocal counted
            counted += 1

        comment = (HARD[kind] * length)[:length]
        sys.setprofile(count)
        try:
            search.find(comment, None)
        finally:
            sys.setprofile(None)
        return counted

    assert calls(4_000) <= 4.2 * calls(1_000) + 200


def test_a_run_of_marks_is_cut_before_it_is_sorted(monkeypatch: pytest.MonkeyPatch) -> None:
    """Normalising sorts a run of marks one by one, which takes the square of its length."""
    longest = 0
    genuine = unicodedata.normalize

    def watching(form: str, text: str) -> str:
        nonlocal longest
        run = 0
        for sign in text:
            run = run + 1 if unicodedata.combining(sign) else 0
            longest = max(longest, run)
        return genuine(form, text)  # type: ignore[arg-type]

    monkeypatch.setattr("schemas.word_forms.unicodedata.normalize", watching)
    for comment in ("a" + "\u0301\u0323" * 5000, "\u0301\u0323" * 5000, "e" + "\u0301!" * 20 + "\u0323\u0301" * 90):
        fold(comment)
    assert longest <= 30


def test_a_folded_comment_stays_small() -> None:
    assert len(fold("\ufdfa" * 10_000)) <= 40_000
