"""The buttons under a case, on its cards and in the App Home: what the readers may do, the likeliest first. Pure."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from msgspec import Struct

from schemas.alerts import Subject
from schemas.card_actions import MORE, SNOOZE_FOR, CardValue, Look, Silence, action_id
from schemas.cases import CLOSED_STATES, CaseState, UserAction, allowed_actions
from schemas.permissions import REOPEN_WITHIN, ROLES, Circle, Role, may, roles, situation
from schemas.words import about
from schemas.words.catalogue import Words

VISIBLE_ACTIONS = 4
MAX_OPTIONS = 5
"""Of an overflow menu, by Slack's rule."""

Element = dict[str, Any]
"""One Block Kit element as JSON."""

_VISIBLE: Mapping[CaseState, tuple[UserAction, ...]] = {
    "open": ("acknowledge", "contact", "resolve", "snooze"),
    "acknowledged": ("contact", "resolve", "snooze"),
    "contacted": ("resolve", "contact", "snooze"),
    "snoozed": ("wake", "acknowledge", "resolve"),
    "resolved": ("reopen",),
    "dismissed": ("reopen",),
}
"""Visible buttons by state, the first one primary; what else is allowed goes into the overflow menu."""
_VISIBLE_RECOVERED: tuple[UserAction, ...] = ("resolve", "acknowledge", "wake", "snooze")
"""The same for a metric that is back to normal, in every open state."""


class Acted(Struct, frozen=True, kw_only=True):
    """What of a case decides on its buttons."""

    id: int
    version: int
    state: CaseState
    subject: Subject
    recovered: bool
    acknowledge_by: datetime | None
    closed_at: datetime | None


def elements(
    words: Words,
    case: Acted,
    around: Circle,
    reader: str | None,
    now: datetime,
    looks: tuple[Look, ...],
) -> list[Element]:
    """The elements of an actions block, at most five. ``reader`` is the only one who sees them; ``None`` a channel."""
    offered = wishes(case, around, reader, now)
    first = _VISIBLE_RECOVERED if case.recovered and case.state not in CLOSED_STATES else _VISIBLE[case.state]
    visible = [action for action in first if action in offered][:VISIBLE_ACTIONS]
    # A sleeping case is woken rather than put to sleep again, so the menu of lengths has no second place.
    hidden = [action for action in offered if action not in visible and action != "snooze"]
    besides: list[Look | Silence] = [] if case.state in CLOSED_STATES else [*looks]
    if may("silence", situation(case.state, case.acknowledge_by, now), _held(around, reader)):
        besides.append("silence")
    while len(hidden) + len(besides) > MAX_OPTIONS and len(visible) < VISIBLE_ACTIONS:
        visible.append(hidden.pop(0))
    found: list[Element] = []
    for number, action in enumerate(visible):
        element = _snooze_menu(words, case) if action == "snooze" else _button(words, case, action)
        if number == 0 and action != "snooze" and case.state not in CLOSED_STATES:
            element["style"] = "primary"
        found.append(element)
    options = [
        _option(_hidden_label(words, case, action), CardValue(case.id, case.version, action=action))
        for action in hidden
    ]
    options += [_option(words.say(f"look-{look}"), CardValue(case.id, case.version, action=look)) for look in besides]
    if options:
        found.append({"type": "overflow", "action_id": MORE, "options": options})
    return found


def wishes(case: Acted, around: Circle, reader: str | None, now: datetime) -> tuple[UserAction, ...]:
    """What can be asked for under this case: what its state allows, and the reader (in a channel: anybody) may do.

    ``acknowledge`` of a case that somebody is on means to take it over.
    """
    where = situation(case.state, case.acknowledge_by, now)
    held = _held(around, reader)
    found = [action for action in allowed_actions(case.state, case.subject) if may(action, where, held)]
    if may("take_over", where, held) and not (reader is not None and reader == around.owner):
        found.append("acknowledge")
    if case.closed_at is not None and now - case.closed_at > REOPEN_WITHIN:
        found = [action for action in found if action != "reopen"]
    return tuple(found)


def _held(around: Circle, reader: str | None) -> frozenset[Role]:
    """The roles of whoever sees the buttons: in a channel it can be anybody."""
    return roles(around, reader) if reader is not None else ROLES


def _button(words: Words, case: Acted, action: UserAction) -> Element:
    return {
        "type": "button",
        "action_id": action_id(action),
        "text": {"type": "plain_text", "text": about.label(words, action, case.subject), "emoji": True},
        "value": CardValue(case.id, case.version).encode(),
    }


def _snooze_menu(words: Words, case: Acted) -> Element:
    return {
        "type": "static_select",
        "action_id": action_id("snooze"),
        "placeholder": {"type": "plain_text", "text": words.say("action-snooze")},
        "options": [
            _option(words.say(f"snooze-{length}"), CardValue(case.id, case.version, snooze=length))
            for length in SNOOZE_FOR
        ],
    }


def _hidden_label(words: Words, case: Acted, action: UserAction) -> str:
    if action == "acknowledge" and case.state == "acknowledged":
        return words.say("action-take-over")
    return about.label(words, action, case.subject)


def _option(label: str, value: CardValue) -> Element:
    return {"text": {"type": "plain_text", "text": label}, "value": value.encode()}
