"""Who somebody is here, by what the identity provider says of them. Pure."""

from collections.abc import Mapping
from typing import Any

from msgspec import Struct

from gateway.callers import Caller, Role, fewest, rights_of, roles_of
from schemas.config_access import Oidc
from schemas.config_owners import Person

MAX_NAME = 200


class Known(Struct, frozen=True, kw_only=True):
    """Somebody who may come in: the e-mail address (without a verified one, the provider's subject) and the roles."""

    name: str
    roles: tuple[Role, ...]


def known_by(claims: Mapping[str, Any], oidc: Oidc) -> Known | None:
    """Who these claims make them; ``None`` for nobody: no role is theirs."""
    roles: set[Role] = set()
    if oidc.everyone is not None:
        roles.add(oidc.everyone)
    held = claims.get(oidc.roles_claim)
    values = [held] if isinstance(held, str) else held if isinstance(held, list) else []
    roles.update(oidc.roles[value] for value in values if isinstance(value, str) and value in oidc.roles)
    if not roles:
        return None
    return Known(name=_name(claims, oidc), roles=fewest(tuple(roles)))


def caller_of(name: str, role: str, people: Mapping[str, Person]) -> Caller:
    """The caller behind a session: the person of loop.yaml whose address it is, or somebody without a part in cases."""
    roles = roles_of(role)
    person = person_of(name, people)
    return Caller(kind="person", name=person or name, person=person, roles=roles, rights=rights_of(roles))


def person_of(name: str, people: Mapping[str, Person]) -> str | None:
    """The key of the person with this e-mail address, whatever its capitals."""
    return next((key for key, one in people.items() if "@" in name and one.email.casefold() == name.casefold()), None)


def _name(claims: Mapping[str, Any], oidc: Oidc) -> str:
    """An address that the provider does not call verified is anybody's to claim, so it names nobody."""
    email = claims.get("email")
    # Some providers write the boolean as text.
    verified = claims.get("email_verified") in (True, "true") or oidc.trust_email
    if isinstance(email, str) and "@" in email and len(email) <= MAX_NAME and email.isprintable() and verified:
        return email
    return f"subject {claims['sub']}"[:MAX_NAME]
