"""The inbox in SQL: what presses most comes first, page by page.

Open cases come by how they press: overdue ones, then those in work, then those that rest; within these by severity
and by what is due next. Closed cases come after them, newest first. A cursor names the last case of a page, so that
cases that come or go meanwhile move nobody from page to page.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from msgspec import Struct
from sqlalchemy import ColumnElement, Integer, and_, case, func, literal, or_, select, tuple_
from sqlalchemy.orm import Session

from gateway.case_filter import CaseFilter, broken_promises
from gateway.problems import Refusal
from schemas.cases import CLOSED_STATES
from schemas.table_base import UtcDateTime
from schemas.tables import CaseRow

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_NEVER = datetime(9999, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_MOST = 2**63 - 1


class Place(Struct, frozen=True):
    """Where a page ends: how the last case presses, how severe it is, what is due (µs since 1970), and its id.

    Of a closed case only the id counts, and ``presses`` is :data:`CLOSED`.
    """

    presses: int
    severity: int
    due: int
    id: int

    def __str__(self) -> str:
        return f"{self.presses}.{self.severity}.{self.due}.{self.id}"


CLOSED = 9
_START = Place(-1, 0, 0, 0)


def read_place(text: str) -> Place | None:
    """A cursor as an address has it; ``None`` for the beginning. Raises :class:`Refusal` (400)."""
    if not text:
        return None
    parts = text.split(".")
    if len(parts) != 4 or not all(part.isascii() and part.isdigit() and int(part) <= _MOST for part in parts):
        raise Refusal(400, "invalid", "cursor", "not a cursor of this list; follow the link of the page before")
    place = Place(*map(int, parts))
    if place.due > (_NEVER - _EPOCH) // _MICROSECOND:
        raise Refusal(400, "invalid", "cursor", "not a cursor of this list; follow the link of the page before")
    return place


def most_pressing(
    session: Session, wanted: CaseFilter, at: datetime, after: Place | None, limit: int
) -> tuple[Sequence[CaseRow], Place | None]:
    """A page of the cases that fit, and where the next one begins."""
    found: list[Place] = []
    if after is None or after.presses != CLOSED:
        found = _open(session, wanted, at, after or _START, limit + 1)
    if len(found) <= limit and (not wanted.states or CLOSED_STATES.intersection(wanted.states)):
        before = after.id if after is not None and after.presses == CLOSED else _MOST
        found += _closed(session, wanted, before, limit + 1 - len(found))
    shown = found[:limit]
    rows = {row.id: row for row in session.scalars(select(CaseRow).where(CaseRow.id.in_([one.id for one in shown])))}
    ordered = [rows[one.id] for one in shown if one.id in rows]
    return ordered, shown[-1] if len(found) > limit else None


def _open(session: Session, wanted: CaseFilter, at: datetime, after: Place, limit: int) -> list[Place]:
    presses, severity, due = _presses(at), _severity(), _due()
    order = (presses, severity, due, -CaseRow.id)
    query = (
        select(presses, severity, due, CaseRow.id)
        .where(CaseRow.state.not_in(CLOSED_STATES), *wanted.conditions())
        .order_by(*order)
        .limit(limit)
    )
    if after is not _START:
        moment = _EPOCH + after.due * _MICROSECOND
        last = (
            literal(after.presses, Integer),
            literal(after.severity, Integer),
            literal(moment, UtcDateTime()),
            literal(-after.id),
        )
        query = query.where(tuple_(*order) > tuple_(*last))
    return [Place(row[0], row[1], (row[2] - _EPOCH) // _MICROSECOND, row[3]) for row in session.execute(query)]


def _closed(session: Session, wanted: CaseFilter, before: int, limit: int) -> list[Place]:
    query = (
        select(CaseRow.id)
        .where(CaseRow.state.in_(CLOSED_STATES), CaseRow.id < before, *wanted.conditions())
        .order_by(CaseRow.id.desc())
        .limit(limit)
    )
    return [Place(CLOSED, 0, 0, number) for number in session.scalars(query)]


def _presses(at: datetime) -> ColumnElement[int]:
    rests = or_(CaseRow.state == "snoozed", CaseRow.recovered_at.is_not(None))
    return case((or_(*broken_promises(at).values()), 0), (rests, 2), else_=1)


def _severity() -> ColumnElement[int]:
    return case((CaseRow.severity == "critical", 0), (CaseRow.severity == "high", 1), else_=2)


def _due() -> ColumnElement[Any]:
    """As :func:`schemas.words.promises.due` has it: the time that a line shows."""
    on_metric = CaseRow.subject == "metric"
    next_due = case(
        (CaseRow.state == "snoozed", CaseRow.snoozed_until),
        (and_(on_metric, CaseRow.state == "open"), CaseRow.acknowledge_by),
        (
            and_(~on_metric, CaseRow.state.in_(["open", "acknowledged"]), CaseRow.contact_by.is_not(None)),
            CaseRow.contact_by,
        ),
        else_=CaseRow.resolve_by,
    )
    return func.coalesce(next_due, literal(_NEVER, UtcDateTime()), type_=UtcDateTime())
