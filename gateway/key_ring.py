"""Recognises API keys, and remembers when each was used last."""

import asyncio
import hmac
import time
from datetime import UTC, datetime

import structlog
from msgspec import Struct
from sqlalchemy import or_, select, update
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session, sessionmaker

from gateway.callers import EVERYONE, Caller, rights_of, roles_of
from gateway.keys import hash_of, id_of, row_id
from schemas.tables import ApiKeyRow

REFRESH_SECONDS = 5.0
"""A revoked key is refused within this time."""
USE_SECONDS = 60.0
"""The last use of a key is written down at most once in this time, by each gateway."""

_NOBODY = "0" * 64
"""The hash of no key: an unknown key is compared with it, so that it takes as long as a wrong one."""

_log = structlog.get_logger("gateway.keys")


class _Held(Struct, frozen=True):
    digest: str
    caller: Caller
    expires_at: datetime | None


class _Known(Struct, frozen=True):
    keys: dict[str, _Held]
    """By the id of the key."""
    ids: dict[str, str]
    """Hash to id."""
    configured: bool
    read_at: float


class KeyRing:
    """Recognises callers. Reads the keys again every few seconds; keeps the last known ones while SQL is away.

    ``signs_in``: people sign in at an identity provider, so that nobody is let in without a key or a session.
    """

    def __init__(
        self,
        readers: sessionmaker[Session],
        writers: sessionmaker[Session],
        *,
        loopback: bool,
        signs_in: bool = False,
    ) -> None:
        self._readers, self._writers = readers, writers
        self._may_be_open = loopback and not signs_in
        self._known: _Known | None = None
        self._reading = asyncio.Lock()
        self._noted: dict[str, float] = {}
        self._notes: set[asyncio.Task[None]] = set()

    async def is_open(self) -> bool:
        """Whether everyone is let in: on loopback, as long as no key was ever made and nobody signs in."""
        return self._may_be_open and not (await self._current()).configured

    async def identify(self, key: str | None) -> Caller | None:
        """Who holds this key; ``None`` if nobody. Raises ``SQLAlchemyError`` where keys were never read yet."""
        known = await self._current()
        if self._may_be_open and not known.configured:
            return EVERYONE
        return None if key is None else self._find(known, id_of(key, digest := hash_of(key)), digest)

    async def by_hash(self, digest: str) -> Caller | None:
        """The key of this hash, for a browser that signed in with it; ``None`` once it is over."""
        known = await self._current()
        return self._find(known, known.ids.get(digest, ""), digest)

    def _find(self, known: _Known, key_id: str, digest: str) -> Caller | None:
        held = known.keys.get(key_id)
        same = hmac.compare_digest(held.digest if held is not None else _NOBODY, digest)
        if held is None or not same or (held.expires_at is not None and held.expires_at <= datetime.now(UTC)):
            return None
        self._note(key_id, digest)
        return held.caller

    def _note(self, key_id: str, digest: str) -> None:
        """Write the use of a key down beside the request, unless that was done within the minute."""
        at = time.monotonic()
        if at - self._noted.get(key_id, -USE_SECONDS) < USE_SECONDS:
            return
        self._noted[key_id] = at
        task = asyncio.create_task(asyncio.to_thread(self._write_use, digest, datetime.now(UTC)), name="key-use")
        self._notes.add(task)
        task.add_done_callback(self._notes.discard)

    def _write_use(self, digest: str, at: datetime) -> None:
        later = or_(ApiKeyRow.last_used_at.is_(None), ApiKeyRow.last_used_at < at)
        try:
            with self._writers.begin() as session:
                session.execute(update(ApiKeyRow).where(ApiKeyRow.hash == digest, later).values(last_used_at=at))
        except SQLAlchemyError as error:
            _log.warning("key_use_not_written", error=type(error).__name__)

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
                self._known = _Known(known.keys, known.ids, known.configured, time.monotonic())
            return self._known

    def _read(self) -> _Known:
        with self._readers() as session:
            rows = session.scalars(select(ApiKeyRow)).all()
        keys: dict[str, _Held] = {}
        ids: dict[str, str] = {}
        for row in rows:
            roles = roles_of(row.role)
            if row.revoked_at is None and roles:
                caller = Caller(
                    name=row.name,
                    rights=rights_of(roles),
                    roles=roles,
                    key_id=row_id(row),
                    sources=tuple(row.sources or ()),
                )
                keys[row_id(row)] = _Held(row.hash, caller, row.expires_at)
                ids[row.hash] = row_id(row)
        return _Known(keys, ids, bool(rows), time.monotonic())
