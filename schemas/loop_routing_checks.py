"""Whether the routing tree of a loop.yaml, or a silence, says what it means: fields, values, order, a default."""

import re
from collections.abc import Iterator
from typing import get_args

from schemas.alerts import SEVERITIES, Subject
from schemas.config import Loop
from schemas.config_base import Scalar
from schemas.config_owners import Condition, Match, Route
from schemas.matching import FLAG_FIELDS, MATCH_FIELDS, NUMBER_FIELDS, TEXT_FIELDS, pattern_problem
from schemas.metrics import OUTCOME
from schemas.scales import DEFAULT_METRICS
from schemas.typed_walk import Misfit, unknown_word
from schemas.yaml_source import Path

_ATTRIBUTE = re.compile(r"attributes\..{1,64}")


def check_route(loop: Loop, route: Route, path: Path) -> Iterator[Misfit]:
    """The tree below ``path``: known fields, reachable children, receivers that exist, and a default at the root."""
    if path == ("route",):
        if route.receiver is None:
            yield path, "the default receiver is missing; name who gets what no other route takes"
        if route.match:
            yield (*path, "match"), "the top route takes everything; move this match into one of its routes"
        if route.continue_:
            yield (*path, "continue"), "there is nothing after the top route; remove it"
    if route.receiver is not None and route.receiver not in loop.receivers:
        yield (*path, "receiver"), unknown_word(route.receiver, loop.receivers)
    yield from check_match(loop, route.match, (*path, "match"))
    for number, child in enumerate(route.routes):
        last = number == len(route.routes) - 1
        if not child.match and not child.continue_ and not last:
            yield (*path, "routes", number), "matches everything, so no later route is reached; put it last"
        yield from check_route(loop, child, (*path, "routes", number))


def check_match(loop: Loop, match: Match, path: Path) -> Iterator[Misfit]:
    """The conditions at ``path``: fields that there are, values of their type, ranges and patterns that can hold."""
    for field, wanted in match.items():
        if not is_field(field):
            yield (*path, field), unknown_word(field, [*MATCH_FIELDS, "attributes.NAME"])
        elif isinstance(wanted, Condition):
            yield from _check_condition(loop, field, wanted, (*path, field))
        else:
            yield from _check_values(loop, field, wanted, (*path, field))


def is_field(name: str) -> bool:
    """Whether alerts have a field of this name, or can have: ``attributes.NAME``."""
    return name in MATCH_FIELDS or _ATTRIBUTE.fullmatch(name) is not None


def _check_condition(loop: Loop, field: str, wanted: Condition, path: Path) -> Iterator[Misfit]:
    ranged = wanted.at_least is not None or wanted.at_most is not None
    if not ranged and wanted.not_ is None and wanted.matches is None:
        yield path, "says nothing; give at_least, at_most, not or matches"
    if ranged and field in (*TEXT_FIELDS, *FLAG_FIELDS):
        kind = "text" if field in TEXT_FIELDS else "true or false"
        yield path, f"{field} is {kind}; a range is about numbers, such as score"
    elif ranged and wanted.matches is not None:
        yield path, "a range is about numbers and a pattern about text; keep one of them"
    if wanted.at_least is not None and wanted.at_most is not None and wanted.at_least > wanted.at_most:
        yield path, f"an empty range: nothing is at least {wanted.at_least} and at most {wanted.at_most}"
    if wanted.not_ is not None:
        yield from _check_values(loop, field, wanted.not_, (*path, "not"))
    if wanted.matches is not None:
        if field in (*NUMBER_FIELDS, *FLAG_FIELDS):
            kind = "a number" if field in NUMBER_FIELDS else "true or false"
            yield (*path, "matches"), f"{field} is {kind}; a pattern is about text"
        problem = pattern_problem(wanted.matches)
        if problem is not None:
            yield (*path, "matches"), problem


def _check_values(loop: Loop, field: str, wanted: Scalar | list[Scalar], path: Path) -> Iterator[Misfit]:
    values = wanted if isinstance(wanted, list) else [wanted]
    if not values:
        yield path, "an empty list matches nothing; give a value"
    known: dict[str, set[str]] = {
        "severity": set(SEVERITIES),
        "rule": {rule.name for rule in loop.rules},
        "programme": {rule.programme for rule in loop.rules},
        "subject": set(get_args(Subject)),
        "metric": {*DEFAULT_METRICS, *loop.metrics, OUTCOME},
    }
    for number, value in enumerate(values):
        at = (*path, number) if isinstance(wanted, list) else path
        if field in known and value not in known[field]:
            yield at, unknown_word(value, known[field])
        elif field in TEXT_FIELDS and not isinstance(value, str):
            yield at, f"{field} is text; put the value in quotes"
        elif field in FLAG_FIELDS and not isinstance(value, bool):
            yield at, f"{field} is true or false"
        elif field in NUMBER_FIELDS and (isinstance(value, bool) or not isinstance(value, int | float)):
            yield at, f"{field} is a number; give one such as 3, or a range such as {{at_most: 3}}"
