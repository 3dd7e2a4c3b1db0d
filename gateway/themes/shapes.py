"""Themes as the API shows them."""

from datetime import date
from typing import Literal

from msgspec import Struct

Differs = Literal["more", "less", "not_told"]


class Lifted(Struct, frozen=True, kw_only=True):
    """How often the term came in other answers, and how much more often it comes here.

    ``share`` is in percent of ``of`` answers. ``lift`` is the ratio of the shares with its 95 % interval (half an
    answer is added to each count, so it is never without an end). ``differs`` is ``more`` or ``less`` where that holds
    beyond chance, though many terms are looked at (false discovery rate 5 %).
    """

    answers: int
    of: int
    share: float
    lift: float
    low: float
    high: float
    p: float
    differs: Differs


class ThemeExample(Struct, frozen=True, kw_only=True):
    """One of the newest answers: the alert about it, and its case."""

    alert: str
    case: int


class Theme(Struct, frozen=True, kw_only=True):
    """A word or a phrase with the answers that have it, in any of its forms; ``term`` is the commonest one.

    ``key`` asks ``GET /v1/answers`` for them. ``share`` is in percent of the answers in its language.
    """

    term: str
    key: str
    language: str
    phrase: bool
    answers: int
    customers: int
    share: float
    before: Lifted | None
    elsewhere: Lifted | None
    examples: list[ThemeExample]


class TouchpointAnswers(Struct, frozen=True, kw_only=True):
    """A touchpoint and how many flagged answers with words it has in the period; null of those without a touchpoint."""

    touchpoint: str | None
    answers: int


class Themes(Struct, frozen=True, kw_only=True):
    """The terms of a period, and what they were counted over.

    ``answers``: flagged answers with words in a known language. ``languages``: those by language. Terms that fewer
    than three customers have used are not among ``themes``.
    """

    touchpoints: list[TouchpointAnswers]
    languages: dict[str, int]
    answers: int
    themes: list[Theme]
    first: date | None = None
    last: date | None = None
    before_first: date | None = None
