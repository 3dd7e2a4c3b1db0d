"""Which lists of words a comment meets: word lists of loop.yaml, compiled once, over one comment at a time. Pure."""

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache

from schemas.word_forms import LONGEST_STEMMED, Term, Tongue, fold, squeeze, subtags

WordList = Mapping[str, Sequence[str]]
"""Language tag to its words and phrases, as loop.yaml has them."""

REMEMBERED_TAGS = 256
"""Language tags of answers whose lists are remembered: apps write what they like."""

REMEMBERED_WORDS = 20_000
"""Words of comments, a language, whose stems are remembered: most of any text is made of a few thousand."""

_SAYS_NOTHING = ("und", "mul", "zxx")
"""Tags that name no one language: undetermined, several, none."""
_SCRIPTS = {"cn": "hans", "sg": "hans", "my": "hans", "tw": "hant", "hk": "hant", "mo": "hant"}
"""The script that Chinese is written in by region, where its tag leaves it out."""


class WordSearch:
    """Looks for the words of several lists at once. Not to be shared between threads.

    A comment is folded once and taken apart once for each language that is looked for. Time and memory grow with its
    length alone (and with the number of declared words): stems are looked up by hash, phrases are compared word by
    word from the place where their first word stands, and no pattern can backtrack.
    """

    def __init__(self, lists: Sequence[WordList]) -> None:
        """Raises ValueError for a word that loop.yaml's checks refuse."""
        declared: dict[tuple[str, ...], dict[int, Sequence[str]]] = {}
        self._lists: list[tuple[tuple[str, ...], ...]] = []
        for number, words in enumerate(lists):
            tags: list[tuple[str, ...]] = []
            for tag, entries in words.items():
                parts = _parts(tag)
                if parts is None:
                    raise ValueError(f"`{tag}` is no language tag")
                tags.append(parts)
                declared.setdefault(parts, {})[number] = entries
            self._lists.append(tuple(tags))
        self._finders = {parts: _finder(parts[0], entries) for parts, entries in declared.items()}
        self._wanted = lru_cache(REMEMBERED_TAGS)(self._choose)

    def find(self, comment: str, language: str | None) -> frozenset[int]:
        """The numbers of the lists of which the comment holds a word, in the answer's language.

        Without one, or with a tag that says nothing, the lists of every language are looked through.
        """
        folded = fold(comment)
        found: set[int] = set()
        for finder, numbers in self._wanted(language):
            found |= finder.find(folded) & numbers
        return frozenset(found)

    def _choose(self, language: str | None) -> list[tuple["_Finder", frozenset[int]]]:
        """What to look with for an answer's language, and for which lists each: they may declare different tags."""
        numbers: dict[tuple[str, ...], set[int]] = {}
        for number, declared in enumerate(self._lists):
            for parts in nearest(language, declared):
                numbers.setdefault(parts, set()).add(number)
        return [(self._finders[parts], frozenset(chosen)) for parts, chosen in numbers.items()]


def nearest(language: str | None, declared: Sequence[tuple[str, ...]]) -> Sequence[tuple[str, ...]]:
    """The declared tags that an answer's language is looked for in, by the lookup of RFC 4647 (section 3.4).

    The tag is shortened from its end until it is declared: zh-Hant-HK, zh-Hant, zh. A tag that is declared only in
    narrower forms is looked for in all of them: pt in pt-BR and pt-PT. All tags where the answer does not say its
    language; none where its language is not declared.
    """
    parts = _parts(language) if language else None
    if parts is None or parts[0] in _SAYS_NOTHING:
        return declared
    for length in range(len(parts), 0, -1):
        if parts[:length] in declared:
            return (parts[:length],)
    return tuple(tag for tag in declared if tag[0] == parts[0])


class _Spaced:
    """The terms of one language that puts spaces between words."""

    def __init__(self, tongue: Tongue, terms: Sequence[tuple[int, Term]]) -> None:
        self._tongue = tongue
        self._starts: dict[str, list[tuple[int, tuple[frozenset[str], ...]]]] = {}
        for number, term in terms:
            for key in term.steps[0]:
                self._starts.setdefault(key, []).append((number, term.steps[1:]))
        self._known = frozenset(key for _, term in terms for step in term.steps for key in step)
        self._prefixes = tuple(sorted({len(key) - 1 for key in self._known if key[0] in "<("}))
        self._hasty = any(key[0] in "~:(" for key in self._known)
        self._remembered = lru_cache(REMEMBERED_WORDS)(self._keys)

    def find(self, folded: str) -> set[int]:
        words = self._tongue.words(folded)
        met: dict[str, list[str]] = {}
        for word in set(words):
            keys = self._remembered(word) if len(word) <= LONGEST_STEMMED else self._keys(word)
            if keys:
                met[word] = keys
        found: set[int] = set()
        if not met:
            return found
        for place, word in enumerate(words):
            for key in met.get(word, ()):
                for number, rest in self._starts.get(key, ()):
                    if number not in found and self._follows(words, place + 1, rest, met):
                        found.add(number)
        return found

    def _keys(self, word: str) -> list[str]:
        """The keys of a word that anything asks for."""
        return [key for key in self._tongue.keys(word, self._prefixes, hasty=self._hasty) if key in self._known]

    @staticmethod
    def _follows(words: list[str], place: int, rest: tuple[frozenset[str], ...], met: dict[str, list[str]]) -> bool:
        if place + len(rest) > len(words):
            return False
        return all(not step.isdisjoint(met.get(words[place + n], ())) for n, step in enumerate(rest))


class _Unspaced:
    """The terms of one language that puts no spaces between words: found anywhere, but not inside a Latin word."""

    def __init__(self, terms: Sequence[tuple[int, Term]]) -> None:
        self._terms = [(number, term.text, _bounded(term.text)) for number, term in terms]

    def find(self, folded: str) -> set[int]:
        text = squeeze(folded)
        return {
            number
            for number, term, bounded in self._terms
            if term in text and (bounded is None or bounded.search(text) is not None)
        }


_Finder = _Spaced | _Unspaced


def _finder(language: str, entries: Mapping[int, Sequence[str]]) -> _Finder:
    tongue = Tongue(language)
    terms = [(number, tongue.term(entry)) for number, words in entries.items() for entry in words]
    return _Spaced(tongue, terms) if tongue.spaced else _Unspaced(terms)


def _bounded(term: str) -> re.Pattern[str] | None:
    """The term as a pattern, if it begins or ends with a Latin letter or a digit: 12315 is not in 20123150."""
    before = "(?<![a-z0-9])" if _is_latin(term[0]) else ""
    after = "(?![a-z0-9])" if _is_latin(term[-1]) else ""
    return re.compile(before + re.escape(term) + after) if before or after else None


def _is_latin(sign: str) -> bool:
    return sign.isascii() and sign.isalnum()


def _parts(tag: str) -> tuple[str, ...] | None:
    parts = subtags(tag)
    if parts is not None and parts[0] == "zh" and len(parts) == 2 and parts[1] in _SCRIPTS:
        return ("zh", _SCRIPTS[parts[1]], parts[1])
    return parts
