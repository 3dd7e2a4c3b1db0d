"""Slack's interaction payloads as structs: only what is read; all else in them is passed over."""

from typing import Annotated, Any
from urllib.parse import parse_qs

import msgspec
from msgspec import Meta, Struct

_Id = Annotated[str, Meta(max_length=255)]


class User(Struct, frozen=True):
    """Who clicked."""

    id: _Id


class Option(Struct, frozen=True):
    """A chosen option of a menu."""

    value: str


class StateValue(Struct, frozen=True):
    """What a person put into one input of a dialog."""

    value: str | None = None
    selected_option: Option | None = None
    selected_options: list[Option] = []
    selected_user: str | None = None
    selected_date_time: int | None = None


class Action(Struct, frozen=True):
    """One used element of a message."""

    action_id: _Id
    action_ts: _Id = ""
    value: str | None = None
    selected_option: Option | None = None


class Container(Struct, frozen=True):
    """Where the element is."""

    channel_id: _Id = ""
    message_ts: _Id = ""
    view_id: _Id = ""


class _ViewState(Struct, frozen=True):
    values: dict[str, dict[str, StateValue]] = {}


class View(Struct, frozen=True):
    """A submitted dialog."""

    id: _Id
    callback_id: _Id = ""
    private_metadata: str = ""
    state: _ViewState = _ViewState()


class Team(Struct, frozen=True):
    """The workspace."""

    id: _Id = ""


class BlockActions(Struct, frozen=True, tag_field="type", tag="block_actions"):
    """A click on a card or in a dialog."""

    user: User
    actions: list[Action]
    container: Container = Container()
    trigger_id: str = ""
    response_url: str | None = None
    team: Team | None = None

    def inbox_key(self) -> str:
        """The same click, delivered again, has the same key."""
        action = self.actions[0]
        place = self.container.message_ts or self.container.view_id
        team = self.team.id if self.team else ""
        return f"click/{team}/{place}/{action.action_id}/{self.user.id}/{action.action_ts}"


class ViewSubmission(Struct, frozen=True, tag_field="type", tag="view_submission"):
    """A submitted dialog, and who submitted it."""

    user: User
    view: View
    team: Team | None = None

    def inbox_key(self) -> str:
        """A dialog is applied once: what was refused in it is not remembered, so it can be submitted again."""
        return f"view/{self.team.id if self.team else ''}/{self.view.id}"


class ViewClosed(Struct, frozen=True, tag_field="type", tag="view_closed"):
    """A dialog closed without a word."""

    user: User


class Happening(Struct, frozen=True):
    """What a delivery of the Events API is about."""

    type: str = ""
    user: Any = ""
    """The user's id; a few kinds of event have an object here."""
    tab: str = ""


class EventEnvelope(Struct, frozen=True):
    """A delivery of the Events API."""

    type: str
    challenge: str = ""
    event_id: Annotated[str, Meta(max_length=255)] = ""
    event: Happening = Happening()


class DialogState(Struct, frozen=True):
    """What a dialog remembers of the card it was opened from: its private_metadata."""

    case: int
    version: int
    channel: str = ""
    ts: str = ""


Interaction = BlockActions | ViewSubmission | ViewClosed
_interaction: msgspec.json.Decoder[Interaction] = msgspec.json.Decoder(Interaction)
_event = msgspec.json.Decoder(EventEnvelope)


def read_interaction(raw: bytes) -> Interaction:
    """The interaction in a form body's field ``payload``. Raises ``ValueError`` for one that is not served here."""
    fields = parse_qs(raw.decode(), keep_blank_values=True, max_num_fields=20)
    payloads = fields.get("payload")
    if not payloads:
        raise ValueError("no field `payload`")
    return _with_action(_interaction.decode(payloads[0]))


def convert_interaction(payload: Any) -> Interaction:
    """The interaction in an envelope of Socket Mode. Raises ``ValueError`` for one that is not served here."""
    return _with_action(msgspec.convert(payload, Interaction))


def convert_event(payload: Any) -> EventEnvelope:
    """The delivery of the Events API in an envelope of Socket Mode. Raises ``ValueError``."""
    return msgspec.convert(payload, EventEnvelope)


def _with_action(found: Interaction) -> Interaction:
    if isinstance(found, BlockActions) and not found.actions:
        raise ValueError("no action")
    return found


def read_event(raw: bytes) -> EventEnvelope:
    """A delivery of the Events API. Raises ``ValueError``."""
    return _event.decode(raw)
