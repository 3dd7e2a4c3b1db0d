"""A case whose customer is erased: it stays with its figures, under a random word and without anybody's words.

Beside the ledger, and by its rules: compare-and-set, history row, outbox rows, in the caller's one transaction. An open
case is dismissed first: nobody is to be reminded of somebody who is no longer there.
"""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import CursorResult, func, or_, select, update
from sqlalchemy.orm import Session

from schemas.answer_terms import packed
from schemas.case_cards import HELD, REMINDER
from schemas.case_history import record
from schemas.case_ledger import act
from schemas.case_writes import compare_and_set, unsettle
from schemas.cases import CLOSED_STATES
from schemas.erased_shapes import alert_left, attributes_left, detail_left, event_word, transition_left
from schemas.tables import AlertRow, AnswerTermsRow, CaseEventRow, CaseRow, SlackOutboxRow, SlackSurfaceRow
from schemas.working_time import CalendarOf, around_the_clock

TAKING_BACK = "taking_back"
"""The outbox's state of a message that is to be deleted in Slack."""
TAKEN_BACK = "taken_back"
"""And of one that is deleted there."""
NOT_TAKEN_BACK = "not_taken_back"
"""The outbox's error class of a message that Slack does not let us delete: somebody has to do it by hand."""
ERASED: Final = "erased"
"""The outbox's error class of what is not sent any more, and a step in the case's history."""


def erase_case(
    session: Session,
    case_id: int,
    word: str,
    counted: frozenset[str],
    now: datetime,
    calendar_of: CalendarOf = around_the_clock,
) -> bool:
    """Leave of a case what counts; whether it was open. ``counted`` are the attributes that cuts count by.

    Its cards are drawn again, and what has not been sent of it is not sent. Raises
    :class:`schemas.case_writes.Refused` (``stale``) where somebody was quicker: try again.
    """
    case = session.get_one(CaseRow, case_id, with_for_update=True, populate_existing=True)
    was_open = case.state not in CLOSED_STATES
    if was_open:
        case = act(session, case_id, "dismiss", actor="system", via="system", now=now, calendar_of=calendar_of)
    now = max(now, case.updated_at)  # a clock that is behind turns no case back
    compare_and_set(
        session,
        case,
        now,
        customer_id=word,
        latest_alert=alert_left(case.latest_alert, word, counted),
        attributes=attributes_left(case.attributes, counted),
        resolution_note=None,
    )
    _alerts(session, case_id, word, counted)
    for row in session.scalars(select(CaseEventRow).where(CaseEventRow.case_id == case_id)):
        row.detail, row.payload = detail_left(row.detail), transition_left(row.payload, word, counted)
    record(session, case, ERASED, case.state, "system", "system", now, {})
    _silence(session, case_id)
    unsettle(session, case)
    return was_open


def _alerts(session: Session, case_id: int, word: str, counted: frozenset[str]) -> None:
    """An alert keeps its id: that of a record which comes again."""
    for row in session.scalars(select(AnswerTermsRow).where(AnswerTermsRow.case_id == case_id)).all():
        # A part of the primary key: by a statement, so that no row is written under two names.
        session.execute(
            update(AnswerTermsRow)
            .where(AnswerTermsRow.event_source == row.event_source, AnswerTermsRow.event_id == row.event_id)
            .values(event_id=event_word(word, row.event_source, row.event_id), terms=packed(()))
            .execution_options(synchronize_session=False)
        )
        session.expunge(row)
    for alert in session.scalars(select(AlertRow).where(AlertRow.case_id == case_id)):
        alert.event_id = event_word(word, alert.event_source, alert.event_id)
        alert.payload = alert_left(alert.payload, word, counted)


def _silence(session: Session, case_id: int) -> None:
    """What waits to be sent about the case alone is not sent, and its card is posted nowhere any more."""
    waiting = (SlackOutboxRow.case_id == case_id, SlackOutboxRow.state.in_(("pending", HELD)))
    alone = SlackOutboxRow.content.is_(None)
    posted_nowhere = (SlackSurfaceRow.case_id == case_id, SlackSurfaceRow.posted.is_(False))
    for statement in (
        update(SlackOutboxRow).where(*waiting, alone).values(state="cancelled", error_class=ERASED),
        update(SlackSurfaceRow).where(*posted_nowhere).values(dead_reason=ERASED),
    ):
        session.execute(statement.execution_options(synchronize_session=False))


def take_back(session: Session, cases: Sequence[int]) -> int:
    """Have those messages about these cases deleted in Slack that are never drawn again; how many are new to it.

    That is reminders, lists that name one of the cases, and cards that Slack no longer lets anybody change.
    """
    wanted = set(cases)
    about = select(SlackOutboxRow.id, SlackOutboxRow.case_id, SlackOutboxRow.content).where(
        SlackOutboxRow.surface == REMINDER,
        SlackOutboxRow.state == "sent",
        SlackOutboxRow.ts.is_not(None),
        or_(SlackOutboxRow.case_id.in_(sorted(wanted)), SlackOutboxRow.content.is_not(None)),
    )
    ids = [row.id for row in session.execute(about) if is_about(row.case_id, row.content, wanted)]
    fixed = select(SlackOutboxRow.id).join(
        SlackSurfaceRow,
        (SlackSurfaceRow.case_id == SlackOutboxRow.case_id) & (SlackSurfaceRow.ts == SlackOutboxRow.ts),
    )
    stuck = (SlackSurfaceRow.case_id.in_(sorted(wanted)), SlackSurfaceRow.dead_reason.is_not(None))
    ids += session.scalars(fixed.where(*stuck, SlackOutboxRow.state == "sent")).all()
    done = session.execute(
        update(SlackOutboxRow)
        .where(
            SlackOutboxRow.id.in_(ids),
            SlackOutboxRow.state == "sent",
            func.coalesce(SlackOutboxRow.error_class, "") != NOT_TAKEN_BACK,
        )
        .values(state=TAKING_BACK)
        .execution_options(synchronize_session=False)
    )
    assert isinstance(done, CursorResult)
    return done.rowcount


def is_about(case_id: int, content: Sequence[Any] | None, cases: Collection[int]) -> bool:
    """Whether a message of the outbox is about one of these cases, or names one in its list."""
    return case_id in cases or any(entry.get("case") in cases for entry in content or ())
