"""API keys: made, listed, revoked, and recognised. Only their SHA-256 is kept."""

import asyncio
import hashlib
import secrets
import time
from datetime import UTC, datetime
from typing import Literal, get_args

import structlog
from msgspec import Struct
from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session, sessionmaker

from schemas.tables import ApiKeyRow

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

PREFIX = "clk_"
REFRESH_SECONDS = 5.0
"""A revoked key is refused within this time."""

_log = structlog.get_logger("gateway.keys")


class KeyRefused(ValueError):  # noqa: N818 - an answer to the operator, not a fault
    """A key that cannot be made: says why."""


class KeyListed(Struct, frozen=True, kw_only=True):
    """A key without its secret."""

    name: str
    role: str
    created_at: datetime
    revoked_at: datetime | None


class Caller(Struct, frozen=True, kw_only=True):
    """Who asks: the key's name, and its rights. ``name`` is ``None`` where everyone is let in without a key."""

    name: str | None
    rights: frozenset[Right]


EVERYONE = Caller(name=None, rights=RIGHTS["admin"])


def hash_of(key: str) -> str:
    """The SHA-256 of a key, in hex. A key has 256 bits of chance in it, so nothing slower is needed."""
    return hashlib.sha256(key.encode()).hexdigest()


def create_key(writers: sessionmaker[Session], name: str, role: str, now: datetime | None = None) -> str:
    """Make a key; only its hash goes to the database, so this is the one time it can be seen.

    ``now`` is the wall clock where it is not given. Raises :class:`KeyRefused` for a name or role that cannot be.
    """
    known = next((one for one in ROLES if one == role), None)
    if known is None:
        raise KeyRefused(f"role: give one of {', '.join(ROLES)}")
    if not name.strip() or len(name) > 64 or not name.isprintable():
        raise KeyRefused("name: give 1 to 64 printable characters, e.g. the app's name")
    key = PREFIX + secrets.token_urlsafe(32)
    with writers.begin() as session:
        taken = select(ApiKeyRow.hash).where(ApiKeyRow.name == name, ApiKeyRow.revoked_at.is_(None))
        if session.scalar(taken) is not None:
            raise KeyRefused("name: there is a key of this name; revoke it first, or give another name")
        session.add(ApiKeyRow(hash=hash_of(key), name=name, role=known, created_at=now or datetime.now(UTC)))
    return key


def list_keys(reading: sessionmaker[Session]) -> list[KeyListed]:
    """All keys, the oldest first, revoked ones too."""
    with reading() as session:
        rows = session.scalars(select(ApiKeyRow).order_by(ApiKeyRow.created_at, ApiKeyRow.hash)).all()
    return [
        KeyListed(name=row.name, role=row.role, created_at=row.created_at, revoked_at=row.revoked_at) for row in rows
    ]


def revoke_keys(writers: sessionmaker[Session], name: str, now: datetime | None = None) -> int:
    """Revoke every valid key of this name; how many there were."""
    with writers.begin() as session:
        rows = session.scalars(select(ApiKeyRow).where(ApiKeyRow.name == name, ApiKeyRow.revoked_at.is_(None))).all()
        for row in rows:
            row.revoked_at = now or datetime.now(UTC)
    return len(rows)


def any_key(session: Session) -> bool:
    """Whether a key was ever made: from then on nobody is let in without one."""
    return session.scalar(select(ApiKeyRow.hash).limit(1)) is not None


class _Known(Struct, frozen=True):
    keys: dict[str, Caller]
    configured: bool
    read_at: float


class KeyRing:
    """Recognises callers. Reads the keys again every few seconds; keeps the last known ones while SQL is away."""

    def __init__(self, readers: sessionmaker[Session], *, loopback: bool) -> None:
        self._readers = readers
        self._loopback = loopback
        self._known: _Known | None = None
        self._reading = asyncio.Lock()

    async def is_open(self) -> bool:
        """Whether everyone is let in: on loopback, as long as no key was ever made."""
        return self._loopback and not (await self._current()).configured

    async def identify(self, key: str | None) -> Caller | None:
        """Who holds this key; ``None`` if nobody. Raises ``SQLAlchemyError`` where keys were never read yet."""
        known = await self._current()
        if self._loopback and not known.configured:
            return EVERYONE
        return None if key is None else known.keys.get(hash_of(key))

    async def _current(self) -> _Known:
        known = self._known
        if known is not None and time.monotonic() - known.read_at < REFRESH_SECONDS:
            return known
        async with self._reading:
            known = self._known
            if known is not None and time.monotonic() - known.read_at < REFRESH_SECONDS:
                return known
            try:
                self._known = await asyncio.to_thread(self._read)
            except SQLAlchemyError as error:
                if known is None:
                    raise
                _log.warning("keys_not_read", error=type(error).__name__)
                self._known = _Known(known.keys, known.configured, time.monotonic())
            return self._known

    def _read(self) -> _Known:
        with self._readers() as session:
            rows = session.scalars(select(ApiKeyRow)).all()
        roles = {row.hash: row for row in rows if row.revoked_at is None}
        keys = {
            digest: Caller(name=row.name, rights=RIGHTS[role])
            for digest, row in roles.items()
            if (role := next((known for known in ROLES if known == row.role), None)) is not None
        }
        return _Known(keys, bool(rows), time.monotonic())
