"""What is left of a person's data once they are erased: figures and codes, no name and no words. Pure.

Attributes stay where a cut counts by them: an event without them would be counted elsewhere. All others go, because
nobody can say of an attribute that it names nobody.
"""

from collections.abc import Iterable, Mapping
from hashlib import blake2b
from typing import Any

import msgspec

from schemas.alerts import Alert

_ATTRIBUTE = "attributes."
_CODES = frozenset(
    {
        "alert", "channel", "customer_told", "incident", "key", "lease_until", "of", "owner", "recovered", "root_cause",
        "rule", "silence", "silenced_by", "silenced_until", "step", "told", "until",
    }
)  # fmt: skip
"""What a history's detail may hold that is neither a person's words nor about them; all else goes."""


def counted_attributes(cuts: Mapping[str, Iterable[str]]) -> frozenset[str]:
    """The names of the attributes by which loop.yaml's cuts count."""
    dimensions = (dimension for fields in cuts.values() for dimension in fields)
    return frozenset(name.removeprefix(_ATTRIBUTE) for name in dimensions if name.startswith(_ATTRIBUTE))


def event_word(word: str, source: str, event_id: str) -> str:
    """What stands in place of an event's id: the same for the same event, and nothing without the erasure's word."""
    told = blake2b(f"{source}\0{event_id}".encode(), key=word.encode(), digest_size=8).hexdigest()
    return f"erased-{told}"


def attributes_left(attributes: Mapping[str, Any], counted: frozenset[str]) -> dict[str, Any]:
    """The attributes that are counted by."""
    return {name: value for name, value in attributes.items() if name in counted}


def alert_left(payload: Mapping[str, Any], word: str, counted: frozenset[str]) -> dict[str, Any]:
    """An alert as JSON: who and what they wrote is gone, what was flagged and why stays."""
    alert = msgspec.convert(payload, Alert)
    about = alert.touchpoint_event_id
    left: dict[str, Any] = msgspec.to_builtins(
        msgspec.structs.replace(
            alert,
            customer_id=word,
            event_id=event_word(word, alert.event_source, alert.event_id),
            touchpoint_event_id=None if about is None else event_word(word, alert.event_source, about),
            comment=None,
            attributes=attributes_left(alert.attributes, counted),
        )
    )
    return left


def transition_left(payload: Mapping[str, Any], word: str, counted: frozenset[str]) -> dict[str, Any]:
    """A row of a case's history as it goes, or went, to ``cx.cases``; a notice tells of no customer."""
    left = dict(payload)
    if "customer_id" in left:
        left["customer_id"] = word
    if "attributes" in left:
        left["attributes"] = attributes_left(left["attributes"], counted)
    return left


def detail_left(detail: Mapping[str, Any]) -> dict[str, Any]:
    """What a step of a case's history said: its codes and times, without the notes of whoever took it."""
    return {name: value for name, value in detail.items() if name in _CODES}
