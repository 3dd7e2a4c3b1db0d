"""What a card's buttons carry: written by the renderer, read by whoever takes the click.

``action_id`` is ``case.<action>`` for buttons and the snooze menu, and ``case.more`` for the overflow menu, whose
options name their action. A value is at most 150 characters: the smallest of Slack's limits for it.
"""

from typing import Literal, get_args

import msgspec
from msgspec import Struct

from schemas.cases import UserAction

ACTION_PREFIX = "case."
MORE = "case.more"
"""The action_id of the overflow menu: the chosen option's :class:`CardValue` says which action."""

SHOW_CARD = "roll_up.show"
"""The action_id of a roll-up's menu: each option is a :class:`ShowCard`."""

RESOLVE_ALL = "roll_up.resolve_all"
"""The action_id of an incident's button, and the callback_id of its dialog: both carry a :class:`ResolveAll`."""

Look = Literal["answer", "why"]
"""What a click can show without changing the case: the full answer, and why this person was told."""

Silence = Literal["silence"]
"""An option that asks for a silence of alerts like the case's: it changes no case either."""

END_SILENCE = "silence.end"
"""The action_id of a button that ends a silence; its value is the silence's number."""

SnoozeFor = Literal["1h", "4h", "tomorrow", "pick"]
SNOOZE_FOR: tuple[SnoozeFor, ...] = get_args(SnoozeFor)
"""Choices of the snooze menu; ``tomorrow`` is 9:00 in the owner's zone, ``pick`` asks in a dialog."""


class CardValue(Struct, frozen=True, omit_defaults=True):
    """The case, the version that the person saw, and what a menu's option adds.

    ``action`` is given by options of the overflow menu, ``snooze`` by those of the snooze menu.
    """

    case: int
    version: int
    action: UserAction | Look | Silence | None = None
    snooze: SnoozeFor | None = None

    def encode(self) -> str:
        """The value as it travels through Slack."""
        return msgspec.json.encode(self).decode()


class ShowCard(Struct, frozen=True):
    """The case whose card somebody wants to see, and the roll-up that tells of it."""

    case: int
    roll_up: int

    def encode(self) -> str:
        """The value as it travels through Slack."""
        return msgspec.json.encode(self).decode()


def read_show_card(value: str) -> ShowCard:
    """The value of a roll-up's option. Raises ``msgspec.ValidationError`` for any other text."""
    return msgspec.json.decode(value, type=ShowCard)


class ResolveAll(Struct, frozen=True, omit_defaults=True):
    """The incident whose open cases are to be resolved; ``mine``: only those of whoever presses the button."""

    incident: int
    mine: bool = False

    def encode(self) -> str:
        """The value as it travels through Slack."""
        return msgspec.json.encode(self).decode()


def read_resolve_all(value: str) -> ResolveAll:
    """The value of an incident's button. Raises ``msgspec.ValidationError`` for any other text."""
    return msgspec.json.decode(value, type=ResolveAll)


def read_value(value: str) -> CardValue:
    """The value of a clicked button or option. Raises ``msgspec.ValidationError`` for any other text."""
    return msgspec.json.decode(value, type=CardValue)


def action_id(action: UserAction) -> str:
    """The action_id of a button for this action."""
    return ACTION_PREFIX + action
