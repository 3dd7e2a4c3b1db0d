"""What a form for a new silence offers: the conditions that alerts like one have in common, and the fields. Pure."""

from collections.abc import Collection, Iterable, Mapping

import msgspec
from msgspec import Struct

from gateway.case_shapes import AlertShown
from schemas.events import AttributeValue
from schemas.matching import ATTRIBUTE

FIELDS = (
    "touchpoint",
    "rule",
    "channel",
    "metric",
    "score",
    "severity",
    "subject",
    "programme",
    "language",
    "customer_id",
    "contact_requested",
)
"""Those that silences usually name; a form takes any other that a match knows."""
SIGNS = ("is", "not", "at_least", "at_most", "matches")
_USUAL = ("touchpoint", "rule", f"{ATTRIBUTE}region")


class Condition(Struct, frozen=True, kw_only=True):
    """One condition that can be ticked: its field, its value in words, and itself as a matcher in JSON."""

    field: str
    value: str
    json: str
    ticked: bool


def conditions_of(alert: AlertShown, rules: Collection[str]) -> list[Condition]:
    """What alerts like this one may have in common; where it happened and the rule are ticked.

    ``rules`` are those of loop.yaml: a silence of one that is gone would be refused.
    """
    given: dict[str, AttributeValue | None] = {
        "touchpoint": alert.touchpoint,
        **{f"{ATTRIBUTE}{name}": value for name, value in alert.attributes.items()},
        "rule": alert.rule if alert.rule in rules else None,
        "metric": alert.metric,
        "channel": alert.channel,
        "language": alert.language,
    }
    return [
        Condition(field=name, value=_text(value), json=_json({name: value}), ticked=name in _USUAL)
        for name, value in given.items()
        if value is not None
    ]


def fields_of(cuts: Mapping[str, Iterable[str]]) -> list[str]:
    """The fields that a condition can name: those of every alert, and the attributes of the cuts."""
    attributes = {name for dimensions in cuts.values() for name in dimensions if name.startswith(ATTRIBUTE)}
    return [FIELDS[0], *sorted(attributes), *FIELDS[1:]]


def _text(value: AttributeValue) -> str:
    return ("true" if value else "false") if isinstance(value, bool) else str(value)


def _json(value: object) -> str:
    return msgspec.json.encode(value).decode()
