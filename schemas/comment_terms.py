"""What a comment is about: its words and phrases, brought to a form that all their spellings share. Pure.

A term is a word without its endings, or two or three such words in a row ("delay", "deliveri time", "never arriv").
Left out are words that say nothing, and all that may name somebody or something of theirs alone: numbers, words with
digits, e-mail addresses, links, handles. Names of people cannot be told from other words: whoever shows terms shows
only those that several customers have used (the table ``answer_terms`` is not for showing as it is).

Of a language that puts no spaces between words, runs of two to four signs stand for words: what is no word does not
come often, and of runs that come together the longest is kept (:mod:`gateway.themes.counting`).

Time and memory grow with the length of the comment, of which :data:`MOST_READ` characters are read.
"""

import re
from collections.abc import Iterator
from functools import lru_cache

from schemas.stop_words import GUESSED, stop_words, turning_words
from schemas.word_forms import LANGUAGES, Tongue, bare, fold, subtags

MOST_READ = 2_000
"""Characters of a comment that are read."""
MOST_TERMS = 300
"""Terms that are taken of one comment."""
LONGEST_PHRASE = 3
LONGEST_WORD = 40
"""Letters: a longer run is no word."""
SHORTEST_WORD = 3

_SIGNS = ("zh",)
_LONGEST_RUN = 4
_HAN = re.compile("[\u3400-\u4dbf\u4e00-\u9fff]+")
_KANA = re.compile("[\u3040-\u30ff]")
_PIECES = re.compile(r"[^\W_]+(?:'[^\W_]+)*|[^\w\s'-]")
_ADDRESS = ("@", "://", "www.", ".com")


class Terms(dict[str, str]):
    """Term to how the comment wrote it, folded; in the order in which the comment names them."""


def language_of(comment: str, declared: str | None) -> str | None:
    """The language that a comment is read in: the declared one, or a guess where none is; None where it is not known.

    The guess goes to the language with the most stop words in the comment, two of them at least and more than any other
    has.
    """
    parts = subtags(declared) if declared else None
    if parts is not None and parts[0] not in ("und", "mul", "zxx"):
        language = {"nb": "no", "nn": "no"}.get(parts[0], parts[0])
        return language if language in LANGUAGES and language not in ("ja", "th") else None
    folded = fold(comment[:MOST_READ])
    if _KANA.search(folded):
        return None
    if _HAN.search(folded):
        return "zh"
    words = {bare(word) for word in _PIECES.findall(folded)}
    met = sorted(((len(words & stop_words(language)), language) for language in GUESSED), reverse=True)
    return met[0][1] if met[0][0] >= 2 and met[0][0] > met[1][0] else None


def terms_of(comment: str, language: str) -> Terms:
    """The terms of a comment in one of the languages that :func:`language_of` gives."""
    folded = fold(comment[:MOST_READ])
    found = _runs(folded, language) if language in _SIGNS else _phrases(folded, Tongue(language), language)
    terms = Terms()
    for key, written in found:
        terms.setdefault(key, written)
        if len(terms) == MOST_TERMS:
            break
    return terms


def _clauses(folded: str) -> Iterator[list[str]]:
    """Words in a row: what stands between punctuation, numbers and addresses."""
    words: list[str] = []
    for chunk in folded.split():
        pieces = [] if any(mark in chunk for mark in _ADDRESS) else _PIECES.findall(chunk)
        for piece in pieces or [""]:
            if piece and piece[0].isalpha() and len(piece) <= LONGEST_WORD and not any(map(str.isdigit, piece)):
                words.append(piece)
            elif words:
                yield words
                words = []
    if words:
        yield words


def _phrases(folded: str, tongue: Tongue, language: str) -> Iterator[tuple[str, str]]:
    """Words and phrases with how they were written. What says nothing between a phrase's words is no part of its key.

    So "received the parcel" and "received my parcel" are one.
    """
    empty, turning = stop_words(language), turning_words(language)
    for written in _clauses(folded):
        plain = [bare(word) for word in written]
        says = [len(word) >= SHORTEST_WORD and word not in empty for word in plain]
        turns = [word in turning for word in plain]
        keys = [
            bare(tongue.stem(word)) if speaks else bare_word if turning_round else ""
            for word, bare_word, speaks, turning_round in zip(written, plain, says, turns, strict=True)
        ]
        for start, key in enumerate(keys):
            if not key:
                continue
            if says[start]:
                yield key, written[start]
            parts = [key]
            for end in range(start + 1, min(start + LONGEST_PHRASE + 1, len(written))):
                if keys[end]:
                    parts.append(keys[end])
                if says[end] and 1 < len(parts) <= LONGEST_PHRASE:
                    yield " ".join(parts), " ".join(written[start : end + 1])


def _runs(folded: str, language: str) -> Iterator[tuple[str, str]]:
    """Runs of signs between those that say nothing; one may begin with a sign that turns round, and two more."""
    empty, turning = stop_words(language), turning_words(language)
    for found in _HAN.findall(folded):
        for run in filter(None, _between(language).split(found)):
            for start in range(len(run)):
                for end in range(start + 2, min(start + _LONGEST_RUN, len(run)) + 1):
                    piece = run[start:end]
                    opens = piece[0] not in empty or (piece[0] in turning and len(piece) > 2)
                    if opens and piece[-1] not in empty and piece not in empty:
                        yield piece, piece


@lru_cache(8)
def _between(language: str) -> re.Pattern[str]:
    """The stop words of two signs and more: no run goes on over one."""
    long = sorted((word for word in stop_words(language) if len(word) > 1), key=lambda word: (-len(word), word))
    return re.compile("|".join(map(re.escape, long)))
