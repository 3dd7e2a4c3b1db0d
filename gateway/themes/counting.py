"""Terms counted over answers: how many have each, how many had it before and have it elsewhere. Pure.

Answers are taken in one by one, so that memory grows with the number of terms and not with that of the answers; only
what the period and the touchpoint asked for hold is kept, to name examples and to count customers.
"""

import heapq
from collections import Counter
from collections.abc import Iterator
from typing import Literal, NamedTuple

from gateway.themes.lifts import Lift, lift, told
from schemas.answer_terms import unpacked

MINIMUM_CUSTOMERS = 3
"""A term that fewer customers have used is not shown: it may be a name."""
MOST_SHARE = 0.5
"""A single word that more of the answers have tells nothing apart, where there are :data:`_MANY` of them."""
COVERED = 0.8
"""A term goes if a longer one that holds it has this share of its answers."""

_MANY = 20
_NONE: frozenset[str] = frozenset()
_CONSIDERED = 1_000
"""Terms of which everything is worked out: those that come first by what is asked for."""

Sort = Literal["answers", "before", "elsewhere"]
Place = Literal["here", "before", "elsewhere"]


class Term(NamedTuple):
    """A term of one language: the same letters may say something else in another."""

    language: str
    key: str


class Against(NamedTuple):
    """How often a term came in other answers. ``differs``: more often or less often here than chance would have it."""

    answers: int
    of: int
    lift: Lift
    differs: bool


class Counted(NamedTuple):
    """A term with its answers: ``alerts`` are the newest of them, newest first."""

    term: Term
    answers: int
    customers: int
    of: int
    before: Against | None
    elsewhere: Against | None
    alerts: tuple[str, ...]


class TermCounts:
    """Counts the terms of answers that are taken in; shares are of the answers of a term's own language."""

    def __init__(self) -> None:
        self._answers: dict[Place, Counter[str]] = {"here": Counter(), "before": Counter(), "elsewhere": Counter()}
        self._met: dict[tuple[Place, str], Counter[str]] = {}
        self._kept: list[tuple[str, str, str, str]] = []

    def take(self, place: Place, language: str, terms: str, alert: str, customer: str) -> None:
        """Take an answer in; those of a place newest first. ``terms`` as the table has them."""
        self._answers[place][language] += 1
        counts = self._met.get((place, language))
        if counts is None:
            counts = self._met[place, language] = Counter()
        counts.update(unpacked(terms))
        if place == "here":
            self._kept.append((language, terms, alert, customer))

    @property
    def answers(self) -> int:
        """Answers of the period and the touchpoint asked for."""
        return self._answers["here"].total()

    def languages(self) -> dict[str, int]:
        """Answers by language, the most first."""
        return dict(self._answers["here"].most_common())

    def top(self, limit: int, sort: Sort = "answers", examples: int = 20) -> list[Counted]:
        """The terms that come first, by answers or by how far they lie above what was before, or is elsewhere."""
        candidates = list(self._candidates())
        ranked = heapq.nlargest(_CONSIDERED, candidates, key=lambda term: (self._rank(term, sort), term.key))
        spoken = self._spoken(ranked, examples)
        shown = [term for term in ranked if len(spoken[term][0]) >= MINIMUM_CUSTOMERS]
        shown = self._uncovered(shown)
        before = self._against(shown, "before", len(candidates))
        elsewhere = self._against(shown, "elsewhere", len(candidates))
        return [
            Counted(
                term,
                self._count("here", term),
                len(spoken[term][0]),
                self._answers["here"][term.language],
                before.get(term),
                elsewhere.get(term),
                tuple(spoken[term][1]),
            )
            for term in shown[:limit]
        ]

    def _count(self, place: Place, term: Term) -> int:
        counts = self._met.get((place, term.language))
        return counts[term.key] if counts is not None else 0

    def _candidates(self) -> Iterator[Term]:
        for (place, language), counts in self._met.items():
            if place != "here":
                continue
            of = self._answers[place][language]
            most = of * MOST_SHARE if of >= _MANY else of
            for key, count in counts.items():
                if count >= MINIMUM_CUSTOMERS and (count <= most or " " in key):
                    yield Term(language, key)

    def _rank(self, term: Term, sort: Sort) -> float:
        """What a term is put in order by: its answers, or by how many standard errors they exceed what is expected."""
        answers = self._count("here", term)
        of_there = self._answers[sort][term.language] if sort != "answers" else 0
        if sort == "answers" or not of_there:
            return answers
        share = (self._count(sort, term) + 0.5) / (of_there + 1)
        expected = share * self._answers["here"][term.language]
        return float((answers - expected) / expected**0.5)

    def _spoken(self, terms: list[Term], examples: int) -> dict[Term, tuple[set[str], list[str]]]:
        """Of each term its customers and its newest answers."""
        found: dict[Term, tuple[set[str], list[str]]] = {term: (set(), []) for term in terms}
        wanted: dict[str, dict[str, tuple[set[str], list[str]]]] = {}
        for term, spoken in found.items():
            wanted.setdefault(term.language, {})[term.key] = spoken
        keys = {language: frozenset(those) for language, those in wanted.items()}
        for language, text, alert, customer in self._kept:
            # Most terms of an answer are none of these: what they have in common is found without a loop.
            for key in keys.get(language, _NONE).intersection(unpacked(text)):
                customers, alerts = wanted[language][key]
                customers.add(customer)
                if len(alerts) < examples:
                    alerts.append(alert)
        return found

    def _uncovered(self, terms: list[Term]) -> list[Term]:
        """The terms without those that nearly always come inside a longer one that is there."""
        covered = {
            part
            for term in terms
            for part in (Term(term.language, key) for key in _parts(term.key))
            if self._count("here", term) >= COVERED * self._count("here", part)
        }
        return [term for term in terms if term not in covered]

    def _against(self, terms: list[Term], place: Place, tested: int) -> dict[Term, Against]:
        lifts: dict[Term, Lift] = {}
        for term in terms:
            here, there = self._answers["here"][term.language], self._answers[place][term.language]
            found = lift(self._count("here", term), here, self._count(place, term), there)
            if found is not None:
                lifts[term] = found
        differ = told({term: found.p for term, found in lifts.items()}, tested) if lifts else frozenset()
        return {
            term: Against(self._count(place, term), self._answers[place][term.language], found, term in differ)
            for term, found in lifts.items()
        }


def _parts(key: str) -> Iterator[str]:
    """The shorter terms inside one: its words and pairs, or the shorter runs of signs."""
    if " " in key:
        words = key.split(" ")
        for start in range(len(words)):
            for end in range(start + 1, len(words) + 1):
                if end - start < len(words):
                    yield " ".join(words[start:end])
    elif not key.isascii():
        for start in range(len(key)):
            for end in range(start + 2, len(key) + 1):
                if end - start < len(key) <= 4:
                    yield key[start:end]
