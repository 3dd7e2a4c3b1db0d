"""The segments that a routing tree tells apart: combinations of the values that it names, and "something else". Pure.

A field is only taken into a segment where the tree asks for it on the way, so there are no more segments than the tree
has different ways, times the values of a list.
"""

from collections.abc import Iterator, Mapping
from functools import partial
from typing import get_args

from msgspec import Struct

from consumers.routing.tree import Reached, receivers_where
from schemas.alerts import SEVERITIES, Subject
from schemas.config import Loop
from schemas.config_base import Scalar
from schemas.config_owners import Condition, Match, Route, Wanted
from schemas.matching import FLAG_FIELDS, holds

MOST = 200_000
"""Segments that are looked at; a tree with more is too entangled to be proven this way."""


class Fitting(Struct, frozen=True):
    """A text that fits this pattern, and of which nothing else is known."""

    pattern: str


Possible = Scalar | Fitting | None
"""A value of a field; ``None`` stands for something else than the tree names, or nothing at all."""

Segment = Mapping[str, Possible]


class TooManySegmentsError(ValueError):
    """The tree tells more segments apart than can be looked at."""


class _AskedFor(Exception):  # noqa: N818 - control flow: the walk needs one more field
    def __init__(self, field: str) -> None:
        self.field = field


def segments(loop: Loop) -> Iterator[tuple[Segment, tuple[Reached, ...]]]:
    """Every segment and the receivers that it reaches. Raises :class:`TooManySegmentsError`."""
    named = values(loop)
    waiting: list[dict[str, Possible]] = [{}]
    found = 0
    while waiting:
        segment = waiting.pop()
        try:
            reached = receivers_where(loop.route, partial(_fits, segment))
        except _AskedFor as asked:
            waiting += [{**segment, asked.field: value} for value in reversed(named[asked.field])]
            continue
        found += 1
        if found > MOST:
            raise TooManySegmentsError(f"more than {MOST:,} combinations of the values that the routes name")
        yield segment, reached


def values(loop: Loop) -> dict[str, list[Possible]]:
    """The values of each field that the tree asks for: those it names, those beside its ranges, and something else."""
    found: dict[str, list[Possible]] = {}
    closed: dict[str, list[Possible]] = {
        "severity": list(SEVERITIES),
        "subject": list(get_args(Subject)),
        "rule": [rule.name for rule in loop.rules],
        "programme": [*sorted({rule.programme for rule in loop.rules})],
        **{flag: [True, False] for flag in FLAG_FIELDS},
    }
    for match in _all_matches(loop.route):
        for field, wanted in match.items():
            found.setdefault(field, closed.get(field, [])[:])
            if field not in closed:
                found[field] += _named(wanted)
    return {field: named if field in closed else [*_distinct(named), None] for field, named in found.items()}


def in_words(segment: Segment) -> str:
    """A segment on one line."""
    return ", ".join(f"{field} {_shown(value)}" for field, value in segment.items()) or "everything"


def _distinct(named: list[Possible]) -> list[Possible]:
    """Each value once: true and 1 are two."""
    return list({(isinstance(value, bool), value): value for value in named}.values())


def _shown(value: Possible) -> str:
    if value is None:
        return "something else"
    if isinstance(value, Fitting):
        return f"like /{value.pattern}/"
    return str(value).lower() if isinstance(value, bool) else str(value)


def _fits(segment: Segment, match: Match) -> bool:
    for field, wanted in match.items():
        if field not in segment:
            raise _AskedFor(field)
        value = segment[field]
        if not (_holds_for_fitting(wanted, value) if isinstance(value, Fitting) else holds(wanted, value)):
            return False
    return True


def _holds_for_fitting(wanted: Wanted, value: Fitting) -> bool:
    if not isinstance(wanted, Condition) or wanted.at_least is not None or wanted.at_most is not None:
        return False
    return wanted.matches in (None, value.pattern)


def _all_matches(route: Route) -> Iterator[Match]:
    yield route.match
    for child in route.routes:
        yield from _all_matches(child)


def _named(wanted: Wanted) -> list[Possible]:
    if not isinstance(wanted, Condition):
        return list(wanted) if isinstance(wanted, list) else [wanted]
    found: list[Possible] = []
    if wanted.at_least is not None:
        found += [wanted.at_least - 1, wanted.at_least]
    if wanted.at_most is not None:
        found += [wanted.at_most, wanted.at_most + 1]
    if wanted.not_ is not None:
        found += wanted.not_ if isinstance(wanted.not_, list) else [wanted.not_]
    if wanted.matches is not None:
        found.append(Fitting(wanted.matches))
    return found
