"""Whether an alert is what a match of loop.yaml, or of a silence, describes. Pure, and in linear time.

A match maps fields of the alert to conditions, and all of them must hold. Regular expressions are RE2's: their time
grows with the text's length and never explodes, whatever a customer writes.
"""

from collections.abc import Callable, Mapping
from functools import lru_cache

import re2

from schemas.alerts import Alert
from schemas.config_base import Scalar
from schemas.config_owners import Condition, Match, Wanted

TEXT_FIELDS = (
    "severity",
    "rule",
    "programme",
    "subject",
    "metric",
    "touchpoint",
    "channel",
    "language",
    "customer_id",
    "event_source",
    "comment",
)
NUMBER_FIELDS = ("score", "scale_min", "scale_max")
FLAG_FIELDS = ("page", "contact_requested", "higher_is_better")
MATCH_FIELDS = (*TEXT_FIELDS, *NUMBER_FIELDS, *FLAG_FIELDS)
"""What a match can name besides ``attributes.NAME``."""

ATTRIBUTE = "attributes."
MAX_PATTERN = 500
"""Characters of a regular expression."""

FactOf = Callable[[str], Scalar | None]
"""The value of a field by its name; ``None`` where the alert has none."""


def facts_of(alert: Alert) -> FactOf:
    """The fields of this alert. The function raises ``ValueError`` for the name of no field."""

    def fact(name: str) -> Scalar | None:
        if name.startswith(ATTRIBUTE):
            return alert.attributes.get(name.removeprefix(ATTRIBUTE))
        if name not in MATCH_FIELDS:
            raise ValueError(f"match.{name}: not a field; give one of {', '.join(MATCH_FIELDS)} or attributes.NAME")
        value: Scalar | None = getattr(alert, name)
        return value

    return fact


def matches(match: Match, fact: FactOf) -> bool:
    """Whether every condition holds; without any, everything matches."""
    return all(holds(wanted, fact(name)) for name, wanted in match.items())


def holds(wanted: Wanted, fact: Scalar | None) -> bool:
    """Whether one field is as wanted: equal to a value or to one of a list, or all that a :class:`Condition` says.

    A field that the alert has not got is not in any range or set and fits no pattern; it is ``not`` any value.
    """
    if not isinstance(wanted, Condition):
        return _among(fact, wanted)
    if wanted.not_ is not None and _among(fact, wanted.not_):
        return False
    if wanted.matches is not None and not (isinstance(fact, str) and compiled(wanted.matches)(fact)):
        return False
    if wanted.at_least is None and wanted.at_most is None:
        return True
    if isinstance(fact, bool) or not isinstance(fact, int | float):
        return False
    return (wanted.at_least is None or fact >= wanted.at_least) and (wanted.at_most is None or fact <= wanted.at_most)


def pattern_problem(pattern: str) -> str | None:
    """What is wrong with a regular expression; ``None`` if it can be used."""
    if len(pattern) > MAX_PATTERN:
        return f"a pattern of {len(pattern):,} characters; give at most {MAX_PATTERN}"
    try:
        compiled(pattern)
    except re2.error as error:
        said = error.args[0] if error.args else b""
        text = said.decode("utf-8", "replace") if isinstance(said, bytes) else str(said)
        return f"no regular expression of RE2: {text}"
    return None


@lru_cache(maxsize=1024)
def compiled(pattern: str) -> Callable[[str], bool]:
    """A test of whether a whole text fits the pattern. Raises ``re2.error`` for a pattern that is none."""
    options = re2.Options()
    options.log_errors = False  # the problem is told with its line, not on standard error
    expression = re2.compile(pattern, options)
    return lambda text: expression.fullmatch(text) is not None


def in_words(match: Mapping[str, Wanted]) -> str:
    """The conditions on one line, as a person would say them."""
    return " and ".join(_condition_in_words(name, wanted) for name, wanted in match.items()) or "everything"


def _condition_in_words(name: str, wanted: Wanted) -> str:
    if not isinstance(wanted, Condition):
        return f"{name}={_listed(wanted)}"
    parts: list[str] = []
    if wanted.at_least is not None and wanted.at_most is not None:
        parts.append(f"{wanted.at_least}<={name}<={wanted.at_most}")
    elif wanted.at_least is not None:
        parts.append(f"{name}>={wanted.at_least}")
    elif wanted.at_most is not None:
        parts.append(f"{name}<={wanted.at_most}")
    if wanted.not_ is not None:
        parts.append(f"{name}!={_listed(wanted.not_)}")
    if wanted.matches is not None:
        parts.append(f"{name}~/{wanted.matches}/")
    return " and ".join(parts)


def _listed(wanted: Scalar | list[Scalar]) -> str:
    return "|".join(_shown(value) for value in (wanted if isinstance(wanted, list) else [wanted]))


def _shown(value: Scalar) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _among(fact: Scalar | None, wanted: Scalar | list[Scalar]) -> bool:
    """True and 1 are equal in Python and are not the same answer."""
    values = wanted if isinstance(wanted, list) else [wanted]
    return any(fact == value and isinstance(fact, bool) == isinstance(value, bool) for value in values)
