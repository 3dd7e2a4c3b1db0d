"""How the desk stands, in the database: who has how many open cases, and who had each team's last one in turn.

Read once a batch and kept in its transaction, by compare-and-set: of two desks that write at the same moment the later
one finds that a turn was taken since it looked, and takes its batch anew.
"""

from collections.abc import Mapping
from datetime import datetime

from msgspec import Struct
from sqlalchemy import CursorResult, func, select, update
from sqlalchemy.orm import Session

from consumers.routing import Assignment, Standing
from schemas.case_writes import Refused
from schemas.cases import CLOSED_STATES
from schemas.tables import CaseRow, TeamTurnRow


class Drawn(Struct, frozen=True):
    """The standing during a batch, and the turns: how many each team had taken before it, and how many it takes."""

    standing: Standing
    before: Mapping[str, int] = {}
    taken: Mapping[str, int] = {}


def read(session: Session) -> Drawn:
    """The standing before a batch."""
    rows = session.execute(select(TeamTurnRow.team, TeamTurnRow.person, TeamTurnRow.number)).all()
    turns = {team: person for team, person, _ in rows}
    standing = Standing(open_cases=open_cases_by_owner(session), turns=turns)
    return Drawn(standing, {team: number for team, _, number in rows})


def after(drawn: Drawn, assignment: Assignment) -> Drawn:
    """The standing once this case is opened. Pure."""
    owner, standing = assignment.owner, drawn.standing
    if owner is None:
        return drawn
    turn_of = assignment.choice.turn_of
    turns: Mapping[str, str] = standing.turns if turn_of is None else {**standing.turns, turn_of: owner}
    taken = drawn.taken if turn_of is None else {**drawn.taken, turn_of: drawn.taken.get(turn_of, 0) + 1}
    open_cases = {**standing.open_cases, owner: standing.open_cases.get(owner, 0) + 1}
    return Drawn(Standing(open_cases=open_cases, turns=turns), drawn.before, taken)


def keep(session: Session, drawn: Drawn, now: datetime) -> None:
    """Write down the turns that the batch has taken, in the caller's transaction.

    Raises :class:`schemas.case_writes.Refused` (``stale``), or ``IntegrityError`` at a team's first turn, where another
    desk has taken a turn meanwhile.
    """
    for team, count in sorted(drawn.taken.items()):
        person, before = drawn.standing.turns[team], drawn.before.get(team)
        if before is None:
            session.add(TeamTurnRow(team=team, person=person, number=count, at=now))
            continue
        done = session.execute(
            update(TeamTurnRow)
            .where(TeamTurnRow.team == team, TeamTurnRow.number == before)
            .values(person=person, number=before + count, at=now)
            .execution_options(synchronize_session=False)
        )
        assert isinstance(done, CursorResult)
        if done.rowcount != 1:
            raise Refused("stale", f"another desk has taken a turn of {team}")


def open_cases_by_owner(session: Session) -> dict[str, int]:
    """How many open cases each person has."""
    rows = session.execute(
        select(CaseRow.owner, func.count())
        .where(CaseRow.state.not_in(CLOSED_STATES), CaseRow.owner.is_not(None))
        .group_by(CaseRow.owner)
    )
    return {owner: count for owner, count in rows if owner is not None}
