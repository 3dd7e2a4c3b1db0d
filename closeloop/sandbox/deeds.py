"""What people can do in the workspace, one struct a deed; the bodies of `POST /page/...`."""

from typing import Literal

import msgspec

from closeloop.sandbox.model import Json


class Click(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """A person uses an element of a message (`channel`, `ts`) or of a view (`view_id`).

    `value` is what was chosen (see `elements.element_state`); `typed` is `{block_id: {action_id: value}}` of the
    other inputs as they stand.
    """

    user: str
    action_id: str
    block_id: str | None = None
    channel: str | None = None
    ts: str | None = None
    view_id: str | None = None
    value: str | int | list[str] | None = None
    typed: Json = {}


class Submit(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """A person submits a modal with what they typed: `{block_id: {action_id: value}}`."""

    user: str
    view_id: str
    typed: Json = {}


class Dismiss(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """A person closes a modal, or with `everything` all of the stack."""

    user: str
    view_id: str
    everything: bool = False


class Say(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """A person writes a message into a channel, a direct message or a thread."""

    user: str
    channel: str
    text: str
    thread_ts: str | None = None


class OpenHome(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """A person opens the app: its Home tab, or the messages it sent them."""

    user: str
    tab: Literal["home", "messages"] = "home"
