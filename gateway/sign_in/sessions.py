"""Browsers that are signed in. The cookie is a random word; what it stands for is kept here, so a sign-out is one."""

import asyncio
import hashlib
import secrets
import time
from datetime import UTC, datetime, timedelta

import msgspec
from msgspec import Struct
from sqlalchemy import delete, update
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session, sessionmaker

from gateway.callers import Caller
from gateway.key_ring import KeyRing
from gateway.sign_in.people import caller_of
from schemas.audit import Act, Who, record
from schemas.config import Loop
from schemas.config_base import seconds
from schemas.tables import ConsoleSessionRow

COOKIE = "closeloop_session"
REFRESH_SECONDS = 5.0
"""A session that another gateway has ended is over here within this time."""
SEEN_SECONDS = 60.0
"""The last request of a session is written down at most once in this time."""
MOST_REMEMBERED = 10_000


class SignedIn(Struct, frozen=True, kw_only=True):
    """What a session stands for."""

    hash: str
    key_hash: str | None
    name: str
    role: str
    id_token: str | None
    seen_at: datetime
    expires_at: datetime


class _Held(Struct, frozen=True):
    session: SignedIn | None
    read_at: float


class Sessions:
    """Makes, finds and ends sessions. For one event loop."""

    def __init__(
        self, readers: sessionmaker[Session], writers: sessionmaker[Session], keyring: KeyRing, loop: Loop
    ) -> None:
        self._readers, self._writers, self._keyring = readers, writers, keyring
        self._people = loop.people
        self._signs_in = loop.sign_in.oidc is not None
        self._idle = timedelta(seconds=seconds(loop.sign_in.idle))
        self._longest = timedelta(seconds=seconds(loop.sign_in.longest))
        self._held: dict[str, _Held] = {}

    @property
    def longest(self) -> timedelta:
        """How long a session can last."""
        return self._longest

    async def start(
        self, who: Who, *, name: str, role: str = "", key_hash: str | None = None, id_token: str | None = None
    ) -> str:
        """A new session, written into the audit trail; gives the cookie. Raises ``SQLAlchemyError``."""
        cookie, at = secrets.token_urlsafe(32), datetime.now(UTC)

        def write() -> None:
            with self._writers.begin() as session:
                session.execute(delete(ConsoleSessionRow).where(ConsoleSessionRow.expires_at <= at))
                session.add(
                    ConsoleSessionRow(
                        hash=_hash(cookie),
                        key_hash=key_hash,
                        name=name,
                        role=role,
                        id_token=id_token,
                        created_at=at,
                        seen_at=at,
                        expires_at=at + self._longest,
                    )
                )
                detail: dict[str, str | int] = {"role": role} if role else {}
                record(session, who, Act(action="signed_in", detail=detail), at)

        await asyncio.to_thread(write)
        return cookie

    async def caller(self, cookie: str, *, looks: bool = False) -> Caller | None:
        """Who this browser is signed in as; ``None`` if nobody. Raises ``SQLAlchemyError``.

        ``looks``: nobody asks for anything, so that the session grows idle meanwhile.
        """
        found = await self.find(cookie, looks=looks)
        if found is None:
            return None
        if found.key_hash is not None:
            return await self._keyring.by_hash(found.key_hash)
        return caller_of(found.name, found.role, self._people) if self._signs_in else None

    async def find(self, cookie: str, *, looks: bool = False) -> SignedIn | None:
        """The session of this cookie, if it is not over; that it was seen is written down once a minute.

        A look alone (``looks``) is not seen. It judges what was read last where the database does not answer.
        """
        digest, at = _hash(cookie), datetime.now(UTC)
        held = self._held.get(digest)
        unseen = held is not None and held.session is not None and _is_long_unseen(held.session, at) and not looks
        if held is None or unseen or time.monotonic() - held.read_at >= REFRESH_SECONDS:
            try:
                held = _Held(await asyncio.to_thread(self._read, digest, at, looks=looks), time.monotonic())
            except SQLAlchemyError:
                if held is None or not looks:
                    raise
            while len(self._held) >= MOST_REMEMBERED:
                del self._held[next(iter(self._held))]
            self._held[digest] = held
        found = held.session
        return found if found is not None and self._is_good(found, at) else None

    async def end(self, cookie: str, who: Who) -> SignedIn | None:
        """End it; what it was, if it was one. Raises ``SQLAlchemyError``."""
        digest, at = _hash(cookie), datetime.now(UTC)
        self._held.pop(digest, None)

        def write() -> SignedIn | None:
            with self._writers.begin() as session:
                row = session.get(ConsoleSessionRow, digest)
                if row is None:
                    return None
                session.delete(row)
                record(session, who, Act(action="signed_out"), at)
                return _signed_in(row)

        return await asyncio.to_thread(write)

    def _is_good(self, found: SignedIn, at: datetime) -> bool:
        return at < found.expires_at and at - found.seen_at < self._idle

    def _read(self, digest: str, at: datetime, *, looks: bool) -> SignedIn | None:
        with self._readers() as session:
            row = session.get(ConsoleSessionRow, digest)
            found = None if row is None else _signed_in(row)
        if found is None or looks or not self._is_good(found, at) or not _is_long_unseen(found, at):
            return found
        with self._writers.begin() as session:
            session.execute(update(ConsoleSessionRow).where(ConsoleSessionRow.hash == digest).values(seen_at=at))
        return msgspec.structs.replace(found, seen_at=at)


def _is_long_unseen(found: SignedIn, at: datetime) -> bool:
    return (at - found.seen_at).total_seconds() >= SEEN_SECONDS


def _signed_in(row: ConsoleSessionRow) -> SignedIn:
    return SignedIn(
        hash=row.hash,
        key_hash=row.key_hash,
        name=row.name,
        role=row.role,
        id_token=row.id_token,
        seen_at=row.seen_at,
        expires_at=row.expires_at,
    )


def _hash(cookie: str) -> str:
    return hashlib.sha256(cookie.encode("utf-8", "surrogatepass")).hexdigest()
