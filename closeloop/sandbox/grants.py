"""Things Slack hands out for a while and for so many uses: trigger ids, response URLs, Socket Mode tickets. Pure."""

import secrets
from dataclasses import dataclass, field
from typing import Literal

from closeloop.sandbox.model import SlackError

RESPONSE_URL_USES = 5
RESPONSE_URL_SECONDS = 30 * 60.0
TICKET_SECONDS = 30.0
_KEPT = 5000


@dataclass(slots=True)
class Grant:
    """One permission: for whom, until when (Unix seconds), and how often it may still be used."""

    kind: Literal["trigger", "response", "ticket"]
    user: str
    channel: str
    ts: str
    view_id: str | None
    until: float
    uses: int


@dataclass(slots=True)
class Grants:
    """All permissions given out; the oldest are forgotten when there are very many."""

    known: dict[str, Grant] = field(default_factory=dict)

    def _give(self, token: str, grant: Grant) -> str:
        self.known[token] = grant
        while len(self.known) > _KEPT:
            del self.known[next(iter(self.known))]
        return token

    def trigger(self, user: str, now: float, seconds: float, view_id: str | None = None) -> str:
        """A trigger id, good for one view within `seconds`; `view_id` is the modal it came from."""
        token = f"{int(now * 1000)}.{secrets.randbelow(10**12)}.{secrets.token_hex(16)}"
        return self._give(token, Grant("trigger", user, "", "", view_id, now + seconds, 1))

    def response_url(self, user: str, channel: str, ts: str, now: float) -> str:
        """The last part of a response URL: five uses within thirty minutes."""
        token = secrets.token_urlsafe(18)
        until = now + RESPONSE_URL_SECONDS
        return self._give(token, Grant("response", user, channel, ts, None, until, RESPONSE_URL_USES))

    def ticket(self, now: float) -> str:
        """A Socket Mode ticket: one connection within thirty seconds."""
        token = secrets.token_urlsafe(24)
        return self._give(token, Grant("ticket", "", "", "", None, now + TICKET_SECONDS, 1))

    def use(self, kind: Literal["trigger", "response", "ticket"], token: str, now: float) -> Grant:
        """Use a permission once.

        Raises:
            SlackError: unknown, used up or too old, in Slack's words for the kind.
        """
        unknown, used, expired = {
            "trigger": ("invalid_trigger_id", "exchanged_trigger_id", "expired_trigger_id"),
            "response": ("invalid_url", "used_url", "expired_url"),
            "ticket": ("invalid_ticket", "used_ticket", "expired_ticket"),
        }[kind]
        grant = self.known.get(token)
        if grant is None or grant.kind != kind:
            raise SlackError(unknown)
        if grant.uses < 1:
            raise SlackError(used)
        if now > grant.until:
            raise SlackError(expired)
        grant.uses -= 1
        return grant
