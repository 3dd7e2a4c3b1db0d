"""The audit trail as it is read: entries that fit a filter, newest first, a page at a time."""

from collections.abc import Iterator
from datetime import datetime

import msgspec
from msgspec import Struct
from sqlalchemy import select
from sqlalchemy.orm import Session

from schemas.audit import Action, Outcome
from schemas.tables import AuditRow

_BATCH = 500


class AuditEntry(Struct, frozen=True, kw_only=True):
    """One act. ``kind`` is what the actor is, ``via`` where they came in, ``detail`` counts, reasons and roles."""

    id: int
    at: datetime
    actor: str
    kind: str
    key_id: str | None
    via: str
    address: str | None
    action: str
    subject: str | None
    customer: str | None
    outcome: str
    detail: dict[str, str | int]


class AuditPage(Struct, frozen=True, kw_only=True):
    """Entries, newest first. ``next`` is the cursor of the page after this one, or null at the end."""

    entries: list[AuditEntry]
    next: str | None


class AuditFilter(Struct, frozen=True, kw_only=True):
    """What is wanted; ``None`` for any. ``before_id`` leaves out that entry and those after it."""

    action: Action | None = None
    actor: str | None = None
    customer: str | None = None
    outcome: Outcome | None = None
    since: datetime | None = None
    until: datetime | None = None
    before_id: int | None = None


def read_audit(session: Session, wanted: AuditFilter, limit: int) -> AuditPage:
    """The newest entries that fit, at most ``limit``."""
    found = _entries(session, wanted, limit + 1)
    return AuditPage(entries=found[:limit], next=str(found[limit - 1].id) if len(found) > limit else None)


def all_audit(session: Session, wanted: AuditFilter) -> Iterator[AuditEntry]:
    """Every entry that fits, newest first, read a batch at a time."""
    before = wanted.before_id
    while found := _entries(session, msgspec.structs.replace(wanted, before_id=before), _BATCH):
        yield from found
        before = found[-1].id


def _entries(session: Session, wanted: AuditFilter, limit: int) -> list[AuditEntry]:
    query = select(AuditRow).order_by(AuditRow.id.desc()).limit(limit)
    for column, value in (
        (AuditRow.action, wanted.action),
        (AuditRow.actor, wanted.actor),
        (AuditRow.customer, wanted.customer),
        (AuditRow.outcome, wanted.outcome),
    ):
        if value is not None:
            query = query.where(column == value)
    if wanted.since is not None:
        query = query.where(AuditRow.at >= wanted.since)
    if wanted.until is not None:
        query = query.where(AuditRow.at < wanted.until)
    if wanted.before_id is not None:
        query = query.where(AuditRow.id < wanted.before_id)
    return [_entry(row) for row in session.scalars(query)]


def _entry(row: AuditRow) -> AuditEntry:
    return AuditEntry(
        id=row.id,
        at=row.at,
        actor=row.actor,
        kind=row.kind,
        key_id=row.key_id,
        via=row.via,
        address=row.address,
        action=row.action,
        subject=row.subject,
        customer=row.customer,
        outcome=row.outcome,
        detail=row.detail,
    )
