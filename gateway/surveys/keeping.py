"""What is remembered of the answers to an invitation: read, taken down before it is sent, and marked as sent."""

from datetime import datetime, timedelta

from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session, sessionmaker

from gateway.surveys.answering import Answer, Given, Step, step
from gateway.surveys.links import Invitation
from schemas.tables import SurveyAnswerRow

_TRIES = 20


def find(reading: sessionmaker[Session], invitation: Invitation) -> Given | None:
    """What is remembered of an invitation. Raises SQLAlchemy's errors."""
    with reading() as session:
        return _given(session, invitation)


def take_down(
    writing: sessionmaker[Session],
    invitation: Invitation,
    answer: Answer,
    digest: str,
    now: datetime,
    change_within: timedelta,
) -> Step:
    """Decide what an answer is, and take it down if it is to be sent; of two at a time the second sees the first.

    Raises SQLAlchemy's errors.
    """
    for _ in range(_TRIES):
        try:
            with writing.begin() as session:
                given = _given(session, invitation)
                todo = step(given, digest, now, change_within)
                if todo.what != "send" or (given is not None and given.number == todo.number):
                    return todo
                if given is None:
                    session.add(_row(invitation, answer, digest, now))
                    return todo
                changed = session.execute(
                    update(SurveyAnswerRow)
                    .where(SurveyAnswerRow.invitation == invitation.id, SurveyAnswerRow.number == given.number)
                    .values(
                        number=todo.number,
                        score=answer.score,
                        # A comment that was sent once was read, also if the newest answer has none.
                        commented=given.commented or bool(answer.comment),
                        digest=digest,
                        sent=False,
                    )
                )
                if changed.rowcount == 1:  # type: ignore[attr-defined] # an UPDATE's result is a cursor's
                    return todo
        except IntegrityError:
            continue  # another request has answered for the first time meanwhile
    return Step("closed", 0)


def mark_sent(writing: sessionmaker[Session], invitation: Invitation, number: int) -> None:
    """Note that this answer was taken. Raises SQLAlchemy's errors."""
    with writing.begin() as session:
        session.execute(
            update(SurveyAnswerRow)
            .where(SurveyAnswerRow.invitation == invitation.id, SurveyAnswerRow.number == number)
            .values(sent=True)
        )


def _given(session: Session, invitation: Invitation) -> Given | None:
    row = session.scalar(select(SurveyAnswerRow).where(SurveyAnswerRow.invitation == invitation.id))
    if row is None:
        return None
    return Given(
        number=row.number,
        score=row.score,
        commented=row.commented,
        digest=row.digest,
        sent=row.sent,
        answered_at=row.answered_at,
    )


def _row(invitation: Invitation, answer: Answer, digest: str, now: datetime) -> SurveyAnswerRow:
    return SurveyAnswerRow(
        invitation=invitation.id,
        survey=invitation.survey,
        number=1,
        score=answer.score,
        commented=bool(answer.comment),
        digest=digest,
        sent=False,
        answered_at=now,
        expires_at=invitation.end(),
    )
