"""Who may come in by the console, and how long the audit trail is kept, in loop.yaml."""

from typing import Annotated, Literal

from msgspec import Meta, field

from schemas.config_base import Duration, Section

SCOPES = ("openid", "email", "profile")
SignedInRole = Literal["read", "act", "admin"]


class Oidc(Section, frozen=True, kw_only=True):
    """The identity provider at which people sign in, by OpenID Connect. A client secret stands in the environment."""

    issuer: str
    """As the provider's discovery document names itself: https, or http on this machine."""
    client_id: Annotated[str, Meta(min_length=1)]
    scopes: list[str] = field(default_factory=lambda: list(SCOPES))
    roles_claim: Annotated[str, Meta(min_length=1)] = "groups"
    """The claim of the ID token that ``roles`` looks at: a list of texts, or one text."""
    roles: dict[str, SignedInRole] = {}
    """A value of that claim, and the role that it gives. Who has several gets what they give together."""
    everyone: SignedInRole | None = None
    """The role of whoever can sign in at all; ``None``: those without one of ``roles`` are refused."""
    trust_email: bool = False
    """Whether an address counts that the provider does not call verified: where only the company sets addresses."""
    name: Annotated[str, Meta(min_length=1, max_length=40)] = "OpenID Connect"
    """What the button calls the provider."""


class SignIn(Section, frozen=True, kw_only=True):
    """How browsers sign in to the console, and for how long. API keys always can."""

    oidc: Oidc | None = None
    idle: Duration = "12h"
    """Without a request for so long a session is over."""
    longest: Duration = "7d"
    """After so long it is over, however busy it is."""


class Audit(Section, frozen=True, kw_only=True):
    """How long the audit trail is kept before ``closeloop db prune`` takes it away."""

    keep: Duration = "400d"
