"""Whether a person who signed in may do something with a case: what Slack's buttons go by holds on the console too."""

from datetime import datetime

from sqlalchemy.orm import Session

from gateway.case_requests import ActionRequest
from schemas.cases import CaseState, UserAction
from schemas.config import Loop
from schemas.permissions import Deed, circle, may, roles, situation, who_may
from schemas.tables import CaseRow


class NotAllowed(Exception):  # noqa: N818 - an answer to a person, not a fault
    """The person may not; ``who`` may: person keys, empty where nobody could be named."""

    def __init__(self, who: tuple[str, ...]) -> None:
        super().__init__("not allowed")
        self.who = who


def denial(
    session: Session, loop: Loop, case_id: int, action: UserAction, request: ActionRequest, person: str, now: datetime
) -> NotAllowed | None:
    """Why a person may not, asked before the action in its transaction; ``None`` if they may, or there is no case."""
    case = session.get(CaseRow, case_id, with_for_update=True, populate_existing=True)
    if case is None:
        return None
    wanted: list[Deed] = [action]
    if request.owner not in (None, person) and action == "acknowledge":
        wanted.append("reassign")  # to take it for somebody else is to give it to them
    for deed in wanted:
        if not person_may(loop, deed, person, case.receiver, case.owner, case.state, case.acknowledge_by, now):
            where = situation(case.state, case.acknowledge_by, now)
            return NotAllowed(who_may(deed, where, circle(loop, case.receiver, case.owner)))
    return None


def person_may(
    loop: Loop,
    deed: Deed,
    person: str | None,
    receiver: str,
    owner: str | None,
    state: CaseState,
    acknowledge_by: datetime | None,
    now: datetime,
) -> bool:
    """Whether this person's roles around a case suffice. Pure."""
    where = situation(state, acknowledge_by, now)
    return may(deed, where, roles(circle(loop, receiver, owner), person))
