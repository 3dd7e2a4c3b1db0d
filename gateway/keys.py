"""API keys: made, rotated, listed and revoked. Only their SHA-256 is kept.

A key is ``clk_ID_SECRET``: the id is no secret and names the key in lists and logs; the secret has 256 bits of chance,
so nothing slower than SHA-256 is needed to keep it. Keys of version 0.1 are ``clk_SECRET`` and go on working; their id
is the beginning of the hash.
"""

import hashlib
import re
import secrets
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta

from msgspec import Struct
from sqlalchemy import ColumnElement, or_, select
from sqlalchemy.orm import Session, sessionmaker

from gateway.callers import ROLES, Role, fewest, roles_of
from schemas.audit import SYSTEM, Act, Action, Who, record
from schemas.tables import ApiKeyRow

PREFIX = "clk_"
MAX_SOURCES = 20
MAX_SOURCE_CHARACTERS = 200
_WITH_ID = re.compile(r"clk_([0-9a-f]{12})_[A-Za-z0-9_-]{43}")
_ID = re.compile(r"[0-9a-f]{12}")
_ID_LENGTH = 12


class KeyRefused(ValueError):  # noqa: N818 - an answer to the operator, not a fault
    """A key that cannot be made: says why."""


class KeyListed(Struct, frozen=True, kw_only=True):
    """A key without its secret."""

    id: str
    name: str
    roles: tuple[Role, ...]
    sources: tuple[str, ...]
    created_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None
    """To the minute."""
    revoked_at: datetime | None

    def is_valid(self, now: datetime) -> bool:
        """Whether it opens anything at ``now``."""
        return self.revoked_at is None and (self.expires_at is None or now < self.expires_at)


def hash_of(key: str) -> str:
    """The SHA-256 of a key, in hex."""
    return hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()


def id_of(key: str, digest: str) -> str:
    """By what a key is looked up: the id in it, or the beginning of its hash. Neither is secret."""
    found = _WITH_ID.fullmatch(key)
    return found.group(1) if found else digest[:_ID_LENGTH]


def row_id(row: ApiKeyRow) -> str:
    """The id under which a kept key is looked up and named."""
    return row.key_id or row.hash[:_ID_LENGTH]


def create_key(
    writers: sessionmaker[Session],
    name: str,
    role: str,
    now: datetime | None = None,
    *,
    expires_at: datetime | None = None,
    sources: Sequence[str] = (),
    by: Who = SYSTEM,
) -> str:
    """Make a key; only its hash goes to the database, so this is the one time it can be seen.

    ``role`` may be several with commas between. ``now`` is the wall clock where it is not given. Raises
    :class:`KeyRefused` for a name, role, expiry or source that cannot be.
    """
    at = now or datetime.now(UTC)
    roles = fewest(roles_of(role))
    if not roles:
        raise KeyRefused(f"role: give one or more of {', '.join(ROLES)}")
    if not name.strip() or len(name) > 64 or not name.isprintable():
        raise KeyRefused("name: give 1 to 64 printable characters, e.g. the app's name")
    if expires_at is not None and expires_at <= at:
        raise KeyRefused("expires: lies in the past; give a time to come, such as 90d")
    _check_sources(roles, sources)
    with writers.begin() as session:
        taken = select(ApiKeyRow.hash).where(ApiKeyRow.name == name, _valid_at(at))
        if session.scalar(taken.limit(1)) is not None:
            raise KeyRefused("name: there is a key of this name; rotate or revoke it, or give another name")
        key, row = _new(name, ",".join(roles), sources or None, at, expires_at)
        session.add(row)
        _say(session, "key_created", row, by, at)
    return key


def rotate_key(
    writers: sessionmaker[Session],
    name: str,
    overlap: timedelta,
    now: datetime | None = None,
    *,
    expires_at: datetime | None = None,
    by: Who = SYSTEM,
) -> tuple[str, datetime]:
    """A new secret for the key of this name; what was valid before stays so for ``overlap``, or until it expires.

    The new one has the same roles and sources. Without ``expires_at`` it lives as long as the newest of the old ones
    was meant to. Gives the key and the time at which the old ones end. Raises :class:`KeyRefused`.
    """
    at = now or datetime.now(UTC)
    if expires_at is not None and expires_at <= at:
        raise KeyRefused("expires: lies in the past; give a time to come, such as 90d")
    with writers.begin() as session:
        valid = select(ApiKeyRow).where(ApiKeyRow.name == name, _valid_at(at)).order_by(ApiKeyRow.created_at)
        rows = session.scalars(valid.with_for_update()).all()
        if not rows:
            raise KeyRefused(f"name: no key in use is named {name!r}; closeloop keys list shows them")
        last = rows[-1]
        if expires_at is None and last.expires_at is not None:
            expires_at = at + (last.expires_at - last.created_at)
        key, row = _new(name, last.role, last.sources, at, expires_at)
        session.add(row)
        ends = at + overlap
        for old in rows:
            old.expires_at = min(old.expires_at or ends, ends)
        _say(session, "key_rotated", row, by, at)
    return key, ends


def list_keys(reading: sessionmaker[Session]) -> list[KeyListed]:
    """All keys, the oldest first, those that are over too."""
    with reading() as session:
        rows = session.scalars(select(ApiKeyRow).order_by(ApiKeyRow.created_at, ApiKeyRow.hash)).all()
    return [
        KeyListed(
            id=row_id(row),
            name=row.name,
            roles=roles_of(row.role),
            sources=tuple(row.sources or ()),
            created_at=row.created_at,
            expires_at=row.expires_at,
            last_used_at=row.last_used_at,
            revoked_at=row.revoked_at,
        )
        for row in rows
    ]


def ending_keys(keys: Iterable[KeyListed], now: datetime) -> list[KeyListed]:
    """Of each name that has keys in use the one that lives longest, if it has an end: then nobody of that name is let
    in any more. Pure."""
    last: dict[str, KeyListed] = {}
    for key in keys:
        if key.is_valid(now):
            before = last.get(key.name)
            if before is None or _ends(key) > _ends(before):
                last[key.name] = key
    return [key for key in last.values() if key.expires_at is not None]


def _ends(key: KeyListed) -> datetime:
    return key.expires_at or datetime.max.replace(tzinfo=UTC)


def revoke_keys(writers: sessionmaker[Session], name: str, now: datetime | None = None, *, by: Who = SYSTEM) -> int:
    """Revoke every key of this name, or the one of this id; how many there were in use."""
    at = now or datetime.now(UTC)
    with writers.begin() as session:
        named = or_(ApiKeyRow.name == name, ApiKeyRow.key_id == name)
        if _ID.fullmatch(name):
            named |= ApiKeyRow.key_id.is_(None) & ApiKeyRow.hash.startswith(name)
        wanted = select(ApiKeyRow).where(named, _valid_at(at))
        rows = session.scalars(wanted).all()
        for row in rows:
            row.revoked_at = at
            _say(session, "key_revoked", row, by, at)
    return len(rows)


def any_key(session: Session) -> bool:
    """Whether a key was ever made: from then on nobody is let in without one."""
    return session.scalar(select(ApiKeyRow.hash).limit(1)) is not None


def _valid_at(at: datetime) -> ColumnElement[bool]:
    return ApiKeyRow.revoked_at.is_(None) & or_(ApiKeyRow.expires_at.is_(None), ApiKeyRow.expires_at > at)


def _new(
    name: str, role: str, sources: Sequence[str] | None, at: datetime, expires_at: datetime | None
) -> tuple[str, ApiKeyRow]:
    key_id = secrets.token_hex(_ID_LENGTH // 2)
    key = f"{PREFIX}{key_id}_{secrets.token_urlsafe(32)}"
    return key, ApiKeyRow(
        hash=hash_of(key),
        key_id=key_id,
        name=name,
        role=role,
        sources=list(sources) if sources else None,
        created_at=at,
        expires_at=expires_at,
    )


def _check_sources(roles: tuple[Role, ...], sources: Sequence[str]) -> None:
    if sources and roles != ("emit",):
        raise KeyRefused("source: only a key with the role emit alone can be bound to sources")
    if len(sources) > MAX_SOURCES:
        raise KeyRefused(f"source: give at most {MAX_SOURCES}")
    if any(not one or len(one) > MAX_SOURCE_CHARACTERS or not one.isprintable() for one in sources):
        raise KeyRefused("source: give what `source` of its events begins with, such as /shop/")


def _say(session: Session, action: Action, row: ApiKeyRow, by: Who, at: datetime) -> None:
    detail: dict[str, str | int] = {"id": row_id(row), "role": row.role}
    if row.expires_at is not None and action != "key_revoked":
        detail["expires_at"] = row.expires_at.isoformat(timespec="seconds")
    record(session, by, Act(action=action, subject=row.name, detail=detail), at)
