"""What the app's token may do: whether Slack takes it at all, its scopes, and how often each method may be called."""

from dataclasses import dataclass, field

from closeloop.sandbox.model import Channel, SlackError
from closeloop.sandbox.pace import Pace

TIER_A_MINUTE = {1: 1, 2: 20, 3: 50, 4: 100}
"""Calls a minute of each of Slack's tiers."""
LEAST_BURST = 10
"""Calls at once that even the lowest tier bears: Slack tolerates short bursts and does not say how long."""
DISTRIBUTED_MESSAGES = 15
"""Messages a call of history and replies for apps that are distributed outside the Marketplace, once a minute."""

_TIERS = {
    "apps.connections.open": 1,
    "chat.delete": 3,
    "chat.postEphemeral": 4,
    "chat.update": 3,
    "conversations.history": 3,
    "conversations.info": 3,
    "conversations.join": 3,
    "conversations.list": 2,
    "conversations.open": 3,
    "conversations.replies": 3,
    "users.info": 4,
    "users.list": 2,
    "users.lookupByEmail": 3,
    "views.open": 4,
    "views.publish": 4,
    "views.push": 4,
    "views.update": 4,
}
_SCOPES = {
    "chat.delete": "chat:write",
    "chat.postEphemeral": "chat:write",
    "chat.postMessage": "chat:write",
    "chat.update": "chat:write",
    "conversations.join": "channels:join",
    "conversations.open": "im:write",
    "users.info": "users:read",
    "users.list": "users:read",
    "users.lookupByEmail": "users:read.email",
}
_BY_CHANNEL = {"conversations.history": "history", "conversations.replies": "history", "conversations.info": "read"}
_OF_TYPE = {"public_channel": "channels", "private_channel": "groups", "im": "im", "mpim": "mpim"}


def kind_of(channel: Channel) -> str:
    """The type of a conversation as conversations.list names it."""
    return "im" if channel.is_im else "private_channel" if channel.is_private else "public_channel"


@dataclass(slots=True)
class Access:
    """The standing of the app's token. `refusal` is what every call is answered while it is set.

    `limited` switches the tiers on; `distributed` is the harder limit on reading for apps sold outside the
    Marketplace.
    """

    scopes: frozenset[str]
    limited: bool
    distributed: bool = False
    refusal: str = ""
    _paces: dict[int, Pace] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        self._paces = {tier: Pace(rate / 60, max(rate, LEAST_BURST)) for tier, rate in TIER_A_MINUTE.items()}
        self._paces[0] = Pace(1 / 60, 1)

    def admit(self, method: str, now: float) -> None:
        """Let one call of a method pass.

        Raises:
            SlackError: the refusal in force, `missing_scope`, or `ratelimited` with the seconds to wait.
        """
        if self.refusal:
            raise SlackError(self.refusal)
        if method in _SCOPES:
            self.need(_SCOPES[method])
        reading = self.distributed and _BY_CHANNEL.get(method) == "history"
        tier = 0 if reading else _TIERS.get(method)
        if tier is None or not (self.limited or reading):
            return
        retry_after = self._paces[tier].take(method, now)
        if retry_after:
            raise SlackError("ratelimited", retry_after=retry_after)

    def need(self, scope: str) -> None:
        """Insist on a scope.

        Raises:
            SlackError: `missing_scope`, with what is needed and what was given.
        """
        if scope not in self.scopes:
            raise SlackError("missing_scope", needed=scope, provided=",".join(sorted(self.scopes)))

    def need_for(self, method: str, channel: Channel) -> None:
        """Insist on the scope that a method needs for this type of conversation.

        Raises:
            SlackError: `missing_scope`.
        """
        self.need(f"{_OF_TYPE[kind_of(channel)]}:{_BY_CHANNEL[method]}")

    def need_types(self, types: set[str]) -> None:
        """Insist on the scopes for listing conversations of these types.

        Raises:
            SlackError: `missing_scope`, or `invalid_types`.
        """
        for name in sorted(types):
            if name not in _OF_TYPE:
                raise SlackError("invalid_types")
            self.need(f"{_OF_TYPE[name]}:read")
