"""How the desk stands, in the database: who has how many open cases, and who had each team's last one in turn.

Read once a batch and kept in its transaction. Two desks that write at the same moment may give one person two cases in
turn; the next case is the next member's again.
"""

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from consumers.routing import Assignment, Standing
from schemas.cases import CLOSED_STATES
from schemas.tables import CaseRow, TeamTurnRow


def read(session: Session) -> Standing:
    """The standing before a batch."""
    turns = dict(session.execute(select(TeamTurnRow.team, TeamTurnRow.person)).all())
    return Standing(open_cases=open_cases_by_owner(session), turns=turns)


def after(standing: Standing, assignment: Assignment) -> Standing:
    """The standing once this case is opened. Pure."""
    owner = assignment.owner
    if owner is None:
        return standing
    turn_of = assignment.choice.turn_of
    turns: Mapping[str, str] = standing.turns if turn_of is None else {**standing.turns, turn_of: owner}
    return Standing(
        open_cases={**standing.open_cases, owner: standing.open_cases.get(owner, 0) + 1},
        turns=turns,
    )


def keep(session: Session, before: Standing, now_stands: Standing, now: datetime) -> None:
    """Write down the turns that the batch has taken, in the caller's transaction."""
    for team, person in sorted(now_stands.turns.items()):
        if before.turns.get(team) != person:
            session.merge(TeamTurnRow(team=team, person=person, at=now))


def open_cases_by_owner(session: Session) -> dict[str, int]:
    """How many open cases each person has."""
    rows = session.execute(
        select(CaseRow.owner, func.count())
        .where(CaseRow.state.not_in(CLOSED_STATES), CaseRow.owner.is_not(None))
        .group_by(CaseRow.owner)
    )
    return {owner: count for owner, count in rows if owner is not None}
