"""Sign-ins that have gone to the identity provider: kept until they are back, each for one return."""

import base64
import hashlib
import secrets
from datetime import datetime, timedelta

from msgspec import Struct
from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from schemas.tables import SignInRow

LASTS = timedelta(minutes=10)
"""How long somebody may take at the provider."""
MOST = 10_000
"""Under way at once: the oldest make room, so that nobody can fill the table from outside."""


class Begun(Struct, frozen=True, kw_only=True):
    """What goes with the browser to the provider, and the secret of its cookie."""

    state: str
    nonce: str
    challenge: str
    """Of PKCE, S256."""
    browser: str


class Returned(Struct, frozen=True, kw_only=True):
    """What was kept here meanwhile."""

    nonce: str
    verifier: str
    return_to: str


def begin(session: Session, return_to: str, now: datetime) -> Begun:
    """Keep a new one. The caller owns the transaction."""
    session.execute(delete(SignInRow).where(SignInRow.expires_at <= now))
    over = (session.scalar(select(func.count()).select_from(SignInRow)) or 0) - MOST + 1
    if over > 0:
        oldest = select(SignInRow.state_hash).order_by(SignInRow.expires_at).limit(over)
        session.execute(delete(SignInRow).where(SignInRow.state_hash.in_(oldest.scalar_subquery())))
    state, nonce, verifier, browser = (secrets.token_urlsafe(32) for _ in range(4))
    session.add(
        SignInRow(
            state_hash=_hash(state),
            browser_hash=_hash(browser),
            nonce=nonce,
            verifier=verifier,
            return_to=return_to,
            expires_at=now + LASTS,
        )
    )
    challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
    return Begun(state=state, nonce=nonce, challenge=challenge, browser=browser)


def take(session: Session, state: str, browser: str, now: datetime) -> Returned | None:
    """The one of this state, begun by this browser; it is gone then. ``None``: unknown, over, used, or another's."""
    gone = (
        delete(SignInRow)
        .where(
            SignInRow.state_hash == _hash(state),
            SignInRow.browser_hash == _hash(browser),
            SignInRow.expires_at > now,
        )
        .returning(SignInRow.nonce, SignInRow.verifier, SignInRow.return_to)
    )
    row = session.execute(gone).one_or_none()
    return None if row is None else Returned(nonce=row.nonce, verifier=row.verifier, return_to=row.return_to)


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
