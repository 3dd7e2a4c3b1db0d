"""Where the database has something of a person: what it is, how much of it, and what becomes of it."""

import base64
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from msgspec import Struct
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from closeloop.erasing.silenced import named_by
from schemas.cases import CLOSED_STATES
from schemas.letter_names import names_in
from schemas.tables import AuditRow, CaseRow, DeadLetterRow, SilenceRow, TimelineRow

PAGE = 200
"""Dead letters that are read at once: each may have megabytes."""


class Place(Struct, frozen=True, kw_only=True):
    """One place: how many things of the person are there."""

    name: str
    what: str
    count: int
    becomes: str


class Found(Struct, frozen=True, kw_only=True):
    """What the database has of a person."""

    cases: list[int]
    open_cases: int
    timeline: int
    letters: list[str]
    silences: list[int]
    audit: int

    def total(self) -> int:
        """How many things it is."""
        return len(self.cases) + self.timeline + len(self.letters) + len(self.silences) + self.audit

    def places(self) -> list[Place]:
        """The same for people to read."""
        return [
            Place(
                name="cases",
                what=f"cases with their answers, history and cards, {self.open_cases} of them open",
                count=len(self.cases),
                becomes="dismissed if open; id replaced by a random word, words and notes removed, cards drawn again",
            ),
            Place(
                name="timeline",
                what="touchpoints and answers on the customer's timeline",
                count=self.timeline,
                becomes="removed",
            ),
            Place(
                name="dead_letters",
                what="records that could not be read, and name the customer",
                count=len(self.letters),
                becomes="bytes removed; that there was one, and why, stays",
            ),
            Place(
                name="silences",
                what="silences that name the customer",
                count=len(self.silences),
                becomes="the name and the reason removed",
            ),
            Place(
                name="audit",
                what="entries of the audit trail about the customer",
                count=self.audit,
                becomes="id replaced by the random word",
            ),
        ]


def look(session: Session, names: Sequence[str], step: Callable[[], None] = lambda: None) -> Found:
    """What there is. ``step`` is called for each page of dead letters."""
    wanted = sorted(set(names))
    theirs = (CaseRow.customer_id.in_(wanted), CaseRow.subject == "customer")
    cases = session.scalars(select(CaseRow.id).where(*theirs).order_by(CaseRow.id)).all()
    is_open = CaseRow.state.not_in(CLOSED_STATES)
    return Found(
        cases=list(cases),
        open_cases=session.scalar(select(func.count()).select_from(CaseRow).where(*theirs, is_open)) or 0,
        timeline=session.scalar(
            select(func.count()).select_from(TimelineRow).where(TimelineRow.customer_id.in_(wanted))
        )
        or 0,
        letters=list(_letters(session, frozenset(wanted), step)),
        silences=[row.id for row in session.scalars(select(SilenceRow)) if named_by(row, wanted)],
        audit=session.scalar(select(func.count()).select_from(AuditRow).where(AuditRow.customer.in_(wanted))) or 0,
    )


def header_bytes(headers: Sequence[Any]) -> list[tuple[str, bytes | None]]:
    """A dead letter's headers as they were."""
    return [(name, None if value is None else base64.b64decode(value)) for name, value in headers]


def _letters(session: Session, wanted: frozenset[str], step: Callable[[], None]) -> Iterator[str]:
    after = ""
    while True:
        query = (
            select(DeadLetterRow.id, DeadLetterRow.key, DeadLetterRow.value, DeadLetterRow.headers)
            .where(DeadLetterRow.id > after)
            .order_by(DeadLetterRow.id)
            .limit(PAGE)
        )
        rows = session.execute(query).all()
        for row in rows:
            if names_in(row.key, row.value, header_bytes(row.headers)) & wanted:
                yield row.id
        step()
        if len(rows) < PAGE:
            return
        after = rows[-1].id
