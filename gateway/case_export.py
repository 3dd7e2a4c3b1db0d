"""Exports of cases and of their audit trail, page by page in the order of their keys.

Each page is a short transaction of its own that goes on after the last key of the page before, so an export of any
length blocks nobody. What was committed before it began is in it exactly once, because a key never changes and each is
passed once; what comes after the last key at its beginning is left to the next one, and nothing can come below that key
any more (:mod:`gateway.settled`): the next one goes on after the last key of this one, and misses nothing. A case is
shown as it is when its page is read, and is left out if it does not fit the filter then.
"""

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Generic, TypeVar

import msgspec
from msgspec import Struct
from sqlalchemy import func, select
from sqlalchemy.orm import Session, sessionmaker

from gateway.case_filter import CaseFilter
from gateway.case_reads import show_case
from gateway.case_shapes import Case
from gateway.case_table import AUDIT_COLUMNS, CASE_COLUMNS, AuditEntry, Cell, audit_cells, case_cells, csv_lines
from gateway.settled import wait_for_writers
from gateway.vocabulary import Vocabulary
from schemas.tables import CaseEventRow, CaseRow

PAGE = 500

T = TypeVar("T")


class AuditFilter(Struct, frozen=True, kw_only=True):
    """Which transitions are asked for; everything given must hold."""

    case_id: int | None = None
    customer: str | None = None
    actor: str | None = None
    action: str | None = None
    via: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    """Only before this."""


class Page(Struct, Generic[T], frozen=True):
    """Rows in the order of their keys; ``last`` is the key after which the next page goes on, ``None`` at the end."""

    rows: list[T]
    last: int | None


Read = Callable[[Session, int, int], Page[T]]
"""Reads the page after a key and up to another."""


def case_page(words: Vocabulary, wanted: CaseFilter) -> Read[Case]:
    """A reader of the cases that fit, by their ids; comments are whole."""

    def read(session: Session, after: int, up_to: int) -> Page[Case]:
        rows = session.scalars(
            select(CaseRow)
            .where(*wanted.conditions(), CaseRow.id > after, CaseRow.id <= up_to)
            .order_by(CaseRow.id)
            .limit(PAGE)
        ).all()
        shown = [show_case(row, words, excerpt=None) for row in rows]
        return Page(shown, rows[-1].id if len(rows) == PAGE else None)

    return read


def audit_page(words: Vocabulary, wanted: AuditFilter) -> Read[AuditEntry]:
    """A reader of the transitions that fit, in the order in which they were written."""

    def read(session: Session, after: int, up_to: int) -> Page[AuditEntry]:
        query = (
            select(CaseEventRow, CaseRow.subject, CaseRow.customer_id, CaseRow.programme)
            .join(CaseRow, CaseRow.id == CaseEventRow.case_id)
            .where(CaseEventRow.seq > after, CaseEventRow.seq <= up_to)
            .order_by(CaseEventRow.seq)
            .limit(PAGE)
        )
        for column, value in (
            (CaseEventRow.case_id, wanted.case_id),
            (CaseRow.customer_id, wanted.customer),
            (CaseEventRow.actor, wanted.actor),
            (CaseEventRow.action, wanted.action),
            (CaseEventRow.via, wanted.via),
        ):
            if value is not None:
                query = query.where(column == value)
        if wanted.since is not None:
            query = query.where(CaseEventRow.at >= wanted.since)
        if wanted.until is not None:
            query = query.where(CaseEventRow.at < wanted.until)
        rows = session.execute(query).all()
        entries = [_entry(event, subject, customer, programme, words) for event, subject, customer, programme in rows]
        return Page(entries, entries[-1].seq if len(rows) == PAGE else None)

    return read


def last_case(session: Session) -> int:
    """The highest id of a case, 0 where there is none; all below it are settled when this returns."""
    last = session.scalar(select(func.max(CaseRow.id))) or 0
    wait_for_writers(session, CaseRow.__tablename__)
    return last


def last_transition(session: Session) -> int:
    """The highest number of a transition, 0 where there is none; all below it are settled when this returns."""
    last = session.scalar(select(func.max(CaseEventRow.seq))) or 0
    wait_for_writers(session, CaseEventRow.__tablename__)
    return last


def pages(
    readers: sessionmaker[Session], read: Read[T], last: Callable[[Session], int], after: int
) -> Iterator[list[T]]:
    """Every page after the key ``after``, up to the last key that there is now."""
    with readers() as session:
        up_to = last(session)
    place: int | None = after
    while place is not None:
        with readers() as session:
            page = read(session, place, up_to)
        yield page.rows
        place = page.last


def as_json(found: Iterator[list[T]]) -> Iterator[bytes]:
    """One JSON array, an element a line. What breaks off is no JSON. An empty piece for an empty page."""
    opening = b"[\n"
    for rows in found:
        if not rows:
            yield b""
        for row in rows:
            yield opening + msgspec.json.encode(row)
            opening = b",\n"
    yield b"[]\n" if opening == b"[\n" else b"\n]\n"


def as_json_lines(found: Iterator[list[T]]) -> Iterator[bytes]:
    """An object a line. What breaks off is what was there until then. An empty piece for an empty page."""
    for rows in found:
        yield b"".join(msgspec.json.encode(row) + b"\n" for row in rows)


def cases_as_csv(found: Iterator[list[Case]]) -> Iterator[bytes]:
    """A header and a line a case."""
    return _as_csv(CASE_COLUMNS, case_cells, found)


def audit_as_csv(found: Iterator[list[AuditEntry]]) -> Iterator[bytes]:
    """A header and a line a transition."""
    return _as_csv(AUDIT_COLUMNS, audit_cells, found)


def _as_csv(columns: tuple[str, ...], cells: Callable[[T], list[Cell]], found: Iterator[list[T]]) -> Iterator[bytes]:
    yield csv_lines([columns]).encode()
    for rows in found:
        if rows:
            yield csv_lines(map(cells, rows)).encode()


def _entry(event: CaseEventRow, subject: str, customer: str, programme: str, words: Vocabulary) -> AuditEntry:
    detail = dict(event.detail)
    key = detail.pop("key", None) or (event.actor if event.via == "api" else None)
    return AuditEntry(
        seq=event.seq,
        id=event.id,
        at=event.at,
        case_id=event.case_id,
        version=event.version,
        subject=subject,
        customer_id=customer,
        programme=programme,
        severity=str(event.payload.get("severity", "")),
        action=event.action,
        from_state=event.from_state,
        to_state=event.to_state,
        owner=event.payload.get("owner"),
        actor=event.actor,
        actor_name=words.name_of(event.actor) or event.actor,
        via=event.via,
        key=key,
        note=detail.pop("note", None),
        detail=detail,
    )
