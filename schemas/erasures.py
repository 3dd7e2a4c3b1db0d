"""Who was erased, for whoever reads topics: a Kafka log drops no single record, so what is left there is known here.

Of a person nothing is kept but salted hashes of their names (BLAKE2b), the word that stands in their place, and the
moment. What happened until then is theirs, whenever it is read: it comes from a topic again, or late, or in a rebuild
of the database, and is not taken in under their name. What happens later is a new customer's.

The salt is one for a database. It keeps the hashes of two companies, or of two databases, from being compared; who
holds this table and a name can still ask whether that name was erased. So the rows go when the last topic has let go.
"""

import secrets
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from hashlib import blake2b

from msgspec import Struct
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from schemas.audit import random_word
from schemas.tables import ErasureRow
from schemas.topics import CASES, catalogue

SEGMENT = timedelta(days=7)
"""Kafka lets go of whole segments, and closes one after a week (``segment.ms``): so much later than its retention."""
_ADVISORY_LOCK = 0x636C_6F73_6565_7261
"""PostgreSQL's lock that holds readers of topics and the beginning of an erasure apart: the bytes of ``closeera``."""


class Erasure(Struct, frozen=True):
    """A row: the hash of a name, and what became of it. Times are UTC."""

    digest: str
    salt: str
    word: str
    erased_at: datetime


class Erased:
    """The people who were erased. Pure."""

    def __init__(self, erasures: Iterable[Erasure] = ()) -> None:
        self._by_digest: dict[str, list[Erasure]] = {}
        for one in sorted(erasures, key=lambda one: one.erased_at):
            self._by_digest.setdefault(one.digest, []).append(one)
        self._salts = sorted({one.salt for many in self._by_digest.values() for one in many})

    def __bool__(self) -> bool:
        return bool(self._by_digest)

    def word(self, name: str, at: datetime) -> str | None:
        """The word in place of whoever had this name at that moment; ``None`` where nobody of it was erased since."""
        for salt in self._salts:
            for one in self._by_digest.get(digest_of(name, salt), ()):
                if one.erased_at >= at:
                    return one.word
        return None

    def any_of(self, names: Iterable[str], at: datetime) -> bool:
        """Whether one of these names was that of a person who was erased at that moment or later."""
        return bool(self) and any(self.word(name, at) is not None for name in names)


def digest_of(name: str, salt: str) -> str:
    """The hash of a name under a salt (hexadecimal), 64 digits. Pure."""
    return blake2b(name.encode("utf-8", "surrogatepass"), key=bytes.fromhex(salt), digest_size=32).hexdigest()


def known(session: Session, *, holds: bool = False) -> Erased:
    """Everybody who was erased.

    ``holds``, for whoever writes what it reads from a topic: no erasure begins before this transaction is over, so
    that nothing of a person is written behind its back. (SQLite has one writer at a time anyway.)
    """
    if holds and session.get_bind().dialect.name == "postgresql":
        session.execute(text("SELECT pg_advisory_xact_lock_shared(:key)"), {"key": _ADVISORY_LOCK})
    rows = session.execute(select(ErasureRow.digest, ErasureRow.salt, ErasureRow.word, ErasureRow.erased_at))
    return Erased(Erasure(row.digest, row.salt, row.word, row.erased_at) for row in rows)


def begin(session: Session, names: Sequence[str], now: datetime, *, anew: bool) -> str:
    """Write down that a person of these names is erased; the word that stands for them from now on.

    One that was broken off goes on under its word. So does one that is done, unless something was found of the person
    since (``anew``): then they were a new customer, and get a new word. The caller owns the transaction, and ends it
    before it changes anything else: whoever reads topics then knows.
    """
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _ADVISORY_LOCK})
    salt = session.scalar(select(ErasureRow.salt).order_by(ErasureRow.id).limit(1)) or secrets.token_hex(16)
    digests = {digest_of(name, salt) for name in names}
    newest = (
        select(ErasureRow)
        .where(ErasureRow.digest.in_(sorted(digests)))
        .order_by(ErasureRow.id.desc())
        .with_for_update()
    )
    held = session.scalars(newest).all()
    goes_on = next((row.word for row in held if row.finished_at is None), None)
    if goes_on is None and held and not anew:
        goes_on = held[0].word
    word = goes_on or random_word()
    theirs = {row.digest: row for row in held if row.word == word}
    for digest in sorted(digests):
        row = theirs.get(digest)
        if row is None:
            session.add(ErasureRow(digest=digest, salt=salt, word=word, erased_at=now, finished_at=None))
        else:
            row.erased_at, row.finished_at = max(now, row.erased_at), None
    return word


def finish(session: Session, word: str, now: datetime) -> None:
    """Everything is done. The caller owns the transaction."""
    for row in session.scalars(select(ErasureRow).where(ErasureRow.word == word)):
        row.finished_at = now


def kept_for() -> timedelta:
    """How long a row is needed: as long as any topic that tells of customers keeps its records."""
    (spec,) = (spec for spec in catalogue() if spec.name == CASES)
    return timedelta(milliseconds=int(spec.config["retention.ms"])) + SEGMENT
