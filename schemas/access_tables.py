"""The tables of who may come in and what they did there: API keys, sign-ins and sessions of people, the audit trail."""

from datetime import datetime
from typing import Any

from sqlalchemy import Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from schemas.table_base import Base


class ApiKeyRow(Base):
    """An API key: only its SHA-256 is kept."""

    __tablename__ = "api_keys"
    __table_args__ = (Index("api_keys_by_key_id", "key_id", unique=True),)

    hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    name: Mapped[str]
    role: Mapped[str] = mapped_column(String(16))
    """One role, or several with commas between."""
    created_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]
    key_id: Mapped[str | None] = mapped_column(String(16))
    """The part of the key that is no secret, and names it in logs. Keys of version 0.1 have none in them."""
    sources: Mapped[list[Any] | None]
    """What the ``source`` of its events must begin with, one of these; ``None`` for any."""
    expires_at: Mapped[datetime | None]
    last_used_at: Mapped[datetime | None]
    """To the minute: a key in use is written down once a minute, not with every request."""


class SignInRow(Base):
    """A sign-in that has gone to the identity provider and is not back yet. It is taken out by the first return."""

    __tablename__ = "sign_ins"
    __table_args__ = (Index("sign_ins_by_end", "expires_at"),)

    state_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    browser_hash: Mapped[str] = mapped_column(String(64))
    """Of the cookie of the browser that began it: no other can end it."""
    nonce: Mapped[str] = mapped_column(String(64))
    verifier: Mapped[str] = mapped_column(String(128))
    """The secret of PKCE."""
    return_to: Mapped[str] = mapped_column(Text)
    """The path of the console to go on with."""
    expires_at: Mapped[datetime]


class ConsoleSessionRow(Base):
    """A browser that is signed in, by an API key or by the identity provider. Its cookie is kept as a hash."""

    __tablename__ = "console_sessions"
    __table_args__ = (Index("console_sessions_by_end", "expires_at"),)

    hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    key_hash: Mapped[str | None] = mapped_column(String(64))
    """Of the API key; ``None`` where a person signed in."""
    name: Mapped[str]
    """Of the key, or the e-mail address of the person (without one, their subject at the provider)."""
    role: Mapped[str] = mapped_column(String(16))
    """What the provider's claims gave the person; of a key, the key itself says it."""
    id_token: Mapped[str | None] = mapped_column(Text)
    """For the provider's own sign-out."""
    created_at: Mapped[datetime]
    seen_at: Mapped[datetime]
    """To the minute."""
    expires_at: Mapped[datetime]


class AuditRow(Base):
    """One administrative act, or one look at personal data. Written once; see :mod:`schemas.audit`."""

    __tablename__ = "audit"
    __table_args__ = (
        Index("audit_by_time", "at"),
        Index("audit_by_customer", "customer"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    at: Mapped[datetime]
    actor: Mapped[str]
    kind: Mapped[str] = mapped_column(String(16))
    """What the actor is: ``key``, ``person``, ``command``, ``system`` or ``nobody``."""
    key_id: Mapped[str | None] = mapped_column(String(16))
    via: Mapped[str] = mapped_column(String(16))
    address: Mapped[str | None] = mapped_column(String(64))
    action: Mapped[str] = mapped_column(String(32))
    subject: Mapped[str | None]
    """What it was done to; never a customer."""
    customer: Mapped[str | None]
    """The customer's id, until they are erased: then what :func:`schemas.audit.forget` put in its place."""
    outcome: Mapped[str] = mapped_column(String(16))
    detail: Mapped[dict[str, Any]]
    """Counts, reasons and roles."""
