"""Who is signed in to the console, for whoever runs it; and how they sign somebody out."""

from datetime import datetime

from msgspec import Struct
from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session, sessionmaker

from gateway.callers import Role, roles_of
from schemas.audit import Act, Who, record
from schemas.tables import ConsoleSessionRow


class SessionListed(Struct, frozen=True, kw_only=True):
    """A browser that is signed in, without what its cookie is known by."""

    name: str
    """The person's e-mail address (or subject at the provider), or the name of the API key."""
    by_key: bool
    """Whether it was made with an API key: it ends with the key, and the key says what it may do."""
    roles: tuple[Role, ...]
    """What the identity provider gave the person as they signed in; none of a key's."""
    created_at: datetime
    seen_at: datetime
    """The last request, to the minute. After ``sign_in.idle`` of loop.yaml without one it is over, too."""
    expires_at: datetime


def list_sessions(readers: sessionmaker[Session], at: datetime) -> list[SessionListed]:
    """Those that are not too old at ``at``, the newest first. Raises ``SQLAlchemyError``."""
    newest = ConsoleSessionRow.created_at.desc(), ConsoleSessionRow.hash
    with readers() as session:
        rows = session.scalars(select(ConsoleSessionRow).where(ConsoleSessionRow.expires_at > at).order_by(*newest))
        return [
            SessionListed(
                name=row.name,
                by_key=row.key_hash is not None,
                roles=roles_of(row.role) if row.key_hash is None else (),
                created_at=row.created_at,
                seen_at=row.seen_at,
                expires_at=row.expires_at,
            )
            for row in rows
        ]


def end_sessions(writers: sessionmaker[Session], name: str, by: Who, at: datetime) -> int:
    """End every session of this name, whatever its capitals, and write it into the audit trail; how many there were.

    Raises ``SQLAlchemyError``.
    """
    with writers.begin() as session:
        of_name = func.lower(ConsoleSessionRow.name) == name.lower()
        names = session.scalars(delete(ConsoleSessionRow).where(of_name).returning(ConsoleSessionRow.name)).all()
        if names:
            record(session, by, Act(action="signed_out", subject=names[0], detail={"sessions": len(names)}), at)
    return len(names)
