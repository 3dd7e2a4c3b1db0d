"""Links that say, to the gateway alone, who is asked what: sealed, so that nobody can make, change or read one.

A link is a Fernet token (AES-128-CBC under HMAC-SHA256): the customer's id is not to be read in mail logs or histories.
"""

import base64
import binascii
import hashlib
import hmac
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4, uuid5

import msgspec
from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from msgspec import Struct

from schemas.events import AttributeValue

MAX_TOKEN = 2048
"""Characters: mail programs and proxies cut longer addresses."""
_INVITATIONS = UUID("5b0c4a52-1f0e-5a53-8c5b-0d9f6a3f4f1e")
"""The namespace of invitations' ids: never to be changed."""


class Invitation(Struct, frozen=True, array_like=True):
    """Whom a link asks what. The order of the fields is that of the bytes in links that are out: add at the end."""

    survey: str
    id: str
    """A UUID: the same for every link to the same question about the same thing."""
    customer_id: str
    expires_at: int
    """Seconds since 1970."""
    channel: str
    touchpoint: str | None = None
    touchpoint_event_id: str | None = None
    language: str | None = None
    attributes: dict[str, AttributeValue] = {}

    def end(self) -> datetime:
        """When the link's time is over, UTC."""
        return datetime.fromtimestamp(self.expires_at, UTC)


class LinkRefused(Exception):  # noqa: N818 - an answer to the reader, not a fault
    """A link that leads nowhere: none of ours, or one whose time is over (then its language is known)."""

    def __init__(self, invitation: Invitation | None = None) -> None:
        super().__init__("expired" if invitation else "unknown")
        self.invitation = invitation


class LinkUnfit(ValueError):  # noqa: N818 - an answer to the caller, not a fault
    """A link that cannot be made: names the field and what would be right."""

    def __init__(self, field: str, problem: str) -> None:
        super().__init__(f"{field}: {problem}")
        self.field = field
        self.problem = problem


def invitation_id(survey: str, customer_id: str, about: str | None) -> str:
    """The id of an invitation: of what it is about, so that two links about the same order count one answer.

    Without ``about`` every link is an invitation of its own.
    """
    if about is None:
        return str(uuid4())
    # Lengths keep ("a", "bc") and ("ab", "c") apart.
    return str(uuid5(_INVITATIONS, "".join(f"{len(part)}:{part}" for part in (survey, customer_id, about))))


class Seals:
    """The keys of links: the first seals, every one opens, so that one can take over from another."""

    def __init__(self, keys: tuple[str, ...]) -> None:
        """``keys`` are the settings' and at least one. Raises ``ValueError`` for none."""
        self._seals = MultiFernet([Fernet(_derived(key, b"links")) for key in keys])
        self._marking = _derived(keys[0], b"marks")

    def seal(self, invitation: Invitation) -> str:
        """The token for the link's address. Raises :class:`LinkUnfit` for more than an address holds."""
        token = self._seals.encrypt(msgspec.msgpack.encode(invitation)).rstrip(b"=").decode()
        if len(token) > MAX_TOKEN:
            raise LinkUnfit(
                "attributes", f"the link would have over {MAX_TOKEN:,} characters; give fewer or shorter ones"
            )
        return token

    def open(self, token: str, now: datetime) -> Invitation:
        """Who is asked what. Raises :class:`LinkRefused`."""
        if len(token) > MAX_TOKEN or not token.isascii():
            raise LinkRefused
        try:
            held = self._seals.decrypt(token.encode() + b"=" * (-len(token) % 4))
            invitation = msgspec.msgpack.decode(held, type=Invitation)
        except (InvalidToken, binascii.Error, msgspec.DecodeError):
            raise LinkRefused from None
        if now >= invitation.end():
            raise LinkRefused(invitation)
        return invitation

    def mark(self, *parts: str) -> str:
        """A keyed digest of these parts, in hex: it can be compared, and tells nobody what they were."""
        return hmac.new(self._marking, msgspec.json.encode(parts), hashlib.sha256).hexdigest()


def expiry(now: datetime, length: timedelta) -> int:
    """When a link made now ends, in seconds since 1970."""
    return int((now + length).timestamp())


def _derived(key: str, purpose: bytes) -> bytes:
    """A key for one purpose; the secret itself is random, so a plain digest is enough."""
    return base64.urlsafe_b64encode(hashlib.sha256(b"closeloop survey " + purpose + b"\0" + key.encode()).digest())
