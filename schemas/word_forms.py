"""How words of loop.yaml and of comments are compared: their languages, one spelling for many, words and stems. Pure.

Negation is not understood: "not a scandal" holds the word scandal.
"""

import re
import unicodedata
from collections.abc import Callable, Sequence
from typing import NamedTuple

import Stemmer

_STEMMERS = {
    "ca": "catalan", "cs": "czech", "da": "danish", "de": "german", "el": "greek", "en": "english", "eo": "esperanto",
    "es": "spanish", "et": "estonian", "eu": "basque", "fi": "finnish", "fr": "french", "ga": "irish",
    "hu": "hungarian", "hy": "armenian", "id": "indonesian", "it": "italian", "lt": "lithuanian", "nb": "norwegian",
    "nl": "dutch", "nn": "norwegian", "no": "norwegian", "pl": "polish", "pt": "portuguese", "ro": "romanian",
    "ru": "russian", "sr": "serbian", "sv": "swedish",
}  # fmt: skip
"""Languages with a Snowball stemmer (https://snowballstem.org/algorithms/)."""
_WHOLE_WORDS = ("be", "bg", "hr", "kk", "ko", "lv", "mk", "sk", "sl", "tr", "uk", "uz", "vi")
"""Languages without one: a word is met as it is written, or by its beginning (``скарг*``)."""
_UNSPACED = ("ja", "th", "zh")
"""Languages that put no spaces between words: a word is met anywhere."""
_ELIDING = ("ca", "fr", "it")
"""Languages that lean short words on the next one: l'avocat is l' and avocat."""

LANGUAGES = tuple(sorted({*_STEMMERS, *_WHOLE_WORDS, *_UNSPACED}))
"""The languages that words can be declared for: ISO 639 codes, the first subtag of a BCP 47 tag."""

LONGEST_STEMMED = 64
"""A longer run of letters is no word of any language, and is left as it is."""

LONGEST_EXPANSION = 4
"""Folding makes of one character 4 in the scripts of these languages, and 18 in others: the rest is cut off."""

_TAG = re.compile(r"[a-z]{2,3}(-[a-z]{4})?(-([a-z]{2}|\d{3}))?", re.IGNORECASE)

_PICTURE = "[\u2190-\u2bff\U0001f000-\U0001faff]"
_WORD = r"[^\W_]+(?:'[^\W_]+)*"
_WORDS = re.compile(f"{_WORD}|{_PICTURE}")
_WORDS_APART = re.compile(rf"[^\W_]+|{_PICTURE}")
_STAR_ASTRAY = re.compile(r"(?<![^\W_])\*|\*(?=\S)")
_EQUALS_ASTRAY = re.compile(r"(?<=\S)=|=(?![^\W_])|=\S+\*")
_NEEDLESS_SPACE = re.compile(r"(?<![a-z0-9]) | (?![a-z0-9])")
_LETTER_MARKS = re.compile("(?<=[a-zα-ω])[\u0300-\u036f]+")

_MANY_MARKS = re.compile(r"[^\w\s]{31,}")
_SPELT_ALIKE: dict[int, str | None] = {
    **dict.fromkeys(map(ord, "\u2018\u2019\u201b\u02b9\u02bb\u02bc\u02bd\u2032\uff07`"), "'"),
    ord("ё"): "е",
    ord("ı"): "i",
    # What is not seen, or only colours the sign before it: soft hyphen, joiners, directions, variants, skin tones,
    # and the accents that no letter has taken up (the stress mark of a Cyrillic vowel).
    **dict.fromkeys(
        (
            0xAD, 0x34F, 0xFEFF, *range(0x200B, 0x2010), *range(0x202A, 0x202F), *range(0x2060, 0x2070),
            *range(0xFE00, 0xFE10), *range(0x1F3FB, 0x1F400), *range(0xE0100, 0xE01F0), *range(0x300, 0x370),
        )
    ),
}  # fmt: skip


def subtags(tag: str) -> tuple[str, ...] | None:
    """The parts of a BCP 47 tag of language, script and region, in small letters; None for what is no such tag."""
    tag = tag.replace("_", "-")
    return tuple(tag.lower().split("-")) if _TAG.fullmatch(tag) else None


def fold(text: str) -> str:
    """One spelling for texts that say the same: NFKC, case folded, ё as е, one apostrophe, nothing unseen.

    The time grows with the length alone: the longest run of combining marks that normalising has to sort is 30, as in
    Unicode's stream-safe text (UAX 15, section 13).
    """
    if text.isascii():
        return text.lower().replace("`", "'")
    text = _MANY_MARKS.sub(_without_marks, text)
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
    # NFKC takes an acute accent in place of an apostrophe for a space with an accent on it.
    folded = folded.replace(" \u0301", "'").translate(_SPELT_ALIKE)
    return folded[: LONGEST_EXPANSION * len(text)]


def bare(word: str) -> str:
    """A folded word as it is typed in haste: no accents on Latin and Greek letters, no apostrophes."""
    if not word.isascii():
        word = unicodedata.normalize("NFC", _LETTER_MARKS.sub("", unicodedata.normalize("NFD", word)))
    return word.replace("'", "")


class Term(NamedTuple):
    """A word or phrase to be looked for: of a language with spaces its ``steps``, of one without them its ``text``.

    In loop.yaml ``cancel`` asks for a word with the same stem (cancelled), ``cancel*`` for any word that begins so
    (cancellation), ``=cancel`` for this word alone. A step is a set of keys: a word of a comment is met if one of its
    keys (see :meth:`Tongue.keys`) is among them.
    """

    steps: tuple[frozenset[str], ...]
    text: str


class Tongue:
    """How the words of one language are told apart and brought to their stems. Not to be shared between threads."""

    def __init__(self, language: str) -> None:
        """``language`` is one of :data:`LANGUAGES`."""
        self.spaced = language not in _UNSPACED
        self._words = _WORDS_APART if language in _ELIDING else _WORDS
        algorithm = _STEMMERS.get(language)
        stem: Callable[[str], str] | None = Stemmer.Stemmer(algorithm, 0).stemWord if algorithm else None
        self._stem_word = stem
        self._entry = re.compile(f"(=?)({self._words.pattern})(\\*?)")

    def words(self, folded: str) -> list[str]:
        """The words and pictures (emoji) of a folded text, in order. Marks and spaces between them are no part."""
        return self._words.findall(folded)

    def keys(self, word: str, prefixes: Sequence[int] = (), *, hasty: bool = True) -> list[str]:
        """What a word of a comment can be met by: its stem, itself, its first letters, and these of its bare form.

        ``prefixes`` are the numbers of first letters that anything asks for; without ``hasty`` bare forms are left
        out. The first sign of a key says which it is.
        """
        stem = self.stem(word)
        keys = ["=" + stem, "." + word, *("<" + word[:length] for length in prefixes)]
        if hasty:
            plain = bare(word)
            keys += ("~" + (stem if plain == word else self.stem(plain)), ":" + plain)
            keys.extend("(" + plain[:length] for length in prefixes)
        return keys

    def term(self, entry: str) -> Term:
        """A word or phrase of loop.yaml. Raises ValueError, saying what is wrong and what would be right."""
        folded = fold(entry)
        if not self.spaced:
            if "*" in folded or "=" in folded:
                raise ValueError("no * or = is needed: in this language a word is met wherever it stands")
            text = squeeze(folded)
            if not self._words.search(text):
                raise ValueError("no letter in it; give a word")
            return Term((), text)
        if _STAR_ASTRAY.search(folded):
            raise ValueError("* stands for the rest of a word: put it right behind the first letters, as in cancel*")
        if _EQUALS_ASTRAY.search(folded):
            raise ValueError("= stands for one word as it is written: put it right before the word, as in =cancel")
        steps = tuple(self._step(word, equals or star) for equals, word, star in self._entry.findall(folded))
        if not steps:
            raise ValueError("no letter in it; give a word or a phrase")
        return Term(steps, "")

    def _step(self, word: str, mark: str) -> frozenset[str]:
        plain = bare(word)
        if mark == "=":
            return frozenset({"." + word, ":" + plain} if plain != word else {"." + word})
        if mark == "*":
            if len(plain) < 3:
                raise ValueError(f"`{word}*` begins many words; give 3 letters or more before the *")
            return frozenset({"<" + word, "(" + plain} if plain != word else {"<" + word})
        stem = self.stem(word)
        if plain == word:
            return frozenset({"=" + stem})
        # An accent left out is forgiven, one put where none belongs is not: ano is not año.
        return frozenset({"=" + stem, *("~" + hasty for hasty in (self.stem(plain), bare(stem)) if hasty != stem)})

    def stem(self, word: str) -> str:
        """The stem of a folded word; the word itself where the language has no stemmer, or it is too long."""
        if self._stem_word is None or len(word) > LONGEST_STEMMED:
            return word
        return self._stem_word(word) or word


def squeeze(folded: str) -> str:
    """A folded text of a language without spaces, without those that are there all the same.

    Those between two Latin words stay.
    """
    return _NEEDLESS_SPACE.sub("", " ".join(folded.split()))


def _without_marks(run: re.Match[str]) -> str:
    return "".join(sign for sign in run[0] if not unicodedata.combining(sign))
