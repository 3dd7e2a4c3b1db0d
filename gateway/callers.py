"""Who asks: roles, the rights that they give, and the identity that a request carries. Pure."""

from typing import Literal, get_args

from msgspec import Struct

Role = Literal["emit", "read", "act", "admin"]
Right = Literal["emit", "read", "act", "admin"]
ROLES: tuple[Role, ...] = get_args(Role)
RIGHTS: dict[Role, frozenset[Right]] = {
    "emit": frozenset({"emit"}),
    "read": frozenset({"read"}),
    "act": frozenset({"read", "act"}),
    "admin": frozenset({"emit", "read", "act", "admin"}),
}
"""What each role may do."""

CallerKind = Literal["key", "person", "everyone"]


class Caller(Struct, frozen=True, kw_only=True):
    """Who asks, as the guard of the route found out: an API key, a person who signed in, or everyone.

    ``name`` is the key's, or of a person their key in loop.yaml's ``people``, else their e-mail address; ``None`` where
    everyone is let in. ``key_id`` tells keys of one name apart and is no secret: logs and limits go by it.
    """

    kind: CallerKind = "key"
    name: str | None
    rights: frozenset[Right]
    roles: tuple[Role, ...] = ()
    person: str | None = None
    """The key in loop.yaml's ``people`` of a person who signed in, if they have one there."""
    key_id: str | None = None
    sources: tuple[str, ...] = ()
    """What the ``source`` of an event must begin with, one of these; any where there is none."""

    def may_emit(self, source: str) -> bool:
        """Whether it may send events of this ``source``."""
        return not self.sources or source.startswith(self.sources)


EVERYONE = Caller(kind="everyone", name=None, rights=RIGHTS["admin"], roles=("admin",))


def roles_of(text: str) -> tuple[Role, ...]:
    """The roles that a row or an option names, with commas between; none where one of them is unknown."""
    named = text.split(",")
    return tuple(role for role in ROLES if role in named) if set(named) <= set(ROLES) else ()


def fewest(roles: tuple[Role, ...]) -> tuple[Role, ...]:
    """The same rights by as few roles as can be: ``admin`` has them all, ``act`` can read."""
    if "admin" in roles:
        return ("admin",)
    return tuple(role for role in ROLES if role in roles and not (role == "read" and "act" in roles))


def rights_of(roles: tuple[Role, ...]) -> frozenset[Right]:
    """What these roles may do together."""
    return frozenset[Right]().union(*(RIGHTS[role] for role in roles))
