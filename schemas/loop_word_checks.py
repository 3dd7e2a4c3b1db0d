"""What is wrong with the word lists of loop.yaml: languages that are none, words that say nothing or say it twice."""

from collections.abc import Iterator, Mapping, Sequence

from schemas.config_rules import ContradictionRule, WordsRule
from schemas.typed_walk import Misfit, show_value, unknown_word
from schemas.word_forms import LANGUAGES, Term, Tongue, subtags
from schemas.yaml_source import Path

LONGEST_PHRASE = 8
"""Words in a phrase: what is longer hardly ever comes twice."""
MOST_WORDS = 1000
"""Words and phrases of one language in one list."""

_Said = dict[tuple[str, Term], tuple[Path, str]]


def check_words(rule: WordsRule | ContradictionRule, path: Path) -> Iterator[Misfit]:
    """Everything that is wrong with the words of a rule: the path, what is wrong, what would be right."""
    said: _Said = {}
    if isinstance(rule, WordsRule):
        yield from _check_list(rule.words, (*path, "words"), said)
    else:
        yield from _check_list(rule.praise, (*path, "praise"), said)
        yield from _check_list(rule.anger, (*path, "anger"), said)


def _check_list(words: Mapping[str, Sequence[str]], path: Path, said: _Said) -> Iterator[Misfit]:
    if not words:
        yield path, "give at least one language and its words, e.g. en: [lawyer]"
    seen: dict[tuple[str, ...], str] = {}
    for tag, entries in words.items():
        here: Path = (*path, tag)
        parts = subtags(tag)
        if parts is None:
            yield here, f"{show_value(tag)} is no language tag; give one such as pt, pt-BR or zh-Hans"
            continue
        if parts[0] not in LANGUAGES:
            yield here, unknown_word(parts[0], LANGUAGES)
            continue
        if parts in seen:
            yield here, f"the same language as `{seen[parts]}`; put its words together"
        seen.setdefault(parts, tag)
        if not entries:
            yield here, "give at least one word, or leave the language out"
        elif len(entries) > MOST_WORDS:
            yield here, f"{len(entries)} words; give at most {MOST_WORDS}"
        yield from _check_entries("-".join(parts), entries, here, said)


def _check_entries(tag: str, entries: Sequence[str], path: Path, said: _Said) -> Iterator[Misfit]:
    tongue = Tongue(tag.split("-", maxsplit=1)[0])
    for number, entry in enumerate(entries):
        here = (*path, number)
        try:
            term = tongue.term(entry)
        except ValueError as error:
            yield here, f"{show_value(entry)}: {error}"
            continue
        if len(term.steps) > LONGEST_PHRASE:
            yield here, f"{len(term.steps)} words; a phrase has at most {LONGEST_PHRASE}"
        before = said.get((tag, term))
        if before is None:
            said[tag, term] = (path, entry)
        elif before[0] != path:
            yield here, f"{show_value(entry)} is in {before[0][-2]} as well; a word is praise or anger"
        else:
            yield here, f"{show_value(entry)} is met by {show_value(before[1])} already; keep one of them"
