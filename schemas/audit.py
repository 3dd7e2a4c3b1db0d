"""The audit trail: who did what of the acts that a company answers for. One way in; rows are never changed.

What happens to a case stands in the case's own history. Here stand administration (keys, sign-ins, silences, dead
letters sent again) and every look at personal data in bulk or in the raw (exports, bytes of dead letters, erasures).

A customer stands in a column of its own, by id: "who has looked at this customer's data" must have an answer. No name
and no comment is ever written. Where a customer is erased, :func:`forget` puts a random word in place of the id, one
for all of their rows: the trail stays whole, and nothing leads back. A keyed hash would need a secret that outlives
every rotation, and whoever holds it could still ask whether a known id is in the trail.
"""

import secrets
from datetime import datetime
from typing import Literal, get_args

from msgspec import Struct
from sqlalchemy import CursorResult, update
from sqlalchemy.orm import Session

from schemas.access_tables import AuditRow

Kind = Literal["key", "person", "command", "system", "nobody"]
"""What acts: an API key, a person, a command on a machine of ours, closeloop itself, or somebody unknown."""
Entrance = Literal["api", "console", "slack", "command", "system"]
Action = Literal[
    "key_created",
    "key_rotated",
    "key_revoked",
    "signed_in",
    "signed_out",
    "keys_guessed",
    "silence_added",
    "silence_ended",
    "letter_read",
    "letter_replayed",
    "letters_replayed",
    "letters_exported",
    "cases_exported",
    "history_exported",
    "data_exported",
    "customer_erased",
]
ACTIONS: tuple[Action, ...] = get_args(Action)
Outcome = Literal["done", "refused", "failed"]

WORD = "erased-"
"""How the word begins that stands in an erased customer's place."""
MAX_TEXT = 200
"""Characters that are kept of a name or a subject."""


class Who(Struct, frozen=True, kw_only=True):
    """Who acts, and from where. ``address`` is an IP address; ``key_id`` is no secret."""

    name: str
    kind: Kind
    via: Entrance
    key_id: str | None = None
    address: str | None = None


SYSTEM = Who(name="system", kind="system", via="system")


class Act(Struct, frozen=True, kw_only=True):
    """What was done, or asked for in vain."""

    action: Action
    subject: str | None = None
    customer: str | None = None
    outcome: Outcome = "done"
    detail: dict[str, str | int] = {}


def record(session: Session, who: Who, act: Act, at: datetime) -> None:
    """Write it down in the caller's transaction: an act that is undone is not in the trail, and none is without."""
    session.add(
        AuditRow(
            at=at,
            actor=_plain(who.name),
            kind=who.kind,
            key_id=who.key_id,
            via=who.via,
            address=who.address,
            action=act.action,
            subject=_plain(act.subject) if act.subject is not None else None,
            customer=act.customer,
            outcome=act.outcome,
            detail=dict(act.detail),
        )
    )


def random_word() -> str:
    """What stands in place of a customer's id once they are erased: it says nothing, and follows from nothing."""
    return f"{WORD}{secrets.token_hex(8)}"


def forget(session: Session, customer: str, word: str) -> int:
    """Put the word in place of a customer's id, all through the trail; in how many rows.

    The caller owns the transaction, and records the erasure itself under that word.
    """
    done = session.execute(update(AuditRow).where(AuditRow.customer == customer).values(customer=word))
    assert isinstance(done, CursorResult)
    return done.rowcount


def _plain(text: str) -> str:
    """One line without characters that could steer a terminal or break a log, at most :data:`MAX_TEXT` of them."""
    return "".join(character if character.isprintable() else "�" for character in text[:MAX_TEXT])
