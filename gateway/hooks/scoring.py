"""The score of an answer, read on the scale on which it was asked. Pure."""

from typing import Any

from msgspec import Struct

from gateway.hooks.submissions import Given
from schemas.config_hooks import HookResponse
from schemas.deadletters import InvalidEvent
from schemas.scales import MetricSpec, Scale

_LONGEST = 24


class Scored(Struct, frozen=True, kw_only=True):
    """A score and its scale; ``scale`` is None where it is the metric's own."""

    score: int
    scale: Scale | None


def score(given: Given, response: HookResponse, spec: MetricSpec, field: str) -> Scored:
    """Read the answer to a question of the mapping; ``field`` is where the mapping says it.

    Raises :class:`InvalidEvent` where it is no score, is outside its scale, or where tool and loop.yaml contradict.
    """
    asked = _asked_on(given, response, spec)
    found = _number(given, response, field)
    if not asked.holds(found):
        raise InvalidEvent(
            "scale", field, f"the answer is outside the scale it was asked on, {asked.minimum}..{asked.maximum}"
        )
    if asked == spec.scale:
        return Scored(score=found, scale=None)
    if response.convert:
        return Scored(score=converted(found, asked, spec.scale), scale=None)
    return Scored(score=found, scale=asked)


def converted(found: int, asked: Scale, wanted: Scale) -> int:
    """A score on another scale: the ends become the ends, what is between is rounded to the nearest, halves up."""
    if asked.higher_is_better != wanted.higher_is_better:
        found = asked.maximum + asked.minimum - found
    span, width = asked.maximum - asked.minimum, wanted.maximum - wanted.minimum
    # In whole numbers, so that a half is exactly one: floor((2 a b + c) / 2 c).
    return wanted.minimum + (2 * (found - asked.minimum) * width + span) // (2 * span)


def _asked_on(given: Given, response: HookResponse, spec: MetricSpec) -> Scale:
    """What loop.yaml declares, else what the tool says, else the metric's own. Both have to say the same."""
    higher = spec.scale.higher_is_better if response.higher_is_better is None else response.higher_is_better
    if response.scale is not None and given.scale is not None and response.scale != given.scale and not response.scores:
        said, told = given.scale, response.scale
        raise InvalidEvent(
            "scale", "scale", f"the tool asked on {said[0]}..{said[1]}, loop.yaml says {told[0]}..{told[1]}"
        )
    low, high = (
        response.scale
        or (None if response.scores else given.scale)
        or (
            spec.scale.minimum,
            spec.scale.maximum,
        )
    )
    return Scale(low, high, higher)


def _number(given: Given, response: HookResponse, field: str) -> int:
    value: Any = given.value
    if isinstance(value, list) and len(value) == 1:
        value = value[0]  # a choice of one
    if response.scores:
        for name in (_label(value), *given.aliases):
            if name is not None and name in response.scores:
                return response.scores[name]
        raise InvalidEvent("invalid", field, "what was chosen is not among `scores`; add its label or its id there")
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e9:
        return int(value)
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if isinstance(value, str) and len(value) <= _LONGEST:
        text = value.strip()
        digits = text.removeprefix("-")
        if digits.isascii() and digits.isdigit():
            return int(text)
    raise InvalidEvent("invalid", field, "the answer is no whole number; map what was chosen with `scores`")


def _label(value: Any) -> str | None:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value) if isinstance(value, str | int | float) else None
